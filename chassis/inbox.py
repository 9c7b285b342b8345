"""Inboxes: for each recipient an append-only sequence of entries, read after a cursor, lost by nobody.

Positions are 1, 2, 3, … without gaps, and become visible strictly in that order: appending is one atomic write on the
recipient's last bucket, and position p always stands in bucket (p - 1) // BUCKET. A reader that has seen p has therefore seen
everything before it. Waking readers is a courtesy; a wake-up that is missed costs `LOOK_EVERY_S`, never an entry.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

import msgspec

from engines.documents import AlreadyExists, AnyOf, Collection, Condition, Document, Documents, Index, RevisionChanged
from vocabulary import pages
from vocabulary.pages import Page
from vocabulary.refusals import CursorExpired, Invalid, Unavailable

BUCKET = 64
WATERMARK_EVERY_S = 25.0
LOOK_EVERY_S = 2.0
RACES_LOST_LIMIT = 50
APPENDED_AT_ONCE = 16

INBOX = Collection("inbox", (Index(("recipient", "bucket")), Index(("recipient", "entry_ids"))), tells=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one recipient is told: about which subject, what kind of news."""

    id: str
    subject: str
    kind: str
    at: datetime
    status: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """An entry at its place; or without an entry, a watermark: everything up to the cursor has been sent."""

    cursor: str
    at: datetime
    entry: Entry | None = None


