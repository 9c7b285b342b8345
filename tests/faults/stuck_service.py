"""The repositories service with an event log that hangs: ``python -m tests.faults.stuck_service before|after MARKER``.

It writes MARKER when the relay publishes, and never returns from there: *before* the log has the events, or *after* it has
them and the store has not been told.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from chassis.process import main
from chassis.settings import ServiceSettings
from engines.events import Event, Events, Member, Received, open_events
from services.repositories import wiring


class StuckEvents:
    """The real log, but for publishing."""

    def __init__(self, events: Events, moment: str, marker: Path) -> None:
        self._events = events
        self._moment = moment
        self._marker = marker

    async def publish(self, topic: str, events: Sequence[Event], *, failure: str = "") -> None:
        if self._moment == "after":
            await self._events.publish(topic, events, failure=failure)
        self._marker.touch()
        await asyncio.Event().wait()

    def join(self, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Member]:
        return self._events.join(group, topics)

    def tail(self, topics: Sequence[str]) -> AbstractAsyncContextManager[AsyncIterator[Received]]:
        return self._events.tail(topics)


def run(moment: str, marker: Path) -> None:
    @asynccontextmanager
    async def open_stuck(url: str) -> AsyncIterator[StuckEvents]:
        async with open_events(url) as events:
            yield StuckEvents(events, moment, marker)

    setattr(wiring, "open_events", open_stuck)  # noqa: B010
    main(ServiceSettings, wiring.repositories, "Repositories with an event log that hangs.")


if __name__ == "__main__":
    moment, marker = sys.argv[1:]
    sys.argv[1:] = []
    run(moment, Path(marker))
