"""Live streams: nothing lost, nothing twice, nothing left behind; on a WebSocket and as server-sent events."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from gql import Client as GqlClient
from gql import GraphQLRequest
from gql.transport.websockets import WebsocketsTransport

from gateway.streams import connections
from tests.gateway.clients import (
    PROTOCOL,
    SSE,
    WEBSOCKET,
    Client,
    Data,
    Refused,
    Socket,
    eventually,
    raw_socket,
    within,
)
from tests.gateway.exchanges import a_request, an_alert
from tests.gateway.running import Running, a_gateway, a_service
from tests.ports import a_dead_address

As = Callable[[str], Client]
At = Callable[[Running, str], Client]
TRANSPORTS = pytest.mark.parametrize("transport", [WEBSOCKET, SSE])
ALERTS = """subscription ($after: String) { alertStream(after: $after) {
  cursor at entry { id kind alert { id country { name } } } } }"""
CHANGES = """subscription ($after: String) { requestChanges(after: $after) {
  cursor action status request { id status } } }"""


async def entry(items: AsyncGenerator[Data, None]) -> Data:
    """The next item that is not a watermark."""
    while True:
        (item,) = (await within(items))["data"].values()
        if item.get("entry") or item.get("action"):
            assert isinstance(item, dict)
            return item


async def opened(items: AsyncGenerator[Data, None]) -> str:
    """The cursor of the watermark with which a stream begins."""
    (item,) = (await within(items))["data"].values()
    assert item.get("entry") is None
    assert item.get("action") is None
    return str(item["cursor"])


@TRANSPORTS
async def test_an_alert_arrives_in_the_readers_language(as_: As, transport: str) -> None:
    async with as_("hu-alerts").listening(transport, ALERTS) as items:
        await opened(items)
        id_ = await an_alert(as_("it-alerts"), as_("it-coordinator"), "HU")
        heard = await entry(items)
    assert heard["entry"]["kind"] == "BROADCAST"
    assert heard["entry"]["alert"] == {"id": id_, "country": {"name": "Olaszország"}}


@TRANSPORTS
async def test_each_change_of_a_request_arrives_at_both_sides(as_: As, transport: str) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    async with italy.listening(transport, CHANGES) as theirs, hungary.listening(transport, CHANGES) as ours:
        await opened(theirs)
        await opened(ours)
        id_ = await a_request(italy, hungary, "ACCEPTED")

        async def heard(items: AsyncGenerator[Data, None], count: int) -> list[tuple[str, str]]:
            found: list[tuple[str, str]] = []
            while len(found) < count:
                item = await entry(items)
                if item["request"]["id"] == id_:
                    found.append((item["action"], item["status"]))
            return found

        assert await heard(theirs, 3) == [("CREATE", "DRAFT"), ("SEND", "SENT"), ("ACCEPT", "ACCEPTED")]
        assert await heard(ours, 2) == [("SEND", "SENT"), ("ACCEPT", "ACCEPTED")]


@TRANSPORTS
async def test_a_stream_resumes_without_gap_or_repetition_while_alerts_are_broadcast(as_: As, transport: str) -> None:
    """A reader whose connection breaks after every few entries reads what one that never broke reads."""
    hungary = as_("hu-alerts")
    made: list[str] = []

    async def broadcast() -> None:
        made.extend([await an_alert(as_("it-alerts"), as_("it-coordinator"), "HU") for _ in range(8)])

    async with hungary.listening(transport, ALERTS) as steady:
        cursor = start = await opened(steady)
        async with asyncio.TaskGroup() as group:
            group.create_task(broadcast())
            broken: list[Data] = []
            while len(broken) < 8:
                async with hungary.listening(transport, ALERTS, after=cursor) as items:
                    assert await opened(items) == cursor
                    for _ in range(min(3, 8 - len(broken))):
                        broken.append(await entry(items))
                        cursor = broken[-1]["cursor"]
        unbroken = [await entry(steady) for _ in range(8)]
    kept = ("cursor", "entry")
    assert [{name: one[name] for name in kept} for one in broken] == [
        {name: one[name] for name in kept} for one in unbroken
    ]
    assert sorted(one["entry"]["alert"]["id"] for one in broken) == sorted(made)
    assert len({one["entry"]["id"] for one in broken}) == 8
    async with hungary.listening(transport, ALERTS, after=start) as items:
        await opened(items)
        assert [(await entry(items))["cursor"] for _ in range(8)] == [one["cursor"] for one in broken]


async def test_a_cursor_of_the_inbox_resumes_the_stream(as_: As) -> None:
    made = [await an_alert(as_("it-alerts"), as_("it-coordinator"), "FR") for _ in range(2)]
    france = as_("fr-coordinator")

    async def told() -> str | None:
        page = await france.ask("{ inbox(first: 100) { edges { cursor node { alert { id } } } } }")
        cursors = {edge["node"]["alert"]["id"]: edge["cursor"] for edge in page["inbox"]["edges"]}
        return str(cursors[made[0]]) if made[1] in cursors else None

    async with france.listening(WEBSOCKET, ALERTS, after=await eventually(told)) as items:
        assert (await entry(items))["entry"]["alert"]["id"] == made[1]


@TRANSPORTS
@pytest.mark.parametrize("document", [ALERTS, CHANGES])
@pytest.mark.parametrize("cursor", ["x", "WyJhbGVydHMiXQ", "é", "a" * 5000])
async def test_a_malformed_cursor_is_refused(as_: As, transport: str, document: str, cursor: str) -> None:
    user = "hu-alerts" if document == ALERTS else "hu-handler"
    async with as_(user).listening(transport, document, after=cursor) as items:
        assert await ending(items) == Refused("INVALID", "CURSOR", "after")


@TRANSPORTS
async def test_a_cursor_of_somebody_else_or_of_another_stream_is_refused(as_: As, transport: str) -> None:
    async with as_("fr-coordinator").listening(transport, ALERTS) as items:
        foreign = await opened(items)
    async with as_("hu-handler").listening(transport, CHANGES) as items:
        other = await opened(items)
    for cursor in (foreign, other):
        async with as_("hu-alerts").listening(transport, ALERTS, after=cursor) as items:
            assert await ending(items) == Refused("INVALID", "CURSOR", "after")


@TRANSPORTS
@pytest.mark.parametrize("document", [ALERTS, CHANGES])
async def test_nobody_listens(as_: As, transport: str, document: str) -> None:
    async with as_("").listening(transport, document) as items:
        assert await ending(items) == Refused("UNAUTHENTICATED", "UNAUTHENTICATED")


@TRANSPORTS
async def test_who_has_no_part_in_alerts_does_not_listen_to_them(as_: As, transport: str) -> None:
    async with as_("hu-handler").listening(transport, ALERTS) as items:
        assert await ending(items) == Refused("FORBIDDEN", "FORBIDDEN")


async def ending(items: AsyncGenerator[Data, None]) -> Refused:
    """How a stream is refused: one error, and then the end."""
    (error,) = (await within(items))["errors"]
    assert [item async for item in items] == []
    return Refused.of(error)


async def test_an_independent_client_understands_the_stream(as_: As) -> None:
    hungary = as_("hu-alerts")
    transport = WebsocketsTransport(
        url=f"{hungary.url.replace('http', 'ws', 1)}/graphql", init_payload=hungary.headers, subprotocols=[PROTOCOL]
    )
    async with GqlClient(transport=transport) as session:
        items = session.subscribe(GraphQLRequest(ALERTS))
        assert (await within(items))["alertStream"]["entry"] is None
        id_ = await an_alert(as_("it-alerts"), as_("it-coordinator"), "HU")
        assert (await within(items))["alertStream"]["entry"]["alert"]["id"] == id_
        await items.aclose()


@pytest.mark.parametrize("protocol", ["graphql-ws", "other"])
async def test_the_old_protocol_is_not_spoken(running: Running, protocol: str) -> None:
    async with raw_socket(running.url, protocol) as socket:
        assert await socket.closed() == 4406


async def test_a_subscription_before_the_connection_is_acknowledged_is_refused(running: Running) -> None:
    async with raw_socket(running.url) as socket:
        await socket.subscribe(ALERTS)
        assert await socket.closed() == 4401


NO_MESSAGES = [
    "x",
    "[]",
    "null",
    "[" * 9999,
    "{}",
    '{"type": "other"}',
    '{"type": ["subscribe"]}',
    '{"type": "subscribe"}',
    '{"type": "subscribe", "id": "1", "payload": "x"}',
    '{"type": "subscribe", "id": [], "payload": {"query": "{ viewer { name } }"}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { name } }", "variables": []}}',
    '{"type": "subscribe", "id": "1", "payload": {"document": "x"}}',
    '{"type": "subscribe", "id": "1", "payload": {"documentId": 1}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": null}}',
    '{"type": "complete", "id": {}}',
]


@pytest.mark.parametrize("message", NO_MESSAGES, ids=lambda message: message[:40])
async def test_a_message_that_is_none_closes_the_connection_with_a_code(as_: As, message: str) -> None:
    async with as_("hu-alerts").socket() as socket:
        await socket.connection.send(message)
        assert await socket.closed() == 4400


async def test_a_message_has_a_limit(as_: As) -> None:
    async with as_("hu-alerts").socket() as socket:
        await socket.subscribe("{ viewer { name } }" + " " * 300_000)
        assert await socket.closed() == 1009


async def test_a_syntax_error_ends_its_operation_and_not_the_connection(as_: As) -> None:
    async with as_("hu-alerts").socket() as socket:
        await socket.subscribe("subscription {")
        refused = await socket.receive()
        assert (refused["type"], Refused.of(refused["payload"][0])) == ("error", Refused("INVALID", "GRAPHQL"))
        assert (await socket.result("{ viewer { name } }"))["data"]["viewer"]["name"] == "Alert coordinator, Hungary"


async def test_a_connection_that_does_not_say_who_it_is_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connections.INIT_TIMEOUT_S <= 10
    monkeypatch.setattr(connections, "INIT_TIMEOUT_S", connections.INIT_TIMEOUT_S / 50)
    async with a_gateway(tmp_path) as gateway, raw_socket(gateway.url) as socket:
        assert await socket.closed() == 4408


async def test_a_connection_carries_at_most_20_subscriptions(as_: As) -> None:
    async with as_("hu-alerts").socket() as socket:
        for number in range(21):
            await socket.subscribe(ALERTS, operation=str(number))
        received = [await socket.receive() for _ in range(21)]
        assert {one["id"] for one in received if one["type"] == "next"} == {str(number) for number in range(20)}
        assert [one["id"] for one in received if one["type"] == "error"] == ["20"]
        await socket.send(type="complete", id="0")
        await socket.subscribe(ALERTS, operation="21")
        assert (await socket.receive())["id"] == "21"


async def test_two_subscriptions_do_not_share_a_name(as_: As) -> None:
    async with as_("hu-alerts").socket() as socket:
        await socket.subscribe(ALERTS)
        await socket.subscribe(ALERTS)
        assert await socket.closed() == 4409


def running_tasks() -> int:
    """The tasks of the whole system, which runs in this process, down to its gRPC streams."""
    return len(asyncio.all_tasks())


async def test_200_connections_that_are_cut_leave_nothing_behind(as_: As) -> None:
    hungary = as_("hu-alerts")
    # What starts with the first stream of all is not of these.
    async with hungary.listening(WEBSOCKET, ALERTS) as items:
        await opened(items)
    before = await settled()
    async with AsyncExitStack() as stack:
        sockets: list[Socket] = []
        # Three people: no one of them has so many.
        for number in range(201):
            listener = as_(("hu-alerts", "it-alerts", "fr-coordinator")[number % 3])
            sockets.append(await stack.enter_async_context(listener.socket()))
            await sockets[-1].subscribe(ALERTS)
        for socket in sockets:
            answer = await socket.receive()
            assert (answer["type"], "errors" in answer["payload"]) == ("next", False)
        assert running_tasks() > before + 200
        for socket in sockets:
            socket.connection.transport.abort()
    await gone(before)
    assert (await hungary.ask("{ viewer { language } }")) == {"viewer": {"language": "HU"}}


async def test_1000_that_close_while_their_subscription_is_being_opened_leave_nothing_behind(as_: As) -> None:
    hungary = as_("hu-alerts")
    async with hungary.listening(WEBSOCKET, ALERTS) as items:
        await opened(items)
    before = await settled()

    async def one(number: int) -> None:
        async with hungary.socket() as socket:
            await socket.subscribe(ALERTS)
            if number % 2:
                socket.connection.transport.abort()

    for start in range(0, 1_000, 25):
        await asyncio.gather(*(one(number) for number in range(start, start + 25)))
    await gone(before)
    assert (await hungary.ask("{ viewer { language } }")) == {"viewer": {"language": "HU"}}


async def test_readers_of_server_sent_events_that_go_away_leave_nothing_behind(as_: As) -> None:
    hungary = as_("hu-alerts")
    async with hungary.listening(SSE, ALERTS) as items:
        await opened(items)
    before = await settled()
    body = json.dumps({"query": ALERTS}).encode()
    host, _, port = hungary.url.removeprefix("http://").partition(":")
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {hungary.token}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    connections = []
    for _ in range(50):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head.encode() + body)
        connections.append((reader, writer))
    for reader, writer in connections:
        async with asyncio.timeout(10):
            await reader.readuntil(b"cursor")
        writer.transport.abort()
    await gone(before)


async def gone(before: int) -> None:
    """Waits until no more runs than before."""

    async def look() -> bool | None:
        return running_tasks() <= before or None

    async with asyncio.timeout(5):
        await eventually(look)


async def settled() -> int:
    """How much runs once the streams that have just been closed are gone."""
    counts = [running_tasks()]

    async def look() -> bool | None:
        counts.append(running_tasks())
        return counts[-8:].count(counts[-1]) == 8 or None

    await eventually(look)
    return counts[-1]


@TRANSPORTS
async def test_a_stream_goes_on_when_its_service_was_away_and_loses_nothing(data: Path, at: At, transport: str) -> None:
    address = a_dead_address()
    async with AsyncExitStack() as stack:
        directory = await stack.enter_async_context(a_service("directory", data))
        gateway = await stack.enter_async_context(a_gateway(data, directory_address=directory, alerts_address=address))
        author, coordinator, hungary = (at(gateway, user) for user in ("it-alerts", "it-coordinator", "hu-alerts"))
        async with a_service("alerts", data, address, directory_address=directory):
            items = await stack.enter_async_context(hungary.listening(transport, ALERTS))
            await opened(items)
            before = await an_alert(author, coordinator, "HU")
            assert (await entry(items))["entry"]["alert"]["id"] == before
        assert (await hungary.refused("{ inbox { pageInfo { endCursor } } }")).code == "UNAVAILABLE"
        async with a_service("alerts", data, address, directory_address=directory):
            after = await eventually(lambda: _once_back(author, coordinator))
            assert (await entry(items))["entry"]["alert"]["id"] == after


async def _once_back(author: Client, coordinator: Client) -> str | None:
    """An alert made as soon as the service answers again."""
    if "errors" in await author.answer("{ alertTypes { id } }"):
        return None
    return await an_alert(author, coordinator, "HU")
