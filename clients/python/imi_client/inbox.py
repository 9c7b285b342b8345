"""The inbox as an endless sequence of entries: in order, none missed, through broken connections and restarts on either side."""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from grpc import aio

from imi_client.cursors import CursorStore
from imi_client.protos.alerts.v1 import alerts_pb2 as pb
from imi_client.protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub
from imi_client.protos.common.v1 import common_pb2
from imi_client.refusals import SignInRefused, refusal

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
# The service says something every 30 s at the latest.
DEAD_AFTER_S = 75.0
REMEMBERED = 10_000
SIGN_INS_REFUSED = 2

Metadata = Callable[[], Awaitable[aio.Metadata]]
_KIND = "INBOX_ENTRY_KIND_"


class _Silent(Exception):
    """The service has said nothing for too long."""


class Start(Enum):
    """Where a reader without a cursor begins."""

    NOW = "now"
    BEGINNING = "beginning"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an inbox. *kind* is a code such as ``BROADCAST``; one that this version does not know is its number."""

    id: str
    alert_id: str
    kind: str
    at: datetime
    cursor: str

    @classmethod
    def of(cls, entry: pb.InboxEntry) -> "Entry":
        known = pb.InboxEntryKind.DESCRIPTOR.values_by_number.get(entry.kind)
        kind = known.name.removeprefix(_KIND) if known else str(entry.kind)
        return cls(entry.id, entry.alert_id, kind, entry.at.ToDatetime(UTC), entry.cursor)


class Inbox:
    """An async iterable of entries; go through it once at a time.

    The cursor is saved when the next entry is asked for, so when the program has dealt with the one before. Left in between, by
    ``break``, an exception or a crash, the entry comes again with the same id: whatever is done about it must bear that. An id that
    came before on this object is passed over.

    Raises CursorExpired, SignInRefused when the token is refused twice in a row, and Refused for whatever else trying again would
    not change; and what getting a token or keeping a cursor raises. Everything else is waited for.
    """

    def __init__(
        self,
        stub: AlertsServiceStub,
        metadata: Metadata,
        cursors: CursorStore,
        start: Start,
        dead_after_s: float,
        only: pb.InboxFilter | None = None,
        saved_filter: str = "",
    ) -> None:
        self._stub = stub
        self._metadata = metadata
        self._cursors = cursors
        self._start = start
        self._dead_after_s = dead_after_s
        self._only = only
        self._saved_filter = saved_filter
        self._heard_at: float | None = None
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._saved = ""

    @property
    def age_s(self) -> float:
        """How long ago the service last said something: below 30 s, silence means that nothing has happened.

        Endless before the first word; it grows while the program deals with an entry.
        """
        return float("inf") if self._heard_at is None else time.monotonic() - self._heard_at

    async def __aiter__(self) -> AsyncGenerator[Entry, None]:
        self._saved = await self._cursors.load()
        pause, refused = FIRST_PAUSE_S, 0
        while True:
            try:
                async with aclosing(self._opened()) as messages:
                    async for message in messages:
                        pause, refused = FIRST_PAUSE_S, 0
                        entry = self._new_entry(message)
                        if entry is not None:
                            yield entry
                        await self._dealt_with(message, entry)
            except aio.AioRpcError as error:
                said = refusal(error)
                refused = refused + 1 if isinstance(said, SignInRefused) else 0
                # A token may have run out on its way: the next one is tried.
                if said.lasts and refused in (0, SIGN_INS_REFUSED):
                    raise said from error
            except _Silent:
                pass  # its connection has died
            # The spread keeps a thousand readers from coming back at the same moment.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _opened(self) -> AsyncGenerator[pb.WatchInboxResponse, None]:
        """What comes after the cursor, until the stream ends; raises _Silent when it falls silent."""
        if not self._saved and self._start is Start.BEGINNING:
            first = await self._first()
            if first is None:
                return
            yield first
        async with aclosing(self._watched()) as messages:
            async for message in messages:
                yield message

    async def _first(self) -> pb.WatchInboxResponse | None:
        """The first entry that there is, or where there is none, the place before the first; None if the stream ended at once."""
        async with aclosing(self._watched()) as messages:
            place = await anext(messages, None)
        # Looked for only now: what arrives after this look comes after that place.
        request = pb.ReadInboxRequest(
            page=common_pb2.Page(first=1), filter=self._only, saved_filter_id=self._saved_filter
        )
        there = await self._stub.ReadInbox(request, metadata=await self._metadata(), timeout=self._dead_after_s)
        if there.entries:
            return pb.WatchInboxResponse(cursor=there.entries[0].cursor, entry=there.entries[0])
        return pb.WatchInboxResponse(cursor=there.end_cursor) if there.end_cursor else place

    async def _watched(self) -> AsyncGenerator[pb.WatchInboxResponse, None]:
        request = pb.WatchInboxRequest(after_cursor=self._saved, filter=self._only, saved_filter_id=self._saved_filter)
        call = self._stub.WatchInbox(request, metadata=await self._metadata())
        try:
            while True:
                try:
                    async with asyncio.timeout(self._dead_after_s):
                        message = await call.read()
                except TimeoutError:
                    raise _Silent from None
                if not isinstance(message, pb.WatchInboxResponse):
                    return
                self._heard_at = time.monotonic()
                yield message
        finally:
            call.cancel()

    def _new_entry(self, message: pb.WatchInboxResponse) -> Entry | None:
        new = message.HasField("entry") and message.entry.id not in self._seen
        return Entry.of(message.entry) if new else None

    async def _dealt_with(self, message: pb.WatchInboxResponse, entry: Entry | None) -> None:
        if message.cursor != self._saved:
            await self._cursors.save(message.cursor)
            self._saved = message.cursor
        # Only now: what was done about one whose cursor could not be kept may have been lost with it.
        if entry is not None:
            self._seen[entry.id] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
