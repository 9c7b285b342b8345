"""CSV, byte by byte (RFC 4180): records out of chunks that end anywhere.

Bytes and not text, so that one row in another encoding is refused alone. A row that cannot be read ends with its first line, and the
next line is a row again: a missing quotation mark does not swallow the rest of the file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chassis.tables.rows import ROW_BYTES_MAX, too_long
from vocabulary.refusals import Invalid

BOM = b"\xef\xbb\xbf"
OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")
SEPARATORS = (b",", b";")
# A row that is longer than this is looked at again only after so many bytes more.
LOOK_AGAIN_BYTES = 8 * 1024
# More than any table has columns: what has more is not taken apart.
CELLS_MAX = 1_000

_QUOTED = re.compile(rb'"((?:[^"]++|"")*+)"')
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the line on which it begins, and its cells; or why it has none."""

    line: int
    cells: tuple[bytes, ...] = ()
    fault: Invalid | None = None

    @property
    def is_blank(self) -> bool:
        return self.fault is None and not any(map(bytes.strip, self.cells))


class _Unreadable(Exception):
    """This is no CSV."""


class CsvRecords:
    """Takes a file in chunks, and gives the records that are complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._line = 1
        self._wanted = 0
        # A line is too long, and has not ended yet.
        self._is_given_up = False
        self._separator = b""
        self._plain = re.compile(b"")

    def feed(self, chunk: bytes) -> Iterator[Record]:
        """The records that *chunk* completes."""
        self._rest += chunk
        if len(self._rest) >= self._wanted:
            yield from self._complete(final=False)

    def end(self) -> Iterator[Record]:
        """What is left when there are no more chunks."""
        yield from self._complete(final=True)

    def _complete(self, *, final: bool) -> Iterator[Record]:
        if not self._separator and not self._begun(final):
            return
        start = 0
        while start < len(self._rest):
            cells, fault, after = self._next(start, final)
            if after < 0:
                break
            record = Record(self._line, cells, fault)
            self._line += len(_LINE_END.findall(self._rest, start, after))
            self._is_given_up = False
            start = after
            yield record
        self._rest = self._rest[start:]
        if len(self._rest) > ROW_BYTES_MAX:
            self._is_given_up = True
            # The last one may be half of a line end.
            self._rest = self._rest[-1:]
        size = len(self._rest)
        self._wanted = size + LOOK_AGAIN_BYTES if size > LOOK_AGAIN_BYTES else 0

    def _begun(self, final: bool) -> bool:
        """Whether the first line is here, which tells the separator: names of columns have neither in them."""
        first = _LINE_END.split(self._rest, maxsplit=1)
        if len(first) == 1 and not final and len(self._rest) < ROW_BYTES_MAX:
            return False
        self._rest = self._rest.removeprefix(BOM)
        self._separator = max(SEPARATORS, key=first[0].count)
        self._plain = re.compile(b"[^" + self._separator + rb"\r\n]*+")
        return True

    def _next(self, start: int, final: bool) -> tuple[tuple[bytes, ...], Invalid | None, int]:
        """The record at *start*, or why there is none, and where the next one begins: before the start, if it is not all there."""
        if self._is_given_up:
            return (), too_long(), self._after_line(start, final)
        try:
            found = self._record(start, final)
        except _Unreadable as error:
            return (), Invalid(str(error), reason="CSV"), self._after_line(start, final)
        if found is not None and found[1] - start <= ROW_BYTES_MAX:
            return found[0], None, found[1]
        if found is None and final:
            unclosed = "a quotation mark opens a cell, and none closes it"
            return (), Invalid(unclosed, reason="CSV"), self._after_line(start, final)
        is_over = found is not None or len(self._rest) - start > ROW_BYTES_MAX
        return (), too_long(), self._after_line(start, final) if is_over else -1

    def _record(self, start: int, final: bool) -> tuple[tuple[bytes, ...], int] | None:
        """The cells of the record at *start* and where the next one begins; None if it is not all there. Raises _Unreadable."""
        cells: list[bytes] = []
        at = start
        while True:
            cell, at = self._cell(at)
            if at < 0:
                return None
            cells.append(cell)
            if len(cells) > CELLS_MAX:
                raise _Unreadable(f"a row has at most {CELLS_MAX:,} cells")
            if at == len(self._rest):
                return (tuple(cells), at) if final else None
            if self._rest.startswith(self._separator, at):
                at += 1
                continue
            end = _LINE_END.match(self._rest, at)
            if end is None:
                raise _Unreadable("after the quotation mark that closes a cell, the next cell begins, or the next row")
            if not final and end.end() == len(self._rest) and end.group() == b"\r":
                return None
            return tuple(cells), end.end()

    def _cell(self, at: int) -> tuple[bytes, int]:
        """The cell at *at* and where it ends: before the start, if it is not all there."""
        if not self._rest.startswith(b'"', at):
            plain = self._plain.match(self._rest, at)
            assert plain is not None
            return plain.group(), plain.end()
        quoted = _QUOTED.match(self._rest, at)
        if quoted is None:
            return b"", -1
        return quoted.group(1).replace(b'""', b'"'), quoted.end()

    def _after_line(self, start: int, final: bool) -> int:
        """Where the line after the one at *start* begins; before the start, if it is not there yet."""
        end = _LINE_END.search(self._rest, start)
        if end and (final or end.group() != b"\r" or end.end() < len(self._rest)):
            return end.end()
        return len(self._rest) if final else -1
