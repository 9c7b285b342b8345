"""Making engines ready before a service uses them: indexes of the store, templates of the search engine, topics of the log.

The embedded engines need nothing. At scale this runs once per release, before the new program starts, with rights that the
running program does not need.
"""

from collections.abc import Sequence

from chassis.outbox import topic
from chassis.reactions import dead
from chassis.settings import ServiceSettings
from engines.documents import Collection, prepare_documents
from engines.events import prepare_events
from engines.search import Index, prepare_search


async def prepare(
    settings: ServiceSettings, service: str, collections: Sequence[Collection], indexes: Sequence[Index] = ()
) -> None:
    """Make the engines of *service* ready for what it keeps, finds and tells. Safe to repeat."""
    await prepare_documents(settings.documents(service), collections)
    await prepare_search(settings.search(service), indexes)
    await prepare_events(settings.events, [topic(service), dead(topic(service))])
