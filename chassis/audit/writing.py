"""Rows on their way into the store: accepted at once, written in groups, and refused once they cannot be written any more.

A read is answered only after its row was accepted. What is accepted is written within moments; a process that is killed in them loses
those rows, and only those of reads that did not wait for theirs (docs/audit.md). While the store is away, rows are kept for the time
that the settings allow; after it, or when there are too many, nothing is accepted, and so nothing is shown.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from itertools import islice
from logging import ERROR, INFO

import structlog
from prometheus_client import Counter, Gauge

from chassis.audit.chain import Segment, State
from chassis.audit.segments import Segments, erased
from chassis.chains import SigningKeys, instant
from vocabulary.audit import Read
from vocabulary.refusals import Unavailable

# So long others may join a group that nobody waits for.
GATHER_S = 0.5
GROUP = 400
# And with so many things in them: what is written stays far below what a store takes in one document.
GROUP_THINGS = 5_000
# So many rows may wait, and so many things in them: some 50 MB.
BUFFER, BUFFER_THINGS = 20_000, 200_000
PAUSE_S = 1.0
# A read that waits for its row is refused after this, and an attempt to write is begun anew.
WAIT_S = 10.0
# On a stop, what is left has this long to be written.
FLUSH_S = 8.0
# How often the log says how far the chain goes, for whoever wants to hold it against what is there later.
TOLD_EVERY_S = 600.0
ERASE_EVERY_S = 3_600.0
ERASED_AT_ONCE = 100

ROWS = Counter("imi_audit_rows_total", "Rows of the audit of reads, by what came of them.", ["service", "outcome"])
WAITING = Gauge("imi_audit_waiting_rows", "Rows of the audit of reads that are not written yet.", ["service"])
OPEN = Gauge("imi_audit_open", "Whether reads are written down, and so answered: 1, or 0.", ["service"])
log = structlog.get_logger(__name__)


def name_of_keys(service: str) -> str:
    """What the key is called that the audit of *service* is signed with."""
    return f"{service}_audit"


class Audit:
    """The audit of one service, as one of its processes writes it.

    Rows that cannot be written are kept for *window_s*, and written ones for *retention*. `tell` is told whether it is open,
    whenever that has changed.
    """

    def __init__(
        self,
        service: str,
        segments: Segments,
        keys: SigningKeys,
        now: Callable[[], datetime],
        *,
        window_s: float,
        retention: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.service = service
        self.tell: Callable[[bool], Awaitable[None]] | None = None
        self._segments = segments
        self._keys = keys
        self.now = now
        self._window_s = window_s
        self._retention = retention
        self._monotonic = monotonic
        # Each with when it was accepted.
        self._rows: deque[tuple[float, Read]] = deque()
        self._things = self._accepted = self._written = 0
        # What was under way when an attempt failed: so many rows, the last of which has this hash in this segment.
        self._tried: tuple[int, int, str] | None = None
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._work, self._hurry = asyncio.Event(), asyncio.Event()
        self._ending = False
        self._told: bool | None = None
        self._head_told_at = self._erased_at = float("-inf")

    @property
    def is_open(self) -> bool:
        """Whether rows are accepted."""
        if not self._rows:
            return True
        has_room = len(self._rows) < BUFFER and self._things < BUFFER_THINGS
        return has_room and self._monotonic() - self._rows[0][0] <= self._window_s

    def require_open(self) -> None:
        """Raises Unavailable (AUDIT) while reads cannot be written down."""
        if not self.is_open:
            ROWS.labels(self.service, "refused").inc()
            raise Unavailable(
                "what is read cannot be written down now, and so nothing is shown; try again later", reason="AUDIT"
            )

    def accept(self, read: Read) -> int:
        """Take *read* over; raises Unavailable (AUDIT) while reads cannot be written down. Returns what `written` waits for."""
        self.require_open()
        self._rows.append((self._monotonic(), read))
        self._things += len(read.things)
        self._accepted += 1
        self._work.set()
        if len(self._rows) >= GROUP:
            self._hurry.set()
        return self._accepted

    async def written(self, row: int) -> None:
        """Return when the row that `accept` named is in the store; raises Unavailable (AUDIT) if that takes too long."""
        if row <= self._written:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((row, waiter))
        self._hurry.set()
        try:
            async with asyncio.timeout(WAIT_S):
                await waiter
        except TimeoutError as error:
            raise Unavailable("what is read could not be written down in time; try again", reason="AUDIT") from error

    async def all_written(self) -> None:
        """Return when all that this process has accepted is in the store."""
        await self.written(self._accepted)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write rows for as long as this lasts, and then those that are left."""
        task = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            self._ending = True
            self._work.set()
            self._hurry.set()
            try:
                async with asyncio.timeout(FLUSH_S):
                    await task
            except TimeoutError:
                log.error("audit_rows_lost", service=self.service, rows=len(self._rows))
                ROWS.labels(self.service, "lost").inc(len(self._rows))
            for gauge in (OPEN, WAITING):
                with suppress(KeyError):
                    gauge.remove(self.service)

    async def _keep(self) -> None:
        while True:
            try:
                await self._work_off()
                return
            except (Unavailable, TimeoutError) as away:
                log.warning(
                    "audit_waits", service=self.service, rows=len(self._rows), cause=repr(away.__cause__ or away)
                )
            except Exception:
                # A fault of ours must not end the audit: nothing would be shown any more, and nobody would know why.
                log.exception("audit_fault", service=self.service)
            await self._say()
            await asyncio.sleep(PAUSE_S)

    async def _work_off(self) -> None:
        """Write what comes, until the process stops and all is written; raises what the store does."""
        async with asyncio.timeout(WAIT_S):
            await self._segments.tail(instant(self.now()), self._keys)
        while True:
            await self._say()
            if self._rows:
                await self._gather()
                await self._write_group()
            elif self._ending:
                await self._tell_head()
                return
            else:
                await self._erase_sometimes()
                self._work.clear()
                if not self._rows:
                    await self._until(self._work, ERASE_EVERY_S)

    async def _gather(self) -> None:
        """Give others time to join the next group, unless it is as large as it may be or somebody waits for it."""
        self._hurry.clear()
        if len(self._rows) < GROUP and not self._waiters:
            await self._until(self._hurry, GATHER_S)

    async def _until(self, event: asyncio.Event, seconds: float) -> None:
        if self._ending:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

    async def _write_group(self) -> None:
        if self._tried is not None:
            count, number, hash_ = self._tried
            async with asyncio.timeout(WAIT_S):
                was_written = await self._segments.has(number, hash_)
            self._tried = None
            if was_written:
                self._done(count)
                return
        reads = self._next_reads()

        def trying(segment: Segment) -> None:
            self._tried = len(reads), segment.number, segment.hash

        async with asyncio.timeout(WAIT_S):
            segment = await self._segments.append(reads, instant(self.now()), self._keys, trying)
        self._tried = None
        self._done(len(reads))
        if segment.state is State.CLOSED or self._monotonic() - self._head_told_at > TOLD_EVERY_S:
            await self._tell_head()

    def _next_reads(self) -> list[Read]:
        """What is written next: one row at least, and no more things than a group may have."""
        reads: list[Read] = []
        things = 0
        for _, read in islice(self._rows, GROUP):
            things += len(read.things)
            if reads and things > GROUP_THINGS:
                break
            reads.append(read)
        return reads

    def _done(self, count: int) -> None:
        """The first *count* rows are in the store."""
        for _ in range(count):
            self._things -= len(self._rows.popleft()[1].things)
        self._written += count
        ROWS.labels(self.service, "written").inc(count)
        for row, waiter in list(self._waiters):
            if row <= self._written:
                self._waiters.remove((row, waiter))
                if not waiter.done():
                    waiter.set_result(None)

    async def _say(self) -> None:
        """Tell whether it is open, if that has changed."""
        now = self.is_open
        WAITING.labels(self.service).set(len(self._rows))
        OPEN.labels(self.service).set(int(now))
        if now is self._told:
            return
        if self._told is not None:
            log.log(INFO if now else ERROR, "audit_open" if now else "audit_closed", service=self.service)
        self._told = now
        if self.tell is not None:
            await self.tell(now)

    async def _tell_head(self) -> None:
        """Log how far the chain goes, for whoever wants to hold it against what is there later."""
        self._head_told_at = self._monotonic()
        head = await self._segments.head()
        if head is not None:
            log.info("audit_head", service=self.service, length=head.last, hash=head.hash)

    async def _erase_sometimes(self) -> None:
        if self._monotonic() - self._erased_at > ERASE_EVERY_S:
            await self.erase()
            self._erased_at = self._monotonic()

    async def erase(self) -> int:
        """Erase the rows whose time is over, whole segments of them; returns how many segments."""
        before = instant(self.now() - self._retention)
        tail, _ = await self._segments.tail(instant(self.now()), self._keys)
        if tail.segment.until < before:
            await self._segments.close(instant(self.now()), self._keys)
        count = 0
        while expired := await self._segments.expired(before, ERASED_AT_ONCE):
            for kept in expired:
                count += await self._segments.replace(kept, erased(kept.segment))
        if count:
            log.info("audit_erased", service=self.service, segments=count)
        return count
