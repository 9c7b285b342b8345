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
    settings: ServiceSettings,
    service: str,
    collections: Sequence[Collection],
    indexes: Sequence[Index] = (),
    *,
    follows: Sequence[str] = (),
    tells: Sequence[str] = (),
) -> None:
    """Make the engines of *service* ready for what it keeps, finds, tells, and hears from the services it *follows*.

    *tells* are its topics for readers outside, whose dead letters are not ours.

    Safe to repeat, and in any order of services.
    """
    await prepare_documents(settings.documents(service), collections)
    await prepare_search(settings.search(service), indexes)
    topics = [topic(name) for name in (service, *follows)]
    # What was set aside waits for somebody who mends the cause, however long that takes.
    await prepare_events(settings.events, [*topics, *tells], lasting=[*map(dead, topics)])
