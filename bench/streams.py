"""Live streams on one gateway: memory for each, how long one entry takes to all of them, and what an answer costs.

``python -m bench.streams`` measures the gateway alone, over an inbox in memory, and in turn with it a bare graphql-ws server on Node
that pushes the same answers, and the gateway with server-sent events; ``--system`` measures the whole system instead, from the
broadcast of an alert on. The listeners run on the same machine and do nothing but note the time.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import streams_servers
from bench.figures import console, machine, memory_kb, percentile, show
from bench.streams_listeners import EventListener, Listener, listening
from bench.streams_servers import ONE_FOR_ALL, Running
from bench.streams_source import QUERY
from chassis.keys import KeyRing
from deploy.cluster import cluster
from deploy.demo.alert import broadcast
from deploy.demo.client import signed_in
from deploy.demo.stage import Stage
from gateway.tokens import DevelopmentTokens

Opened = Callable[[Path], AbstractAsyncContextManager[Running]]
SINGLE_EVENTS = 5
BETWEEN_S = 0.5
SETTLED_S = 2.0
WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One round on one server: KB a stream; the seconds to each and the last listener; the latencies under load; CPU for an answer."""

    memory_kb: float
    last_s: float
    latencies_s: Sequence[float]
    cpu_us: float
    rate: float


async def measure(server: Running, kind: type[Listener], streams: int, events: int, every_s: float) -> Measured:
    """Open *streams*, tell them single events, then *events* at a pace."""
    before = memory_kb(server.pid)
    listeners, heard = await listening(server.port, streams, server.token, QUERY, kind)
    await asyncio.sleep(SETTLED_S)
    each_kb = (memory_kb(server.pid) - before) / streams
    lasts: list[float] = []
    async with asyncio.timeout(WITHIN_S):
        for number in range(SINGLE_EVENTS):
            sent = time.perf_counter()
            await server.tell(1, 0)
            await heard.all(number + 1, streams)
            lasts.append(max(heard.at[number]) - sent)
            await asyncio.sleep(BETWEEN_S)
        used = _cpu_s(server.pid)
        sent = time.perf_counter()
        await server.tell(events, every_s)
        await heard.all(SINGLE_EVENTS + events, streams)
        took = time.perf_counter() - sent
        used = _cpu_s(server.pid) - used
    for one in listeners:
        one.close()
    late = [
        at - sent - number * every_s
        for number, each in enumerate(heard.at[SINGLE_EVENTS : SINGLE_EVENTS + events])
        for at in each
    ]
    return Measured(each_kb, percentile(lasts, 0.5), late, used / (events * streams) * 1e6, events * streams / took)


