"""Every service removes by itself what is over, and goes on with what is not."""

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from chassis.process import clock
from chassis.settings import ServiceSettings
from chassis.timers import Timer, Timers
from deploy.embedded import system
from engines.documents import Collection, Documents, open_documents
from services.alerts import storage as alerts
from services.directory import storage as directory
from services.repositories import storage as repositories
from services.requests import storage as requests
from services.translation import storage as translation
from services.translation.dispatches import DISPATCHES, Dispatches
from tests.chassis.waiting import until

TIMERS = {
    "directory": (directory.COLLECTIONS, directory.MAILS),
    "requests": (requests.COLLECTIONS, requests.TIMERS),
    "alerts": (alerts.COLLECTIONS, alerts.TIMERS),
    "repositories": (repositories.COLLECTIONS, repositories.TIMERS),
}
LONG_AGO = timedelta(days=100)


async def over_and_waiting(documents: Documents, collection: Collection) -> tuple[str, str]:
    """The ids of a timer that was cancelled long ago, and of one that was set then and waits."""
    cancelled, waits = (Timer(subject=name, kind="TEST", due=clock() + LONG_AGO) for name in ("over", "waits"))
    long_ago = Timers(documents, collection, lambda: clock() - LONG_AGO)
    await long_ago.set(waits)
    await long_ago.set(cancelled)
    await long_ago.cancel(cancelled.subject, cancelled.kind)
    return cancelled.id, waits.id


async def test_every_service_removes_what_is_over_and_nothing_else(data: Path) -> None:
    settings = ServiceSettings(data_dir=data)
    async with AsyncExitStack() as stack:
        stored: list[tuple[Documents, Collection, str, str]] = []
        for name, (collections, collection) in TIMERS.items():
            documents = await stack.enter_async_context(open_documents(settings.documents(name), collections))
            stored.append((documents, collection, *(await over_and_waiting(documents, collection))))
        jobs = await stack.enter_async_context(
            open_documents(settings.documents("translation"), translation.COLLECTIONS)
        )
        over, _ = await Dispatches(jobs, lambda: clock() - LONG_AGO).begin("e", "it", "hu", [], timedelta())
        waits, _ = await Dispatches(jobs, clock).begin("e", "it", "hu", [], timedelta())
        stored.append((jobs, DISPATCHES, over, waits))

        async def are_removed() -> bool:
            return not any([await documents.get(of, over) for documents, of, over, _ in stored])

        async with system(data, port=0):
            await until(are_removed)
        for documents, of, _, waits in stored:
            assert await documents.get(of, waits), of.name
