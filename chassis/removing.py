"""What is over is removed from the store: in the background, some at a time, until nothing of it is left.

Each service says which documents of its collections are over (`Removal`). Every replica looks for them now and then; what one has
removed, or what has changed since it was read, the others leave alone. One that is ended in between has removed what it has removed:
the next look begins with what is left.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from chassis.lists import sortable
from chassis.metrics import REMOVED
from chassis.reactions import once_available
from engines.documents import Collection, Condition, Document, Documents, Range, Scalar

BATCH = 100
# Others write to the same store in between.
PAUSE_S = 0.05
LOOK_EVERY_S = 600.0

log = structlog.get_logger(__name__)


# Those of the documents found that may go.
Choose = Callable[[Documents, Sequence[Document]], Awaitable[Sequence[Document]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Which documents of a collection are *over* at a time; they are found in the order of *sort*, or of their ids.

    Where no condition tells, *choose* says which of those that were found may go.
    """

    collection: Collection
    over: Callable[[datetime], Mapping[str, Condition]]
    sort: str = ""
    choose: Choose | None = None


def older(collection: Collection, field: str, kept: timedelta, where: Mapping[str, Condition] | None = None) -> Removal:
    """Removes what meets *where* and has in *field* a time that was more than *kept* ago."""

    def over(now: datetime) -> Mapping[str, Condition]:
        return {**(where or {}), field: Range(below=sortable(now - kept))}

    return Removal(collection=collection, over=over, sort=field)


class Removing:
    """Removes from one service's store what is over."""

    def __init__(self, documents: Documents, removals: Sequence[Removal], now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._removals = removals
        self._now = now

    async def run(self) -> None:
        """Remove what is over, for ever."""
        while True:
            await once_available(self.remove_all)
            await asyncio.sleep(LOOK_EVERY_S)

    async def remove_all(self) -> int:
        """Remove what is over now; returns how many documents that were."""
        return sum([await self._remove(removal) for removal in self._removals])

    async def _remove(self, removal: Removal) -> int:
        collection, over = removal.collection, removal.over(self._now())
        after: tuple[Scalar, str] | None = None
        count = 0
        # Page by page behind what was seen: what is left alone, because it owes events or has changed, is not met for ever.
        while found := await self._documents.find(collection, over, sort=removal.sort, after=after, limit=BATCH):
            going = await removal.choose(self._documents, found) if removal.choose else found
            removed = await self._documents.remove(collection, going)
            REMOVED.labels(collection.name).inc(removed)
            count += removed
            after = _place(found[-1], removal.sort)
            await asyncio.sleep(PAUSE_S)
        if count:
            log.info("removed", collection=collection.name, documents=count)
        return count


def _place(document: Document, sort: str) -> tuple[Scalar, str]:
    """Where *document* stands among those that were found."""
    value = document.body[sort] if sort else document.id
    assert not isinstance(value, list | dict | float), "what is over is found by one value"
    return value, document.id
