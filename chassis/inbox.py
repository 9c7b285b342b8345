"""Inboxes: for each recipient an append-only sequence of entries, read after a cursor, lost by nobody.

Positions are 1, 2, 3, … without gaps, and become visible strictly in that order: appending is one atomic write on the recipient's last
bucket (`chassis.inbox_buckets`). A reader that has seen p has therefore seen everything before it. What is appended in this process is
handed to those who read at the end there and then; everybody else finds it in the store, at the latest after `LOOK_EVERY_S`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakValueDictionary

from chassis import inbox_buckets as buckets
from chassis.inbox_buckets import BUCKET, INBOX, Buckets, Entry
from chassis.together import Together
from engines.documents import Document, Documents
from vocabulary import pages
from vocabulary.pages import Page
from vocabulary.refusals import CursorExpired, Invalid, Unavailable

__all__ = ["BUCKET", "INBOX", "Delivered", "Entry", "Inbox"]

WATERMARK_EVERY_S = 25.0
LOOK_EVERY_S = 2.0
# A reader who catches up leaves the others this share of the time that it has taken for a bucket, up to so many seconds.
GIVES_WAY, GIVES_WAY_S = 0.5, 0.1
RACES_LOST_LIMIT = 50
# How many inboxes are one write: an embedded store is kept from others for a hundredth of a second, and a slow server can answer in
# time. And how many such writes are made ready at once.
APPENDED_AT_ONCE = 100
PREPARED_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Delivered:
    """An entry at its place; or without an entry, a watermark: everything up to the cursor has been sent."""

    cursor: str
    at: datetime
    entry: Entry | None = None


class Inbox:
    """The inboxes of one service. *stream* names them in cursors."""

    def __init__(self, documents: Documents, stream: str, now: Callable[[], datetime]) -> None:
        self._buckets = Buckets(documents)
        self._together: Together[Document] = Together(self._buckets.get_many)
        self._stream = stream
        self._now = now
        self._bells: WeakValueDictionary[str, _Bell] = WeakValueDictionary()

    async def append(self, recipient: str, *entries: Entry) -> None:
        """Add *entries* at the end in their order, without those that are there already; as many as fit are one write.

        Raises Unavailable if too many others append at once.
        """
        await self.append_all({recipient: entries})

    async def append_all(self, by_recipient: Mapping[str, Sequence[Entry]]) -> None:
        """Add entries to many inboxes as `append` does; raises what one of them raised, when all have ended."""
        recipients = list(by_recipient)
        free = asyncio.Semaphore(PREPARED_AT_ONCE)

        async def some(start: int) -> None:
            async with free:
                chosen = recipients[start : start + APPENDED_AT_ONCE]
                await self._append({one: by_recipient[one] for one in chosen})

        starts = range(0, len(recipients), APPENDED_AT_ONCE)
        for failure in await asyncio.gather(*map(some, starts), return_exceptions=True):
            if failure is not None:
                raise failure

    async def _append(self, due: Mapping[str, Sequence[Entry]]) -> None:
        """Step by step until nothing is due; whoever loses a race takes part in the next step."""
        lost: Counter[str] = Counter()
        left = dict(due)
        while some := {one: entries[: buckets.BUCKET] for one, entries in left.items() if lost[one] < RACES_LOST_LIMIT}:
            steps = await self._buckets.next_steps(some, lost)
            taken = dict(zip(steps, await self._buckets.take([*steps.values()]), strict=True))
            for recipient in some:
                step = steps.get(recipient)
                if step and taken[recipient] and (bell := self._bells.get(recipient)):
                    bell.ring(step.position, step.entries)
                if step and not taken[recipient]:
                    lost[recipient] += 1
                elif not (step and step.more):
                    left[recipient] = left[recipient][buckets.BUCKET :]
            left = {recipient: entries for recipient, entries in left.items() if entries}
        if left:
            raise Unavailable("the inbox is being written by too many at once", reason="BUSY")

    async def read(self, recipient: str, after: str, limit: int) -> Page[Entry]:
        """The entries after the cursor *after*; an empty one means from the first that is still kept.

        Raises Invalid for a cursor of another stream or recipient, CursorExpired if what follows is no longer kept.
        """
        position = self._position(recipient, after) if after else 0
        try:
            await self._check(recipient, position, await self._end(recipient))
        except CursorExpired:
            if after:
                raise
            position = await self._beginning(recipient)
        found = await self._entries_after(recipient, position, limit + 1)
        cursors = [self._cursor(recipient, position + n + 1) for n in range(len(found))]
        return Page(found[:limit], cursors[:limit], len(found) > limit)

    async def cursor(self, recipient: str, after: str) -> str:
        """The cursor *after* if it is one that can be read on from, the end if it is empty. Raises as `read` does."""
        end = await self._end(recipient)
        position = self._position(recipient, after) if after else end
        await self._check(recipient, position, end)
        return self._cursor(recipient, position)

    async def watch(self, recipient: str, after: str) -> AsyncIterator[Delivered]:
        """Every entry after the cursor *after* (empty: from now on), in order, for ever, with watermarks in between.

        The first thing sent is a watermark, so that a reader can resume from the very start. Raises as `read` does.
        """
        async with aclosing(self.runs(recipient, after)) as runs:
            async for run in runs:
                for delivered in run:
                    yield delivered

    async def runs(self, recipient: str, after: str) -> AsyncGenerator[Sequence[Delivered], None]:
        """As `watch`, with what was found at once together: a watermark, or up to a bucket of entries."""
        bell = self._bells.setdefault(recipient, _Bell())
        end = await self._end(recipient)
        position = self._position(recipient, after) if after else end
        await self._check(recipient, position, end)
        clock = asyncio.get_running_loop().time
        yield [self._watermark(recipient, position)]
        spoke_at = clock()
        heard: Sequence[Entry] | None = None
        while True:
            rung, began_at = bell.next(), clock()
            looked = heard is None
            found = await self._entries_after(recipient, position, buckets.BUCKET) if heard is None else heard
            heard = None
            if found:
                now = self._now()
                run = [Delivered(self._cursor(recipient, position + n), now, entry) for n, entry in enumerate(found, 1)]
                position += len(found)
                yield run
                spoke_at = clock()
                if len(found) == buckets.BUCKET:
                    await asyncio.sleep(min(GIVES_WAY * (spoke_at - began_at), GIVES_WAY_S))
                if looked or bell.end > position:
                    continue
            elif clock() - spoke_at >= WATERMARK_EVERY_S:
                # A reader that was long behind may have seen what follows go.
                await self._check(recipient, position, await self._end(recipient))
                yield [self._watermark(recipient, position)]
                spoke_at = clock()
            # All look at the same moments, which makes it one look.
            await asyncio.wait([rung], timeout=LOOK_EVERY_S - clock() % LOOK_EVERY_S)
            if rung.done() and rung.result().position == position:
                heard = rung.result().entries

    def _watermark(self, recipient: str, position: int) -> Delivered:
        return Delivered(self._cursor(recipient, position), self._now())

    async def _entries_after(self, recipient: str, position: int, limit: int) -> list[Entry]:
        found: list[Entry] = []
        number, skip = divmod(position, buckets.BUCKET)
        while len(found) < limit:
            bucket = await self._together.get(buckets.bucket_id(recipient, number))
            if bucket is None:
                break
            found += buckets.entries_of(bucket, skip)
            if not buckets.is_full(bucket):
                break
            number, skip = number + 1, 0
        return found[:limit]

    async def _check(self, recipient: str, position: int, end: int) -> None:
        if position > end:
            raise Invalid("this cursor is ahead of the stream", field="after", reason="CURSOR")
        following = buckets.bucket_id(recipient, position // buckets.BUCKET)
        if position < end and await self._together.get(following) is None:
            raise CursorExpired("what follows this cursor is no longer kept; read the list instead", field="after")

    async def _beginning(self, recipient: str) -> int:
        """The position before the first entry that is still kept."""
        first = await self._buckets.first(recipient)
        return 0 if first is None else buckets.number_of(first) * buckets.BUCKET

    async def _end(self, recipient: str) -> int:
        return buckets.end_of(await self._buckets.last(recipient))

    def _cursor(self, recipient: str, position: int) -> str:
        return pages.cursor(self._stream, recipient, position)

    def _position(self, recipient: str, cursor: str) -> int:
        whose, position = pages.position(cursor, self._stream, (str, int))
        if whose != recipient or not isinstance(position, int) or position < 0:
            raise Invalid("this is not a cursor of this stream; use one that it sent", field="after", reason="CURSOR")
        return position


@dataclass(frozen=True, slots=True)
class _News:
    """Entries that stand behind the first *position* ones."""

    position: int
    entries: Sequence[Entry]


class _Bell:
    """Wakes everybody who waits for the next ring, and tells them what it rang for."""

    def __init__(self) -> None:
        # How many entries there are, as far as it has rung.
        self.end = 0
        self._rung: asyncio.Future[_News] | None = None

    def next(self) -> "asyncio.Future[_News]":
        """Done at the next ring. Take it before looking, so that nothing is missed in between."""
        if self._rung is None or self._rung.done():
            self._rung = asyncio.get_running_loop().create_future()
        return self._rung

    def ring(self, position: int, entries: Sequence[Entry]) -> None:
        self.end = max(self.end, position + len(entries))
        if self._rung is not None and not self._rung.done():
            self._rung.set_result(_News(position, entries))
