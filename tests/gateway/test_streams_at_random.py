"""Rings under readers of every speed: nobody misses anything, gets anything twice, or holds up those who are faster."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.bearers import Bearer
from gateway.context import Context
from gateway.people import SignIn
from gateway.schema import graphql_schema
from gateway.streams import shares, tails
from gateway.streams.framing import Lines
from gateway.streams.shares import Share
from gateway.streams.subscribers import Subscriber
from gateway.streams.tails import Tail
from protos.alerts.v1 import alerts_pb2
from tests.chassis.waiting import until
from tests.gateway.streaming import an_execution

DOCUMENT = "subscription { alertStream { cursor entry { id } } }"
NOBODY: Any = None
# Of a real system, as the answers say; nothing is asked of it.
STUBS: Any = SimpleNamespace(training=False)


def a_context() -> Context:
    return Context(STUBS, SignIn(Bearer("", "", 4e9), None, NOBODY), "").for_operation(an_execution(DOCUMENT))


class Service:
    """A stream that says what it is told to, and whose reader holds it up."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[int] = asyncio.Queue()
        self.told = 0
        self.read = 0

    def tell(self, count: int) -> None:
        for _ in range(count):
            self.told += 1
            self._waiting.put_nowait(self.told)

    async def opened(self, cursor: str) -> AsyncGenerator[Any, None]:
        yield alerts_pb2.WatchInboxResponse(cursor=cursor or "0")
        while True:
            number = await self._waiting.get()
            self.read += 1
            item = alerts_pb2.WatchInboxResponse(cursor=str(number))
            item.entry.id = f"entry {number}"
            yield item


class Reader:
    """Takes when it is let, and remembers what it got."""

    def __init__(self) -> None:
        self.one = Subscriber(SignIn(Bearer("", "", 4e9), None, NOBODY), Lines("1"), lambda: None)
        self.heard: list[int] = []
        self.error: dict[str, Any] | None = None
        self.completed = False

    def take(self) -> bool:
        """Whether there was something."""
        taken = self.one.take()
        for line in taken.splitlines():
            message = json.loads(line)
            assert not self.completed
            if message["type"] == "complete":
                self.completed = True
            elif "errors" in message["payload"]:
                (self.error,) = message["payload"]["errors"]
            else:
                assert self.error is None
                self.heard.append(int(message["payload"]["data"]["alertStream"]["cursor"]))
        return bool(taken)

    def leave(self, share: Share) -> None:
        self.one.leave = lambda: share.leave(self.one)


@asynccontextmanager
async def running(service: Service) -> AsyncGenerator[tuple[Tail, Share], None]:
    tail = Tail(service.opened)
    reading = asyncio.create_task(tail.run())
    await tail.opening()
    share = Share(graphql_schema, tail, a_context(), tail.end)
    tail.shares.add(share)
    sharing = asyncio.create_task(share.run())
    try:
        yield tail, share
    finally:
        for task in (reading, sharing):
            task.cancel()
        await asyncio.wait([reading, sharing])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "REMEMBERED", 64)
    monkeypatch.setattr(shares, "ANSWERS_LIMIT", 48)
    monkeypatch.setattr(shares, "KEPT", 8)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(10))
async def test_each_reader_gets_all_from_where_it_joined_to_where_it_is(seed: int) -> None:
    chance = random.Random(seed)
    service = Service()
    readers: list[tuple[Reader, float, int]] = []
    async with running(service) as (tail, share):
        for _ in range(400):
            service.tell(chance.choice([0, 1, 1, 2, 30]))
            if chance.random() < 0.05:
                reader = Reader()
                # Where it begins is in the ring, as the hub makes sure.
                position = chance.randint(max(0, share.end - 8), share.end) if share.end else 0
                if share.covers(position):
                    reader.leave(share)
                    share.join(reader.one, position)
                    readers.append((reader, chance.choice([0.02, 0.3, 1.0, 1.0]), position))
            for reader, speed, _ in readers:
                if chance.random() < speed:
                    reader.take()
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
        await until(lambda: _drained(readers, service, tail))
    assert len(readers) > 5
    for reader, _, position in readers:
        got = len(reader.heard)
        assert reader.heard == list(range(position + 1, position + 1 + got))
        if reader.error is None:
            assert position + got == service.told
            continue
        assert reader.completed
        assert reader.error["extensions"]["code"] == "SUBSCRIPTION_OVERFLOW"
        assert reader.error["extensions"].get("cursor", str(position)) == str(position + got)


async def _drained(readers: list[tuple[Reader, float, int]], service: Service, tail: Tail) -> bool:
    took = [reader.take() for reader, _, _ in readers]
    return (
        not any(took)
        and tail.end == service.told
        and all(reader.completed or reader.one.position == tail.end for reader, _, _ in readers)
    )


@pytest.mark.usefixtures("small")
async def test_where_nobody_reads_the_service_is_held_up_and_nobody_is_ended() -> None:
    service, reader = Service(), Reader()
    async with running(service) as (tail, share):
        reader.leave(share)
        share.join(reader.one, tail.end)
        service.tell(5_000)

        async def held_up() -> bool:
            before = service.read
            for _ in range(50):
                await asyncio.sleep(0)
            return 0 < before == service.read

        await until(held_up)
        assert service.read < 200
        assert not reader.one.ended

        async def all_read() -> bool:
            reader.take()
            return len(reader.heard) == 5_000

        await until(all_read)
    assert reader.heard == list(range(1, 5_001))


@pytest.mark.usefixtures("small")
async def test_who_reads_is_not_held_up_by_who_does_not() -> None:
    service, quick, slow = Service(), Reader(), Reader()
    async with running(service) as (tail, share):
        for reader in (quick, slow):
            reader.leave(share)
            share.join(reader.one, tail.end)
        slow.take()
        service.tell(1_000)

        async def all_read() -> bool:
            quick.take()
            return len(quick.heard) == 1_000

        await until(all_read)
        while slow.take():
            pass
    assert slow.error is not None
    assert slow.error["extensions"]["code"] == "SUBSCRIPTION_OVERFLOW"
    assert slow.heard == list(range(1, len(slow.heard) + 1))


def test_a_tail_knows_the_places_of_what_it_remembers_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "REMEMBERED", 10)

    async def told() -> Tail:
        service = Service()
        service.tell(100)
        tail = Tail(service.opened)
        reading = asyncio.create_task(tail.run())

        async def read() -> bool:
            return tail.end == 100

        await until(read)
        reading.cancel()
        await asyncio.wait([reading])
        return tail

    tail = asyncio.run(told())
    assert [tail.position(str(number)) for number in (0, 1, 89)] == [None, None, None]
    assert [tail.position(str(number)) for number in (90, 91, 100)] == [90, 91, 100]
    assert tail.position("101") is None
    found = tail.since(95, 3)
    assert found is not None
    assert [item.cursor for item in found] == ["96", "97", "98"]
    assert tail.since(89, 1) is None
    assert tail.since(100, 5) == []
