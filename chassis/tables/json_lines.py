"""Tables as JSON Lines: one object a line, whose keys are the columns."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from chassis.imports import Lines, parsed
from chassis.tables.rows import Cell, Kind, Row, Table, cell, not_utf8, too_long
from vocabulary.refusals import Invalid, Refusal


class JsonReader:
    """Takes a file in chunks, and gives its rows."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._columns = table.columns
        self._heads = {name.partition(".")[0] for name in table.columns if "." in name}
        self._lines = Lines()

    def feed(self, chunk: bytes) -> Iterator[Row]:
        """The rows that *chunk* completes."""
        return (self._row(number, line) for number, line in self._lines.feed(chunk))

    def end(self) -> Iterator[Row]:
        """The row that no line end follows."""
        return (self._row(number, line) for number, line in self._lines.end())

    def _row(self, number: int, line: bytes | None) -> Row:
        try:
            if line is None:
                raise too_long()
            return Row(number=number, line=number, cells=self._cells(line))
        except Refusal as refusal:
            return Row(number=number, line=number, fault=refusal)

    def _cells(self, line: bytes) -> dict[str, Cell]:
        cells: dict[str, Cell] = {}
        for name, value in self._flat(_pairs(line)):
            if name not in self._columns:
                raise Invalid(
                    f"there is no key {name!r}; {self._table.described} lists those there are",
                    field=name,
                    reason="UNKNOWN_COLUMN",
                )
            if name in cells:
                raise Invalid(f"the key {name!r} is there twice", field=name, reason="REPEATED")
            cells[name] = _cell(self._columns[name], value, name)
        return cells

    def _flat(self, pairs: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        for name, value in pairs:
            if name in self._heads and isinstance(value, tuple | None):
                yield from ((f"{name}.{key}", inner) for key, inner in value or ())
            else:
                yield name, value


class JsonWriter:
    """Writes rows, with every key that is not one of several under another."""

    media_type = "application/x-ndjson"
    suffix = "jsonl"

    def __init__(self, table: Table) -> None:
        self._columns = table.columns

    def begin(self) -> bytes:
        """What stands before the first row: nothing."""
        return b""

    def row(self, cells: Mapping[str, Cell]) -> bytes:
        written: dict[str, Any] = {}
        for name, kind in self._columns.items():
            head, dot, key = name.partition(".")
            if not dot:
                written[name] = cells.get(name, "" if kind is Kind.TEXT else ())
            elif cells.get(name):
                written.setdefault(head, {})[key] = cells[name]
        return json.dumps(written, ensure_ascii=False).encode() + b"\n"

    def end(self) -> bytes:
        """What stands behind the last row: nothing."""
        return b""


def _pairs(line: bytes) -> list[tuple[str, Any]]:
    """The keys of the object on *line*, with their values; raises Invalid if there is none."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise not_utf8() from None
    found = parsed(text)
    if not isinstance(found, tuple):
        raise Invalid("the line is not a JSON object", reason="JSON")
    return list(found)


def _cell(kind: Kind, value: Any, name: str) -> Cell:
    if value is None:
        return cell(kind, "", name)
    if isinstance(value, str):
        return cell(kind, value, name)
    if kind is Kind.WORDS and isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(word for item in value for word in cell(kind, item, name))
    wanted = "a text" if kind is Kind.TEXT else "a list of texts"
    raise Invalid(f"{name} takes {wanted}", field=name, reason="WRONG_TYPE")
