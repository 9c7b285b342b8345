"""Streams of alerts whose readers stall or go while they are opened: they cost nobody else anything, and leave nothing behind."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from chassis.inbox import Entry, Inbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from protos.alerts.v1 import alerts_pb2 as pb
from services.alerts import storage
from services.alerts.reactions import STREAM
from tests.alerts.cast import AT_COORDINATOR, FR_COORDINATOR, HU_COORDINATOR, HU_REGION, IT_COORDINATOR, ITALY
from tests.alerts.conftest import FREE_PORT, Asking, a_directory, another, running
from tests.alerts.dangers import TYPE_ID, on_wire
from tests.chassis.waiting import until
from tests.faults.readers import place
from vocabulary import pages

BACKLOG = 6_000
LIVE = 20
ALERTS = 5
OPENED = 300
LATEST_S = 120.0


@pytest.fixture(scope="module")
async def asking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """A service whose directory others may use too."""
    data = tmp_path_factory.mktemp("streams")
    async with a_directory(data) as address:
        settings = ServiceSettings(data_dir=data, listen_address=FREE_PORT, directory_address=address)
        async with running(settings) as answering:
            yield answering


@asynccontextmanager
async def a_backlog(data: Path, recipient: str, alert: str) -> AsyncIterator[list[str]]:
    """So many entries about *alert* in the inbox of *recipient*; gives their ids."""
    async with open_documents(f"sqlite:///{data}/alerts/documents.db", storage.COLLECTIONS) as documents:
        entries = [Entry(id=f"e{n:05}", subject=alert, kind="BROADCAST", at=clock()) for n in range(BACKLOG)]
        await Inbox(documents, STREAM, clock).append(recipient, *entries)
        yield [entry.id for entry in entries]


async def an_alert(alone: Asking) -> str:
    """Broadcast to all who listen here."""
    alert = await alone.do(ITALY, "CreateAlert", type_id=TYPE_ID, values=on_wire())
    await alone.do(ITALY, "SubmitAlert", id=alert.id)
    await alone.do(IT_COORDINATOR, "BroadcastAlert", id=alert.id, countries=["HU", "FR", "AT"])
    return alert.id


async def test_a_reader_that_stalls_keeps_nobody_waiting_and_misses_nothing(asking: Asking, tmp_path: Path) -> None:
    """It has much to read and reads nothing, while others hear of each alert; then it reads on, without a gap (F5)."""
    others = [HU_COORDINATOR, FR_COORDINATOR, AT_COORDINATOR] * (LIVE // 3)
    heard: list[set[str]] = [set() for _ in others]

    async def hear(number: int, stream: AsyncIterator[pb.WatchInboxResponse]) -> None:
        async for item in stream:
            if item.HasField("entry"):
                heard[number].add(item.entry.alert_id)

    async with another(asking, tmp_path) as alone:
        first = await an_alert(alone)
        async with a_backlog(tmp_path, HU_REGION.authority_id, first) as backlog:
            beginning = pages.cursor(STREAM, HU_REGION.authority_id, 0)
            stalled = alone.watch(HU_REGION, beginning)
            await anext(stalled)
            streams = [alone.watch(who) for who in others]
            for stream in streams:
                await anext(stream)
            async with asyncio.TaskGroup() as group:
                listening = [group.create_task(hear(number, stream)) for number, stream in enumerate(streams)]
                sent = {await an_alert(alone) for _ in range(ALERTS)}

                async def all_have_heard() -> bool:
                    return all(sent <= one for one in heard)

                await until(all_have_heard, LATEST_S)
                for task in listening:
                    task.cancel()
            read: list[str] = []
            alerts: set[str] = set()
            async with asyncio.timeout(LATEST_S):
                async for item in stalled:
                    assert place(item.cursor) == len(read) + 1
                    read.append(item.entry.id)
                    alerts.add(item.entry.alert_id)
                    if len(read) >= BACKLOG and sent <= alerts:
                        break
            for stream in (stalled, *streams):
                await stream.aclose()
            assert set(backlog) <= set(read)
            assert len(read) == len(set(read))


def left(before: set[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    """What goes on that did not *before*, but for the server's waiting for the next call."""
    return [task for task in asyncio.all_tasks() - before if "_request_registered_call" not in repr(task)]


@pytest.mark.parametrize("after", ["", "from the beginning"])
async def test_streams_that_are_closed_while_they_are_opened_leave_nothing_behind(
    asking: Asking, tmp_path: Path, after: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Closed at once, a moment later, or when the first message came (F13)."""
    chance = random.Random(13)
    async with another(asking, tmp_path) as alone:
        await an_alert(alone)
        cursor = pages.cursor(STREAM, HU_COORDINATOR.authority_id, 0) if after else ""
        before = asyncio.all_tasks()

        async def open_and_close(number: int) -> None:
            stream = alone.watch(HU_COORDINATOR, cursor)
            reading = asyncio.ensure_future(anext(stream))
            match number % 3:
                case 0:
                    await asyncio.sleep(0)
                case 1:
                    await asyncio.sleep(chance.random() / 20)
                case _:
                    await reading
            reading.cancel()
            with suppress(asyncio.CancelledError, grpc.RpcError):
                await reading
            await stream.aclose()

        for start in range(0, OPENED, 50):
            await asyncio.gather(*(open_and_close(number) for number in range(start, start + 50)))

        async def nothing_is_left() -> bool:
            return not left(before)

        await until(nothing_is_left, LATEST_S)
        # And the service answers as before.
        stream = alone.watch(HU_COORDINATOR)
        await anext(stream)
        assert left(before)
        id_ = await an_alert(alone)
        async with asyncio.timeout(LATEST_S):
            assert (await anext(stream)).entry.alert_id == id_
        await stream.aclose()
        # Nobody is called because a reader has gone.
        assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
