"""Live streams on one gateway: memory for each, and how long one alert takes to all of them.

``python -m bench.streams``: embedded engines, each part a process of its own; the listeners run on the same machine.
"""

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from websockets.asyncio.client import ClientConnection, connect

from bench.figures import console, machine, memory_kb, percentile, show
from chassis.keys import KeyRing
from deploy.cluster import Cluster, cluster
from deploy.demo.alert import broadcast
from deploy.demo.client import signed_in
from deploy.demo.stage import Stage
from gateway.tokens import DevelopmentTokens

SUBSCRIBE = "subscription { alertStream { cursor entry { kind alert { number type { title } country { name } } } } }"
OPENED_AT_ONCE = 50


class Listener:
    """One stream: when it heard of each alert."""

    def __init__(self) -> None:
        self.heard_at: list[float] = []

    async def opened(self, url: str, token: str, free: asyncio.Semaphore) -> ClientConnection:
        async with free:
            socket = await connect(
                f"{url.replace('http', 'ws', 1)}/graphql",
                subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
                open_timeout=60,
                compression=None,
            )
            await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
            await socket.recv()
            await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIBE}}))
            await socket.recv()
            return socket

    async def listen(self, socket: ClientConnection) -> None:
        async for frame in socket:
            if '"entry": null' not in str(frame) and '"entry":null' not in str(frame):
                self.heard_at.append(time.perf_counter())


async def measure(system: Cluster, streams: int, alerts: int) -> tuple[float, list[list[float]]]:
    """KB a stream, and for each alert the seconds after which each listener had it."""
    tokens = DevelopmentTokens(KeyRing(system.folder / "keys"))
    gateway = system.parts["gateway"][0].pid
    url = system.urls[0]
    async with (
        signed_in(url, tokens.issue("it-alerts")) as author,
        signed_in(url, tokens.issue("it-coordinator")) as coordinator,
    ):
        before = memory_kb(gateway)
        listeners = [Listener() for _ in range(streams)]
        free = asyncio.Semaphore(OPENED_AT_ONCE)
        token = tokens.issue("hu-alerts")
        sockets = await asyncio.gather(*(one.opened(url, token, free) for one in listeners))
        await asyncio.sleep(2)
        each_kb = (memory_kb(gateway) - before) / streams
        tasks = [asyncio.create_task(one.listen(socket)) for one, socket in zip(listeners, sockets, strict=True)]
        taken: list[list[float]] = []
        stage: Any = Stage()
        stage.console.quiet = True
        for number in range(alerts):
            await broadcast(stage, author, coordinator, f"Prova {number}")
            sent = time.perf_counter()
            async with asyncio.timeout(120):
                while any(len(one.heard_at) <= number for one in listeners):
                    await asyncio.sleep(0.02)
            taken.append([one.heard_at[number] - sent for one in listeners])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*(socket.close() for socket in sockets))
    return each_kb, taken


async def _measured(streams: int, alerts: int) -> tuple[float, list[list[float]]]:
    with tempfile.TemporaryDirectory(prefix="imi-bench-") as folder:
        async with cluster(Path(folder), {}) as system:
            return await measure(system, streams, alerts)


def main(
    streams: Annotated[int, typer.Option(help="live streams on the one gateway")] = 1_000,
    alerts: Annotated[int, typer.Option(help="alerts that are broadcast, one after the other")] = 5,
) -> None:
    """Open many live streams on one gateway, and print what each costs and how fast an alert reaches all."""
    each_kb, taken = asyncio.run(_measured(streams, alerts))
    console.print(f"\n{machine()}; {streams} streams, listeners on the same machine")
    console.print(f"memory of the gateway for each stream: {each_kb:.0f} KB")
    rows = [
        (
            number + 1,
            f"{percentile(one, 0.5) * 1000:.0f}",
            f"{percentile(one, 0.99) * 1000:.0f}",
            f"{max(one) * 1000:.0f}",
        )
        for number, one in enumerate(taken)
    ]
    show("From the broadcast's acknowledgement to the listeners, ms", ("alert", "p50", "p99", "last"), rows)


if __name__ == "__main__":
    typer.run(main)
