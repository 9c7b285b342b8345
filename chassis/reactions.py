"""Reacting to events: each is dealt with at least once, in its subject's order, and one that cannot be dealt with steps aside.

A reaction must be idempotent by event id, since what was done and not yet committed is done again. An event that fails
`ATTEMPTS` times goes to ``<topic>.dead`` with its bytes and the reason, and its partition goes on. That a store or a service
is away is no fault of the event: it waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import structlog

from chassis import telemetry
from chassis.metrics import EVENT_AGE, EVENTS, age_of
from engines.events import Event, Events, Member, Received
from vocabulary.refusals import Unavailable

ATTEMPTS = 5
AT_ONCE = 100
FIRST_PAUSE_S = 0.1
AWAY_PAUSE_S = 1.0

Result = TypeVar("Result")
Reaction = Callable[[Sequence[Event]], Awaitable[None]]
log = structlog.get_logger(__name__)


class Reactions:
    """One group's reactions to the events of some topics, by event type. Events of other types are passed over.

    A reaction gets a run of consecutive events of its type, so that it can do at once what is cheaper at once: up to *at_once*, which
    together must not take so long that a broker thinks that the member is dead.
    """

    def __init__(
        self,
        events: Events,
        group: str,
        topics: Sequence[str],
        by_type: Mapping[str, Reaction],
        *,
        at_once: int = AT_ONCE,
    ) -> None:
        self._events = events
        self._group = group
        self._topics = topics
        self._by_type = by_type
        self._at_once = at_once

    async def run(self) -> None:
        """React, for ever."""
        async with self._events.join(self._group, self._topics) as member:
            while True:
                for run in _runs(await member.poll(limit=self._at_once)):
                    await self._deal_with(member, run)

    async def _deal_with(self, member: Member, run: Sequence[Received]) -> None:
        reaction = self._by_type.get(run[0].event.type)
        if reaction is not None:
            aside = 0
            if not await self._done(reaction, run, attempts=1):
                for received in run:
                    if not await self._done(reaction, [received], attempts=ATTEMPTS):
                        await self._set_aside(received)
                        aside += 1
            EVENTS.labels(self._group, "done").inc(len(run) - aside)
            EVENTS.labels(self._group, "set_aside").inc(aside)
            EVENT_AGE.labels(self._group).observe(age_of(run[0].event.time.timestamp()))
        for received in run[-1:]:
            await member.commit(received)

    async def _done(self, reaction: Reaction, run: Sequence[Received], *, attempts: int) -> bool:
        pause = FIRST_PAUSE_S
        for attempt in range(attempts):
            if attempt:
                await asyncio.sleep(pause)
                pause *= 2
            with telemetry.span(run[0].event.traceparent, group=self._group, event_type=run[0].event.type):
                try:
                    await once_available(lambda: reaction([received.event for received in run]))
                except Exception:
                    log.exception("reaction_failed", event_id=run[0].event.id, events=len(run), attempt=attempt + 1)
                else:
                    return True
        return False

    async def _set_aside(self, received: Received) -> None:
        reason = f"{self._group} failed {ATTEMPTS} times; its log has the cause"
        await self._events.publish(dead(received.topic), [received.event], failure=reason)
        log.error("event_set_aside", event_id=received.event.id, topic=received.topic)


async def once_available(work: Callable[[], Awaitable[Result]]) -> Result:
    """The result of *work*, which is tried again for as long as a store or a service that it needs is away."""
    while True:
        try:
            return await work()
        except Unavailable as away:
            log.warning("waiting", reason=away.reason, away=away.message)
            await asyncio.sleep(AWAY_PAUSE_S)


def dead(topic: str) -> str:
    """The topic for events of *topic* that could not be dealt with."""
    return f"{topic}.dead"


def _runs(polled: Sequence[Received]) -> list[list[Received]]:
    """*polled* cut where the type or the partition changes."""
    runs: list[list[Received]] = []
    for received in polled:
        last = runs[-1][-1] if runs else None
        same = last and (last.event.type, last.topic, last.partition) == (
            received.event.type,
            received.topic,
            received.partition,
        )
        if same:
            runs[-1].append(received)
        else:
            runs.append([received])
    return runs
