"""An upgrade under way: replicas and clients of two versions, on the same store and the same log."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from pathlib import Path

import msgspec
import pytest
from google.protobuf.message import Message

from deploy.cluster import Cluster
from deploy.servers import Servers, free_ports
from tests.faults.desk import at_work
from tests.faults.errands import ERRANDS
from tests.faults.newer import ADDED, SAYS, as_newer, with_more
from tests.faults.nursery import Life
from tests.faults.processes import Process, running, until_dead
from tests.faults.real.conftest import REPEATED, Figures
from tests.faults.real.rooms import Room

pytestmark = pytest.mark.timeout(300)
LONG_S = 30.0 if REPEATED else 6.0
PAUSE_S = 0.05


@asynccontextmanager
async def a_newer_replica(
    service: str, nursery: Process, folder: Path, environment: dict[str, str]
) -> AsyncIterator[None]:
    """A process of *service* that speaks the next version; it stops in order."""
    log = folder / f"{service}.log"
    life = Life(f"services.{service}", str(log), environment, newer=True)
    nursery.write_line(msgspec.json.encode(life).decode())
    pid = int(str((await nursery.line("forked", log))["pid"]))
    await nursery.line("serving", log)
    yield
    os.kill(pid, signal.SIGTERM)
    await until_dead(pid)


async def test_two_versions(system: Cluster, servers: Servers, figures: Figures, tmp_path: Path) -> None:
    """One replica in three and one command in two are of the next version of the protocol; no command fails (F11)."""
    environment = {
        **servers.settings,
        "KEYS_DIR": str(system.folder / "keys"),
        "DIRECTORY_ADDRESS": ",".join(f"127.0.0.1:{one.port}" for one in system.parts["directory"]),
    }
    ports = free_ports(tmp_path)
    addresses = {errand.service: f"127.0.0.1:{next(ports)}" for errand in ERRANDS}
    modules = [f"services.{name}.wiring" for name in addresses]
    async with AsyncExitStack() as stack:
        rooms = [
            await stack.enter_async_context(Room.opened(errand, system, servers, addresses[errand.service]))
            for errand in ERRANDS
        ]
        await asyncio.gather(*(room.observe() for room in rooms))
        nursery = await stack.enter_async_context(
            running("tests.faults.nursery", *modules, log=tmp_path / "nursery.log")
        )
        replicas = await stack.enter_async_context(AsyncExitStack())
        for name, address in addresses.items():
            newer = a_newer_replica(name, nursery, tmp_path, {**environment, "LISTEN_ADDRESS": address})
            await replicas.enter_async_context(newer)
        for room in rooms:
            room.desk.say = _every_second_newer()
        async with at_work([room.work for room in rooms], PAUSE_S):
            await asyncio.sleep(LONG_S)
            # Those of the next version go while people work, as in a roll-back.
            await replicas.aclose()
        for room in rooms:
            await room.add_to(figures)
        figures.runs = 1
        assert [room.desk.ledger.again for room in rooms] == [[] for _ in rooms]
        for room in rooms:
            said = [
                getattr(as_newer(event.type, event.data), ADDED)
                for event in room.traces.events.values()
                if event.subject in room.ids
            ]
            # Both versions told something, and whoever published it left it as it was.
            assert set(said) == {"", SAYS}
    assert (figures.lost, figures.duplicated) == (0, 0)


def _every_second_newer() -> Callable[[Message], Message]:
    ways = cycle([lambda message: message, with_more])
    return lambda message: next(ways)(message)  # noqa: PLW0108  # the next one for each message
