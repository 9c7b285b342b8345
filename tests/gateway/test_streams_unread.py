"""Clients that read nothing, or say what nobody expects: what becomes of their connections, and what stays of them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chassis import inbox
from gateway import wiring
from gateway.streams import events, hub, subscribers
from tests.gateway.clients import WEBSOCKET, Client, Refused, eventually
from tests.gateway.running import Running, copy_of
from tests.gateway.streaming import Told, a_told_system, counted
from tests.gateway.test_inbox_filters import STREAM, item
from tests.gateway.test_streams import HUNGARY, MUCH, alert  # noqa: F401
from tests.gateway.test_subscriptions import ALERTS, gone, opened, settled

At = Callable[[Running, str], Client]
As = Callable[[str], Client]


@pytest.fixture(scope="module")
async def told(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    listener = wiring._listener

    def narrow(host: str, port: int) -> socket.socket:
        """One on whose connections next to nothing is on the way."""
        found = listener(host, port)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbox, "LOOK_EVERY_S", 0.02)
        patch.setattr(wiring, "_listener", narrow)
        async with a_told_system(copy_of(trained, tmp_path_factory.mktemp("unread") / "data")) as system:
            yield system


@pytest.fixture(scope="module")
def as_(told: Told, at: At) -> As:
    return lambda user: at(told.running, user)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribers, "STUCK_S", 4.0)
    monkeypatch.setattr(hub, "LOOK_EVERY_S", 0.05)


async def nobody_listens() -> bool | None:
    return counted("streams") == 0 or None


@pytest.mark.usefixtures("impatient")
async def test_server_sent_events_that_are_not_read_keep_nothing_waiting(
    told: Told,
    as_: As,
    alert: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "GRACE_S", 0.1)
    hungary = as_("hu-alerts")
    async with hungary.listening(WEBSOCKET, ALERTS) as items:
        await opened(items)
    before = await settled()
    host, _, port = hungary.url.removeprefix("http://").partition(":")
    body = json.dumps({"query": MUCH}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {hungary.token}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.connect((host, int(port)))
        narrow.setblocking(False)
        await asyncio.get_running_loop().sock_sendall(narrow, head.encode() + body)

        async def listens() -> bool | None:
            return counted("streams") == 1 or None

        await eventually(listens)
        await told.tell(HUNGARY, alert, 100)
        await eventually(nobody_listens)
        await gone(before)


async def test_half_a_character_comes_back_as_it_was_sent(as_: As) -> None:
    """UTF-8 cannot write it, and JSON can: in an operation's id, in what is refused, and in the code that ends a connection."""
    odd = "\ud83d"
    async with as_("hu-alerts").socket() as one:
        await one.subscribe(ALERTS, operation=odd)
        begun = await one.receive()
        assert (begun["id"], begun["type"]) == (odd, "next")
        await one.subscribe("query ($id: Language) { viewer(x: $id) { name } }", operation=odd * 2, id=odd)
        refused = await one.receive()
        assert (refused["id"], refused["type"]) == (odd * 2, "error")
        await one.subscribe("query ($l: Language) { countries(language: $l) { code } }", operation="3", l=odd)
        refused = await one.receive()
        assert (refused["id"], refused["type"]) != ("3", "complete")
        await one.subscribe(ALERTS, operation=odd)
        assert await one.closed() == 4409


@pytest.mark.parametrize(
    "id_", ["é" * 100, "\U0001f600" * 100, "x" * 1000], ids=["two bytes", "four bytes", "one byte"]
)
async def test_the_reason_of_a_close_fits_its_frame(as_: As, id_: str) -> None:
    async with as_("hu-alerts").socket() as one:
        await one.subscribe(ALERTS, operation=id_)
        await one.subscribe(ALERTS, operation=id_)
        assert await one.closed() == 4409
        assert (one.connection.close_reason or "").startswith("Subscriber for ")


async def test_who_resumes_by_a_saved_filter_has_what_it_means_now(told: Told, as_: As, alert: str) -> None:  # noqa: F811
    """Also where another stream by the same filter has gone on all the while, and has left out what it meant then."""
    hungary = as_("hu-alerts")
    saved = await hungary.do("createSavedFilter", "filter { id }", name="changes", filter={"kinds": ["INFORMATION"]})
    async with hungary.listening(WEBSOCKET, STREAM, savedFilter=saved["id"]) as items:
        start = (await item(items))["cursor"]
        await told.tell(HUNGARY, alert, 2)
        assert [(await item(items))["entry"] for _ in range(2)] == [None, None]
        await hungary.do("editSavedFilter", "filter { id }", id=saved["id"], filter={"kinds": ["BROADCAST"]})
        async with hungary.listening(WEBSOCKET, STREAM, savedFilter=saved["id"], after=start) as late:
            await item(late)
            assert [(await item(late))["entry"]["alert"]["id"] for _ in range(2)] == [alert, alert]
            await told.tell(HUNGARY, alert, 1)
            for one in (items, late):
                assert (await item(one))["entry"]["alert"]["id"] == alert
        await hungary.do("removeSavedFilter", "filter { id }", id=saved["id"])
        await told.tell(HUNGARY, alert, 1)
        (error,) = (await anext(items))["errors"]
        assert Refused.of(error).code == "NOT_FOUND"
