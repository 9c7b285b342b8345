"""Replicas that are replaced while people work, as an upgrade does it: no command fails."""

import asyncio
import time
from contextlib import AsyncExitStack

import httpx
import pytest

from chassis.keys import KeyRing
from deploy.cluster import Cluster
from deploy.servers import Server, Servers
from gateway.tokens import DevelopmentTokens
from tests.faults.desk import at_work
from tests.faults.errands import ERRANDS
from tests.faults.real.conftest import REPEATED, RUNS, Figures
from tests.faults.real.frontends import USERS, Frontend
from tests.faults.real.ledger import Office
from tests.faults.real.rooms import Room

pytestmark = pytest.mark.timeout(1200)
ROUNDS = max(1, RUNS // 5) if REPEATED else 1
FRONTENDS = 2
# See test_processes_die.py.
PAUSE_S = 0.25 if REPEATED else 0.05
# A client looks for a replica that was away every two seconds at least; the next one goes when it may have found it.
FOUND_AGAIN_S = 3.0


# A start takes a processor to itself: more at once would try the machine.
AT_ONCE = 3


async def _replace(replica: Server, free: asyncio.Semaphore) -> float:
    """Begin *replica* anew; how long there was none."""
    async with free:
        began = time.monotonic()
        await replica.stop()
        await replica.start()
        return time.monotonic() - began


async def test_every_part_is_replaced(system: Cluster, servers: Servers, figures: Figures) -> None:
    """Every replica of every part is replaced, three at once, the first ones before the second ones; no command fails (F11)."""
    tokens = DevelopmentTokens(KeyRing(system.folder / "keys"))
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(Office.opened(system))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        rooms = [await stack.enter_async_context(Room.opened(one, system, servers)) for one in ERRANDS]
        await asyncio.gather(*(room.observe() for room in rooms))
        frontends = [
            Frontend(http, system.urls, {user: tokens.issue(user) for user in USERS}, office.ledger)
            for _ in range(FRONTENDS)
        ]
        async with at_work([*(room.work for room in rooms), *(one.exchange for one in frontends)], PAUSE_S):
            free = asyncio.Semaphore(AT_ONCE)
            for _ in range(ROUNDS):
                for replicas in zip(*system.parts.values(), strict=True):
                    await asyncio.sleep(FOUND_AGAIN_S)
                    figures.recovery_s += await asyncio.gather(*(_replace(one, free) for one in replicas))
            await asyncio.sleep(FOUND_AGAIN_S)
        figures.runs = ROUNDS
        figures.add(office.ledger, await office.verdict(servers.events_url))
        for room in rooms:
            await room.add_to(figures)
    # A replica that is going finishes what it began and refuses the rest before it has read it, which goes to the other by itself.
    assert [office.ledger.again, *(room.desk.ledger.again for room in rooms)] == [[]] * (1 + len(rooms))
    assert (figures.lost, figures.duplicated) == (0, 0)
