"""What a service does by itself: each aggregate has its timers, set by its own events and fired as commands.

A timer only says when to look. Whether something is due is said by the aggregate as it then is; if it is not, the timers are
arranged anew.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.outbox import topic
from chassis.reactions import Reactions
from chassis.timers import Timer, Timers
from engines.events import Event, Events
from vocabulary import ids
from vocabulary.refusals import Conflict

Aggregate = TypeVar("Aggregate")
Told = TypeVar("Told", bound=Message)
NOT_DUE = "NOT_DUE"
READ_BATCH = 200


class Duties(ABC, Generic[Aggregate, Told]):
    """The duties of one kind of aggregates: their names are the kinds of timers, *told* is the event of their changes."""

    def __init__(
        self,
        aggregates: Aggregates[Aggregate],
        timers: Timers,
        names: Sequence[str],
        told: type[Told],
        subject: Callable[[Told], str],
    ) -> None:
        self._aggregates = aggregates
        self._timers = timers
        self._names = names
        self._told = told
        self._subject = subject

    @abstractmethod
    def due(self, state: Aggregate) -> Mapping[Any, datetime]:
        """What is to be done with *state*, and when, if nobody acts until then."""

    @abstractmethod
    async def act(self, kept: Kept[Aggregate], timer: Timer) -> None:
        """Do what *timer* is for, once however often this is called for it; raises Conflict (NOT_DUE) if it is not due."""

    def follow(self, events: Events, service: str) -> Reactions:
        """Arrange the timers of each aggregate of *service* that changes; doing it again has no effect."""

        async def changed(seen: Sequence[Event]) -> None:
            about = dict.fromkeys(self._subject(self._told.FromString(event.data)) for event in seen)
            for kept in await self._aggregates.get_many(list(about)):
                await self._arrange(kept)

        return Reactions(events, f"{service}-timers", [topic(service)], {self._told.DESCRIPTOR.full_name: changed})

    async def rebuild(self) -> int:
        """Arrange the timers of every aggregate, while they are used; returns of how many.

        A version of the program that did less by itself has left out those for which nothing was due then.
        """
        count = 0
        async for page in self._aggregates.pages(size=READ_BATCH):
            for kept in page:
                await self._arrange(kept)
            count += len(page)
        return count

    async def run(self) -> None:
        """Do what is due, for ever."""
        await self._timers.run(self.fire)

    async def fire(self, timer: Timer) -> None:
        """Act for *timer*; nothing, for an aggregate that is gone."""
        kept = await self._aggregates.get(timer.subject)
        if kept is None:
            return
        try:
            await self.act(kept, timer)
        except Conflict as refusal:
            if refusal.reason != NOT_DUE:
                raise
            changed = await self._aggregates.get(timer.subject) or kept
            if self.due(changed.state).get(timer.kind) == timer.due:
                raise  # the clock has just been set back: this timer must not count as fired
            await self._arrange(changed)

    async def _arrange(self, kept: Kept[Aggregate]) -> None:
        due = self.due(kept.state)
        for name in self._names:
            if name in due:
                await self._timers.set(Timer(subject=kept.id, kind=name, due=due[name]), version=kept.revision)
            else:
                await self._timers.cancel(kept.id, name, version=kept.revision)


def command_of(timer: Timer) -> CommandKey:
    """The command that *timer* is fired as: the same one however often it fires."""
    key = ids.derived("timer", timer.id, timer.due.isoformat())
    return CommandKey(key=key, fingerprint=key, expected_revision=None)
