"""An alert type is data: a folder in the catalogue is a type that authorities can use, and needs no code."""

from pathlib import Path

import pytest

from chassis.catalogues import IncompleteCatalogue
from chassis.wire import field_values
from services.alerts.catalogue import alert_types
from tests.alerts.cast import AT_COORDINATOR, COMMISSION, HU_COORDINATOR, IT_COORDINATOR, ITALY
from tests.alerts.conftest import Asking, running
from tests.alerts.dangers import refers, written
from tests.alerts.inboxes import until_told
from tests.alerts.kinds import write
from tests.alerts.test_reactions import until_tried
from tests.alerts.threads import steps, store
from vocabulary.refusals import Invalid, Unavailable

LIFTS = """
code = "lifts"
version = 1
area = "services"
act = "2014/33/EU"
title = "Dangerous lift"

[rules]
flow = "NOTIFICATION"
approval = true
recipients = "CHOSEN"
comment_days = 30
headline_field = "model"

[[fields]]
code = "model"
label = "Model of the lift"
help = "As its plate says."
type = "TEXT"
mandatory = true

[[fields]]
code = "installer"
label = "Name of the installer"
type = "TEXT"
personal = true

[[fields]]
code = "country"
label = "Country of manufacture"
type = "COUNTRY"
"""


async def test_a_type_in_a_folder_is_created_broadcast_and_read(asking: Asking, tmp_path: Path) -> None:
    write(tmp_path / "lifts-v1", LIFTS)
    settings = asking.settings.model_copy(update={"data_dir": tmp_path / "data", "keys_dir": asking.settings.keys})
    async with running(settings, tmp_path) as alone:
        listed = (await alone(ITALY, "ListAlertTypes", languages=["hu"])).alert_types
        assert [(one.id, one.title.texts["hu"]) for one in listed] == [("lifts:1", "Dangerous lift (hu)")]
        assert [field.help.texts["hu"] for field in listed[0].fields] == ["As its plate says. (hu)", "", ""]

        values = {"installer": written("Mario SECRET"), "country": refers("AT")}
        draft = await alone.do(ITALY, "CreateAlert", type_id="lifts:1", values=field_values(values))
        with pytest.raises(Invalid) as missing:
            await alone.do(ITALY, "SubmitAlert", id=draft.id)
        assert (missing.value.field, missing.value.reason) == ("values", "MISSING_FIELD")
        values["model"] = written("Ascensore 7")
        await alone.do(ITALY, "EditAlert", id=draft.id, values=field_values(values))
        await alone.do(ITALY, "SubmitAlert", id=draft.id)
        sent = await alone.do(IT_COORDINATOR, "BroadcastAlert", id=draft.id, countries=["HU"])
        assert sent.type_id == "lifts:1"

        for reader, seen in ((HU_COORDINATOR, {"model", "installer", "country"}), (COMMISSION, {"model", "country"})):
            read = await alone.read(reader, draft.id)
            assert read is not None
            assert {one.code for one in read.values} == seen
        assert await alone.read(AT_COORDINATOR, draft.id) is None
        # The types that are shipped are not offered beside it.
        with pytest.raises(Invalid) as unknown:
            await alone.do(ITALY, "CreateAlert", type_id="services:1", values=[])
        assert (unknown.value.field, unknown.value.reason) == ("typeId", "UNKNOWN_ALERT_TYPE")


@pytest.mark.parametrize(
    ("before", "after", "field", "reason"),
    [
        ('"NOTIFICATION"', '"REQUEST"', "flow", "UNKNOWN_CHOICE"),
        ('"model"\n\n', '"installer"\n\n', "headline_field", "WRONG_TYPE"),
        ("comment_days = 30", "comment_days = 0", "comment_days", "OUT_OF_RANGE"),
        ("comment_days = 30", "objection_days = 30", "objection_days", "OTHER_FLOW"),
    ],
)
def test_a_type_that_makes_no_sense_is_refused_when_it_is_loaded(
    tmp_path: Path, before: str, after: str, field: str, reason: str
) -> None:
    assert before in LIFTS
    write(tmp_path / "lifts-v1", LIFTS.replace(before, after, 1))
    with pytest.raises(Invalid) as found:
        alert_types(tmp_path)
    assert (found.value.field, found.value.reason) == (f"lifts-v1.rules.{field}", reason)


async def test_alerts_of_a_type_that_only_a_newer_program_knows_wait_for_it(asking: Asking, tmp_path: Path) -> None:
    """While replicas are replaced, one from before neither shows them wrongly nor gives up what is due to somebody."""
    (tmp_path / "older").mkdir()
    write(tmp_path / "older" / "lifts-v1", LIFTS)
    settings = asking.settings.model_copy(update={"data_dir": tmp_path / "data", "keys_dir": asking.settings.keys})
    await store(settings, {"alt_1": steps()})
    async with running(settings, tmp_path / "older") as older:
        await until_tried(3)
        with pytest.raises(Unavailable):
            await older.read(HU_COORDINATOR, "alt_1")
    async with running(settings) as newer:
        await until_told(newer, HU_COORDINATOR, "alt_1")


def test_a_type_without_translations_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    write(tmp_path / "lifts-v1", LIFTS)
    assert list(alert_types(tmp_path)) == ["lifts:1"]
    (tmp_path / "lifts-v1" / "mt.po").unlink()
    with pytest.raises(IncompleteCatalogue):
        alert_types(tmp_path)
