"""Timers: what has to be done later is stored, survives restarts, and is done once, however many replicas there are.

Every replica runs the same worker. It looks for timers that are due by the wall clock, claims one with a compare-and-set that puts
it off for a while, and fires it; whoever loses the claim leaves it alone. A worker that dies in between lets the claim run out, and
another one fires again: so firing must be a command with a key that the timer determines, which then has no second effect. A clock
that was set forward fires early, and one that was set back late, but no timer is lost or repeated by either: one that has
fired is kept as such for some weeks (`removal`), and only another due time arms it again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from chassis import telemetry
from chassis.lists import sortable
from chassis.metrics import TIMER_LAG, TIMERS
from chassis.removing import Removal
from engines.documents import AlreadyExists, Collection, Condition, Document, Documents, Index, Range, RevisionChanged
from vocabulary.refusals import Unavailable

WAKES_AT = "wakes_at"
# Neither waiting nor claimed, but fired or cancelled: behind all times, in the order in which that happened.
NEVER = "9999"
BATCH = 100
AT_ONCE = 8
# How long a claim lasts, and the shorter time within which firing must end.
LEASE = timedelta(seconds=60)
WORK_S = 30.0
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=15)
# The worker looks at the wall clock this often: a machine that slept for a night has slept through no timer.
LOOK_EVERY_S = 2.0
RACES_LOST_LIMIT = 16

log = structlog.get_logger(__name__)


def timers(name: str) -> Collection:
    """A collection of timers called *name*."""
    return Collection(name, (Index((WAKES_AT,)),), tells=False)


def removal(collection: Collection, kept: timedelta) -> Removal:
    """Removes the timers of *collection* that have been over for as long as *kept*.

    A timer that is set again afterwards, as it was, fires again. So it is kept until nothing sets it so: whatever a log or a caller
    may repeat is younger, and what an aggregate has done by itself is not due again.
    """

    def over(now: datetime) -> Mapping[str, Condition]:
        # Those without a time were over when it was not yet noted.
        return {WAKES_AT: Range(at_least=NEVER, below=_over_since(now - kept))}

    return Removal(collection=collection, over=over, sort=WAKES_AT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something due at a time. There is one of each kind for a subject; *attempts* says how often it has been fired before."""

    subject: str
    kind: str
    due: datetime
    payload: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0

    @property
    def id(self) -> str:
        return f"{self.subject}:{self.kind}"


Fire = Callable[[Timer], Awaitable[None]]


