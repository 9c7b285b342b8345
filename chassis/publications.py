"""What the Commission publishes while the system runs: question sets, definitions of repositories.

What is published never changes, so a copy in memory can only lack what was published a moment ago. It hears of that by an event,
looks by itself now and then, and reads one that is asked for and not there.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import partial
from typing import Generic, TypeVar

from chassis.aggregates import Aggregates
from chassis.outbox import topic
from chassis.reactions import once_available
from engines.events import Events

Published = TypeVar("Published")

LOOK_EVERY_S = 60.0
READ_BATCH = 50


class Publications(ABC, Generic[Published]):
    """A copy of what was published in *service*, which tells of each by an event of the type *told*; its subject is the id."""

    def __init__(self, published: Aggregates[Published], service: str, told: str) -> None:
        self._published = published
        self._service = service
        self._told = told

    @abstractmethod
    async def ensure(self, ids: Iterable[str]) -> None:
        """Read those of *ids* that are not here yet and exist."""

    @abstractmethod
    def _add(self, found: Iterable[Published]) -> None:
        """Take over those of *found* that are not here yet."""

    async def refresh(self) -> None:
        """Read whatever has been published."""
        async for page in self._published.pages(size=READ_BATCH):
            self._add(kept.state for kept in page)

    async def hear(self, events: Events) -> None:
        """Read what events say has been published, for ever."""
        async with events.tail([topic(self._service)]) as changes:
            # What was published before the tail began.
            await once_available(self.refresh)
            async for received in changes:
                if received.event.type == self._told:
                    await once_available(partial(self.ensure, [received.event.subject]))

    async def look(self) -> None:
        """Look now and then for what no event told of, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await once_available(self.refresh)
