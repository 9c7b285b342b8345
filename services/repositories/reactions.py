"""What repositories do about their own events: they keep the search index in step with the store."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from chassis.aggregates import Aggregates, Kept
from chassis.outbox import topic
from chassis.reactions import Reactions, once_available
from engines.events import Event, Events
from protos.repositories.v1 import events_pb2
from services.repositories.domain.entries import Entry
from services.repositories.index import EntryIndex

READ_BATCH = 500
log = structlog.get_logger(__name__)


def keep_index(events: Events, entries: Aggregates[Entry], index: EntryIndex) -> Callable[[], Awaitable[None]]:
    """Show in the index what an event says has changed: as it is in the store now, so that order and repetition do not matter.

    An index that is empty is filled first. Both wait for the directory, which names the concepts, for as long as it is away.
    """

    async def changed(seen: Sequence[Event]) -> None:
        ids = list(dict.fromkeys(event.subject for event in seen))
        found = {kept.id: kept for kept in await entries.get_many(ids)}
        await index.put([(id_, found.get(id_)) for id_ in ids])

    by_type = {events_pb2.EntryChanged.DESCRIPTOR.full_name: changed}
    reactions = Reactions(events, "repositories-index", [topic("repositories")], by_type)

    async def run() -> None:
        if await index.is_empty():
            await rebuild(entries, index)
        await reactions.run()

    return run


async def rebuild(entries: Aggregates[Entry], index: EntryIndex) -> None:
    """Fill the index from the store, in one step: an index half filled would not be told from a whole one."""
    published: list[tuple[str, Kept[Entry] | None]] = []
    after: tuple[str, str] | None = None
    while page := await entries.find(after=after, limit=READ_BATCH):
        published += [(kept.id, kept) for kept in page if kept.state.published]
        after = (page[-1].id, page[-1].id)
    if published:
        log.info("building_index", entries=len(published))
        await once_available(lambda: index.put(published))
