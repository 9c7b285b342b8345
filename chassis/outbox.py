"""From the store to the log: the events that documents owe are published in order, at least once, then cleared."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from google.protobuf.message import Message
from ulid import ULID

from chassis import telemetry
from chassis.metrics import PUBLISHED
from engines.documents import Documents
from engines.events import Event, Events

BATCH = 200
# A relay that was killed after a write, before it was woken, finds the events when it starts or when it looks again.
LOOK_EVERY_S = 1.0


class Outbox:
    """The events of one service, on their way to its topic."""

    def __init__(self, service: str, documents: Documents, events: Events, now: Callable[[], datetime]) -> None:
        self.topic = topic(service)
        self._source = f"/imi/{service}"
        self._documents = documents
        self._events = events
        self.now = now
        self._work = asyncio.Event()

    def event(self, message: Message, subject: str) -> Event:
        """*message* as an event about the aggregate *subject*, to be stored with it."""
        now = self.now()
        return Event(
            id=str(ULID.from_datetime(now)),
            type=message.DESCRIPTOR.full_name,
            source=self._source,
            subject=subject,
            time=now,
            data=message.SerializeToString(deterministic=True),
            traceparent=telemetry.traceparent(),
        )

    def wake(self) -> None:
        """Something was written that owes events."""
        self._work.set()

    async def relay(self) -> None:
        """Publish what is owed, for ever."""
        while True:
            self._work.clear()
            while pending := await self._documents.pending(BATCH):
                await self._publish([item.event for item in pending])
                await self._documents.clear(pending)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._work.wait()
            except TimeoutError:
                continue

    async def _publish(self, events: Sequence[Event]) -> None:
        await self._events.publish(self.topic, events)
        PUBLISHED.labels(self.topic).inc(len(events))


def topic(service: str) -> str:
    """The topic of *service*'s events."""
    return f"imi.{service}.v1"
