"""What the gateway takes of a processor for an operation, beside other gateways and beside the bare calls.

``python -m bench.gateway`` (``make bench-gateway``): each is a process of its own over the same services, which answer from
memory; they are asked the same in turn, round after round. What is counted is the process' own time, so that others on the
machine count for less. Then kept answers (`bench/gateway_kept.py`) and live streams (Q6, `bench/gateway_streams.py`).
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from bench import gateway_hive, gateway_kept, gateway_peers
from bench.figures import console, machine, memory_kb
from bench.gateway_contestants import WARM_UP_S, Contestant, a_gateway, over_http
from bench.gateway_queries import QUERIES
from bench.gateway_raw import raw
from bench.gateway_source import source
from bench.gateway_streams import PACE_S, delivered, table
from bench.gateway_streams import taken as streams_taken
from bench.gateway_table import Taken, operations, ratios

STREAM_ROUNDS, STREAM_ROUND = 2, 5
OURS, WITHOUT, STRAWBERRY = "gateway", "gateway, PLANS=false", "plain Strawberry"
MERCURIUS, HIVE, RAW = "Mercurius", "Hive Gateway", "bare calls"


@asynccontextmanager
async def everybody(at_once: int) -> AsyncIterator[list[Contestant]]:
    """All who are compared, ready; the bare calls are the last."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imi-bench-")))
        address, addresses = await stack.enter_async_context(source())
        contestants = []
        for name, plans in ((OURS, "true"), (WITHOUT, "false")):
            settings = {**addresses, "PLANS": plans}
            made = a_gateway(name, folder / f"plans-{plans}", settings, at_once)
            contestants.append(await stack.enter_async_context(made))
        server = await stack.enter_async_context(gateway_peers.strawberry(folder, address))
        contestants.append(over_http(STRAWBERRY, server, "", at_once))
        if await gateway_peers.installed():
            server = await stack.enter_async_context(gateway_peers.mercurius(folder, address))
            contestants.append(over_http(MERCURIUS, server, "", at_once))
            server = await stack.enter_async_context(gateway_peers.hive(folder, address))
            contestants.append(over_http(HIVE, server, "", at_once, gateway_hive.DIALECT))
        pid, take = await stack.enter_async_context(raw(address, at_once))
        contestants.append(Contestant(RAW, pid, lambda query, for_s: take(query.name, for_s)))
        yield contestants


async def measure(rounds: int, seconds: float, at_once: int) -> list[Contestant]:
    """The figures of all, taken in turn."""
    async with everybody(at_once) as contestants:
        for query in QUERIES:
            answers = {one.name: await one.answer(query) for one in contestants if one.answer is not None}
            for name, answer in answers.items():
                assert answer == answers[OURS], f"{query.name} is not answered alike by {name}"
            for one in contestants:
                await one.ask(query, WARM_UP_S)
                one.taken[query.name] = Taken()
        for number in range(rounds):
            console.print(f"round {number + 1} of {rounds} …")
            for query in QUERIES:
                for one in contestants:
                    cpu, took = await one.ask(query, seconds)
                    one.taken[query.name].cpu_ms.append(cpu * 1000 / len(took))
                    one.taken[query.name].seconds += took
        for one in contestants:
            one.memory_mb = memory_kb(one.pid) / 1024
        return contestants


def main(
    rounds: Annotated[int, typer.Option(help="rounds in which each is asked everything")] = 4,
    seconds: Annotated[float, typer.Option(help="for how long each is asked each query in a round")] = 1.5,
    at_once: Annotated[int, typer.Option(help="operations under way at the same time")] = 32,
    streams: Annotated[int, typer.Option(help="live streams of Q6; 0: without it")] = 1_000,
) -> None:
    """Compare, and print what was found as docs/performance.md has it."""
    contestants = asyncio.run(measure(rounds, seconds, at_once))
    taken = {query.name: {one.name: one.taken[query.name] for one in contestants} for query in QUERIES}
    memory = {one.name: one.memory_mb for one in contestants}
    print(f"\n{machine()}; {rounds} rounds of {seconds:g} s, {at_once} at a time, all on the same machine\n")
    print(operations(taken, memory, RAW))
    print("\nWhat everybody gets alike\n")
    print(asyncio.run(gateway_kept.compared(rounds, seconds, at_once)))
    if streams:
        with_node = asyncio.run(gateway_peers.installed())
        found = asyncio.run(delivered(OURS, streams, seconds * STREAM_ROUND, STREAM_ROUNDS, with_node=with_node))
        print(f"\n{streams} streams, {1 / PACE_S:.0f} events a second, {STREAM_ROUNDS} rounds\n")
        print(table(found))
        taken["Q6"] = streams_taken(found)
    print("\n" + "\n".join(ratios(taken, OURS)))


if __name__ == "__main__":
    typer.run(main)
