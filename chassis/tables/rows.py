"""A row of a file, whatever its format."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chassis.imports import LINE_BYTES_MAX
from vocabulary.refusals import Invalid, Refusal

ROWS_MAX = 10_000
ROW_BYTES_MAX = LINE_BYTES_MAX
_BETWEEN = re.compile(r"[\s,;|]+")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")

Cell = str | tuple[str, ...]


class Kind(StrEnum):
    """What a cell holds: a text, or words with blanks between them (in JSON: a list)."""

    TEXT = "TEXT"
    WORDS = "WORDS"


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a file in the order in which they are written, the one that must be there, and where people read of them.

    A column is named by the path of the key that holds the same in JSON: ``official_name.it``.
    """

    columns: Mapping[str, Kind]
    described: str
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one row says, by column; or, if it cannot be read, why."""

    number: int
    line: int
    cells: Mapping[str, Cell] = field(default_factory=dict)
    fault: Refusal | None = None

    def text(self, column: str) -> str:
        """The cell of a column of texts; empty if there is none."""
        cell = self.cells.get(column, "")
        return cell if isinstance(cell, str) else " ".join(cell)


def cell(kind: Kind, text: str, column: str) -> Cell:
    """*text* as a column of *kind* holds it; raises Invalid naming the column for characters that no text has."""
    if _CONTROL_CHARACTER.search(text):
        raise Invalid("the text contains control characters", field=column, reason="CONTROL_CHARACTER")
    if _HALF_CHARACTER.search(text):
        raise Invalid("the text has half of a character in it (a lone surrogate)", field=column, reason="NOT_TEXT")
    text = text.strip()
    return text if kind is Kind.TEXT else tuple(_BETWEEN.split(text)) if text else ()


def too_long() -> Invalid:
    """Why a row that does not end is not read."""
    return Invalid(
        f"the row is longer than {ROW_BYTES_MAX // 1024} kB; is the quotation mark missing that closes a cell?",
        reason="ROW_TOO_LONG",
    )


def not_utf8(column: str = "") -> Invalid:
    """Why bytes that are no text are not read."""
    return Invalid("this is not UTF-8; save the file as UTF-8", field=column, reason="ENCODING")
