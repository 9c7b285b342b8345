"""Who is compared in `bench/gateway.py`: processes that are asked over connections of their own, and what they take."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.gateway_hive import Dialect
from bench.gateway_queries import Query
from bench.gateway_table import Taken
from chassis.keys import KeyRing
from deploy import servers
from deploy.cluster import Part
from deploy.servers.server import Server
from gateway.tokens import DevelopmentTokens

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
# What one operation of the bench costs and how often it is asked is beside the point here.
UNLIMITED = {
    "RATE_PEOPLE": "none",
    "RATE_ADDRESSES": "none",
    "COST_PEOPLE": "1000000",
    "LOG_LEVEL": "warning",
}
WARM_UP_S = 0.5


@dataclass(slots=True)
class Contestant:
    """Somebody who answers: *ask* has a query answered for so many seconds, and gives the processor's seconds and each answer's."""

    name: str
    pid: int
    ask: Callable[[Query, float], Awaitable[tuple[float, list[float]]]]
    # The whole answer, of those who make one.
    answer: Callable[[Query], Awaitable[Any]] | None = None
    taken: dict[str, Taken] = field(default_factory=dict)
    memory_mb: float = 0.0


def cpu_seconds(pid: int) -> float:
    """What a process has taken of a processor so far."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) * TICK_S


class Connection:
    """One connection over which operations are asked, one after the other."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._head = (
            f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n"
            "content-type: application/json\r\naccept: application/json\r\n"
        )
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, text: str) -> bytes:
        """The answer to *text*."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
        reader, writer = self._streams
        body = json.dumps({"query": text}).encode()
        writer.write(f"{self._head}content-length: {len(body)}\r\n\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert " 200 " in head, head
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        return await reader.readexactly(length)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def over_http(
    name: str, server: Server, token: str, at_once: int, dialect: Mapping[str, Dialect] | None = None
) -> Contestant:
    """A server, asked over *at_once* connections; in a *dialect* of its own, if its schema is another."""
    connections = [Connection(server.port, token) for _ in range(at_once)]
    own = dialect or {}

    def text_of(query: Query) -> str:
        return own[query.name].text if query.name in own else query.text

    async def ask(query: Query, for_s: float) -> tuple[float, list[float]]:
        seconds: list[float] = []
        text, end = text_of(query), time.perf_counter() + for_s

        async def one(connection: Connection) -> None:
            while (began := time.perf_counter()) < end:
                answer = await connection.ask(text)
                seconds.append(time.perf_counter() - began)
                assert b'"errors"' not in answer, answer[:500]

        before = cpu_seconds(server.pid)
        await asyncio.gather(*map(one, connections))
        taken = cpu_seconds(server.pid) - before
        # The server closes those that say nothing while others have their turn.
        for connection in connections:
            connection.close()
        return taken, seconds

    async def answer(query: Query) -> Any:
        found = json.loads(await connections[0].ask(text_of(query)))
        connections[0].close()
        return own[query.name].as_ours(found) if query.name in own else found

    return Contestant(name, server.pid, ask, answer)


@asynccontextmanager
async def a_gateway(name: str, folder: Path, settings: dict[str, str], at_once: int) -> AsyncIterator[Contestant]:
    """A gateway as a process."""
    part = Part("gateway-1", "gateway", "gateway", {**UNLIMITED, **settings, "DATA_DIR": str(folder)})
    server = Server(part, folder, next(servers.free_ports(folder)), 0)
    token = DevelopmentTokens(KeyRing(folder / "keys")).issue("it-handler")
    try:
        await server.start()
        yield over_http(name, server, token, at_once)
    finally:
        await server.stop()