def _cpu_s(pid: int) -> float:
    """The seconds of a processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def compared(
    streams: int, events: int, every_s: float, rounds: int, *, with_node: bool
) -> dict[str, list[Measured]]:
    """What was measured, by server; the servers in turn, each round with new processes."""
    gateway: Opened = lambda folder: streams_servers.gateway(folder, {})  # noqa: E731
    kinds: dict[str, tuple[Opened, type[Listener]]] = {"gateway": (gateway, Listener)}
    if with_node:
        kinds["Node"] = (streams_servers.node, Listener)
    kinds["gateway, SSE"] = (gateway, EventListener)
    found: dict[str, list[Measured]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, (opened, kind) in kinds.items():
            with tempfile.TemporaryDirectory(prefix="imi-bench-") as folder:
                async with opened(Path(folder)) as server:
                    found[name].append(await measure(server, kind, streams, events, every_s))
    return found


def _shown(streams: int, every_s: float, found: dict[str, list[Measured]]) -> None:
    rows = []
    medians: dict[str, list[float]] = {}
    for name, rounds in found.items():
        late = [one for measured in rounds for one in measured.latencies_s]
        figures = [
            percentile([one.memory_kb for one in rounds], 0.5),
            percentile([one.last_s for one in rounds], 0.5) * 1000,
            percentile(late, 0.5) * 1000,
            percentile(late, 0.99) * 1000,
            percentile([one.rate for one in rounds], 0.5),
            percentile([one.cpu_us for one in rounds], 0.5),
        ]
        medians[name] = figures
        rows.append((name, *(f"{one:,.0f}".replace(",", "") for one in figures)))
    head = (
        "server",
        "KB a stream",
        "one event: last ms",
        f"{1 / every_s:.0f}/s: p50 ms",
        "p99 ms",
        "answers/s",
        "CPU µs an answer",
    )
    show(f"{streams} streams", head, rows)
    if "Node" in medians:
        ours, theirs = medians["gateway"], medians["Node"]
        names = ("memory", "last", "p50", "p99", "answers/s", "CPU")
        said = (f"{name} {our / their:.2f}" for name, our, their in zip(names, ours, theirs, strict=True))
        console.print("gateway : Node = " + ", ".join(said))


@asynccontextmanager
async def _system() -> AsyncIterator[tuple[Running, Any]]:
    """The whole system, each part a process, and what broadcasts an alert in it."""
    with tempfile.TemporaryDirectory(prefix="imi-bench-") as folder:
        async with cluster(Path(folder), ONE_FOR_ALL) as system:
            tokens = DevelopmentTokens(KeyRing(system.folder / "keys"))
            url, server = system.urls[0], system.parts["gateway"][0]
            async with (
                signed_in(url, tokens.issue("it-alerts")) as author,
                signed_in(url, tokens.issue("it-coordinator")) as coordinator,
            ):
                stage: Any = Stage()
                stage.console.quiet = True

                async def tell(events: int, _: float) -> None:
                    for number in range(events):
                        await broadcast(stage, author, coordinator, f"Prova {number}")

                yield Running("system", server.port, server.pid, tokens.issue("hu-alerts"), tell), system


async def _whole(streams: int, alerts: int) -> tuple[float, list[list[float]]]:
    async with _system() as (server, _):
        before = memory_kb(server.pid)
        listeners, heard = await listening(server.port, streams, server.token, QUERY)
        await asyncio.sleep(SETTLED_S)
        each_kb = (memory_kb(server.pid) - before) / streams
        taken = []
        for number in range(alerts):
            await server.tell(1, 0)
            sent = time.perf_counter()
            async with asyncio.timeout(WITHIN_S):
                await heard.all(number + 1, streams)
            taken.append([one - sent for one in heard.at[number]])
        for one in listeners:
            one.close()
        return each_kb, taken


def main(
    streams: Annotated[list[int] | None, typer.Option(help="live streams on the one gateway; may be repeated")] = None,
    seconds: Annotated[float, typer.Option(help="how long events come at a pace")] = 10.0,
    rate: Annotated[float, typer.Option(help="events a second for 1,000 streams; fewer in proportion for more")] = 20.0,
    rounds: Annotated[int, typer.Option(help="how often each server is measured, in turn")] = 3,
    system: Annotated[bool, typer.Option("--system", help="the whole system, from an alert's broadcast on")] = False,
) -> None:
    """Open many live streams on one gateway, and print what each costs and how fast an entry reaches all."""
    console.print(f"\n{machine()}; listeners on the same machine")
    if system:
        for count in streams or [1_000]:
            each_kb, taken = asyncio.run(_whole(count, 5))
            console.print(f"memory of the gateway for each of {count} streams: {each_kb:.0f} KB")
            rows = [
                (number, *(f"{one * 1000:.0f}" for one in (percentile(each, 0.5), percentile(each, 0.99), max(each))))
                for number, each in enumerate(taken, 1)
            ]
            show("From the broadcast's acknowledgement to the listeners, ms", ("alert", "p50", "p99", "last"), rows)
        return
    with_node = asyncio.run(streams_servers.installed())
    if not with_node:
        console.print("Node is not installed here: the gateway is measured, and compared with nothing.")
    for count in streams or [1_000, 5_000]:
        pace = rate * min(1.0, 1_000 / count)
        events = max(1, round(seconds * pace))
        found = asyncio.run(compared(count, events, 1 / pace, rounds, with_node=with_node))
        _shown(count, 1 / pace, found)


if __name__ == "__main__":
    typer.run(main)
