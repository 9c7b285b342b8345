"""Files of many things, as they come in: limits on the whole, lines, and what JSON says on a line."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, Protocol, TypeVar

from vocabulary.refusals import Invalid

BYTES_MAX = 64 * 1024 * 1024
LINE_BYTES_MAX = 256 * 1024
# Those included of which nothing is read: blank ones.
LINES_MAX = 100_000
_BOM = b"\xef\xbb\xbf"

Item = TypeVar("Item")
Read_co = TypeVar("Read_co", covariant=True)


class Reader(Protocol[Read_co]):
    """Takes a file in chunks, and gives what is in it."""

    def feed(self, chunk: bytes) -> Iterator[Read_co]:
        """What *chunk* completes."""
        ...

    def end(self) -> Iterator[Read_co]:
        """What is left at the end."""
        ...


class Incoming(Generic[Item]):
    """What *reader* reads, up to *most* of what is *called* so, and how many bytes of it there were."""

    def __init__(self, reader: Reader[Item], *, most: int, called: str, reason: str) -> None:
        self.bytes = 0
        self._reader = reader
        self._most = most
        self._called = called
        self._reason = reason
        self._given = 0
        self._is_too_long = False

    def feed(self, chunk: bytes) -> Iterator[Item]:
        """What *chunk* completes. Raises Invalid for a file that is too large."""
        self.bytes += len(chunk)
        if self.bytes > BYTES_MAX:
            raise _too_much(f"{BYTES_MAX // 1024 // 1024} MB", "FILE_TOO_LARGE")
        return self._limited(self._reader.feed(chunk)) if not self._is_too_long else iter(())

    def end(self) -> Iterator[Item]:
        """What is left at the end."""
        return self._limited(self._reader.end()) if not self._is_too_long else iter(())

    def check(self) -> None:
        """Raises Invalid if something was not given out because there is too much of it."""
        if self._is_too_long:
            raise _too_much(f"{self._most:,} {self._called}", self._reason)

    def _limited(self, items: Iterator[Item]) -> Iterator[Item]:
        for item in items:
            if self._given == self._most:
                self._is_too_long = True
                return
            self._given += 1
            yield item


async def content_of(parts: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """The file in *parts*, the messages behind the header of an import. Raises Invalid for a second header."""
    async for part in parts:
        if part.HasField("header"):
            raise Invalid("an import has one header, and then the file", field="header", reason="REPEATED")
        yield part.chunk


async def read(chunks: AsyncIterator[bytes], incoming: Incoming[Item]) -> AsyncIterator[Iterator[Item]]:
    """What is in a file, as its *chunks* come."""
    async for chunk in chunks:
        yield incoming.feed(chunk)
    yield incoming.end()


class Lines:
    """Takes a file in chunks, and gives its lines with their numbers: None for one that is too long. Blank ones only count.

    Raises Invalid for more lines than any file has.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._number = 0
        # Inside a line that is too long already.
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes | None]]:
        """The lines that *chunk* completes."""
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            self._rest += part
            yield from self.end()
        self._rest += rest
        if len(self._rest) > LINE_BYTES_MAX:
            self._skipping = True
            self._rest.clear()

    def end(self) -> Iterator[tuple[int, bytes | None]]:
        """The line that is begun, as if it ended here."""
        line, self._rest = bytes(self._rest), bytearray()
        skipped, self._skipping = self._skipping or len(line) > LINE_BYTES_MAX, False
        self._number += 1
        require_so_few_lines(self._number)
        if self._number == 1:
            line = line.removeprefix(_BOM)
        if skipped:
            yield self._number, None
        elif line.strip():
            yield self._number, line


def parsed(text: str) -> Any:
    """What the JSON *text* says, an object as a tuple of its pairs, so that a key which is there twice is seen.

    Raises Invalid for what is no JSON, NaN and its like included.
    """
    try:
        return json.loads(text, object_pairs_hook=tuple, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise Invalid("the line is not a JSON object", reason="JSON") from None


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def require_so_few_lines(count: int) -> None:
    """Raises Invalid for more than a file has, blank ones included."""
    if count > LINES_MAX:
        raise _too_much(f"{LINES_MAX:,} lines", "TOO_MANY_LINES")


def _too_much(limit: str, reason: str) -> Invalid:
    return Invalid(f"a file has at most {limit}; send the rest in another one", field="file", reason=reason)
