"""Typed fields and their values: the questions of a request, the form of an alert, the fields of a repository entry.

Values hold codes and ids, never labels, so that each reader sees them in their own language.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlsplit

from vocabulary import countries, languages
from vocabulary.refusals import Invalid

LocalizedText = Mapping[str, str]

TEXT_LIMIT = 4_000
LINK_LIMIT = 2_000
MANY_LIMIT = 100

_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ValueType(StrEnum):
    """What a field takes. The last five refer to things: ids or codes of another list."""

    YES_NO = "YES_NO"
    YES_NO_UNKNOWN = "YES_NO_UNKNOWN"
    SINGLE = "SINGLE"
    MULTI = "MULTI"
    DATE = "DATE"
    NUMBER = "NUMBER"
    MONEY = "MONEY"
    TEXT = "TEXT"
    DOCUMENT = "DOCUMENT"
    STATEMENT = "STATEMENT"
    LINK = "LINK"
    AUTHORITY = "AUTHORITY"
    COUNTRY = "COUNTRY"
    AREA = "AREA"
    CONCEPT = "CONCEPT"
    LANGUAGE = "LANGUAGE"


CHOOSING = frozenset({ValueType.YES_NO, ValueType.YES_NO_UNKNOWN, ValueType.SINGLE, ValueType.MULTI})
REFERRING = frozenset({ValueType.AUTHORITY, ValueType.COUNTRY, ValueType.AREA, ValueType.CONCEPT, ValueType.LANGUAGE})


class DataClass(StrEnum):
    """Which translation engines may see a text."""

    PUBLIC = "PUBLIC"
    INTERNAL = "INTERNAL"
    PERSONAL = "PERSONAL"
    SPECIAL_CATEGORY = "SPECIAL_CATEGORY"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeText:
    """What a person wrote, in the language they wrote it in."""

    text: str
    language: str
    data_class: DataClass = DataClass.PERSONAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in a currency (ISO 4217)."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One code of a closed list."""

    code: str
    label: LocalizedText


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A typed field of a form. `help` says what is meant where a reader may ask; without any, it is empty."""

    code: str
    label: LocalizedText
    type: ValueType
    help: LocalizedText = dataclass_field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    mandatory: bool = False
    personal: bool = False
    many: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    searchable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """The value of a field: exactly one of these is set, the one that the field's type takes."""

    codes: tuple[str, ...] | None = None
    date: dt.date | None = None
    number: Decimal | None = None
    money: Money | None = None
    text: FreeText | None = None
    files: tuple[str, ...] | None = None
    link: str | None = None
    references: tuple[str, ...] | None = None


_MEMBER = {
    **dict.fromkeys(CHOOSING, "codes"),
    **dict.fromkeys(REFERRING, "references"),
    ValueType.DATE: "date",
    ValueType.NUMBER: "number",
    ValueType.MONEY: "money",
    ValueType.TEXT: "text",
    ValueType.DOCUMENT: "files",
    ValueType.LINK: "link",
}


def check(field: Field, value: Value, *, at: str) -> Value:
    """*value* as *field* takes it; raises Invalid naming the part of the input at fault, which stands at *at*.

    References to things in the directory (authorities, areas, concepts) are checked for their form only: whether they exist is
    the directory's to say.
    """
    given = [name for name in Value.__slots__ if getattr(value, name) is not None]
    wanted = _MEMBER.get(field.type)
    if wanted is None:
        raise Invalid(f"{field.code} is a statement and takes no answer", field=at, reason="WRONG_TYPE")
    if given != [wanted]:
        has = " and ".join(given) or "nothing"
        raise Invalid(
            f"{field.code} takes {wanted} (its type is {field.type}), not {has}", field=at, reason="WRONG_TYPE"
        )
    return _CHECKS[wanted](field, value, f"{at}.{wanted}")


def free_text(text: FreeText, *, at: str) -> FreeText:
    """*text* without surrounding space; raises Invalid if it is empty, too long, or in an unknown language."""
    stripped = text.text.strip()
    if not stripped:
        raise Invalid("the text is empty", field=f"{at}.text", reason="EMPTY")
    if len(stripped) > TEXT_LIMIT:
        raise Invalid(
            f"the text has {len(stripped)} characters; {TEXT_LIMIT} are allowed", field=f"{at}.text", reason="TOO_LONG"
        )
    if any(ord(character) < 32 and character not in "\t\n\r" for character in stripped):
        raise Invalid("the text contains control characters", field=f"{at}.text", reason="CONTROL_CHARACTER")
    return replace(text, text=stripped, language=languages.require(text.language, field=f"{at}.language"))


def decimal(text: str, *, at: str) -> Decimal:
    """The number that *text* writes with a decimal point; raises Invalid for anything else."""
    if not _DECIMAL.fullmatch(text):
        raise Invalid(f"{text!r} is not a decimal number such as 12 or 12.50", field=at, reason="NOT_A_NUMBER")
    return Decimal(text)


