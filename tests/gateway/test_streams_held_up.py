"""One client's trouble is nobody else's: who waits for whom, what stops when a stream ends, and what is read again."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from chassis.caller import GATEWAY, Caller, Signer
from chassis.keys import KeyRing
from chassis.settings import Addresses
from gateway.admitting import Admitting
from gateway.backends import connected
from gateway.limits.policy import Policy
from gateway.people import SignIn
from gateway.schema import graphql_schema, schema
from gateway.serving.documents import Documents
from gateway.streams import connections, hub, tails
from gateway.streams.following import Wanted
from gateway.streams.framing import Events, Lines
from gateway.streams.hub import Streams, open_streams
from gateway.streams.lending import websocket_protocol
from gateway.streams.shares import Share
from gateway.streams.sources import WATCH_INBOX, expired
from gateway.streams.subscribers import Subscriber, overflow
from gateway.streams.tails import Tail
from gateway.streams.transport import LendingProtocol
from protos.alerts.v1 import alerts_pb2
from tests.chassis.waiting import until
from tests.gateway.running import SERVICES
from tests.gateway.streaming import counted
from tests.gateway.test_streams_at_random import Reader, Service, a_context, running, small  # noqa: F401
from tests.gateway.test_streams_viewers import Alone
from tests.ports import a_dead_address
from vocabulary.refusals import Unauthenticated

DOCUMENT = "subscription { alertStream { cursor entry { id } } }"


async def stands_still(service: Service) -> bool:
    before = service.read
    for _ in range(50):
        await asyncio.sleep(0)
    return 0 < before == service.read


def joins(reader: Reader, share: Share, position: int) -> None:
    reader.leave(share)
    share.join(reader.one, position)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("goes", [True, False], ids=["who does not read goes", "who does not read stays"])
async def test_who_comes_while_nobody_reads_waits_for_nobody(goes: bool) -> None:
    service, stuck, newcomer = Service(), Reader(), Reader()
    async with running(service) as (tail, share):
        joins(stuck, share, tail.end)
        service.tell(1_000)
        await until(lambda: stands_still(service))
        joins(newcomer, share, tail.end)
        first = tail.end
        if goes:
            stuck.one.leave()

        async def all_read() -> bool:
            newcomer.take()
            return len(newcomer.heard) == 1_000 - first

        await until(all_read)
    assert newcomer.heard == list(range(first + 1, 1_001))


@pytest.mark.usefixtures("small")
async def test_another_selection_is_not_held_up_by_one_that_nobody_reads() -> None:
    service, stuck, newcomer = Service(), Reader(), Reader()
    async with running(service) as (tail, share):
        joins(stuck, share, tail.end)
        service.tell(1_000)
        await until(lambda: stands_still(service))
        first = tail.end
        other = Share(graphql_schema, tail, a_context(), first)
        joins(newcomer, other, first)
        tail.add(other)
        sharing = asyncio.create_task(other.run())

        async def all_read() -> bool:
            newcomer.take()
            return len(newcomer.heard) == 1_000 - first

        await until(all_read)
        sharing.cancel()
        await asyncio.wait([sharing])


@pytest.mark.usefixtures("small")
async def test_who_has_fallen_out_is_ended_without_having_taken_anything() -> None:
    """A client that cannot be written to is not asked to take something first."""
    service, quick, slow = Service(), Reader(), Reader()
    async with running(service) as (tail, share):
        for reader in (quick, slow):
            joins(reader, share, tail.end)
        service.tell(1_000)

        async def all_read() -> bool:
            quick.take()
            return len(quick.heard) == 1_000

        await until(all_read)
        assert slow.one.ended
        assert share.members == {quick.one: None}


async def test_who_waits_for_a_tail_that_is_given_up_waits_no_longer() -> None:
    async def never(_: str) -> AsyncGenerator[Any, None]:
        await asyncio.Event().wait()
        yield

    tail = Tail(never)
    reading = asyncio.create_task(tail.run())
    waiting = asyncio.create_task(tail.opening())
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait_for(waiting, 10)
    assert tail.failure is not None


@dataclass
class Numbers:
    """A source of numbered items, which remembers after what it was asked; it may never begin, or never get on after a cursor."""

    begins: bool = True
    varies: bool = False
    until: int = 0
    asked: list[str] = field(default_factory=list)
    waiting: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)

    __hash__ = object.__hash__

    def watermark(self, cursor: str) -> Any:
        return WATCH_INBOX.watermark(cursor)

    async def opened(self, _backends: Any, cursor: str) -> AsyncGenerator[Any, None]:
        self.asked.append(cursor)
        number = int(cursor or self.until)
        if not self.begins:
            await asyncio.Event().wait()
        yield alerts_pb2.WatchInboxResponse(cursor=str(number))
        while True:
            while number < self.until:
                number += 1
                item = alerts_pb2.WatchInboxResponse(cursor=str(number))
                item.entry.id = f"entry {number}"
                yield item
            self.more.clear()
            self.waiting += 1
            await self.more.wait()
            self.waiting -= 1

    def tell(self, count: int) -> None:
        self.until += count
        self.more.set()


class Following:
    """Streams over sources of the test's own, and clients that follow them."""

    def __init__(self, streams: Streams, alone: Alone) -> None:
        self.streams = streams
        self._alone = alone
        self.tasks: list[asyncio.Task[None]] = []

    def begin(self, source: Any, after: str = "", user: str = "usr_1", writing: Any = None) -> Subscriber:
        caller = Caller(user_id=user, authority_id="aut_1", country="HU", language="en")
        context = self._alone.context(caller, DOCUMENT)
        one = Subscriber(context.verified, writing or Lines("1"), lambda: None)
        self.tasks.append(asyncio.create_task(self.streams.follow(Wanted(source, after, context), one)))
        return one

    async def done(self) -> None:
        """Return once nothing is done any more for any client alone."""
        await asyncio.wait_for(asyncio.wait(self.tasks), 10)


