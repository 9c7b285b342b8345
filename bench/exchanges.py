"""Commands a second, their latency, and how long a change takes to its reader, on embedded and on real engines in turn.

``python -m bench.exchanges``: one replica of each part on either set of engines, the same exchanges (create, send, accept, answer),
rounds interleaved. The client runs on the same machine.
"""

import asyncio
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.figures import console, machine, percentile, show
from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from deploy import servers
from deploy.cluster import Cluster, cluster
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from tests.builders import a_handler
from tests.requests.exchanges import GOOD_ANSWERS, a_draft

ITALY, HUNGARY = a_handler("IT"), a_handler("HU")


@dataclass(slots=True)
class Taken:
    """What was measured on one set of engines."""

    name: str
    command_s: list[float] = field(default_factory=list)
    event_s: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)


class Driver:
    """Does exchanges against one system."""

    def __init__(self, stub: RequestsServiceStub, signer: Signer, taken: Taken) -> None:
        self._stub = stub
        self._signer = signer
        self.taken = taken
        self._acknowledged: dict[tuple[str, int], float] = {}

    def peer(self, caller: Caller) -> Peer:
        return Peer("requests", lambda: self._signer.for_person(caller))

    async def round(self, exchanges: int, at_once: int) -> None:
        """*exchanges* exchanges, *at_once* at a time."""
        left = iter(range(exchanges))
        began = time.perf_counter()

        async def one() -> None:
            for _ in left:
                await self._exchange()

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(one())
        self.taken.per_second.append(4 * exchanges / (time.perf_counter() - began))

    async def listen(self) -> None:
        """Hear of every change of Italy's requests, for ever."""
        stream = self.peer(ITALY).stream(self._stub.WatchChanges, pb.WatchChangesRequest())
        async for item in stream:
            if item.HasField("change"):
                since = self._acknowledged.get((item.change.request_id, item.change.action))
                if since is not None:
                    self.taken.event_s.append(time.perf_counter() - since)

    async def _exchange(self) -> None:
        created = await self._timed(ITALY, "CreateRequest", draft=a_draft())
        id_ = created.request.id
        self._acknowledged[id_, pb.REQUEST_ACTION_CREATE] = time.perf_counter()
        for caller, method, action, fields in (
            (ITALY, "SendRequest", pb.REQUEST_ACTION_SEND, {}),
            (HUNGARY, "AcceptRequest", pb.REQUEST_ACTION_ACCEPT, {}),
            (HUNGARY, "AnswerRequest", pb.REQUEST_ACTION_ANSWER, {"answers": GOOD_ANSWERS}),
        ):
            await self._timed(caller, method, id=id_, **fields)
            self._acknowledged[id_, action] = time.perf_counter()

    async def _timed(self, caller: Caller, method: str, **fields: Any) -> Any:
        command = common_pb2.Command(idempotency_key=str(uuid.uuid4()))
        began = time.perf_counter()
        answer = await self.peer(caller).call(
            getattr(self._stub, method), getattr(pb, f"{method}Request")(command=command, **fields)
        )
        self.taken.command_s.append(time.perf_counter() - began)
        return answer


@asynccontextmanager
async def driver(system: Cluster, name: str) -> AsyncIterator[Driver]:
    """Somebody at work in *system*, who also listens."""
    async with open_channel(f"127.0.0.1:{system.parts['requests'][0].port}") as channel:
        made = Driver(RequestsServiceStub(channel), Signer(KeyRing(system.folder / "keys"), "gateway"), Taken(name))
        listening = asyncio.create_task(made.listen())
        try:
            yield made
        finally:
            listening.cancel()


async def measure(exchanges: int, rounds: int, at_once: int) -> list[Taken]:
    """The figures of both sets, taken in turn."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imi-bench-")))
        real = await stack.enter_async_context(servers.running(folder / "servers"))
        systems = [
            ("embedded", await stack.enter_async_context(cluster(folder / "embedded", {}))),
            ("real", await stack.enter_async_context(cluster(folder / "real", real.settings))),
        ]
        drivers = [await stack.enter_async_context(driver(system, name)) for name, system in systems]
        for one in drivers:
            await one.round(at_once, at_once)
            one.taken = Taken(one.taken.name)
        for number in range(rounds):
            console.print(f"round {number + 1} of {rounds} …")
            for one in drivers:
                await one.round(exchanges, at_once)
        await asyncio.sleep(3)
        return [one.taken for one in drivers]


def main(
    exchanges: Annotated[int, typer.Option(help="exchanges a round, of four commands each")] = 50,
    rounds: Annotated[int, typer.Option(help="rounds on each set of engines")] = 5,
    at_once: Annotated[int, typer.Option(help="exchanges under way at the same time")] = 8,
) -> None:
    """Compare embedded and real engines, and print what was found."""
    taken = asyncio.run(measure(exchanges, rounds, at_once))
    console.print(
        f"\n{machine()}; {rounds} rounds of {exchanges} exchanges, {at_once} at a time, client on the same machine"
    )
    rows = [
        (
            one.name,
            f"{percentile(one.command_s, 0.5) * 1000:.1f}",
            f"{percentile(one.command_s, 0.99) * 1000:.1f}",
            f"{percentile(one.event_s, 0.5) * 1000:.0f}",
            f"{percentile(one.event_s, 0.99) * 1000:.0f}",
            f"{percentile(one.per_second, 0.5):.0f}",
        )
        for one in taken
    ]
    head = ("engines", "command p50 ms", "p99 ms", "to its reader p50 ms", "p99 ms", "commands/s (median round)")
    show("Exchanges", head, rows)
    first, second = (percentile(one.per_second, 0.5) for one in taken)
    console.print(f"embedded : real = {first / second:.2f} : 1 in commands a second")


if __name__ == "__main__":
    typer.run(main)
