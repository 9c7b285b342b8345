"""One address has so many connections that stay, and no more; behind a proxy that is trusted, whoever it says is that address."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits.connections import Connections
from gateway.limits.refusals import RateLimited
from gateway.serving import patience
from tests.chassis.waiting import until
from tests.gateway.clients import Client, Refused, raw_socket
from tests.gateway.running import Running, a_system_of

At = Callable[[Running, str], Client]
VIEWER = "{ viewer { name } }"
EVENTS = {"accept": "text/event-stream"}


def from_(address: str) -> dict[str, str]:
    return {"x-forwarded-for": address}


async def streamed(client: Client, address: str = "") -> httpx.Response:
    """What a request is answered that asks for events, which this one has only one of."""
    return await client.post(VIEWER, None, **EVENTS, **(from_(address) if address else {}))


async def test_websockets_and_event_streams_of_one_address_are_counted_together(data: Path, at: At) -> None:
    async with a_system_of(data, "directory", connections_per_address="1") as running:
        client = at(running, "it-handler")
        for _ in range(2):
            # Each is over when it is answered, and what is no stream is not counted.
            assert (await streamed(client)).status_code == 200
        async with client.socket():
            refused = await streamed(client)
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "10"
            assert Refused.of(json.loads(refused.content)["errors"][0]).code == "RATE_LIMITED"
            async with raw_socket(client.url) as late:
                assert await late.closed() == 1013
            assert (await client.ask(VIEWER))["viewer"]
            # Another address, as somebody says who is not believed.
            assert (await streamed(client, "192.0.2.7")).status_code == 429

        async def is_free() -> bool:
            return (await streamed(client)).status_code == 200

        await until(is_free)


async def test_a_websocket_on_which_nothing_is_said_is_no_request_that_does_not_arrive(
    running: Running, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.05)
    made: list[patience.PatientProtocol] = []
    upgrade = patience.PatientProtocol.handle_websocket_upgrade

    def upgraded(self: patience.PatientProtocol) -> None:
        upgrade(self)
        made.append(self)

    monkeypatch.setattr(patience.PatientProtocol, "handle_websocket_upgrade", upgraded)
    async with at(running, "it-handler").socket() as socket:
        (one,) = made
        assert one._looking is None
        await asyncio.sleep(0.2)  # longer than a head would be waited for
        assert (await socket.result(VIEWER))["data"]["viewer"]


async def test_behind_a_trusted_proxy_each_of_its_clients_has_its_own(data: Path, at: At) -> None:
    async with a_system_of(data, "directory", connections_per_address="1", trusted_proxies="127.0.0.1") as running:
        client = at(running, "it-handler")
        async with raw_socket(client.url, additional_headers=from_("192.0.2.7")) as socket:
            await socket.send(type="connection_init", payload=client.headers)
            assert (await socket.receive())["type"] == "connection_ack"
            assert (await streamed(client, "192.0.2.7")).status_code == 429
            assert (await streamed(client, "192.0.2.8")).status_code == 200
        async with raw_socket(client.url, additional_headers=from_("2001:db8::1")) as socket:
            await socket.send(type="connection_init", payload=client.headers)
            assert (await socket.receive())["type"] == "connection_ack"
            # Of IPv6, a client has as many addresses as it likes.
            assert (await streamed(client, "2001:db8::2")).status_code == 429
            assert (await streamed(client, "2001:db8:0:1::2")).status_code == 200


@given(st.lists(st.tuples(st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"]), st.booleans())))
def test_none_has_more_than_the_limit_and_nobody_is_remembered_who_has_none(steps: list[tuple[str, bool]]) -> None:
    connections = Connections(2)
    open_: dict[str, list[Callable[[], None]]] = {"192.0.2.1": [], "192.0.2.2": [], "2001:db8::1": []}
    for address, opens in steps:
        if not opens:
            if open_[address]:
                open_[address].pop()()
        elif len(open_[address]) < 2:
            open_[address].append(connections.open(address))
        else:
            with pytest.raises(RateLimited) as refused:
                connections.open(address)
            assert refused.value.numbers["limit"] == 2
    assert connections.addresses == sum(bool(closers) for closers in open_.values())


def test_without_a_limit_all_are_let_in() -> None:
    connections = Connections()
    closers = [connections.open("192.0.2.1") for _ in range(10_000)]
    for close in closers:
        close()
    assert connections.addresses == 0