changed: set[str] = set()


async def again(sign_in: SignIn) -> SignIn:
    user = sign_in.require_person().user.id
    if user in changed:
        raise Unauthenticated("no longer")
    if user == "usr_odd":
        raise ValueError(user)
    return sign_in


@pytest.fixture
async def following(tmp_path: Path) -> AsyncIterator[Following]:
    away = Addresses.model_validate({f"{name}_address": a_dead_address() for name in SERVICES})
    changed.clear()
    before = counted("streams")
    async with connected(away, None) as stubs, open_streams(stubs, graphql_schema, again) as streams:
        all_of_them = Following(streams, Alone(stubs, Signer(KeyRing(tmp_path / "keys"), GATEWAY)))
        yield all_of_them
        for task in all_of_them.tasks:
            task.cancel()
        await asyncio.wait(all_of_them.tasks)
    assert counted("streams") == before, "who has not left is let go when the gateway stops"


async def taken(one: Subscriber, count: int) -> list[dict[str, Any]]:
    """What a client reads, until it has so many messages."""
    found: list[dict[str, Any]] = []

    async def enough() -> bool:
        found.extend(map(json.loads, one.take().splitlines()))
        return len(found) >= count

    await until(enough)
    return found


def cursors(messages: list[dict[str, Any]]) -> list[str]:
    return [one["payload"]["data"]["alertStream"]["cursor"] for one in messages]


@pytest.mark.parametrize("begins", [False, True], ids=["while it is opened", "while it catches up"])
async def test_nothing_is_done_for_a_stream_that_has_ended(following: Following, begins: bool) -> None:
    source = Numbers(begins=begins, until=5)
    if begins:
        live = following.begin(source)
        await taken(live, 1)
        await following.done()
        source.until = 3  # what follows 3 is not there to be read
        one = following.begin(source, after="3")
        await taken(one, 1)
    else:
        one = following.begin(source)

    async def waits() -> bool:
        return source.waiting == 2 if begins else bool(source.asked)

    await until(waits)
    assert not following.tasks[-1].done()
    one.end(expired())
    await following.done()
    (error,) = json.loads(one.take().splitlines()[0])["payload"]["errors"]
    assert error["extensions"]["reason"] == "TOKEN_EXPIRED"


