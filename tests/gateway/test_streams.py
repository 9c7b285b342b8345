"""Streams that are shared: executed once, for each as if it were alone; whoever is slow is slow alone."""

import asyncio
import gc
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from chassis import inbox
from gateway import wiring
from gateway.streams import hub, shares, subscribers, tails
from protos.alerts.v1 import alerts_pb2
from services.alerts.rpc.commands import Commands
from services.directory.training.authorities import coordinator_id
from tests.chassis.waiting import until
from tests.gateway.clients import SSE, WEBSOCKET, Client, Data, Refused, Socket, eventually, within
from tests.gateway.exchanges import alert_values, text
from tests.gateway.running import Running, a_gateway, a_service, a_system_of, copy_of
from tests.gateway.streaming import Told, a_narrow_socket, a_told_system, counted
from tests.gateway.test_subscriptions import ALERTS, CHANGES, entry, opened
from vocabulary.refusals import Unavailable

At = Callable[[Running, str], Client]
# Some 40 KB an answer, so that a client that does not read soon fills every buffer on the way.
MUCH = (
    "subscription ($after: String) { alertStream(after: $after) { cursor entry { id alert {"
    + "".join(f"a{number}: values {{ value {{ text {{ original }} }} }}" for number in range(10))
    + "} } } }"
)
HUNGARY = coordinator_id("HU", "services")


