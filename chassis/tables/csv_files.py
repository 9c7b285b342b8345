"""Tables as CSV: the first row names the columns; what a spreadsheet would calculate is written so that it does not.

A cell that begins as a formula does (=, +, -, @) is written with an apostrophe before it, and read without: a file from here can be
opened in a spreadsheet and sent back. Nothing that is read is ever calculated.
"""

import re
from collections.abc import Iterator, Mapping

from chassis.imports import require_so_few_lines
from chassis.tables.csv_records import BOM, OTHER_ENCODINGS, SEPARATORS, CsvRecords, Record
from chassis.tables.headings import Headings, empty_file
from chassis.tables.rows import Cell, Kind, Row, Table, not_utf8
from vocabulary.refusals import Invalid, Refusal

# Those of full width are formulas in some spreadsheets, too.
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r＝＋－＠]")
_QUOTE = re.compile(r'[,;"\t\r\n]|^ | $')


class CsvReader:
    """Takes a file in chunks, and gives its rows."""

    def __init__(self, table: Table) -> None:
        self._records = CsvRecords()
        self._table = table
        self._headings: Headings | None = None
        self._number = 0

    def feed(self, chunk: bytes) -> Iterator[Row]:
        """The rows that *chunk* completes; raises Invalid naming a column for a first row that is not one of columns."""
        yield from self._rows(self._records.feed(chunk))

    def end(self) -> Iterator[Row]:
        """The rows that are left at the end; raises Invalid for a file without a first row."""
        yield from self._rows(self._records.end())
        if self._headings is None:
            raise empty_file()

    def _rows(self, records: Iterator[Record]) -> Iterator[Row]:
        for record in records:
            if self._headings is None:
                self._headings = self._named(record)
                continue
            self._number += 1
            require_so_few_lines(self._number)
            if record.is_blank:
                continue
            try:
                cells, fault = _cells(self._headings, record), None
            except Refusal as refusal:
                cells, fault = {}, refusal
            yield Row(number=self._number, line=record.line, cells=cells, fault=fault)

    def _named(self, record: Record) -> Headings:
        if record.cells and record.cells[0].startswith(OTHER_ENCODINGS):
            raise Invalid("the file is in UTF-16; save it as CSV in UTF-8", field="file", reason="ENCODING")
        if record.fault is not None:
            raise Invalid(f"the first row cannot be read: {record.fault.message}", field="file", reason="CSV")
        return Headings(self._table, [_decoded(name, "file") for name in record.cells])


class CsvWriter:
    """Writes rows, with every column there is."""

    media_type = "text/csv; charset=utf-8; header=present"
    suffix = "csv"

    def __init__(self, table: Table, separator: str) -> None:
        self._columns = table.columns
        if separator.encode() not in SEPARATORS:
            raise Invalid("cells are separated by a comma or a semicolon", field="separator", reason="SEPARATOR")
        self._separator = separator

    def begin(self) -> bytes:
        """What stands before the first row. The mark of UTF-8 is for spreadsheets, which guess otherwise."""
        return BOM + self._line(self._columns)

    def row(self, cells: Mapping[str, Cell]) -> bytes:
        texts = (cells.get(name, "") for name in self._columns)
        return self._line(_guarded(text if isinstance(text, str) else " ".join(text)) for text in texts)

    def end(self) -> bytes:
        """What stands behind the last row: nothing."""
        return b""

    def _line(self, texts: Iterator[str] | Mapping[str, Kind]) -> bytes:
        return (self._separator.join(map(_quoted, texts)) + "\r\n").encode()


def _cells(headings: Headings, record: Record) -> dict[str, Cell]:
    if record.fault is not None:
        raise record.fault
    headings.require_as_many(len(record.cells))
    return {
        name: headings.cell(name, unguarded(_decoded(text, name).strip(" ")))
        for name, text in zip(headings.names, record.cells, strict=True)
    }


def _decoded(text: bytes, column: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise not_utf8(column) from None


def _guarded(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """*text* without the apostrophe that kept a spreadsheet from calculating it."""
    return text[1:] if _GUARDED.match(text) else text


def _quoted(text: str) -> str:
    if not _QUOTE.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
