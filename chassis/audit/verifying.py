"""Whether an audit is as it was written: the first row that does not fit is named."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chassis.audit import chain
from chassis.audit.chain import Segment, State
from chassis.chains import instant, is_signed


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not fit, and where: the segment, and the row by its sequence (0: the segment as a whole)."""

    segment: int
    sequence: int
    what: str

    def __str__(self) -> str:
        where = f"row {self.sequence} in segment {self.segment}" if self.sequence else f"segment {self.segment}"
        return f"{where}: {self.what}"


@dataclass(slots=True)
class Verifying:
    """Looks at one segment after the other, in their order, with the public *keys* by their ids.

    *kept* says how far the chain went when somebody looked before: sequence → hash. Rows may be erased that were read
    before *erased_before*.
    """

    service: str
    keys: Mapping[str, dict[str, Any]]
    kept: Mapping[int, str] = field(default_factory=dict)
    erased_before: datetime | None = None
    length: int = 0
    erased: int = 0
    hash: str = ""
    _before: Segment | None = None

    def take(self, segment: Segment) -> Fault | None:
        """The first fault that *segment* shows, after those before it."""
        # A row says more exactly what is wrong than the signature of all.
        fault = self._place(segment) or self._rows(segment) or self._signature(segment)
        if fault is None:
            self._before = segment
            if segment.count:
                self.length, self.hash = segment.last, segment.hash
            self.erased += segment.count if segment.state is State.ERASED else 0
        return fault

    def end(self) -> Fault | None:
        """What is missing at the end."""
        before = self._before
        if before is None:
            return Fault(1, 0, "it is missing: a service that has ever run has opened it")
        if before.state is not State.OPEN:
            return Fault(
                before.number + 1, 0, "it is missing: it was opened before the last one that is there was closed"
            )
        missing = next((length for length in sorted(self.kept) if length > self.length), None)
        return Fault(before.number, missing, "it is missing: the chain went as far once") if missing else None

    def _place(self, segment: Segment) -> Fault | None:
        before, number = self._before, segment.number
        expected = before.number + 1 if before else 1
        if number != expected:
            return Fault(expected, 0, "it is missing")
        # Two without rows stand at the end while the first of them is filled in one go, or where a process died of it.
        if before and not before.count and (segment.count or before.state is not State.OPEN):
            return Fault(before.number, 0, "it has no rows though there is a next one")
        if before and before.state is State.OPEN and segment.count:
            return Fault(before.number, 0, "it is open though the next one has rows")
        if not segment.count:
            standing = (0, "")
        elif before:
            standing = (before.last + 1, before.hash)
        else:
            standing = (1, chain.start(self.service))
        if (segment.first, segment.previous) != standing:
            return Fault(number, segment.first, "it does not stand on the row before it")
        return None

    def _rows(self, segment: Segment) -> Fault | None:
        number = segment.number
        if segment.state is State.ERASED:
            if segment.rows:
                return Fault(number, segment.first, "it is there though the segment is erased")
            if self.erased_before and segment.until >= instant(self.erased_before):
                return Fault(number, segment.first, "it is erased before its time")
            return self._other(number, segment.last, segment.hash)
        head = segment.previous
        for sequence, row in enumerate(segment.rows, segment.first):
            head = chain.link(sequence, head, row.read)
            if (row.sequence, row.hash) != (sequence, head):
                return Fault(number, sequence, "it is not as it was written")
            if fault := self._other(number, sequence, head):
                return fault
        if len(segment.rows) != segment.count:
            return Fault(number, segment.first + min(len(segment.rows), segment.count), "it is missing, or too much")
        return None if head == segment.hash else Fault(number, segment.last, "it is not the last one that was signed")

    def _other(self, number: int, sequence: int, head: str) -> Fault | None:
        fits = self.kept.get(sequence, head) == head
        return None if fits else Fault(number, sequence, "it is another one than was kept")

    def _signature(self, segment: Segment) -> Fault | None:
        key = self.keys.get(segment.key)
        if key and is_signed(chain.statement(self.service, segment), segment.signature, key):
            return None
        return Fault(segment.number, 0, "its head is not signed by the service")


async def verify(segments: AsyncIterator[Segment], verifying: Verifying) -> Fault | None:
    """The first fault of the chain that *segments* are, in the order of their numbers; None if it holds."""
    async for segment in segments:
        if fault := verifying.take(segment):
            return fault
    return verifying.end()
