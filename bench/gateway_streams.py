"""Q6: an event to all live streams of one server: what each delivered answer takes of it, and how long it is under way.

Each server is a process with the same listeners, in turn: the gateway over an inbox in memory, and others that have the same answers
in their own memory (`bench/node`).
"""

import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bench import gateway_peers, streams_servers
from bench.figures import percentile
from bench.gateway_table import Taken, markdown
from bench.streams import Measured, measure
from bench.streams_listeners import Listener
from bench.streams_servers import Running

PACE_S = 0.05

Opened = Callable[[Path], AbstractAsyncContextManager[Running]]


async def delivered(
    ours: str, streams: int, seconds: float, rounds: int, *, with_node: bool
) -> dict[str, list[Measured]]:
    """What was measured, by server; the servers in turn, each round with new processes."""
    opened: dict[str, Opened] = {ours: lambda folder: streams_servers.gateway(folder, {})}
    if with_node and await streams_servers.installed():
        opened |= {"graphql-ws": streams_servers.node, "Mercurius": gateway_peers.mercurius_streams}
    found: dict[str, list[Measured]] = {name: [] for name in opened}
    for _ in range(rounds):
        for name, server in opened.items():
            with tempfile.TemporaryDirectory(prefix="imi-bench-") as folder:
                async with server(Path(folder)) as running:
                    events = max(1, round(seconds / PACE_S))
                    found[name].append(await measure(running, Listener, streams, events, PACE_S))
    return found


def taken(found: dict[str, list[Measured]]) -> dict[str, Taken]:
    """The same as for other operations: an operation is an answer that was delivered."""
    return {
        name: Taken([one.cpu_us / 1000 for one in rounds], [late for one in rounds for late in one.latencies_s])
        for name, rounds in found.items()
    }


def table(found: dict[str, list[Measured]]) -> str:
    """The servers side by side."""
    rows = []
    for name, rounds in found.items():
        late = [one for measured in rounds for one in measured.latencies_s]
        costs = [one.cpu_us for one in rounds]
        rows.append(
            (
                "Q6",
                name,
                f"{percentile(late, 0.5) * 1000:,.0f}",
                f"{percentile(late, 0.99) * 1000:,.0f}",
                f"{percentile([one.memory_kb for one in rounds], 0.5):.0f}",
                f"{min(costs):.0f}-{max(costs):.0f}",
                f"{percentile(costs, 0.5):.0f}",
            )
        )
    head = ("query", "answered", "p50 ms", "p99 ms", "KB a stream", "CPU µs, least and most", "CPU µs, median")
    return markdown(head, rows)
