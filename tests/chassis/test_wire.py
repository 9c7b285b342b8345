"""The shared words cross the wire and come back the same; what cannot is refused by name."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from chassis import forms, wire
from chassis.wire import BATCH_LIMIT, DATA_CLASS, VALUE_TYPE, EnumOnWire
from protos.common.v1 import common_pb2 as pb
from vocabulary import languages
from vocabulary.pages import Page
from vocabulary.refusals import Invalid
from vocabulary.values import Choice, DataClass, Field, FreeText, Money, Value, ValueType

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
codes = st.lists(texts, max_size=4).map(tuple)
amounts = st.decimals(-(10**9), 10**9, places=6)
free_texts = st.builds(FreeText, text=texts, language=texts, data_class=st.sampled_from(DataClass))
values = st.one_of(
    st.builds(Value, codes=codes),
    st.builds(Value, date=st.dates()),
    st.builds(Value, number=amounts),
    st.builds(Value, money=st.builds(Money, amount=amounts, currency=texts)),
    st.builds(Value, text=free_texts),
    st.builds(Value, files=codes),
    st.builds(Value, link=texts),
    st.builds(Value, references=codes),
)
labels = st.dictionaries(st.sampled_from(languages.ALL), texts.filter(bool), min_size=1)
fields = st.builds(
    Field,
    code=texts,
    label=labels,
    type=st.sampled_from(ValueType),
    choices=st.lists(st.builds(Choice, code=texts, label=labels), max_size=2).map(tuple),
    mandatory=st.booleans(),
    personal=st.booleans(),
    many=st.booleans(),
    minimum=st.none() | amounts,
    maximum=st.none() | amounts,
    searchable=st.booleans(),
)


def refused(work: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Invalid) as found:
        work()
    return found.value.field, found.value.reason


@given(values)
def test_a_value_comes_back_the_same(value: Value) -> None:
    sent = pb.Value.FromString(wire.value(value).SerializeToString())
    assert wire.value_from(sent, at="v") == value


@given(free_texts)
def test_a_free_text_comes_back_as_it_was_written(text: FreeText) -> None:
    sent = wire.free_text(text)
    assert sent
    assert wire.free_text_from(pb.FreeText.FromString(sent.SerializeToString()), at="t") == text
    assert wire.free_text(None) is None


def test_a_text_nobody_classified_is_personal_and_a_class_nobody_knows_is_refused() -> None:
    assert wire.free_text_from(pb.FreeText(text="x", language="it"), at="t").data_class is DataClass.PERSONAL
    unknown = pb.FreeText(text="x", data_class=99)  # type: ignore[arg-type]
    assert refused(lambda: wire.free_text_from(unknown, at="t")) == ("t.dataClass", "UNKNOWN_VALUE")


@given(st.dictionaries(texts, values, max_size=5))
def test_a_form_comes_back_with_its_fields_in_order(form: dict[str, Value]) -> None:
    sent = [pb.FieldValue.FromString(one.SerializeToString()) for one in wire.field_values(form)]
    back = wire.field_values_from(sent, at="values")
    assert list(back.items()) == list(form.items())


@pytest.mark.parametrize(
    ("message", "field", "reason"),
    [
        (pb.Value(), "v", "EMPTY"),
        (pb.Value(date="24.11.2026"), "v.date", "NOT_A_DATE"),
        (pb.Value(date=""), "v.date", "NOT_A_DATE"),
        (pb.Value(number="1,5"), "v.number", "NOT_A_NUMBER"),
        (pb.Value(number=""), "v.number", "NOT_A_NUMBER"),
        (pb.Value(money=pb.Money(amount="much", currency="EUR")), "v.money.amount", "NOT_A_NUMBER"),
        (pb.Value(text=pb.FreeText(data_class=99)), "v.text.dataClass", "UNKNOWN_VALUE"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_value_is_refused_by_name(message: pb.Value, field: str, reason: str) -> None:
    assert refused(lambda: wire.value_from(message, at="v")) == (field, reason)
    in_form = [pb.FieldValue(code="a", value=pb.Value(link="x")), pb.FieldValue(code="b", value=message)]
    expected = (f"values[1].value{field.removeprefix('v')}", reason)
    assert refused(lambda: wire.field_values_from(in_form, at="values")) == expected


def test_a_field_that_is_given_twice_is_refused() -> None:
    twice = [pb.FieldValue(code="a", value=pb.Value(link="x"))] * 2
    assert refused(lambda: wire.field_values_from(twice, at="values")) == ("values[1].code", "REPEATED")


@given(fields, st.lists(st.sampled_from(languages.ALL), unique=True))
def test_a_field_is_sent_whole_in_the_languages_wanted(field: Field, wanted: list[str]) -> None:
    sent = pb.Field.FromString(wire.field(field, wanted).SerializeToString())
    back = Field(
        code=sent.code,
        label=field.label,
        type=VALUE_TYPE.from_wire(sent.type, field=""),
        choices=tuple(
            Choice(code=one.code, label=own.label) for one, own in zip(sent.choices, field.choices, strict=True)
        ),
        mandatory=sent.mandatory,
        personal=sent.personal,
        many=sent.many,
        minimum=Decimal(sent.minimum) if sent.HasField("minimum") else None,
        maximum=Decimal(sent.maximum) if sent.HasField("maximum") else None,
        searchable=sent.searchable,
    )
    assert back == field
    assert sent.label == wire.localized(field.label, wanted)
    assert [one.label for one in sent.choices] == [wire.localized(one.label, wanted) for one in field.choices]


@given(labels, st.lists(st.sampled_from(languages.ALL), unique=True))
def test_a_reader_gets_the_languages_wanted_or_one_that_there_is(label: dict[str, str], wanted: list[str]) -> None:
    sent = dict(wire.localized(label, wanted).texts)
    there = {code: label[code] for code in wanted if code in label}
    if not wanted:
        assert sent == label
    elif there:
        assert sent == there
    else:
        ((code, text),) = sent.items()
        assert label[code] == text
        assert code == "en" or "en" not in label


def test_where_there_is_no_text_nothing_is_sent() -> None:
    assert dict(wire.localized({}, ["it"]).texts) == {}
    assert dict(wire.localized({"it": ""}, ["it"]).texts) == {}


@given(labels)
def test_a_localized_text_comes_back_without_the_space_around_it(label: dict[str, str]) -> None:
    sent = pb.LocalizedText.FromString(wire.localized(label, []).SerializeToString())
    expected = {code: text.strip() for code, text in label.items() if text.strip()}
    assert wire.localized_from(sent, at="name") == expected


def test_a_localized_text_in_an_unknown_language_or_too_long_is_refused_by_name() -> None:
    message = pb.LocalizedText(texts={"it": "ok", "ru": "нет"})
    assert refused(lambda: wire.localized_from(message, at="name")) == ("name.ru", "UNKNOWN_LANGUAGE")
    long = pb.LocalizedText(texts={"it": "x" * 11})
    assert wire.localized_from(pb.LocalizedText(texts={"it": "x" * 10}), at="name", limit=10) == {"it": "x" * 10}
    assert refused(lambda: wire.localized_from(long, at="name", limit=10)) == ("name.it", "TOO_LONG")


def test_the_languages_of_a_read_are_ours_or_refused() -> None:
    assert wire.wanted_languages(["it", "EL-gr", "no"]) == ["it", "el", "nb"]
    assert refused(lambda: wire.wanted_languages(["it", "ru"])) == ("languages[1]", "UNKNOWN_LANGUAGE")
    assert len(wire.wanted_languages(languages.ALL)) == 26
    assert refused(lambda: wire.wanted_languages(["it"] * 27)) == ("languages", "TOO_MANY")


def test_a_list_that_is_longer_than_any_form_is_refused_before_it_is_looked_at() -> None:
    """Of the smallest items, one message holds hundreds of thousands; nobody else would be answered while they are turned."""
    given = [pb.FieldValue(code=f"c{number}", value=pb.Value(link="x")) for number in range(wire.LISTED_LIMIT)]
    assert len(wire.field_values_from(given, at="values")) == wire.LISTED_LIMIT
    assert refused(lambda: wire.field_values_from([*given, pb.FieldValue()], at="values")) == ("values", "TOO_MANY")
    many = pb.LocalizedText(texts={f"it-{number}": "x" for number in range(wire.LISTED_LIMIT + 1)})
    assert refused(lambda: wire.localized_from(many, at="name")) == ("name", "TOO_MANY")
    choices = [pb.Choice(code=f"C{number}") for number in range(wire.LISTED_LIMIT + 1)]
    refusal = refused(lambda: forms.choices_from("PQ1", ValueType.TEXT, "", choices, at="fields[0]"))
    assert refusal == ("fields[0].choices", "TOO_MANY")


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_time_comes_back_to_the_microsecond(at: datetime) -> None:
    sent = wire.timestamp(at)
    assert sent
    assert wire.datetime_of(Timestamp.FromString(sent.SerializeToString())) == at
    assert wire.timestamp(None) is None


@pytest.mark.parametrize(
    ("pair", "domain", "names", "prefix"),
    [
        (VALUE_TYPE, ValueType, pb.ValueType.keys(), "VALUE_TYPE_"),
        (DATA_CLASS, DataClass, pb.DataClass.keys(), "DATA_CLASS_"),
    ],
)
def test_every_member_of_an_enum_has_its_twin_on_the_wire(
    pair: EnumOnWire[StrEnum], domain: type[StrEnum], names: list[str], prefix: str
) -> None:
    assert {name.removeprefix(prefix) for name in names} == {"UNSPECIFIED", *domain}
    for member in domain:
        assert pair.from_wire(pair.to_wire(member), field="x") is member
    for number in (0, 99, -1):
        assert refused(lambda number=number: pair.from_wire(number, field="x")) == ("x", "UNKNOWN_VALUE")  # type: ignore[misc]


def test_a_page_is_sent_with_its_cursors_and_asked_for_within_bounds() -> None:
    sent = wire.page_info(Page(["a", "b"], ["1", "2"], has_next=True))
    assert (list(sent.cursors), sent.has_next_page) == (["1", "2"], True)
    assert [wire.page_size(pb.Page(first=first)) for first in (0, 1, 100)] == [20, 1, 100]
    for first in (-1, 101):
        assert refused(lambda first=first: wire.page_size(pb.Page(first=first))) == ("first", "PAGE_SIZE")  # type: ignore[misc]


def test_a_batch_asks_for_each_thing_once_and_for_no_more_than_a_thousand() -> None:
    assert wire.batch(["b", "a", "b"]) == ["b", "a"]
    full = [str(n) for n in range(BATCH_LIMIT)]
    assert wire.batch([*full, *full]) == full
    assert refused(lambda: wire.batch([*full, "one more"])) == ("ids", "TOO_MANY")


def test_a_day_is_sent_as_the_calendar_writes_it() -> None:
    assert wire.value(Value(date=date(2026, 1, 2))) == pb.Value(date="2026-01-02")
    assert wire.value(Value(number=Decimal("1E+3"))) == pb.Value(number="1000")