class Timers:
    """The timers of one collection."""

    def __init__(self, documents: Documents, collection: Collection, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._collection = collection
        self._now = now
        self._work = asyncio.Event()

    async def set(self, timer: Timer, *, version: int = 0) -> None:
        """Have *timer* fire when it is due, instead of the one with the same subject and kind.

        It stays as it is if it has this due time already, fired or not. What was decided at an older *version* of the subject
        changes nothing, in whatever order it comes.
        """
        body = _body(timer, version)
        for _ in range(RACES_LOST_LIMIT):
            there = await self._documents.get(self._collection, timer.id)
            if there is not None and _keeps(there, body):
                return
            try:
                if there is None:
                    await self._documents.insert(self._collection, Document(timer.id, body))
                else:
                    await self._documents.compare_and_set(self._collection, Document(timer.id, body, there.revision))
            except (AlreadyExists, RevisionChanged):
                continue
            self._work.set()
            return
        raise Unavailable("the timer is being set by too many at once", reason="BUSY")

    async def cancel(self, subject: str, kind: str, *, version: int = 0) -> None:
        """Have the timer of this kind not fire, if it is waiting."""
        for _ in range(RACES_LOST_LIMIT):
            there = await self._documents.get(self._collection, f"{subject}:{kind}")
            if there is None or _is_over(there) or _version(there) > version:
                return
            body = {**there.body, WAKES_AT: _over_since(self._now()), "due": "", "version": version}
            try:
                await self._documents.compare_and_set(self._collection, Document(there.id, body, there.revision))
            except RevisionChanged:
                continue
            return
        raise Unavailable("the timer is being set by too many at once", reason="BUSY")

    async def run(self, fire: Fire) -> None:
        """Fire what is due, for ever."""
        while True:
            self._work.clear()
            while await self.fire_due(fire) == BATCH:
                continue
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._work.wait()
            except TimeoutError:
                continue

    async def fire_due(self, fire: Fire) -> int:
        """Fire the timers that have been due the longest, at most `BATCH`; returns how many were found due.

        One that fails is fired again after a pause, longer each time, and holds nothing else up.
        """
        due = {WAKES_AT: Range(below=sortable(self._now() + timedelta(microseconds=1)))}
        found = await self._documents.find(self._collection, due, sort=WAKES_AT, limit=BATCH)
        free = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            firing = [group.create_task(self._fire(document, fire, free)) for document in found]
        if late := [one.result() for one in firing if one.result() is not None]:
            lag = max(seconds for seconds in late if seconds is not None)
            log.info("timers_fired", timers=self._collection.name, fired=len(late), lag_s=round(lag, 3))
        return len(found)

    async def _fire(self, document: Document, fire: Fire, free: asyncio.Semaphore) -> float | None:
        """Fire the timer of *document*; says by how many seconds it was late, None if somebody else has it or it failed."""
        async with free:
            timer = _timer(document)
            claimed = await self._put_off(document, sortable(self._now() + LEASE), timer.attempts + 1)
            if claimed is None:
                return None
            lag = (self._now() - timer.due).total_seconds()
            with telemetry.span("", timer=timer.id):
                fired = await self._fired(timer, fire)
            TIMERS.labels(self._collection.name, "fired" if fired else "put_off").inc()
            if fired:
                TIMER_LAG.labels(self._collection.name).observe(max(0.0, lag))
                await self._put_off(claimed, _over_since(self._now()), 0)
                return lag
            pause = min(FIRST_PAUSE * 2 ** min(timer.attempts, 20), LONGEST_PAUSE)
            await self._put_off(claimed, sortable(self._now() + pause), timer.attempts + 1)
            return None

    async def _fired(self, timer: Timer, fire: Fire) -> bool:
        try:
            async with asyncio.timeout(WORK_S):
                await fire(timer)
        except Unavailable as away:
            log.warning("timer_waits", reason=away.reason, away=away.message, attempt=timer.attempts + 1)
        except Exception:
            log.exception("timer_failed", attempt=timer.attempts + 1)
        else:
            return True
        return False

    async def _put_off(self, document: Document, until: str, attempts: int) -> Document | None:
        """*document* with its timer waking at *until*; None if it was set again or claimed by somebody else meanwhile."""
        body = {**document.body, WAKES_AT: until, "attempts": attempts}
        try:
            return await self._documents.compare_and_set(
                self._collection, Document(document.id, body, document.revision)
            )
        except RevisionChanged:
            return None


def _body(timer: Timer, version: int) -> dict[str, Any]:
    due = sortable(timer.due.astimezone(UTC))
    return {
        WAKES_AT: due,
        "subject": timer.subject,
        "kind": timer.kind,
        "due": due,
        "payload": dict(timer.payload),
        "attempts": 0,
        "version": version,
    }


def _keeps(there: Document, body: Mapping[str, Any]) -> bool:
    """Whether what is stored stays as it is when *body* is to take its place."""
    if _version(there) > body["version"]:
        return True
    same = ("due",) if _is_over(there) else ("due", "payload", "version")
    return all(there.body[name] == body[name] for name in same)


def _over_since(at: datetime) -> str:
    return f"{NEVER} {sortable(at)}"


def _is_over(document: Document) -> bool:
    return str(document.body[WAKES_AT]) >= NEVER


def _version(document: Document) -> int:
    version = document.body["version"]
    assert isinstance(version, int)
    return version


def _timer(document: Document) -> Timer:
    body: Mapping[str, Any] = document.body
    return Timer(
        subject=body["subject"],
        kind=body["kind"],
        due=datetime.fromisoformat(body["due"]),
        payload=body["payload"],
        attempts=body["attempts"],
    )
