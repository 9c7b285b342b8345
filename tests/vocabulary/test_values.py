"""Each kind of field takes its own kind of value and says what is wrong with any other, by field and reason."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cells import cell
from vocabulary.refusals import Invalid
from vocabulary.values import (
    LINK_LIMIT,
    MANY_LIMIT,
    TEXT_LIMIT,
    Choice,
    DataClass,
    Field,
    FreeText,
    Money,
    Value,
    ValueType,
    check,
    check_form,
    decimal,
    free_text,
    iso_date,
)

CHOICES = tuple(Choice(code=code, label={"en": code}) for code in ("A", "B", "NONE"))


def a_field(kind: ValueType, **changed: Any) -> Field:
    fields = {"code": "f", "label": {"en": "F"}, "type": kind, "choices": CHOICES}
    return Field(**{**fields, **changed})


def money(amount: str = "12.50", currency: str = "EUR") -> Value:
    return Value(money=Money(amount=Decimal(amount), currency=currency))


def text(written: str, language: str = "it") -> Value:
    return Value(text=FreeText(text=written, language=language))


def codes(*given_codes: str) -> Value:
    return Value(codes=given_codes)


def refers(*references: str) -> Value:
    return Value(references=references)


def refusal(work: Callable[[], object]) -> tuple[str, str]:
    """The field and the reason of the refusal that *work* ends in."""
    with pytest.raises(Invalid) as refused:
        work()
    assert refused.value.message
    return refused.value.field, refused.value.reason


MEMBERS = {
    "codes": codes("A"),
    "date": Value(date=dt.date(2026, 11, 24)),
    "number": Value(number=Decimal("1.5")),
    "money": money(),
    "text": text("Albo"),
    "files": Value(files=("fil_1",)),
    "link": Value(link="https://a.example/b?c=d#e"),
    "references": refers("IT"),
}
TAKES = {
    ValueType.YES_NO: "codes",
    ValueType.YES_NO_UNKNOWN: "codes",
    ValueType.SINGLE: "codes",
    ValueType.MULTI: "codes",
    ValueType.DATE: "date",
    ValueType.NUMBER: "number",
    ValueType.MONEY: "money",
    ValueType.TEXT: "text",
    ValueType.DOCUMENT: "files",
    ValueType.STATEMENT: None,
    ValueType.LINK: "link",
    ValueType.AUTHORITY: "references",
    ValueType.COUNTRY: "references",
    ValueType.AREA: "references",
    ValueType.CONCEPT: "references",
    ValueType.LANGUAGE: "references",
}


def test_the_table_knows_every_type_and_every_member() -> None:
    assert set(TAKES) == set(ValueType)
    assert set(MEMBERS) == set(Value.__slots__)


@pytest.mark.parametrize("kind", ValueType)
def test_a_field_takes_the_member_of_its_type_and_no_other(kind: ValueType) -> None:
    for member, of_the_member in MEMBERS.items():
        value = refers("it") if kind is ValueType.LANGUAGE and member == "references" else of_the_member
        with cell(member):
            if member == TAKES[kind]:
                assert check(a_field(kind), value, at="v") == value
            else:
                assert refusal(partial(check, a_field(kind), value, at="v")) == ("v", "WRONG_TYPE")


@pytest.mark.parametrize("kind", ValueType)
def test_no_value_and_two_values_are_refused(kind: ValueType) -> None:
    assert refusal(lambda: check(a_field(kind), Value(), at="v")) == ("v", "WRONG_TYPE")
    both = Value(codes=("A",), date=dt.date(2026, 1, 1), number=Decimal(1), link="https://a.example")
    assert refusal(lambda: check(a_field(kind), both, at="v")) == ("v", "WRONG_TYPE")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (a_field(ValueType.MULTI), codes("A", "B")),
        (a_field(ValueType.MULTI), codes("NONE")),
        (a_field(ValueType.NUMBER, minimum=Decimal(1), maximum=Decimal(2)), Value(number=Decimal(1))),
        (a_field(ValueType.NUMBER, minimum=Decimal(1), maximum=Decimal(2)), Value(number=Decimal(2))),
        (a_field(ValueType.NUMBER, minimum=Decimal(1)), Value(number=Decimal(10**9))),
        (a_field(ValueType.MONEY), money("0")),
        (a_field(ValueType.TEXT), text("x" * TEXT_LIMIT)),
        (a_field(ValueType.TEXT), text("una riga\n\te un'altra\r")),
        (a_field(ValueType.LINK), Value(link="http://a.example:8080")),
        (a_field(ValueType.LINK), Value(link="HTTPS://[2001:db8::1]/")),
        (a_field(ValueType.DOCUMENT), Value(files=tuple(map(str, range(MANY_LIMIT))))),
        (a_field(ValueType.COUNTRY, many=True), refers("IT", "EL")),
        (a_field(ValueType.CONCEPT, many=True), refers(*map(str, range(MANY_LIMIT)))),
    ],
)
def test_what_is_just_allowed_passes(field: Field, value: Value) -> None:
    checked = check(field, value, at="v")
    if value.text:
        assert checked.text
        assert checked.text.text == value.text.text.strip()
    else:
        assert checked == value


@pytest.mark.parametrize(
    ("field", "value", "at", "reason"),
    [
        (a_field(ValueType.SINGLE), codes("C"), "codes[0]", "UNKNOWN_CHOICE"),
        (a_field(ValueType.SINGLE), codes("a"), "codes[0]", "UNKNOWN_CHOICE"),
        (a_field(ValueType.SINGLE), codes("A", "B"), "codes", "TOO_MANY"),
        (a_field(ValueType.SINGLE), codes(), "codes", "EMPTY"),
        (a_field(ValueType.SINGLE, many=True), codes("A", "B"), "codes", "TOO_MANY"),
        (a_field(ValueType.YES_NO), codes("A", "B"), "codes", "TOO_MANY"),
        (a_field(ValueType.MULTI), codes("A", "C"), "codes[1]", "UNKNOWN_CHOICE"),
        (a_field(ValueType.MULTI), codes("A", "A"), "codes", "REPEATED"),
        (a_field(ValueType.MULTI), codes("A", "NONE"), "codes", "CONTRADICTION"),
        (a_field(ValueType.NUMBER, minimum=Decimal(1)), Value(number=Decimal("0.999999")), "number", "OUT_OF_RANGE"),
        (a_field(ValueType.NUMBER, maximum=Decimal(1)), Value(number=Decimal("1.000001")), "number", "OUT_OF_RANGE"),
        (a_field(ValueType.NUMBER, minimum=Decimal(0)), Value(number=Decimal(-1)), "number", "OUT_OF_RANGE"),
        (a_field(ValueType.MONEY), money("-0.01"), "money.amount", "OUT_OF_RANGE"),
        (a_field(ValueType.MONEY), money(currency="eur"), "money.currency", "UNKNOWN_CURRENCY"),
        (a_field(ValueType.MONEY), money(currency="EURO"), "money.currency", "UNKNOWN_CURRENCY"),
        (a_field(ValueType.MONEY), money(currency=""), "money.currency", "UNKNOWN_CURRENCY"),
        (a_field(ValueType.MONEY), money(currency="ΕΥΡ"), "money.currency", "UNKNOWN_CURRENCY"),
        (a_field(ValueType.MONEY), money(currency="E1R"), "money.currency", "UNKNOWN_CURRENCY"),
        (a_field(ValueType.MONEY), money(currency="E R"), "money.currency", "UNKNOWN_CURRENCY"),
        (a_field(ValueType.TEXT), text(" \n\t"), "text.text", "EMPTY"),
        (a_field(ValueType.TEXT), text("x" * (TEXT_LIMIT + 1)), "text.text", "TOO_LONG"),
        (a_field(ValueType.TEXT), text("a\x00b"), "text.text", "CONTROL_CHARACTER"),
        (a_field(ValueType.TEXT), text("a\x1bb"), "text.text", "CONTROL_CHARACTER"),
        (a_field(ValueType.TEXT), text("a", "ru"), "text.language", "UNKNOWN_LANGUAGE"),
        (a_field(ValueType.TEXT), text("a", ""), "text.language", "UNKNOWN_LANGUAGE"),
        (a_field(ValueType.DOCUMENT), Value(files=()), "files", "EMPTY"),
        (a_field(ValueType.DOCUMENT), Value(files=("fil_1", "fil_1")), "files", "REPEATED"),
        (a_field(ValueType.DOCUMENT), Value(files=tuple(map(str, range(101)))), "files", "TOO_MANY"),
        (a_field(ValueType.COUNTRY), refers("GR"), "references[0]", "UNKNOWN_COUNTRY"),
        (a_field(ValueType.COUNTRY, many=True), refers("IT", "EU"), "references[1]", "UNKNOWN_COUNTRY"),
        (a_field(ValueType.COUNTRY), refers("IT", "HU"), "references", "TOO_MANY"),
        (a_field(ValueType.LANGUAGE), refers("ru"), "references[0]", "UNKNOWN_LANGUAGE"),
        (a_field(ValueType.LANGUAGE, many=True), refers("it", "it-IT"), "references", "REPEATED"),
        (a_field(ValueType.AUTHORITY), refers(), "references", "EMPTY"),
        (a_field(ValueType.AUTHORITY, many=True), refers("a", "a"), "references", "REPEATED"),
        (a_field(ValueType.CONCEPT, many=True), refers(*map(str, range(101))), "references", "TOO_MANY"),
    ],
)
def test_a_wrong_value_is_refused_by_name(field: Field, value: Value, at: str, reason: str) -> None:
    assert refusal(lambda: check(field, value, at="form[3].value")) == (f"form[3].value.{at}", reason)


@pytest.mark.parametrize(
    "link",
    [
        "",
        "a.example",
        "//a.example",
        "ftp://a.example",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://me@a.example",
        "https://me:secret@a.example",
        "https://@a.example",
        "https://a.example/a b",
        "https://a.example/a\nb",
        " https://a.example",
        "https://a.example/\u202e",
        "https://[::1",
        "https://a.example/" + "x" * LINK_LIMIT,
    ],
)
def test_what_is_no_plain_web_address_is_no_link(link: str) -> None:
    assert refusal(lambda: check(a_field(ValueType.LINK), Value(link=link), at="v")) == ("v.link", "NOT_A_LINK")


def test_a_text_keeps_its_words_and_loses_the_space_around_them() -> None:
    written = FreeText(text="  una\n parola ", language="IT-it", data_class=DataClass.SPECIAL_CATEGORY)
    kept = free_text(written, at="t")
    assert kept == FreeText(text="una\n parola", language="it", data_class=DataClass.SPECIAL_CATEGORY)
    assert free_text(kept, at="t") == kept


def test_a_reference_to_a_language_is_kept_as_our_code() -> None:
    assert check(a_field(ValueType.LANGUAGE), refers("IT-it"), at="v") == refers("it")
    assert check(a_field(ValueType.LANGUAGE, many=True), refers("no", "sv"), at="v") == refers("nb", "sv")


@given(st.integers(-(10**21) + 1, 10**21 - 1), st.integers(0, 6))
def test_a_decimal_number_is_read_back_as_it_was_written(digits: int, places: int) -> None:
    number = Decimal(digits).scaleb(-6).quantize(Decimal(1).scaleb(-places))
    if abs(number) < 10**15:
        assert decimal(f"{number:f}", at="n") == number


@given(st.text(st.sampled_from("0123456789.,-+eE_ ٣５∞"), max_size=12))
def test_only_digits_and_one_point_make_a_number(written: str) -> None:
    whole, point, rest = written.removeprefix("-").partition(".")
    good = set(whole + rest) <= set("0123456789") and whole and bool(rest) == bool(point)
    if good and len(whole) <= 15 and len(rest) <= 6:
        assert decimal(written, at="n") == Decimal(written)
    else:
        assert refusal(lambda: decimal(written, at="n")) == ("n", "NOT_A_NUMBER")


@pytest.mark.parametrize(
    "written",
    ["", "NaN", "Infinity", "-Infinity", "1e3", "0e999999", "1_000", "1,5", " 1", "1\n", "+1", "１２", "1.", ".5",
     "1000000000000000", "0.0000001", "0x10", "1.5.2", "--1"],
)  # fmt: skip
def test_what_is_no_decimal_number_is_refused(written: str) -> None:
    assert refusal(lambda: decimal(written, at="n")) == ("n", "NOT_A_NUMBER")


@given(st.dates())
def test_a_date_is_read_back_as_it_was_written(date: dt.date) -> None:
    assert iso_date(date.isoformat(), at="d") == date


@pytest.mark.parametrize(
    "written",
    ["", "24.11.2026", "2026-11-31", "2026-02-29", "2026-00-10", "0000-01-01", "20261124", "2026-W48-2", "2026-1-024",
     "2026-11-24T00:00", " 2026-11-24", "2026-11-24\n", "２０２６-11-24", "-026-11-24"],
)  # fmt: skip
def test_what_is_no_date_is_refused(written: str) -> None:
    assert refusal(lambda: iso_date(written, at="d")) == ("d", "NOT_A_DATE")


FORM = (
    a_field(ValueType.TEXT, code="name", mandatory=True),
    a_field(ValueType.SINGLE, code="kind", mandatory=True),
    a_field(ValueType.DATE, code="since"),
)


def test_a_form_comes_back_checked_and_in_the_order_it_was_given() -> None:
    given_values = {"since": MEMBERS["date"], "name": text(" Albo "), "kind": codes("B")}
    checked = check_form(FORM, given_values, at="values", complete=True)
    assert list(checked.items()) == [("since", MEMBERS["date"]), ("name", text("Albo")), ("kind", codes("B"))]


def test_a_form_under_way_may_lack_mandatory_fields_and_a_complete_one_may_not() -> None:
    started = {"kind": codes("A")}
    assert check_form(FORM, started, at="values", complete=False) == started
    assert check_form(FORM, {}, at="values", complete=False) == {}
    assert refusal(lambda: check_form(FORM, started, at="values", complete=True)) == ("values", "MISSING_FIELD")
    with pytest.raises(Invalid, match="name, kind"):
        check_form(FORM, {}, at="values", complete=True)


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize(
    ("code", "value", "at", "reason"),
    [
        ("colour", codes("A"), "values[2].code", "UNKNOWN_FIELD"),
        ("since", codes("A"), "values[2].value", "WRONG_TYPE"),
        ("kind", codes("C"), "values[1].value.codes[0]", "UNKNOWN_CHOICE"),
    ],
)
def test_the_first_fault_of_a_form_is_named(complete: bool, code: str, value: Value, at: str, reason: str) -> None:
    form = {"name": text("Albo"), "kind": codes("A")} | {code: value}
    assert refusal(lambda: check_form(FORM, form, at="values", complete=complete)) == (at, reason)
