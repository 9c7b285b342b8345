"""What the gateway takes of a processor for an operation: with plans, without, beside Mercurius and beside the bare calls.

``python -m bench.gateway`` (``make bench-gateway``): each is a process of its own over the same services, which answer from
memory; they are asked the same in turn, round after round. What is counted is the process' own time, so that others on the
machine count for less.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.figures import console, machine, memory_kb, percentile, show
from bench.gateway_peers import installed, mercurius
from bench.gateway_queries import QUERIES, Query
from bench.gateway_raw import raw
from bench.gateway_source import source
from chassis.keys import KeyRing
from deploy import servers
from deploy.cluster import Part
from deploy.servers.server import Server
from gateway.tokens import DevelopmentTokens

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
# What one operation of the bench costs and how often it is asked is beside the point here.
UNLIMITED = {"RATE_PEOPLE": "", "RATE_ADDRESSES": "", "COST_PEOPLE": "1000000", "LOG_LEVEL": "warning"}
ROUND_S = {"Q1": 600, "Q2": 160, "Q3": 48, "Q4": 240, "Q5": 400}
PLANS, WITHOUT, MERCURIUS, RAW = "with plans", "without plans", "Mercurius", "bare calls"


@dataclass(slots=True)
class Taken:
    """What one contestant took for one query."""

    cpu_ms: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Contestant:
    """Somebody who answers: *ask* answers a query so often and gives the processor's seconds and each answer's."""

    name: str
    pid: int
    ask: Callable[[Query, int], Awaitable[tuple[float, list[float]]]]
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


def over_http(name: str, server: Server, token: str, at_once: int) -> Contestant:
    """A server, asked over *at_once* connections."""
    connections = [Connection(server.port, token) for _ in range(at_once)]

    async def ask(query: Query, many: int) -> tuple[float, list[float]]:
        left, seconds = iter(range(many)), []

        async def one(connection: Connection) -> None:
            for _ in left:
                began = time.perf_counter()
                answer = await connection.ask(query.text)
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
        found = json.loads(await connections[0].ask(query.text))
        connections[0].close()
        return found

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


async def measure(rounds: int, at_once: int) -> list[Contestant]:
    """The figures of all, taken in turn."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imi-bench-")))
        address, addresses = await stack.enter_async_context(source())
        contestants = []
        for name, plans in ((PLANS, "true"), (WITHOUT, "false")):
            settings = {**addresses, "PLANS": plans}
            made = a_gateway(name, folder / name.replace(" ", "-"), settings, at_once)
            contestants.append(await stack.enter_async_context(made))
        if await installed():
            server = await stack.enter_async_context(mercurius(folder, address))
            contestants.append(over_http(MERCURIUS, server, "", at_once))
        pid, take = await stack.enter_async_context(raw(address, at_once))
        contestants.append(Contestant(RAW, pid, lambda query, many: take(query.name, many)))
        for query in QUERIES:
            answers = [await one.answer(query) for one in contestants if one.answer is not None]
            assert all(answer == answers[0] for answer in answers), f"{query.name} is not answered alike"
            for one in contestants:
                await one.ask(query, 2 * at_once)
                one.taken[query.name] = Taken()
        for number in range(rounds):
            console.print(f"round {number + 1} of {rounds} …")
            for query in QUERIES:
                for one in contestants:
                    many = ROUND_S[query.name]
                    cpu, seconds = await one.ask(query, many)
                    one.taken[query.name].cpu_ms.append(cpu * 1000 / many)
                    one.taken[query.name].seconds += seconds
        for one in contestants:
            one.memory_mb = memory_kb(one.pid) / 1024
        return contestants


def main(
    rounds: Annotated[int, typer.Option(help="rounds in which each is asked everything")] = 5,
    at_once: Annotated[int, typer.Option(help="operations under way at the same time")] = 32,
) -> None:
    """Compare, and print what was found."""
    contestants = asyncio.run(measure(rounds, at_once))
    console.print(f"\n{machine()}; {rounds} rounds, {at_once} at a time, all on the same machine")
    bare = {name: percentile(taken.cpu_ms, 0.5) for name, taken in contestants[-1].taken.items()}
    rows = []
    for query in QUERIES:
        for one in contestants:
            taken = one.taken[query.name]
            cpu = percentile(taken.cpu_ms, 0.5)
            rows.append(
                (
                    query.name,
                    one.name,
                    f"{percentile(taken.seconds, 0.5) * 1000:.1f}",
                    f"{percentile(taken.seconds, 0.99) * 1000:.1f}",
                    f"{one.memory_mb:.0f}",
                    f"{cpu / bare[query.name]:.1f}",
                    f"{min(taken.cpu_ms):.2f}-{max(taken.cpu_ms):.2f}",
                    f"{cpu:.2f}",
                )
            )
    for query in QUERIES:
        console.print(f"{query.name} {query.what}")
    head = ("query", "answered", "p50 ms", "p99 ms", "MB", "× bare", "CPU ms, rounds", "CPU ms, median")
    show("Operations", head, rows)


if __name__ == "__main__":
    typer.run(main)