def iso_date(text: str, *, at: str) -> dt.date:
    """The date that *text* writes as year-month-day (ISO 8601); raises Invalid for anything else."""
    try:
        if not _DATE.fullmatch(text):  # fromisoformat takes weeks too
            raise ValueError
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text!r} is not a date such as 2026-11-24", field=at, reason="NOT_A_DATE") from None


def check_form(fields: Iterable[Field], values: Mapping[str, Value], *, at: str, complete: bool) -> dict[str, Value]:
    """The values of a whole form, each checked; raises Invalid for the first fault.

    *complete* also asks for every mandatory field, as one does before a form leaves its author.
    """
    by_code = {field.code: field for field in fields}
    checked: dict[str, Value] = {}
    for index, (code, value) in enumerate(values.items()):
        where = f"{at}[{index}]"
        if code not in by_code:
            raise Invalid(f"the form has no field {code!r}", field=f"{where}.code", reason="UNKNOWN_FIELD")
        checked[code] = check(by_code[code], value, at=f"{where}.value")
    if complete:
        absent = [code for code, field in by_code.items() if field.mandatory and code not in checked]
        if absent:
            raise Invalid(f"these fields must be filled in: {', '.join(absent)}", field=at, reason="MISSING_FIELD")
    return checked


def _codes(field: Field, value: Value, at: str) -> Value:
    codes = value.codes or ()
    known = {choice.code for choice in field.choices}
    for index, code in enumerate(codes):
        if code not in known:
            raise Invalid(
                f"{field.code} has no choice {code!r}; it has {', '.join(sorted(known))}",
                field=f"{at}[{index}]",
                reason="UNKNOWN_CHOICE",
            )
    _check_count(field, codes, at, several=field.type is ValueType.MULTI)
    if "NONE" in codes and len(codes) > 1:
        raise Invalid("NONE cannot be chosen together with another choice", field=at, reason="CONTRADICTION")
    return value


def _references(field: Field, value: Value, at: str) -> Value:
    references = value.references or ()
    require = _REQUIRE.get(field.type)
    if require is not None:
        references = tuple(require(one, field=f"{at}[{index}]") for index, one in enumerate(references))
    _check_count(field, references, at, several=field.many)
    return Value(references=references)


def _check_count(field: Field, items: tuple[str, ...], at: str, *, several: bool) -> None:
    if not items:
        raise Invalid(f"{field.code} has no value", field=at, reason="EMPTY")
    if len(items) > (MANY_LIMIT if several else 1):
        raise Invalid(
            f"{field.code} takes {'at most 100 values' if several else 'one value'}", field=at, reason="TOO_MANY"
        )
    if len(set(items)) != len(items):
        raise Invalid(f"{field.code} has the same value twice", field=at, reason="REPEATED")


def _number(field: Field, value: Value, at: str) -> Value:
    number = value.number
    assert number is not None
    if (field.minimum is not None and number < field.minimum) or (field.maximum is not None and number > field.maximum):
        low = field.minimum if field.minimum is not None else "-∞"
        high = field.maximum if field.maximum is not None else "∞"
        raise Invalid(f"{field.code} takes a number from {low} to {high}", field=at, reason="OUT_OF_RANGE")
    return value


def _money(field: Field, value: Value, at: str) -> Value:
    money = value.money
    assert money is not None
    if money.amount < 0:
        raise Invalid(f"{field.code} takes an amount that is not negative", field=f"{at}.amount", reason="OUT_OF_RANGE")
    currency = money.currency
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise Invalid("a currency is an ISO 4217 code such as EUR", field=f"{at}.currency", reason="UNKNOWN_CURRENCY")
    return value


def _link(field: Field, value: Value, at: str) -> Value:
    link = value.link or ""
    try:
        parts = urlsplit(link)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        good = False
    if not good or len(link) > LINK_LIMIT or not link.isprintable() or " " in link:
        raise Invalid(f"{field.code} takes an http or https address", field=at, reason="NOT_A_LINK")
    return value


def _text(_field: Field, value: Value, at: str) -> Value:
    assert value.text is not None
    return Value(text=free_text(value.text, at=at))


def _files(field: Field, value: Value, at: str) -> Value:
    _check_count(field, value.files or (), at, several=True)
    return value


def _date(_field: Field, value: Value, _at: str) -> Value:
    return value


_REQUIRE = {ValueType.COUNTRY: countries.require, ValueType.LANGUAGE: languages.require}
_CHECKS: dict[str, Callable[[Field, Value, str], Value]] = {
    "codes": _codes,
    "references": _references,
    "date": _date,
    "number": _number,
    "money": _money,
    "text": _text,
    "files": _files,
    "link": _link,
}
