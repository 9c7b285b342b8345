"""Tables as workbooks: the first row of the first sheet names the columns, and every cell is a text that nothing calculates.

An import reads what a spreadsheet shows: of a formula what it came to, of a date the day. A cell that begins as a formula does needs
no apostrophe here; one that has it, as in CSV, is read without.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from chassis.tables.csv_files import unguarded
from chassis.tables.headings import Headings, empty_file
from chassis.tables.rows import ROW_BYTES_MAX, Cell, Row, Table, too_long
from chassis.tables.sheet_cells import Said
from chassis.tables.workbooks_read import Workbook
from chassis.tables.workbooks_written import Sheet
from vocabulary.refusals import Invalid, Refusal


class XlsxReader:
    """Takes a file in chunks, and gives its rows once it has all of them."""

    def __init__(self, table: Table) -> None:
        self._workbook = Workbook()
        self._table = table

    def feed(self, chunk: bytes) -> Iterator[Row]:
        """Nothing yet."""
        self._workbook.feed(chunk)
        return iter(())

    def end(self) -> Iterator[Row]:
        """The rows. Raises Invalid for what is no workbook, and naming a column for a first row that is not one of columns."""
        with closing(self._workbook.rows()) as rows:
            first = next(rows, None)
            if first is None:
                raise empty_file()
            top, names = first
            headings = Headings(self._table, [name or "" for name in names])
            for line, texts in rows:
                try:
                    cells, fault = _cells(headings, texts), None
                except Refusal as refusal:
                    cells, fault = {}, refusal
                yield Row(number=line - top, line=line, cells=cells, fault=fault)


class XlsxWriter:
    """Writes rows, with every column there is."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    suffix = "xlsx"

    def __init__(self, table: Table) -> None:
        self._columns = table.columns
        self._sheet = Sheet()

    def begin(self) -> bytes:
        return self._sheet.begin() + self._sheet.row(self._columns)

    def row(self, cells: Mapping[str, Cell]) -> bytes:
        texts = (cells.get(name, "") for name in self._columns)
        return self._sheet.row(text if isinstance(text, str) else " ".join(text) for text in texts)

    def end(self) -> bytes:
        """What stands behind the last row, and says what is in the file."""
        return self._sheet.end()


def _cells(headings: Headings, texts: Sequence[Said]) -> dict[str, Cell]:
    if sum(len(text or "") for text in texts) > ROW_BYTES_MAX:
        raise too_long()
    if len(texts) > len(headings.names):
        headings.require_as_many(len(texts))
    found: dict[str, Cell] = {}
    for at, name in enumerate(headings.names):
        text = texts[at] if at < len(texts) else ""
        if text is None:
            raise Invalid("the spreadsheet could not calculate this cell", field=name, reason="CELL_ERROR")
        found[name] = headings.cell(name, unguarded(text.strip(" ")))
    return found
