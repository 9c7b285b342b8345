"""The table of what is kept, and until when, has every collection of every service."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from chassis.process import clock
from engines.documents import answering
from services.directory.settings import DirectorySettings
from tests.cells import cell
from vocabulary.parts import SERVICES

PAGE = Path(__file__).resolve().parents[2] / "docs/operating.md"
ROW = re.compile(
    r"^\| (\w+) \| `(\w+)` \| ([^|]+) \| (yes|no) \| (removed|erased|replaced|stays): ([^|]+) \|$", re.MULTILINE
)
SETTING = re.compile(r"`([A-Z_]+_DAYS)`")


def rows() -> dict[tuple[str, str], tuple[str, str]]:
    """How each collection ends, and when."""
    found = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {(service, collection): (how, when) for service, collection, _, _, how, when in found}


def test_every_collection_is_in_the_table_once() -> None:
    stored = [
        (service, collection.name)
        for service in SERVICES
        for collection in import_module(f"services.{service}.storage").COLLECTIONS
    ]
    found = [(service, name) for service, name, *_ in ROW.findall(PAGE.read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(stored)


def test_what_the_table_says_is_removed_is_what_the_services_remove() -> None:
    settings = DirectorySettings()
    removed = {
        (service, removal.collection.name)
        for service in SERVICES
        for removal in import_module(f"services.{service}.storage").removals(settings)
    }
    assert {row for row, (how, _) in rows().items() if how == "removed"} == removed


def test_what_is_over_is_found_by_an_index_in_every_service() -> None:
    for service in SERVICES:
        for removal in import_module(f"services.{service}.storage").removals(DirectorySettings()):
            with cell(service, removal.collection.name):
                answering(removal.collection, {*removal.over(clock()), *([removal.sort] if removal.sort else [])})


@pytest.mark.parametrize(
    "name", ["DONE_RETENTION_DAYS", "PEOPLE_RETENTION_DAYS", "FEEDBACK_RETENTION_DAYS", "REPORT_RETENTION_DAYS"]
)
def test_no_time_is_shorter_than_a_command_is_answered_for(name: str) -> None:
    with pytest.raises(ValueError, match="greater than or equal to 7"):
        DirectorySettings.model_validate({name.lower(): 6})


@pytest.mark.parametrize(
    "name", sorted(name for name in DirectorySettings.model_fields if name.endswith("retention_days"))
)
def test_no_time_is_so_long_that_there_is_no_day_before_it(name: str) -> None:
    """A loop that cannot say since when something is over removes nothing at all, and an audit that cannot is closed."""
    assert getattr(DirectorySettings.model_validate({name: 36_500}), name) == 36_500
    with pytest.raises(ValueError, match="less than or equal to 36500"):
        DirectorySettings.model_validate({name: 36_501})


def test_every_setting_that_the_table_names_is_one() -> None:
    named = {name.lower() for _, when in rows().values() for name in SETTING.findall(when)}
    assert named <= DirectorySettings.model_fields.keys()
    assert {name for name in DirectorySettings.model_fields if name.endswith("retention_days")} <= named