@pytest.fixture(scope="module")
async def told(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    with pytest.MonkeyPatch.context() as patch:
        # It is told things past the service, which therefore has to look for them.
        patch.setattr(inbox, "LOOK_EVERY_S", 0.02)
        async with a_told_system(copy_of(trained, tmp_path_factory.mktemp("told") / "data")) as system:
            yield system


@pytest.fixture(scope="module")
def as_(told: Told, at: At) -> Callable[[str], Client]:
    return lambda user: at(told.running, user)


@pytest.fixture(scope="module")
async def alert(as_: Callable[[str], Client]) -> str:
    """An alert whose own entry is there, so that what is told comes after it."""
    hungary = as_("hu-alerts")
    async with hungary.listening(WEBSOCKET, ALERTS) as items:
        await opened(items)
        values = alert_values(facts={"text": text("Verificato. " * 330)})
        made = await as_("it-alerts").do("createAlert", "alert { id }", typeId="services:1", values=values)
        await as_("it-alerts").do("submitAlert", "alert { id }", id=made["id"])
        await as_("it-coordinator").do("broadcastAlert", "alert { id }", id=made["id"], countries=["HU", "FR"])
        assert (await entry(items))["entry"]["alert"]["id"] == made["id"]
    return str(made["id"])


async def entries(items: AsyncGenerator[Data, None], count: int) -> list[Data]:
    return [await entry(items) for _ in range(count)]


async def ended(items: AsyncGenerator[Data, None]) -> Data:
    """The error with which a stream ends."""
    async for item in items:
        if "errors" in item:
            (error,) = item["errors"]
            assert [one async for one in items] == []
            assert isinstance(error, dict)
            return error
    raise AssertionError("it ended without saying why")


async def test_streams_that_want_the_same_are_read_and_executed_once(
    told: Told, as_: Callable[[str], Client], alert: str
) -> None:
    hungary = as_("hu-alerts")
    async with AsyncExitStack() as stack:
        listening = [
            await stack.enter_async_context(hungary.listening(transport, ALERTS)) for transport in (WEBSOCKET, SSE) * 10
        ]
        for items in listening:
            await opened(items)
        assert (counted("streams"), counted("stream_tails"), counted("stream_shares")) == (20, 1, 1)
        before = counted("stream_executions_total")
        ids = await told.tell(HUNGARY, alert, 5)
        heard = [await entries(items, 5) for items in listening]
        assert counted("stream_executions_total") == before + 5
    assert [one["entry"]["id"] for one in heard[0]] == ids
    assert all(one == heard[0] for one in heard)


async def test_what_is_asked_differently_is_answered_differently(
    told: Told, as_: Callable[[str], Client], alert: str
) -> None:
    """One tail, and a share for each selection, language and variable."""
    hungary = as_("hu-alerts")
    asked = {
        "its language": ("subscription { alertStream { cursor entry { alert { country { name } } } } }", {}),
        "another": ("subscription { alertStream(language: FI) { cursor entry { alert { country { name } } } } }", {}),
        "a variable": (
            "subscription ($language: Language) { alertStream(language: $language) { cursor entry { alert { country { name } } } } }",
            {"language": "DE"},
        ),
        "the same variable": (
            "subscription ($language: Language) { alertStream(language: $language) { cursor entry { alert { country { name } } } } }",
            {"language": "FR"},
        ),
    }
    async with AsyncExitStack() as stack:
        listening = {
            how: await stack.enter_async_context(hungary.listening(WEBSOCKET, document, **variables))
            for how, (document, variables) in asked.items()
        }
        for items in listening.values():
            await opened(items)
        assert (counted("stream_tails"), counted("stream_shares")) == (1, 4)
        await told.tell(HUNGARY, alert, 1)
        heard = {how: (await entry(items))["entry"]["alert"]["country"]["name"] for how, items in listening.items()}
    assert heard == {
        "its language": "Olaszország",
        "another": "Italia",
        "a variable": "Italien",
        "the same variable": "Italie",
    }


async def test_the_cursor_to_resume_after_separates_nobody(
    told: Told, as_: Callable[[str], Client], alert: str
) -> None:
    hungary = as_("hu-alerts")
    async with hungary.listening(WEBSOCKET, ALERTS) as items:
        start = await opened(items)
        await told.tell(HUNGARY, alert, 3)
        cursors = [one["cursor"] for one in await entries(items, 3)]
        for after, left in ((start, 3), (cursors[0], 2), (cursors[2], 0)):
            async with hungary.listening(SSE, ALERTS, after=after) as resumed:
                assert await opened(resumed) == after
                assert [one["cursor"] for one in await entries(resumed, left)] == cursors[3 - left :]
                assert counted("stream_shares") == 1


async def test_a_backlog_meets_the_live_stream_and_holds_nobody_up(
    told: Told, as_: Callable[[str], Client], alert: str
) -> None:
    """1,500 missed entries, more than any ring keeps; what is new meanwhile reaches those who are up to date at once."""
    hungary = as_("hu-alerts")
    async with hungary.listening(WEBSOCKET, ALERTS) as items:
        start = await opened(items)
    missed = await told.tell(HUNGARY, alert, 1_500)
    async with hungary.listening(WEBSOCKET, ALERTS) as live, hungary.listening(SSE, ALERTS, after=start) as late:
        await opened(live)
        assert await opened(late) == start
        behind = [one["entry"]["id"] for one in await entries(late, 10)]
        new = await told.tell(HUNGARY, alert, 3)
        assert [one["entry"]["id"] for one in await entries(live, 3)] == new
        behind += [one["entry"]["id"] for one in await entries(late, 1_493)]
        assert behind == missed + new
        before = counted("stream_executions_total")
        newest = await told.tell(HUNGARY, alert, 2)
        for items in (live, late):
            assert [one["entry"]["id"] for one in await entries(items, 2)] == newest
        assert counted("stream_executions_total") == before + 2


async def test_who_does_not_read_is_ended_with_its_cursor_and_holds_nobody_up(
    told: Told, as_: Callable[[str], Client], alert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "BYTES_LIMIT", 256 * 1024)
    hungary = as_("hu-alerts")
    before = counted("stream_overflows_total")
    async with hungary.listening(WEBSOCKET, MUCH) as good, a_narrow_socket(hungary) as bad:
        await opened(good)
        await bad.subscribe(MUCH)
        told_ids: list[str] = []
        while counted("stream_overflows_total") == before:
            ids = await told.tell(HUNGARY, alert, 50)
            assert [one["entry"]["id"] for one in await entries(good, 50)] == ids
            told_ids += ids
            assert len(told_ids) < 3_000, "it was never found to be slow"
        heard, last = await _read_to_its_end(bad)
        assert heard == told_ids[: len(heard)], "nothing is left out before the end"
        assert 0 < len(heard) < len(told_ids)
        # The connection itself goes on, and the stream from where it was.
        await bad.subscribe(MUCH, operation="2", after=last)
        left = [await bad.receive() for _ in range(len(told_ids) - len(heard) + 1)]
    rest = [one["payload"]["data"]["alertStream"]["entry"] for one in left]
    assert [one["id"] for one in rest if one] == told_ids[len(heard) :]


async def _read_to_its_end(bad: Socket) -> tuple[list[str], str]:
    """The ids of the entries that come before the stream is ended for its slowness, and the last cursor."""
    heard: list[str] = []
    last = ""
    while (message := await bad.receive())["type"] == "next":
        payload = message["payload"]
        if errors := payload.get("errors"):
            assert Refused.of(errors[0]) == Refused("SUBSCRIPTION_OVERFLOW", "SUBSCRIPTION_OVERFLOW")
            assert errors[0]["extensions"]["cursor"] == last
            continue
        item = payload["data"]["alertStream"]
        last = item["cursor"]
        heard += [item["entry"]["id"]] if item["entry"] else []
    assert message == {"id": "1", "type": "complete"}
    return heard, last


async def test_who_takes_nothing_for_long_is_ended_even_if_little_happens(
    told: Told, as_: Callable[[str], Client], alert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribers, "STUCK_S", 1.0)
    monkeypatch.setattr(hub, "LOOK_EVERY_S", 0.05)
    hungary = as_("hu-alerts")
    async with a_narrow_socket(hungary) as bad:
        await bad.subscribe(MUCH)
        # Enough for the buffers on the way, and far from enough for the ring.
        await told.tell(HUNGARY, alert, 500)

        async def look() -> bool | None:
            return counted("streams") == 0 or None

        await eventually(look)
        heard, last = await _read_to_its_end(bad)
    assert last
    assert len(heard) < 500


async def test_a_refusal_of_the_service_reaches_each_and_leaves_nothing(as_: Callable[[str], Client]) -> None:
    async with AsyncExitStack() as stack:
        listening = [
            await stack.enter_async_context(as_("hu-handler").listening(transport, ALERTS))
            for transport in (WEBSOCKET, SSE) * 3
        ]
        for items in listening:
            assert Refused.of(await ended(items)) == Refused("FORBIDDEN", "FORBIDDEN")
    assert (counted("streams"), counted("stream_tails"), counted("stream_shares")) == (0, 0, 0)


async def test_what_could_not_be_read_is_read_again_for_who_comes_back(
    told: Told, as_: Callable[[str], Client], alert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hungary = as_("hu-alerts")

    def away(*_: object) -> list[alerts_pb2.Alert]:
        raise Unavailable("the store is away")

    async with hungary.listening(WEBSOCKET, ALERTS) as items, hungary.listening(WEBSOCKET, ALERTS) as stays:
        start = await opened(items)
        await opened(stays)
        with monkeypatch.context() as patch:
            patch.setattr(Commands, "_shown", away)
            await told.tell(HUNGARY, alert, 1)
            while not (failed := (await within(items)).get("errors")):
                pass
            assert failed[0]["extensions"]["code"] == "UNAVAILABLE"
        async with hungary.listening(SSE, ALERTS, after=start) as resumed:
            await opened(resumed)
            assert (await entry(resumed))["entry"]["alert"]["id"] == alert


async def test_an_event_leaves_nothing_in_memory(
    told: Told, as_: Callable[[str], Client], alert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Executed by `graphql.subscribe`, each would leave some 38 objects behind: see docs/streams.md."""
    monkeypatch.setattr(tails, "REMEMBERED", 64)
    async with as_("hu-alerts").listening(WEBSOCKET, ALERTS) as items:
        await opened(items)

        async def objects_after(count: int) -> int:
            for _ in range(count // 50):
                await told.tell(HUNGARY, alert, 50)
                await entries(items, 50)
            gc.collect()
            return len(gc.get_objects())

        # What every ring and cache keeps is there after the first.
        await objects_after(200)
        before = await objects_after(50)
        await objects_after(300)

        async def nothing_is_left() -> bool:
            gc.collect()
            return len(gc.get_objects()) - before < 300 * 2

        # Rows of the audit are there until they are written, a moment later.
        await until(nothing_is_left, 10.0)


async def test_a_stream_ends_when_its_readers_access_changes(
    data: Path, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the connection, which was opened before, does not bring the old roles back."""
    monkeypatch.setattr(hub, "ASK_AGAIN_S", 0.0)
    monkeypatch.setattr(hub, "LOOK_EVERY_S", 0.05)
    async with a_system_of(data, "directory", "requests") as system:
        handler, admin = at(system, "it-handler"), at(system, "it-admin")
        id_ = (await handler.ask("{ viewer { id } }"))["viewer"]["id"]
        async with handler.socket() as socket:
            await socket.subscribe(CHANGES)
            last = (await socket.receive())["payload"]["data"]["requestChanges"]["cursor"]
            await admin.do("editUser", "user { id }", id=id_, roles=[])
            (error,) = (await socket.receive())["payload"]["errors"]
            assert Refused.of(error) == Refused("UNAUTHENTICATED", "ACCESS_CHANGED")
            assert error["extensions"]["cursor"] == last
            assert (await socket.receive())["type"] == "complete"
            await socket.subscribe(CHANGES, after=last)
            (error,) = (await socket.receive())["payload"]["errors"]
            assert Refused.of(error) == Refused("FORBIDDEN", "FORBIDDEN")


@pytest.mark.parametrize("transport", [WEBSOCKET, SSE])
async def test_a_stream_of_ones_own_ends_when_ones_access_changes(
    data: Path, at: At, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    """Where nothing is shared, each item is a time to look; and there is one at least every half a minute."""
    monkeypatch.setattr(inbox, "WATERMARK_EVERY_S", 0.05)
    async with a_system_of(data, "directory", "requests", stream_sharing="false") as system:
        handler, admin = at(system, "it-handler"), at(system, "it-admin")
        id_ = (await handler.ask("{ viewer { id } }"))["viewer"]["id"]
        async with handler.listening(transport, CHANGES) as items:
            await opened(items)
            await admin.do("editUser", "user { id }", id=id_, roles=[])
            async with asyncio.timeout(20):
                assert Refused.of(await ended(items)) == Refused("UNAUTHENTICATED", "ACCESS_CHANGED")


async def test_a_gateway_that_stops_ends_server_sent_events_and_waits_for_none(data: Path, at: At) -> None:
    async with AsyncExitStack() as services:
        directory = await services.enter_async_context(a_service("directory", data))
        alerts = await services.enter_async_context(a_service("alerts", data, directory_address=directory))
        gateway = AsyncExitStack()
        addresses = {"directory_address": directory, "alerts_address": alerts}
        running = await gateway.enter_async_context(a_gateway(data, **addresses))
        async with at(running, "hu-alerts").listening(SSE, ALERTS) as items:
            last = await opened(items)
            # Less than the server would wait for an answer that goes on.
            async with asyncio.timeout(wiring.DRAIN_S / 2), asyncio.TaskGroup() as group:
                group.create_task(gateway.aclose())
                error = await ended(items)
    assert Refused.of(error) == Refused("UNAVAILABLE", "STOPPING")
    assert error["extensions"]["cursor"] == last


async def test_a_gateway_that_stops_tells_each_connection_another_time_to_come_back(data: Path, at: At) -> None:
    async with AsyncExitStack() as services, AsyncExitStack() as sockets:
        directory = await services.enter_async_context(a_service("directory", data))
        gateway = AsyncExitStack()
        running = await gateway.enter_async_context(a_gateway(data, directory_address=directory))
        client = at(running, "hu-alerts")
        opened_ones = [await sockets.enter_async_context(client.socket()) for _ in range(20)]
        await gateway.aclose()
        assert {await one.closed() for one in opened_ones} == {1012}
        said = [re.search(r"retry in ([0-9.]+) s$", one.connection.close_reason or "") for one in opened_ones]
        waits = [float(one[1]) for one in said if one]
    assert len(waits) == 20
    assert all(0 <= wait <= 10 for wait in waits)
    assert len(set(waits)) > 5
