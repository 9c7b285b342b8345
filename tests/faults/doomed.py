"""Engines that kill their service at one step of its work.

While the file `orders` names a step, the next command is the last: the process dies when that command, or the event that it leads
to, comes to that step. One that owes an answer by then waits until there is a file `answered` beside the orders.
"""

import os
import signal
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from engines.events import Event, Received
from tests.faults.processes import until_exists

ANSWERED = ".answered"


class Step(StrEnum):
    """Where a service can die; its command is acknowledged from `BEFORE_PUBLISH` on."""

    BEFORE_COMMIT = "before its store has a command"
    AFTER_COMMIT = "before it answers a command that its store has"
    BEFORE_PUBLISH = "before the log has the event of an answered command"
    AFTER_PUBLISH = "before its store knows that the log has the event"
    BEFORE_EFFECT = "before it deals with an event"
    AMID_EFFECT = "when it has told the first whom an event concerns"
    AFTER_EFFECT = "before it says that an event is dealt with"


UNANSWERED = (Step.BEFORE_COMMIT, Step.AFTER_COMMIT)


class Doom:
    """Kills this process at the step that is ordered."""

    def __init__(self, orders: Path) -> None:
        self._orders = orders
        # The events of the commands that came when there were orders, and what those are about.
        self._fatal: set[str] = set()

    def hears_of(self, events: Sequence[Event]) -> None:
        """A command is about to be stored that leads to *events*."""
        if self._orders.exists():
            self._fatal.update(id_ for event in events for id_ in (event.id, event.subject))

    async def comes_to(self, step: Step, ids: Iterable[str]) -> None:
        """Die, if this is the step and *ids* are about the command."""
        if self._fatal.isdisjoint(ids) or not self._orders.exists() or self._orders.read_text() != step:
            return
        if step not in UNANSWERED:
            await until_exists(self._orders.with_suffix(ANSWERED))
        self._orders.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


class _DoomedDocuments:
    """A store."""

    def __init__(self, documents: Any, doom: Doom) -> None:
        self._documents = documents
        self._doom = doom

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    async def insert(self, collection: Any, document: Any, events: Sequence[Event] = ()) -> Any:
        return await self._written(self._documents.insert, collection, document, events)

    async def compare_and_set(self, collection: Any, document: Any, events: Sequence[Event] = ()) -> Any:
        return await self._written(self._documents.compare_and_set, collection, document, events)

    async def write_many(self, collection: Any, documents: Sequence[tuple[Any, Sequence[Event]]]) -> Any:
        """One document first: a store that has no transactions may have got no further."""
        ids = [event.id for _, events in documents for event in events]
        told = [id_ for document, _ in documents for id_ in document.body.get("entry_ids", ())]
        await self._doom.comes_to(Step.BEFORE_COMMIT, ids)
        await self._doom.comes_to(Step.BEFORE_EFFECT, told)
        written = await self._documents.write_many(collection, documents[:1])
        await self._doom.comes_to(Step.AMID_EFFECT, told)
        written += await self._documents.write_many(collection, documents[1:])
        await self._doom.comes_to(Step.AFTER_COMMIT, ids)
        return written

    async def _written(self, write: Any, collection: Any, document: Any, events: Sequence[Event]) -> Any:
        ids, told = [event.id for event in events], document.body.get("entry_ids", ())
        self._doom.hears_of(events)
        await self._doom.comes_to(Step.BEFORE_COMMIT, ids)
        await self._doom.comes_to(Step.BEFORE_EFFECT, told)
        written = await write(collection, document, events)
        await self._doom.comes_to(Step.AFTER_COMMIT, ids)
        await self._doom.comes_to(Step.AMID_EFFECT, told)
        return written


class _DoomedEvents:
    """A log."""

    def __init__(self, events: Any, doom: Doom) -> None:
        self._events = events
        self._doom = doom

    def __getattr__(self, name: str) -> Any:
        return getattr(self._events, name)

    async def publish(self, topic: str, events: Sequence[Event], *, failure: str = "") -> None:
        ids = [event.id for event in events]
        await self._doom.comes_to(Step.BEFORE_PUBLISH, ids)
        await self._events.publish(topic, events, failure=failure)
        await self._doom.comes_to(Step.AFTER_PUBLISH, ids)

    @asynccontextmanager
    async def join(self, group: str, topics: Sequence[str]) -> AsyncIterator["_DoomedMember"]:
        async with self._events.join(group, topics) as member:
            yield _DoomedMember(member, self._doom)


class _DoomedMember:
    """A reader of the log."""

    def __init__(self, member: Any, doom: Doom) -> None:
        self._member = member
        self._doom = doom

    def __getattr__(self, name: str) -> Any:
        return getattr(self._member, name)

    async def commit(self, received: Received) -> None:
        await self._doom.comes_to(Step.AFTER_EFFECT, [received.event.id])
        await self._member.commit(received)


class _DoomedSearch:
    """An index."""

    def __init__(self, search: Any, doom: Doom) -> None:
        self._search = search
        self._doom = doom

    def __getattr__(self, name: str) -> Any:
        return getattr(self._search, name)

    async def apply(self, index: Any, documents: Sequence[Any]) -> None:
        await self._doom.comes_to(Step.BEFORE_EFFECT, (document.id for document in documents))
        await self._search.apply(index, documents)


def obey(orders: Path, wiring: Any) -> None:
    """Put such engines into *wiring*, the page on which a service is put together; what else they do is as always."""
    doom = Doom(orders)

    def doomed(opened: Any, kind: Any) -> Any:
        @asynccontextmanager
        async def opening(url: str, *what: Collection[Any]) -> AsyncIterator[Any]:
            engine: AbstractAsyncContextManager[Any] = opened(url, *what)
            async with engine as it:
                yield kind(it, doom)

        return opening

    wiring.open_documents = doomed(wiring.open_documents, _DoomedDocuments)
    wiring.open_events = doomed(wiring.open_events, _DoomedEvents)
    if hasattr(wiring, "open_search"):
        wiring.open_search = doomed(wiring.open_search, _DoomedSearch)
