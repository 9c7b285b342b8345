"""The connection itself: one that has died is left, and what is for this machine goes nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from grpc import aio

from imi_client import Client
from imi_client import client as connecting
from imi_client import inbox as reader
from imi_client.protos.alerts.v1.alerts_pb2_grpc import add_AlertsServiceServicer_to_server
from tests.clients.conftest import Memory, reading, taken
from tests.clients.test_inbox import a_mute_service
from tests.ports import a_dead_address

PIECE_BYTES = 64 * 1024


async def token() -> str:
    return "any"


@asynccontextmanager
async def a_mute_server() -> AsyncIterator[str]:
    """A service that says one thing on each stream; gives its address."""
    server = aio.server()
    add_AlertsServiceServicer_to_server(a_mute_service(), server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield address
    finally:
        await server.stop(None)


@dataclass(slots=True)
class Firewall:
    """Stands between, and can forget all connections there are: what comes on them goes nowhere, and nobody is told."""

    behind: str
    connections: int = 0
    _forgotten: set[asyncio.StreamWriter] = field(default_factory=set)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def forget(self) -> None:
        self._forgotten |= self._open

    async def stand(self, reading_: asyncio.StreamReader, writing: asyncio.StreamWriter) -> None:
        self.connections += 1
        host, _, port = self.behind.partition(":")
        there, to_there = await asyncio.open_connection(host, int(port))
        async with asyncio.TaskGroup() as both:
            both.create_task(self._pass_on(reading_, to_there))
            both.create_task(self._pass_on(there, writing))

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        self._open.add(target)
        try:
            while piece := await source.read(PIECE_BYTES):
                if target not in self._forgotten:
                    target.write(piece)
        except ConnectionError:
            pass
        finally:
            target.close()
            self._open.discard(target)


@asynccontextmanager
async def a_firewall(behind: str) -> AsyncIterator[tuple[str, Firewall]]:
    between = Firewall(behind)
    server = await asyncio.start_server(between.stand, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", between
    finally:
        server.close()


async def test_a_connection_that_a_firewall_has_forgotten_is_left_for_a_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To open the stream again on the same connection would be to wait until the kernel gives it up."""
    # gRPC pings no more often.
    monkeypatch.setattr(connecting, "PING_EVERY_S", 1.0)
    monkeypatch.setattr(connecting, "ANSWERED_WITHIN_S", 0.5)
    monkeypatch.setattr(reader, "LONGEST_PAUSE_S", 0.4)
    async with a_mute_server() as address, a_firewall(address) as (between, firewall):
        async with Client(between, token) as client, reading(client.inbox(Memory("0"), dead_after_s=10.0)) as entries:
            assert [entry.id for entry in await taken(entries, 1)] == ["1"]
            firewall.forget()
            assert [entry.id for entry in await taken(entries, 1)] == ["2"]
        assert firewall.connections == 2


async def test_what_is_for_this_machine_goes_by_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """There it would be in plain text, with its token."""
    for name in ("grpc_proxy", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://{a_dead_address()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("no_grpc_proxy", raising=False)
    async with (
        a_mute_server() as address,
        Client(address, token) as client,
        reading(client.inbox(Memory("0"))) as entries,
    ):
        assert [entry.id for entry in await taken(entries, 1)] == ["1"]
