"""A search index kept in step with a store: built from it, following its events, built again when it is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import structlog

from chassis.aggregates import Aggregates, Kept
from chassis.outbox import topic
from chassis.reactions import Reactions, once_available
from engines.events import Event, Events
from engines.search import Index, NotBuilt, Search, SearchDocument

READ_BATCH = 500
LOOK_EVERY_S = 5.0

Aggregate = TypeVar("Aggregate")
# What an index holds of some aggregates. It raises Unavailable while something it needs for that is away.
Shown = Callable[[Sequence[Kept[Aggregate]]], Awaitable[Sequence[SearchDocument]]]
log = structlog.get_logger(__name__)


class Projection(Generic[Aggregate]):
    """The index of one kind of aggregate."""

    def __init__(
        self, search: Search, index: Index, aggregates: Aggregates[Aggregate], shown: Shown[Aggregate]
    ) -> None:
        self._search = search
        self._index = index
        self._aggregates = aggregates
        self._shown = shown
        self._building = asyncio.Lock()
        # What this process has built the index with: events of that, or of before, have nothing to add.
        self._built: dict[str, int] = {}
        self._lost = asyncio.Event()

    async def ensure(self) -> None:
        """Build the index if it never was, or has been lost."""
        async with self._building:
            if not await self._search.is_built(self._index):
                await self._build()

    async def rebuild(self) -> None:
        """Build the index anew; it is searched as it was until the new one is complete."""
        async with self._building:
            await self._build()

    async def keep(self) -> None:
        """Notice within seconds that the index is lost, for ever."""
        while True:
            self._lost.clear()
            await once_available(self.ensure)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._lost.wait()

    def follow(self, events: Events, service: str, event_type: str) -> Reactions:
        """Show what each event says has changed, as it is in the store now, so that order and repetition do not matter.

        The group goes by the fields of the index: during a rolling upgrade, the old program's index follows too.
        """

        async def changed(seen: Sequence[Event]) -> None:
            ids = list(dict.fromkeys(event.subject for event in seen))
            found = await self._aggregates.get_many(ids)
            newer = [kept for kept in found if kept.revision > self._built.get(kept.id, 0)]
            if len(newer) < len(found) and not await self._search.is_ours(self._index):
                newer = found  # another process may have read what is older, and its index is the one that is searched
            if newer:
                try:
                    await self._search.apply(self._index, await self._shown(newer))
                except NotBuilt:
                    self._lost.set()
                    raise

        group = f"{service}-{self._index.name}-{self._index.fingerprint}"
        return Reactions(events, group, [topic(service)], {event_type: changed})

    async def _build(self) -> None:
        log.info("building_index", index=self._index.name)
        built: dict[str, int] = {}
        async with self._search.rebuild(self._index) as put:
            async for page in self._aggregates.pages(size=READ_BATCH):
                await put(await self._shown(page))
                built.update((kept.id, kept.revision) for kept in page)
        self._built = built
        log.info("index_built", index=self._index.name, documents=len(built))
