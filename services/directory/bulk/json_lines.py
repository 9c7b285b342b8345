"""Authorities as JSON Lines: one object a line, whose keys are the columns."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from services.directory.bulk.columns import MODULES, TEXTS, Kind
from services.directory.bulk.rows import ROW_BYTES_MAX, Cell, Row, cell, not_utf8, too_long
from vocabulary.refusals import Invalid, Refusal

_BOM = b"\xef\xbb\xbf"


class JsonReader:
    """Takes a file in chunks, and gives its rows."""

    def __init__(self, columns: Mapping[str, Kind]) -> None:
        self._columns = columns
        self._rest = bytearray()
        self._number = 0
        # Inside a line that is too long already.
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[Row]:
        """The rows that *chunk* completes."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._rest += line
            yield from self._line()
        self._rest += rest
        if len(self._rest) > ROW_BYTES_MAX:
            self._skipping = True
            self._rest.clear()

    def end(self) -> Iterator[Row]:
        """The row that no line end follows."""
        yield from self._line()

    def _line(self) -> Iterator[Row]:
        line, self._rest = bytes(self._rest), bytearray()
        skipped, self._skipping = self._skipping or len(line) > ROW_BYTES_MAX, False
        self._number += 1
        if self._number == 1:
            line = line.removeprefix(_BOM)
        if not line.strip() and not skipped:
            return
        try:
            if skipped:
                raise too_long()
            cells, fault = self._cells(line), None
        except Refusal as refusal:
            cells, fault = {}, refusal
        yield Row(number=self._number, line=self._number, cells=cells, fault=fault)

    def _cells(self, line: bytes) -> dict[str, Cell]:
        cells: dict[str, Cell] = {}
        for name, value in _flat(_parsed(line)):
            if name not in self._columns:
                raise Invalid(
                    f"there is no key {name!r}; docs/bulk.md lists those there are", field=name, reason="UNKNOWN_COLUMN"
                )
            if name in cells:
                raise Invalid(f"the key {name!r} is there twice", field=name, reason="REPEATED")
            cells[name] = _cell(self._columns[name], value, name)
        return cells


class JsonWriter:
    """Writes rows, with every key that is not one of several languages or modules."""

    media_type = "application/x-ndjson"
    suffix = "jsonl"

    def __init__(self, columns: Mapping[str, Kind]) -> None:
        self._columns = columns

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


def _parsed(line: bytes) -> list[tuple[str, Any]]:
    """The keys of the object on *line*, with their values; raises Invalid if there is none."""
    try:
        # An object is kept as a tuple of pairs, so that a key which is there twice is seen.
        found = json.loads(line.decode(), object_pairs_hook=tuple, parse_constant=_refused)
    except UnicodeDecodeError:
        raise not_utf8() from None
    except (ValueError, RecursionError):
        raise Invalid("the line is not a JSON object", reason="JSON") from None
    if not isinstance(found, tuple):
        raise Invalid("the line is not a JSON object", reason="JSON")
    return list(found)


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _flat(pairs: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, value in pairs:
        if name in (*TEXTS, MODULES.rstrip(".")) and isinstance(value, tuple | None):
            yield from ((f"{name}.{key}", inner) for key, inner in value or ())
        else:
            yield name, value


def _cell(kind: Kind, value: Any, name: str) -> Cell:
    if value is None:
        return cell(kind, "", name)
    if isinstance(value, str):
        return cell(kind, value, name)
    if kind is Kind.WORDS and isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(word for item in value for word in cell(kind, item, name))
    wanted = "a text" if kind is Kind.TEXT else "a list of texts"
    raise Invalid(f"{name} takes {wanted}", field=name, reason="WRONG_TYPE")