class Inbox:
    """The inboxes of one service. *stream* names them in cursors."""

    def __init__(self, documents: Documents, stream: str, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._stream = stream
        self._now = now
        self._bells: WeakValueDictionary[str, _Bell] = WeakValueDictionary()

    async def append(self, recipient: str, *entries: Entry) -> None:
        """Add *entries* at the end in their order, without those that are there already; as many as fit are one write.

        Raises Unavailable if too many others append at once.
        """
        lost = 0
        while lost < RACES_LOST_LIMIT:
            # In this order: an entry that arrives between the two looks makes the write fail, and is seen at the next attempt.
            last = await self._last_bucket(recipient)
            new = await self._not_there(recipient, entries)
            if not new:
                return
            try:
                written = await self._append(recipient, new, last)
            except (AlreadyExists, RevisionChanged):
                lost += 1
                continue
            if bell := self._bells.get(recipient):
                bell.ring()
            if written == len(new):
                return
        raise Unavailable("the inbox is being written by too many at once", reason="BUSY")

    async def append_all(self, by_recipient: Mapping[str, Sequence[Entry]]) -> None:
        """Add entries to many inboxes at once; raises what one of them raised, when all have ended."""
        free = asyncio.Semaphore(APPENDED_AT_ONCE)

        async def one(recipient: str, entries: Sequence[Entry]) -> None:
            async with free:
                await self.append(recipient, *entries)

        ended = await asyncio.gather(*(one(*each) for each in by_recipient.items()), return_exceptions=True)
        for failure in ended:
            if failure is not None:
                raise failure

    async def _not_there(self, recipient: str, entries: Sequence[Entry]) -> list[Entry]:
        """Those of *entries* that *recipient* does not have yet, each once."""
        by_id = {entry.id: entry for entry in entries}
        asked: dict[str, Condition] = {"recipient": recipient, "entry_ids": AnyOf(list(by_id))}
        for bucket in await self._documents.find(INBOX, asked, limit=len(by_id)):
            for entry in _entries(bucket):
                by_id.pop(entry.id, None)
        return list(by_id.values())

    async def _append(self, recipient: str, new: list[Entry], last: Document | None) -> int:
        """Write as many of *new* as fit behind *last*, in one step; returns how many."""
        if last is None or len(_entries(last)) == BUCKET:
            number = 0 if last is None else _number(last) + 1
            fitting = new[:BUCKET]
            await self._documents.insert(
                INBOX, Document(_bucket_id(recipient, number), _body(recipient, number, fitting))
            )
        else:
            there = _entries(last)
            fitting = new[: BUCKET - len(there)]
            body = _body(recipient, _number(last), [*there, *fitting])
            await self._documents.compare_and_set(INBOX, Document(last.id, body, last.revision))
        return len(fitting)

    async def read(self, recipient: str, after: str, limit: int) -> Page[Entry]:
        """The entries after the cursor *after*; an empty one means from the beginning.

        Raises Invalid for a cursor of another stream or recipient, CursorExpired if what follows is no longer kept.
        """
        position = self._position(recipient, after) if after else 0
        await self._check(recipient, position)
        found = await self._entries_after(recipient, position, limit + 1)
        cursors = [self._cursor(recipient, position + n + 1) for n in range(len(found))]
        return Page(found[:limit], cursors[:limit], len(found) > limit)

    async def watch(self, recipient: str, after: str) -> AsyncIterator[Delivered]:
        """Every entry after the cursor *after* (empty: from now on), in order, for ever, with watermarks in between.

        The first thing sent is a watermark, so that a reader can resume from the very start. Raises as `read` does.
        """
        position = self._position(recipient, after) if after else await self._end(recipient)
        await self._check(recipient, position)
        bell = self._bells.setdefault(recipient, _Bell())
        clock = asyncio.get_running_loop().time
        yield self._watermark(recipient, position)
        spoke_at = clock()
        while True:
            rung = bell.next()
            found = await self._entries_after(recipient, position, BUCKET)
            for entry in found:
                position += 1
                yield Delivered(self._cursor(recipient, position), self._now(), entry)
                spoke_at = clock()
            if found:
                continue
            if clock() - spoke_at >= WATERMARK_EVERY_S:
                yield self._watermark(recipient, position)
                spoke_at = clock()
            await asyncio.wait([rung], timeout=LOOK_EVERY_S)

    def _watermark(self, recipient: str, position: int) -> Delivered:
        return Delivered(self._cursor(recipient, position), self._now())

    async def _entries_after(self, recipient: str, position: int, limit: int) -> list[Entry]:
        found: list[Entry] = []
        number, skip = divmod(position, BUCKET)
        while len(found) < limit:
            bucket = await self._documents.get(INBOX, _bucket_id(recipient, number))
            if bucket is None:
                break
            entries = _entries(bucket)
            found += entries[skip:]
            if len(entries) < BUCKET:
                break
            number, skip = number + 1, 0
        return found[:limit]

    async def _check(self, recipient: str, position: int) -> None:
        end = await self._end(recipient)
        if position > end:
            raise Invalid("this cursor is ahead of the stream", field="after", reason="CURSOR")
        if position < end and await self._documents.get(INBOX, _bucket_id(recipient, position // BUCKET)) is None:
            raise CursorExpired("what follows this cursor is no longer kept; read the list instead", field="after")

    async def _end(self, recipient: str) -> int:
        last = await self._last_bucket(recipient)
        return 0 if last is None else _number(last) * BUCKET + len(_entries(last))

    async def _last_bucket(self, recipient: str) -> Document | None:
        found = await self._documents.find(INBOX, {"recipient": recipient}, sort="bucket", descending=True, limit=1)
        return found[0] if found else None

    def _cursor(self, recipient: str, position: int) -> str:
        return pages.cursor(self._stream, recipient, position)

    def _position(self, recipient: str, cursor: str) -> int:
        whose, position = pages.position(cursor, self._stream, (str, int))
        if whose != recipient or not isinstance(position, int) or position < 0:
            raise Invalid("this is not a cursor of this stream; use one that it sent", field="after", reason="CURSOR")
        return position


class _Bell:
    """Wakes everybody who waits for the next ring."""

    def __init__(self) -> None:
        self._rung: asyncio.Future[None] | None = None

    def next(self) -> "asyncio.Future[None]":
        """Done at the next ring. Take it before looking, so that nothing is missed in between."""
        if self._rung is None or self._rung.done():
            self._rung = asyncio.get_running_loop().create_future()
        return self._rung

    def ring(self) -> None:
        if self._rung is not None and not self._rung.done():
            self._rung.set_result(None)


def _bucket_id(recipient: str, number: int) -> str:
    return f"{recipient}:{number}"


def _body(recipient: str, number: int, entries: list[Entry]) -> dict[str, Any]:
    return {
        "recipient": recipient,
        "bucket": number,
        "entry_ids": [entry.id for entry in entries],
        "entries": msgspec.to_builtins(entries),
    }


def _number(bucket: Document) -> int:
    number = bucket.body["bucket"]
    assert isinstance(number, int)
    return number


def _entries(bucket: Document) -> list[Entry]:
    return msgspec.convert(bucket.body["entries"], list[Entry])