@pytest.mark.parametrize("varies", [False, True], ids=["it is old", "the stream goes by what people change"])
async def test_what_may_have_changed_since_is_read_again(
    following: Following, monkeypatch: pytest.MonkeyPatch, varies: bool
) -> None:
    source = Numbers(varies=varies)
    live = following.begin(source)
    await taken(live, 1)
    source.tell(3)
    assert cursors(await taken(live, 3)) == ["1", "2", "3"]
    if not varies:
        back = following.begin(source, after="1")
        assert cursors(await taken(back, 3)) == ["1", "2", "3"]
        assert source.asked == [""], "what is fresh is read from nowhere"
        monkeypatch.setattr(tails, "FRESH_S", -1.0)
    late = following.begin(source, after="1")
    assert cursors(await taken(late, 3)) == ["1", "2", "3"]
    assert source.asked == ["", "1"]
    await following.done()
    source.tell(1)
    for one in (live, late):
        assert cursors(await taken(one, 1)) == ["4"]
    at_the_end = following.begin(source, after="4")
    assert cursors(await taken(at_the_end, 1)) == ["4"]
    assert source.asked == ["", "1"], "at the end there is nothing to read again"


async def test_a_fault_about_one_keeps_nobody_elses_access_from_being_asked_for(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "ASK_AGAIN_S", 0.0)
    monkeypatch.setattr(hub, "LOOK_EVERY_S", 0.01)
    source = Numbers()
    odd, other, good = (following.begin(source, user=user) for user in ("usr_odd", "usr_2", "usr_3"))
    for one in (odd, other, good):
        await taken(one, 1)
    changed.add("usr_2")

    async def is_ended() -> bool:
        return other.ended

    await until(is_ended)
    assert not odd.ended
    assert not good.ended


async def test_a_gateway_that_stops_begins_no_answer_that_goes_on(following: Following) -> None:
    following.streams.stop()
    one = following.begin(Numbers(), writing=Events())
    await following.done()
    assert b'"STOPPING"' in one.take()
    assert one.finished


class Full:
    """A transport whose client reads nothing."""

    on_writable: Callable[[], None] | None = None
    can_write = False
    written = b""
    is_cut = False

    def write_frames(self, frames: bytes) -> None:
        self.written += frames

    def cut(self) -> None:
        self.is_cut = True

    def settle(self) -> None:
        pass


@pytest.mark.parametrize("reads", [False, True], ids=["and goes on like that", "and then reads again"])
async def test_a_connection_that_reads_nothing_after_a_streams_end_is_cut(
    monkeypatch: pytest.MonkeyPatch, reads: bool
) -> None:
    monkeypatch.setattr(connections, "GRACE_S", 0.05)
    nothing: Any = None
    admitting = Admitting(nothing, nothing, Policy())
    speaking = connections.Speaking(schema, frozenset(), admitting, Documents(), nothing)
    writer = Full()
    connection = connections.Connection(
        speaking, HTTPConnection({"type": "websocket", "headers": []}), nothing, nothing, writer
    )
    operation = connections._Operation("1")
    operation.one = Reader().one
    operation.one.end(overflow())
    connection._pump(operation)
    assert b"SUBSCRIPTION_OVERFLOW" in writer.written
    assert connection._cutting is not None
    if reads:
        connection._on_writable()
        assert connection._cutting is None
        return

    async def is_cut() -> bool:
        return writer.is_cut

    await until(is_cut)


def test_without_the_class_that_lends_its_transport_the_server_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert websocket_protocol() is LendingProtocol
    monkeypatch.delitem(sys.modules, LendingProtocol.__module__)
    monkeypatch.setitem(sys.modules, WebSocketsSansIOProtocol.__module__, None)
    assert websocket_protocol() == "auto"
