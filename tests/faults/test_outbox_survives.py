"""A service that is killed at the worst moment has lost nothing it acknowledged, and still owes, and then sends, its events."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpc import aio

from chassis.caller import Signer
from chassis.calls import open_channel
from chassis.keys import KeyRing
from engines.documents import open_documents
from engines.events import Received, open_events
from protos.repositories.v1 import repositories_pb2 as pb
from protos.repositories.v1.events_pb2 import EntryChanged
from services.repositories import storage
from tests.faults.doomed import ANSWERED, Step
from tests.faults.lives import a_nursery, alive
from tests.faults.nursery import Life
from tests.faults.processes import Process, running, until_dead
from tests.repositories.conftest import Asking, an_editor

SERVICE = "services.repositories"
TOPIC = "imi.repositories.v1"
ITALY = an_editor("IT")
KILLS = 10


def environment(data: Path) -> dict[str, str]:
    """The directory is away: creating an entry does not need it."""
    return {"DATA_DIR": str(data), "LISTEN_ADDRESS": "127.0.0.1:0", "DIRECTORY_ADDRESS": "127.0.0.1:9"}


def asker(channel: aio.Channel, data: Path) -> Asking:
    """Somebody who asks the service that *channel* leads to."""
    signer = Signer(KeyRing(data / "keys"), "gateway")
    return Asking(channel, signer)


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[tuple[Process, Asking]]:
    """The service as a process of its own on *data*, and somebody who asks it."""
    async with (
        running(SERVICE, log=data / "log", environment=environment(data)) as process,
        open_channel(f"127.0.0.1:{await process.port()}") as channel,
    ):
        yield process, asker(channel, data)


@asynccontextmanager
async def forked(data: Path, nursery: Process, number: int) -> AsyncIterator[tuple[int, Asking]]:
    """The same service from the nursery, killed at the end if not before; its process id, and somebody who asks it."""
    life = Life(SERVICE, str(data / f"{number}.log"), environment(data), str(data / "orders"))
    async with alive(nursery, life) as (pid, port), open_channel(f"127.0.0.1:{port}") as channel:
        yield pid, asker(channel, data)


async def published(data: Path, count: int, *subjects: str) -> list[Received]:
    """The events of the log, from its beginning, when it has *count* or more, and some of each of *subjects*."""
    found: list[Received] = []
    async with (
        open_events(f"sqlite:///{data}/events.db") as events,
        events.join(f"test-{data.name}", [TOPIC]) as member,
    ):
        async with asyncio.timeout(30):
            while len(found) < count or not set(subjects) <= {received.event.subject for received in found}:
                found += await member.poll(limit=1000, wait_s=0.1)
            found += await member.poll(limit=1000, wait_s=0.1)
    return found


async def owed(data: Path) -> list[str]:
    """Whose events the store still owes the log."""
    async with open_documents(f"sqlite:///{data}/repositories/documents.db", storage.COLLECTIONS) as documents:
        return [pending.event.subject for pending in await documents.pending(1000)]


@pytest.mark.parametrize(("step", "in_log"), [(Step.BEFORE_PUBLISH, 0), (Step.AFTER_PUBLISH, 1)])
async def test_an_event_is_sent_after_a_kill_between_the_store_and_the_log(
    tmp_path: Path, step: Step, in_log: int
) -> None:
    """Killed before the log has it, it comes once; killed before the store knows that the log has it, it comes again."""
    orders = tmp_path / "orders"
    orders.write_text(step)
    async with a_nursery(tmp_path, "repositories") as nursery, forked(tmp_path, nursery, 0) as (pid, asking):
        entry = await asking.do(ITALY, "CreateEntry", repository="registers")
        orders.with_suffix(ANSWERED).touch()
        await until_dead(pid)
    assert await owed(tmp_path) == [entry.id]

    async with serving(tmp_path) as (process, asking):
        assert await asking.read(ITALY, entry.id) == entry
        events = [received.event for received in await published(tmp_path, 1 + in_log, entry.id)]
        assert await process.stop() == 0
    assert await owed(tmp_path) == []
    assert len(events) == 1 + in_log
    assert len({event.id for event in events}) == 1
    assert all(event == events[0] for event in events)
    message = EntryChanged.FromString(events[0].data)
    assert (events[0].subject, message.entry_id) == (entry.id, entry.id)
    assert (message.revision, message.action, message.to) == (1, pb.ENTRY_ACTION_CREATE, pb.ENTRY_STATUS_DRAFT)


async def test_what_was_acknowledged_is_there_after_each_of_ten_kills(tmp_path: Path) -> None:
    """Each time in the midst of commands: every answer that arrived is kept for ever, and every entry's event is sent."""
    acknowledged: list[pb.Entry] = []

    async def command_on_and_on(asking: Asking, enough: int) -> None:
        while True:
            acknowledged.append(await asking.do(ITALY, "CreateEntry", repository="registers"))
            if len(acknowledged) >= enough:
                reached.set()

    async with a_nursery(tmp_path, "repositories") as nursery:
        for kill in range(KILLS):
            reached = asyncio.Event()
            async with forked(tmp_path, nursery, kill) as (pid, asking), asyncio.TaskGroup() as group:
                for known in acknowledged[-5:]:
                    assert await asking.read(ITALY, known.id) == known
                enough = len(acknowledged) + 3 + kill
                commanding = [group.create_task(command_on_and_on(asking, enough)) for _ in range(3)]
                async with asyncio.timeout(30):
                    await reached.wait()
                os.kill(pid, signal.SIGKILL)
                for one in commanding:
                    one.cancel()
    async with serving(tmp_path) as (process, asking):
        for known in acknowledged:
            assert await asking.read(ITALY, known.id) == known
        events = [received.event for received in await published(tmp_path, 0, *(known.id for known in acknowledged))]
        assert await process.stop() == 0
    told = {event.subject: EntryChanged.FromString(event.data).revision for event in events}
    assert all(told[known.id] == known.revision for known in acknowledged)
    assert len(acknowledged) >= 3 * KILLS
