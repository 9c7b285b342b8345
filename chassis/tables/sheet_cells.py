"""The cells of a sheet, as the XML of a workbook says them."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from chassis.tables.rows import ROW_BYTES_MAX

COLUMNS_MAX = 1_000
ROWS_LOOKED_AT_MAX = 1_048_576

# A cell: what it says as a text, or None for what a spreadsheet could not calculate.
Said = str | None


class NoWorkbook(ValueError):
    """This is no workbook that can be read."""


class Cells:
    """Takes the elements of a sheet, and gives its rows. *dates* are the styles whose numbers are days after *epoch*."""

    def __init__(self, shared: Sequence[str], dates: set[int], epoch: date) -> None:
        self._shared = shared
        self._dates = dates
        self._epoch = epoch
        self._done: list[tuple[int, Sequence[Said]]] = []
        self._row: dict[int, Said] = {}
        self._number = 0
        self._column = -1
        self._type = self._style = ""
        self._texts: list[str] = []
        self._length = 0
        self._inside = self._phonetic = False

    def taken(self) -> list[tuple[int, Sequence[Said]]]:
        found, self._done = self._done, []
        return found

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._column, self._length = -1, 0
            if not 0 < self._number <= ROWS_LOOKED_AT_MAX:
                raise NoWorkbook
        elif name == "c":
            where = attributes.get("r", "")
            self._column = _column(where) if where else self._column + 1
            self._type, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            self._texts = []
        self._inside = name == "v" or (name == "t" and not self._phonetic)
        self._phonetic = self._phonetic or name == "rPh"

    def text(self, said: str) -> None:
        if self._inside:
            self._length += len(said)
            # What is longer than a row may be is not kept; that it is too long is seen.
            if self._length <= ROW_BYTES_MAX + len(said):
                self._texts.append(said)

    def end(self, name: str) -> None:
        self._inside = False
        if name == "rPh":
            self._phonetic = False
        elif name == "c":
            said = self._said("".join(self._texts))
            if said != "" and self._column < COLUMNS_MAX:
                self._row[self._column] = said
        elif name == "row":
            if self._row:
                width = max(self._row) + 1
                self._done.append((self._number, [self._row.get(at, "") for at in range(width)]))
            self._row = {}

    def _said(self, text: str) -> Said:
        match self._type:
            case "s":
                return self._shared[int(text)] if text else ""
            case "b":
                return "" if not text else "TRUE" if text == "1" else "FALSE"
            case "e":
                return None
            case "str" | "inlineStr":
                return text
            case "d":
                return text.partition("T")[0]
        return self._number_said(text) if text else ""

    def _number_said(self, text: str) -> str:
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise NoWorkbook from None
        # Before any arithmetic: 1E999999999 is a short text, and an integer of a thousand million digits.
        if not number.is_finite() or abs(number.adjusted()) > 30:
            return text
        if int(self._style) in self._dates:
            return (self._epoch + timedelta(days=int(number))).isoformat()
        # 0.1 + 0.2 is kept with 17 digits, of which a spreadsheet shows 15.
        shown = Decimal(f"{number:.15g}") if len(number.as_tuple().digits) > 15 else number
        plain = f"{shown:f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _column(where: str) -> int:
    """The place of the column that ``AB12`` is in, from 0."""
    found = 0
    for letter in where:
        if not "A" <= letter <= "Z":
            break
        found = found * 26 + ord(letter) - 64
    if not 0 < found <= 16_384:
        raise NoWorkbook
    return found - 1
