"""Server-sent events that have nothing to say cost one task of the server each, wherever the application goes on with them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from gateway.streams import events
from tests.gateway.clients import SSE, Client, eventually
from tests.gateway.exchanges import an_alert
from tests.gateway.running import Running
from tests.gateway.streaming import Told, a_told_system, counted
from tests.gateway.test_subscriptions import ALERTS, entry, opened

At = Callable[[Running, str], Client]
STREAMS = 20
# What was counted already when a system began, by its address.
LISTENING: dict[str, float] = {}


@asynccontextmanager
async def listening(client: Client) -> AsyncIterator[asyncio.StreamReader]:
    """One stream over a bare connection, which has no task on this side; it has heard its opening."""
    body = json.dumps({"query": ALERTS}).encode()
    host, _, port = client.url.removeprefix("http://").partition(":")
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {client.token}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.encode() + body)
    async with asyncio.timeout(20):
        await reader.readuntil(b"cursor")
        await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader
    finally:
        writer.transport.abort()


@pytest.fixture
async def told(data: Path) -> AsyncIterator[Told]:
    async with a_told_system(data) as system:
        LISTENING[system.running.url] = counted("streams")
        yield system
        del LISTENING[system.running.url]


async def test_a_stream_that_has_nothing_to_say_is_one_task_of_the_server(told: Told, at: At) -> None:
    hungary = at(told.running, "hu-alerts")
    async with AsyncExitStack() as stack:
        # The first one also has what all of them share.
        await stack.enter_async_context(listening(hungary))
        before = len(asyncio.all_tasks())
        for _ in range(STREAMS):
            await stack.enter_async_context(listening(hungary))

        async def one_each() -> bool | None:
            # Where each was two, there would be twice as many; a few others come and go.
            return len(asyncio.all_tasks()) < before + STREAMS * 3 // 2 or None

        await eventually(one_each)
    await gone(told)


async def test_where_no_application_goes_on_with_it_a_stream_goes_on_within_its_request(
    told: Told, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under another server, say: it costs more, and says the same."""
    monkeypatch.setattr(events, "LEFT", "nowhere")
    async with at(told.running, "hu-alerts").listening(SSE, ALERTS) as items:
        await opened(items)
        for _ in range(2):
            id_ = await an_alert(at(told.running, "it-alerts"), at(told.running, "it-coordinator"), "HU")
            assert (await entry(items))["entry"]["alert"]["id"] == id_
    await gone(told)


async def gone(told: Told) -> None:
    """Wait until no more is counted as listening than before."""

    async def look() -> bool | None:
        return counted("streams") <= LISTENING[told.running.url] or None

    await eventually(look)
