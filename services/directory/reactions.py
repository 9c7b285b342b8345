"""What the directory does about its own events: it keeps the search index in step with the store."""

from collections.abc import Sequence

from chassis.aggregates import Aggregates
from chassis.outbox import topic
from chassis.reactions import Reactions
from engines.events import Event, Events
from protos.directory.v1 import events_pb2
from services.directory.domain.authorities import Authority
from services.directory.index import AuthorityIndex

REBUILD_BATCH = 500


def keep_index(events: Events, authorities: Aggregates[Authority], index: AuthorityIndex) -> Reactions:
    """Show in the index what an event says has changed: as it is in the store now, so that order and repetition do not matter."""

    async def changed(seen: Sequence[Event]) -> None:
        ids = list(dict.fromkeys(event.subject for event in seen))
        found = {kept.id: kept for kept in await authorities.get_many(ids)}
        await index.put([(id_, found.get(id_)) for id_ in ids])

    by_type = {events_pb2.AuthorityChanged.DESCRIPTOR.full_name: changed}
    return Reactions(events, "directory-index", [topic("directory")], by_type)


async def rebuild(authorities: Aggregates[Authority], index: AuthorityIndex) -> None:
    """Fill the index from the store."""
    await index.load_concepts()
    after: tuple[str, str] | None = None
    while page := await authorities.find(after=after, limit=REBUILD_BATCH):
        await index.put([(kept.id, kept) for kept in page])
        after = (page[-1].id, page[-1].id)
