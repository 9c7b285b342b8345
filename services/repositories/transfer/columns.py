"""The columns of a repository's file, and what its cells say: values ↔ words, in the words of the file.

A field has a column of its code; a text another one for its language.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial

from chassis.tables.rows import Cell, Kind, Row, Table
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Version
from vocabulary import languages
from vocabulary.refusals import Invalid, Refusal
from vocabulary.values import (
    CHOOSING,
    REFERRING,
    Field,
    FreeText,
    Money,
    Value,
    ValueType,
    check,
    decimal,
    iso_date,
)

# What stands under this is said of the entry as a whole: a field of this code is not in files.
ENTRY = "entry"
ID, OWNER, VALID_FROM, VALID_TO = (f"{ENTRY}.{name}" for name in ("id", "owner", "valid_from", "valid_to"))
LANGUAGE, LABEL = "language_of.", "label_of."
DESCRIBED = "docs/repositories.md"

_SEVERAL = {ValueType.MULTI, ValueType.DOCUMENT}
# What the rules call it → the column.
_NAMES = {"validFrom": VALID_FROM, "validTo": VALID_TO, "id": ID}


def table(definition: Definition, fields: Iterable[Field] | None = None, *, labels: bool = True) -> Table:
    """The file of *definition*, with all of its fields unless some are named; with columns for *labels*, which only people read."""
    columns = dict.fromkeys((ID, OWNER, VALID_FROM, VALID_TO), Kind.TEXT)
    for field in definition.fields if fields is None else fields:
        if field.type is ValueType.STATEMENT or field.code == ENTRY:
            continue
        columns[field.code] = Kind.WORDS if _takes_several(field) else Kind.TEXT
        if field.type is ValueType.TEXT:
            columns[LANGUAGE + field.code] = Kind.TEXT
        if labels and field.type in CHOOSING:
            columns[LABEL + field.code] = Kind.TEXT
    return Table(columns, described=DESCRIBED)


def cells(id_: str, owner_id: str, version: Version, fields: Iterable[Field], *, language: str = "") -> dict[str, Cell]:
    """What a file says of *version*, which its reader sees of an entry; labels in *language*, if it is one."""
    found: dict[str, Cell] = {
        ID: id_,
        OWNER: owner_id,
        VALID_FROM: version.valid_from.isoformat() if version.valid_from else "",
        VALID_TO: version.valid_to.isoformat() if version.valid_to else "",
    }
    for field in fields:
        value = version.values.get(field.code)
        if value is None:
            continue
        found[field.code] = _cell(field, value)
        if value.text:
            found[LANGUAGE + field.code] = value.text.language
        if language and value.codes:
            shown = (choice.label for choice in field.choices if choice.code in value.codes)
            texts = (languages.best_text(label, language) for label in shown)
            found[LABEL + field.code] = "; ".join(text[0] for text in texts if text)
    return found


class Reading:
    """Reads the values that one row says, and gathers everything that is wrong with them."""

    def __init__(self, definition: Definition, before: Version | None, row: Row, language: str) -> None:
        self.refusals: list[Refusal] = []
        self._definition = definition
        self._before = before
        self._row = row
        self._language = language

    def values(self) -> dict[str, Value]:
        """What the entry says after the row: a column that is not there leaves it as it was, an empty cell empties it."""
        found = dict(self._before.values) if self._before else {}
        for field in self._definition.fields:
            if field.code not in self._row.cells:
                continue
            value = self._gathered(partial(self._value, field))
            if value is None:
                found.pop(field.code, None)
            else:
                found[field.code] = value
        return {field.code: found[field.code] for field in self._definition.fields if field.code in found}

    def require_complete(self, values: Mapping[str, Value]) -> None:
        """Gathers each mandatory field that is not there, unless its cell is wrong anyway."""
        wrong = {refusal.field for refusal in self.refusals}
        self.refusals += [
            Invalid("this must be filled in", field=field.code, reason="MISSING_FIELD")
            for field in self._definition.fields
            if field.mandatory and field.code not in values and field.code not in wrong
        ]

    def day(self, column: str) -> str:
        """The day that *column* says, as text; what was said before, if there is no such column."""
        if column in self._row.cells:
            text = self._row.text(column)
            self._gathered(lambda: iso_date(text, at=column) if text else None)
            return text
        before = self._before and (self._before.valid_from if column == VALID_FROM else self._before.valid_to)
        return before.isoformat() if before else ""

    def _gathered(self, read: Callable[[], Value | object | None]) -> Value | None:
        try:
            value = read()
        except Refusal as refusal:
            self.refusals.append(refusal)
            return None
        return value if isinstance(value, Value) else None

    def _value(self, field: Field) -> Value | None:
        at, cell = field.code, self._row.cells[field.code]
        before = self._before.values.get(field.code) if self._before else None
        if field.type is ValueType.DOCUMENT:
            if tuple(cell) != ((before.files if before else None) or ()):
                raise Invalid(
                    "a file is attached to one entry at a time, not by an import", field=at, reason="READ_ONLY"
                )
            return before
        if not cell:
            return None
        try:
            return check(field, self._read(field, cell, before, at), at=at)
        except Refusal as refusal:
            raise in_columns(refusal, [at]) from refusal

    def _read(self, field: Field, cell: Cell, before: Value | None, at: str) -> Value:
        words = tuple(cell.split()) if isinstance(cell, str) else cell
        text = cell if isinstance(cell, str) else " ".join(cell)
        if field.type in CHOOSING:
            return Value(codes=words)
        if field.type in REFERRING:
            return Value(references=words)
        match field.type:
            case ValueType.DATE:
                return Value(date=iso_date(text, at=at))
            case ValueType.NUMBER:
                return Value(number=decimal(text, at=at))
            case ValueType.MONEY:
                if len(words) != 2:
                    raise Invalid(
                        "an amount has a currency behind it, such as 12.50 EUR", field=at, reason="NOT_AN_AMOUNT"
                    )
                return Value(money=Money(amount=decimal(words[0], at=at), currency=words[1]))
            case ValueType.LINK:
                return Value(link=text)
        return Value(text=self._text(field, text, before))

    def _text(self, field: Field, text: str, before: Value | None) -> FreeText:
        same = before.text if before and before.text and before.text.text == text else None
        column = LANGUAGE + field.code
        language = self._row.text(column) or (same.language if same else "") or self._language
        return FreeText(
            text=text,
            language=languages.require(language, field=column),
            data_class=same.data_class if same else self._definition.data_class(field.code),
        )


def in_columns(refusal: Refusal, codes: Iterable[str]) -> Refusal:
    """*refusal* as it is said of a row whose values are of the fields *codes*, in their order."""
    field, there = refusal.field, list(codes)
    if field.startswith("values["):
        index, _, rest = field.removeprefix("values[").partition("]")
        code = there[int(index)]
        column = LANGUAGE + code if rest.endswith("text.language") else code
    elif any(field.startswith(f"{code}.") for code in there):
        code = next(code for code in there if field.startswith(f"{code}."))
        column = LANGUAGE + code if field.endswith("text.language") else code
    else:
        column = _NAMES.get(field, "" if field == "values" else field)
    changed = type(refusal)(refusal.message, field=column, reason=refusal.reason)
    changed.__cause__ = refusal.__cause__
    return changed


def _takes_several(field: Field) -> bool:
    return field.type in _SEVERAL or (field.type in REFERRING and field.many)


def _cell(field: Field, value: Value) -> Cell:
    if value.text:
        return value.text.text
    if value.date:
        return value.date.isoformat()
    if value.number is not None:
        return _plain(value.number)
    if value.money:
        return f"{_plain(value.money.amount)} {value.money.currency}"
    if value.link is not None:
        return value.link
    words = value.codes or value.references or value.files or ()
    return words if _takes_several(field) else " ".join(words)


def _plain(number: Decimal) -> str:
    return f"{number:f}"
