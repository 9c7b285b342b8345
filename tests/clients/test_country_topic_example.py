"""The example that reads a country's topic goes on where it meets what is newer than it."""

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from protos.alerts.v1.countries_pb2 import CountryTold

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/examples/country_topic.py"


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("country_topic", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def a_record(type_: str, **fields: Any) -> SimpleNamespace:
    headers = {"ce_type": type_, "ce_id": "e1", "ce_time": "2026-11-26T20:00:00Z"}
    message = CountryTold(alert_id="alt_1", revision=2, type_id="services:1", **fields)
    return SimpleNamespace(
        headers=[(name, value.encode()) for name, value in headers.items()], value=message.SerializeToString()
    )


def test_kinds_and_types_that_it_does_not_know_do_not_stop_it(example: ModuleType) -> None:
    """An exception would come again with each start, and nothing after it would be read."""
    name = CountryTold.DESCRIPTOR.full_name
    assert example.said(a_record(name, kind="INBOX_ENTRY_KIND_BROADCAST"))["kind"] == "BROADCAST"
    assert example.said(a_record(name, kind=4711))["kind"] == "4711"
    assert example.said(a_record("imi.alerts.v1.SomethingElse")) is None
