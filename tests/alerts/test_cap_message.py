"""Whatever an alert says, its CAP message is valid and says the same."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.cap import mapping
from services.alerts.cap.mapping import FaultyMapping, checked, classes
from services.alerts.cap.message import (
    Area,
    Category,
    Certainty,
    Info,
    Kind,
    Message,
    Reference,
    ResponseType,
    Severity,
    Status,
    Urgency,
    instant,
    name,
    written,
)
from services.alerts.catalogue import alert_types
from tests.alerts.cap_rules import SPACE, faults
from vocabulary import languages
from vocabulary.values import Value

TEXT = st.text(max_size=60)
SAID = st.text(min_size=1, max_size=60).map(lambda text: f"x{text}")
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-3, minutes=-30))])
MOMENT = st.builds(
    lambda second, micro, zone: datetime.fromtimestamp(second, zone).replace(microsecond=micro),
    st.integers(0, 4_000_000_000),
    st.integers(0, 999_999),
    ZONES,
)
REFERENCE = st.builds(Reference, SAID, SAID, MOMENT)
INFO = st.builds(
    Info,
    language=st.sampled_from(languages.ALL),
    categories=st.lists(st.sampled_from(Category), min_size=1, max_size=3, unique=True).map(tuple),
    event=SAID,
    response_types=st.lists(st.sampled_from(ResponseType), max_size=2, unique=True).map(tuple),
    urgency=st.sampled_from(Urgency),
    severity=st.sampled_from(Severity),
    certainty=st.sampled_from(Certainty),
    expires=st.none() | MOMENT,
    sender_name=TEXT,
    headline=TEXT,
    description=TEXT,
    parameters=st.lists(st.tuples(SAID, TEXT), max_size=2).map(tuple),
    areas=st.lists(st.builds(Area, description=SAID, iso_code=SAID), max_size=3).map(tuple),
)
MESSAGE = st.builds(
    Message,
    reference=REFERENCE,
    status=st.sampled_from(Status),
    kind=st.sampled_from(Kind),
    source=TEXT,
    restriction=SAID,
    codes=st.lists(SAID, max_size=2).map(tuple),
    references=st.lists(REFERENCE, min_size=1, max_size=3).map(tuple),
    incident=TEXT,
    infos=st.lists(INFO, max_size=3, unique_by=lambda info: info.language).map(tuple),
)


def plain(text: str) -> str:
    """What can stand in XML, one by one: a second way to say what the writer leaves out."""
    kept = "".join(
        one
        for one in text
        if one in "\t\n\r" or 0x20 <= ord(one) <= 0xD7FF or 0xE000 <= ord(one) <= 0xFFFD or ord(one) >= 0x10000
    )
    return re.sub("\r\n?", "\n", kept)


@settings(max_examples=200, deadline=None)
@given(message=MESSAGE)
def test_a_message_of_any_text_is_valid_and_says_it(message: Message) -> None:
    xml = written(message)
    assert faults(xml) == []
    assert xml == written(message)
    root = ET.fromstring(xml)
    for info, block in zip(message.infos, root.findall(f"{SPACE}info"), strict=True):
        said = {element: block.findtext(f"{SPACE}{element}") or "" for element in ("event", "headline", "description")}
        assert said == {
            "event": plain(info.event),
            "headline": plain(info.headline),
            "description": plain(info.description),
        }
        values = [one.text or "" for one in block.findall(f"{SPACE}parameter/{SPACE}value")]
        assert values == [plain(value) for _, value in info.parameters]
        assert len(block.findall(f"{SPACE}area")) == len(info.areas)
    assert root.findtext(f"{SPACE}restriction") == plain(message.restriction)


@settings(deadline=None)
@given(text=TEXT)
def test_nothing_that_is_said_becomes_markup(text: str) -> None:
    evil = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;]]></description><info>{text}<!--'
    info = Info(
        language="en",
        categories=(Category.OTHER,),
        event=evil,
        response_types=(),
        urgency=Urgency.UNKNOWN,
        severity=Severity.UNKNOWN,
        certainty=Certainty.UNKNOWN,
        expires=None,
        sender_name=evil,
        headline=evil,
        description=evil,
        parameters=((evil, evil),),
        areas=(Area(description=evil, iso_code=evil),),
    )
    reference = Reference(evil, evil, datetime(2026, 11, 26, tzinfo=UTC))
    message = Message(
        reference=reference,
        status=Status.ACTUAL,
        kind=Kind.ALERT,
        source=evil,
        restriction=evil,
        codes=(evil,),
        references=(reference,),
        incident=evil,
        infos=(info,),
    )
    xml = written(message)
    assert faults(xml) == []
    assert b"<!" not in xml
    assert ET.fromstring(xml).findtext(f"{SPACE}info/{SPACE}description") == plain(evil)


@settings(deadline=None)
@given(moment=MOMENT)
def test_a_time_is_written_with_its_offset_to_the_second(moment: datetime) -> None:
    found = instant(moment)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", found)
    assert datetime.fromisoformat(found) == moment.replace(microsecond=0)


def test_a_name_has_nothing_that_references_are_told_apart_by() -> None:
    assert name("AL 2026,<1>&\n2") == "AL-2026--1>--2"


def unfit(table: dict[str, Any]) -> str:
    with pytest.raises(FaultyMapping) as found:
        checked(table)
    return str(found.value)


def test_a_mapping_that_says_what_cap_has_no_word_for_is_refused_by_its_place() -> None:
    shipped = dict(mapping.mapping())
    default = dict(shipped["default"])
    cases = [
        ({}, "default lacks"),
        ({"default": {}}, "default lacks"),
        ({**shipped, "default": {**default, "urgency": "Soon"}}, "default.urgency"),
        ({**shipped, "default": {**default, "category": "Health"}}, "default.category must be a list"),
        ({**shipped, "default": {**default, "category": []}}, "default.category must be a list"),
        ({**shipped, "default": {**default, "severity": ["Minor"]}}, "default.severity must be one word"),
        ({**shipped, "default": {**default, "colour": "red"}}, "default.colour"),
        ({**shipped, "type": {"x": {"certainty": "Sure"}}}, "type.x.certainty"),
        ({**shipped, "area": {"x": {"response": ["Run"]}}}, "area.x.response"),
        ({**shipped, "severity": {"LOW": "Tiny"}}, "severity.LOW"),
        ({**shipped, "categories": {"danger": {"HEALTH": "Ill"}}}, "categories.danger.HEALTH"),
        ({**shipped, "colours": {}}, "colours"),
    ]
    for table, said in cases:
        assert said in unfit(table), table


def test_every_type_of_alert_is_classed_by_data_alone() -> None:
    for kind in alert_types().values():
        for level in ("", "LOW", "MEDIUM", "HIGH", "VERY_HIGH", "A_NEW_ONE"):
            found = classes(kind, {}, level)
            assert found.categories
            expected = {"LOW": "Minor", "MEDIUM": "Moderate", "HIGH": "Severe", "VERY_HIGH": "Extreme"}
            if level in expected:
                assert found.severity == expected[level]


def test_what_may_be_damaged_says_the_category() -> None:
    kind = alert_types()["services:1"]
    said = {"danger": Value(codes=("HEALTH", "ENVIRONMENT", "A_NEW_ONE"))}
    assert classes(kind, said, "HIGH").categories == (Category.HEALTH, Category.ENV)
    assert classes(kind, {}, "HIGH").categories == (Category.SAFETY,)
