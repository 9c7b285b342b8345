"""The segments of an audit as they are kept: one document each, which only grows until it is closed.

A segment's id is its number, and a document is replaced only over the revision that was read: of two replicas that append, one is
first and the other looks again, so the chain of a service cannot fork.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from chassis.audit import chain
from chassis.audit.chain import Segment, State
from chassis.chains import SigningKeys
from engines.documents import (
    AlreadyExists,
    Collection,
    Condition,
    Document,
    Documents,
    Index,
    Json,
    Range,
    RevisionChanged,
)
from vocabulary.audit import Read
from vocabulary.refusals import Unavailable

AUDIT = Collection(
    "audit",
    (
        Index(("number",)),
        Index(("state", "until")),
        Index(("authorities", "number")),
        Index(("people", "number")),
        Index(("things", "number")),
    ),
    tells=False,
)
# A segment is closed with so many rows, or things in them, or on another day: what is written again with each group stays small.
ROWS, THINGS = 200, 1_000
PAGE = 20
RACES_LOST_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Kept:
    """A segment as it is stored."""

    segment: Segment
    revision: int


class Segments:
    """The audit of one service."""

    def __init__(self, service: str, documents: Documents) -> None:
        self._service = service
        self._documents = documents
        # Where this process has written last, with what it stands on: while nobody else writes, it need not be read again.
        self._known: tuple[Kept, Segment | None] | None = None

    async def append(
        self, reads: Sequence[Read], at: str, keys: SigningKeys, trying: Callable[[Segment], None]
    ) -> Segment:
        """Add *reads* behind what there is, at the time *at*; returns the segment that they went into.

        Raises Unavailable if the store is away, or too many others append at once. It may be written nevertheless: *trying* is told
        what is attempted, for which `has` is asked before it is tried again.
        """
        for _ in range(RACES_LOST_LIMIT):
            known, self._known = self._known, None
            kept, before = known or await self.tail(at, keys)
            for there in (kept.segment, before) if known is None else ():
                if there and any(row.read == reads[-1] for row in there.rows):
                    return there  # an attempt that was given up has been written after all
            grown = chain.grown(kept.segment, before, self._service, reads)
            if is_full(grown, at):
                await self._open(grown.number + 1, at, keys)
                grown = replace(grown, state=State.CLOSED)
            grown = chain.signed(self._service, grown, keys)
            trying(grown)
            if await self.replace(kept, grown):
                if grown.state is State.OPEN:
                    self._known = Kept(grown, kept.revision + 1), before
                return grown
        raise Unavailable("the audit is being written by too many at once", reason="AUDIT")

    async def tail(self, at: str, keys: SigningKeys) -> tuple[Kept, Segment | None]:
        """The segment that rows go into, and the one before it; the first one is opened if there is none."""
        while not (last := await self._last(2)):
            await self._open(1, at, keys)
        # Whoever was to close the last but one after opening the last may not have come to it.
        if len(last) == 2 and last[1].segment.state is State.OPEN:
            last = [last[1], *await self._last(1, below=last[1].segment.number)]
        return last[0], last[1].segment if len(last) == 2 else None

    async def close(self, at: str, keys: SigningKeys) -> None:
        """Close the segment that rows go into, if it has any; whoever else writes into it at this moment keeps it open."""
        kept, _ = await self.tail(at, keys)
        if kept.segment.count:
            await self._open(kept.segment.number + 1, at, keys)
            await self.replace(kept, chain.signed(self._service, replace(kept.segment, state=State.CLOSED), keys))

    async def replace(self, kept: Kept, segment: Segment) -> bool:
        """Whether *kept* was still what is stored, and is *segment* now."""
        try:
            await self._documents.compare_and_set(AUDIT, _stored(segment, kept.revision))
        except RevisionChanged:
            return False
        return True

    async def has(self, number: int, hash_: str) -> bool:
        """Whether a row of segment *number* has this hash."""
        found = await self._documents.get(AUDIT, _id(number))
        return found is not None and any(row.hash == hash_ for row in _kept(found).segment.rows)

    async def expired(self, before: str, limit: int) -> list[Kept]:
        """Closed segments whose last row was read before the time *before*."""
        where: dict[str, Condition] = {"state": State.CLOSED.value, "until": Range(below=before)}
        return [_kept(one) for one in await self._documents.find(AUDIT, where, sort="until", limit=limit)]

    async def all(self) -> AsyncIterator[Segment]:
        """Every segment, from the first on, as they fit together though rows are added meanwhile."""
        newest = await self._last(1)
        # In this order: what the last one stands on is closed before it has any rows.
        ends = [*(await self._last(1, below=newest[0].segment.number) if newest else []), *newest]
        after: tuple[int, str] | None = None
        where: dict[str, Condition] = {"number": Range(below=ends[0].segment.number if ends else 0)}
        while page := await self._documents.find(AUDIT, where, sort="number", after=after, limit=PAGE):
            for found in page:
                yield _kept(found).segment
            after = (_kept(page[-1]).segment.number, page[-1].id)
        for one in ends:
            yield one.segment

    async def about(self, field: str, value: str, up_to: int | None = None) -> AsyncIterator[Segment]:
        """Segments that have *value* among their `authorities`, `people` or `things`, the last first, from number *up_to* on."""
        where: dict[str, Condition] = {field: value}
        if up_to is not None:
            where["number"] = Range(below=up_to + 1)
        after: tuple[int, str] | None = None
        while page := await self._documents.find(AUDIT, where, sort="number", descending=True, after=after, limit=PAGE):
            for found in page:
                yield _kept(found).segment
            after = (_kept(page[-1]).segment.number, page[-1].id)

    async def head(self) -> Segment | None:
        """The last segment that has rows."""
        # Behind it there may be two that were opened: one to be filled, and the next, while that is done in one go.
        return next((one.segment for one in await self._last(3) if one.segment.count), None)

    async def _open(self, number: int, at: str, keys: SigningKeys) -> None:
        try:
            await self._documents.insert(AUDIT, _stored(chain.opened(self._service, number, at, keys), 0))
        except AlreadyExists:
            return

    async def _last(self, limit: int, below: int | None = None) -> list[Kept]:
        where: dict[str, Condition] = {} if below is None else {"number": Range(below=below)}
        found = await self._documents.find(AUDIT, where, sort="number", descending=True, limit=limit)
        return [_kept(one) for one in found]


def is_full(segment: Segment, at: str) -> bool:
    """Whether no more rows go into it at the time *at*."""
    things = sum(len(row.read.things) for row in segment.rows)
    return segment.count >= ROWS or things >= THINGS or segment.since[:10] < at[:10]


def erased(segment: Segment) -> Segment:
    """*segment* without its rows; how far they went stays, and its signature holds."""
    return replace(segment, state=State.ERASED, rows=())


def _id(number: int) -> str:
    return f"{number:012}"


def _stored(segment: Segment, revision: int) -> Document:
    reads = [row.read for row in segment.rows]
    body: dict[str, Json] = {
        **msgspec.to_builtins(segment),
        "authorities": _each({one.authority for one in reads}),
        "people": _each({one.user for one in reads}),
        "things": _each({thing.id for one in reads for thing in one.things}),
    }
    return Document(_id(segment.number), body, revision)


def _each(values: set[str]) -> list[Json]:
    return [value for value in sorted(values) if value]


def _kept(document: Document) -> Kept:
    body: Any = document.body
    return Kept(msgspec.convert(body, Segment), document.revision)
