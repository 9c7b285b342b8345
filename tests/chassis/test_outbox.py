"""What a store owes the log is paid: in order, whatever happens to the log in between."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis import outbox, process, telemetry
from chassis.outbox import Outbox, topic
from chassis.process import working
from engines import sqlite
from engines.documents import Collection, Document, Documents, open_documents
from engines.events import Event, Events, open_events
from protos.repositories.v1.events_pb2 import EntryChanged
from tests.chassis.waiting import until

THINGS = Collection("things")
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOPIC = topic("things")


@dataclass(frozen=True)
class System:
    """A store and a log, and what leads from one to the other."""

    documents: Documents
    events: Events
    outbox: Outbox

    async def write(self, id_: str, revisions: Sequence[int]) -> None:
        """Store thing *id_* owing an event for each of *revisions*."""
        owed = [self.outbox.event(EntryChanged(entry_id=id_, revision=revision), id_) for revision in revisions]
        before = await self.documents.get(THINGS, id_)
        if before is None:
            await self.documents.insert(THINGS, Document(id_, {}), owed)
        else:
            await self.documents.compare_and_set(THINGS, before, owed)
        self.outbox.wake()

    async def settled(self) -> None:
        async def nothing_owed() -> bool:
            return not await self.documents.pending(1)

        await until(nothing_owed)

    async def published(self) -> list[Event]:
        """Everything that is in the log."""
        found: list[Event] = []
        async with self.events.join("reader", [TOPIC]) as member:
            while polled := await member.poll(limit=1000, wait_s=0.05):
                found += [received.event for received in polled]
        return found


def revisions(events: Sequence[Event], id_: str) -> list[int]:
    return [EntryChanged.FromString(event.data).revision for event in events if event.subject == id_]


@pytest.fixture
async def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[System]:
    monkeypatch.setattr(process, "PAUSE_AFTER_FAULT_S", 0.05)
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.05)
    async with (
        open_documents(f"sqlite:///{tmp_path}/documents.db", [THINGS]) as documents,
        open_events(f"sqlite:///{tmp_path}/events.db") as events,
    ):
        yield System(documents, events, Outbox("things", documents, events, lambda: AT))


async def test_an_event_says_what_happened_to_what_when_and_in_which_trace(system: System) -> None:
    message = EntryChanged(entry_id="thing_1", revision=7)
    with telemetry.span("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
        event = system.outbox.event(message, "thing_1")
    assert (event.type, event.source, event.subject) == ("imi.repositories.v1.EntryChanged", "/imi/things", "thing_1")
    assert event.time == AT
    assert EntryChanged.FromString(event.data) == message
    assert event.traceparent.startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert event.id != system.outbox.event(message, "thing_1").id
    assert system.outbox.event(message, "thing_1").traceparent == ""
    assert system.outbox.topic == TOPIC == "imi.things.v1"


async def test_every_event_is_published_once_and_each_subjects_in_their_order(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when there are more than the relay takes at a time."""
    monkeypatch.setattr(outbox, "BATCH", 7)
    async with working([system.outbox.relay]):

        async def write(id_: str) -> None:
            for n in range(0, 20, 2):
                await system.write(id_, [n, n + 1])

        await asyncio.gather(*(write(id_) for id_ in "abc"))
        await system.settled()
    events = await system.published()
    assert len(events) == len({event.id for event in events}) == 60
    for id_ in "abc":
        assert revisions(events, id_) == list(range(20))


async def test_a_write_wakes_the_relay(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "LOOK_EVERY_S", 60.0)
    async with working([system.outbox.relay]), system.events.tail([TOPIC]) as tail, asyncio.timeout(10):
        for n in range(3):
            await system.write("a", [n])
            assert EntryChanged.FromString((await anext(tail)).event.data).revision == n


async def test_what_was_owed_before_the_relay_started_or_by_another_process_is_published(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LOOK_EVERY_S", 0.02)
    await system.write("a", [1])
    async with working([system.outbox.relay]):
        await system.settled()
        silent = [system.outbox.event(EntryChanged(entry_id="b", revision=1), "b")]
        await system.documents.insert(THINGS, Document("b", {}), silent)
        await system.settled()
    assert [event.subject for event in await system.published()] == ["a", "b"]


async def test_what_cannot_be_published_now_is_published_when_the_log_is_back(system: System, tmp_path: Path) -> None:
    """The log's file is locked for a while; commands go on meanwhile."""
    locker = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    async with working([system.outbox.relay]):
        for n in range(5):
            await system.write("a", [n])
            await system.write("b", [n])
        async with asyncio.timeout(10):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await system.settled()
        assert len(await system.documents.pending(100)) == 10
        locker.execute("ROLLBACK")
        await system.write("a", [5])
        await system.settled()
    locker.close()
    events = await system.published()
    assert revisions(events, "a") == list(range(6))
    assert revisions(events, "b") == list(range(5))


async def test_a_relay_that_is_stopped_leaves_what_is_owed(system: System) -> None:
    await system.write("a", [1, 2])
    async with working([]):
        pass
    assert [revisions([owed.event], "a") for owed in await system.documents.pending(10)] == [[1], [2]]
    assert await system.published() == []
