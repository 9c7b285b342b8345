"""Timers need no more of a store than every engine promises: one of many workers fires, at the right time, after any restart."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from chassis.timers import LEASE, Timers, timers
from engines.documents import Documents, open_documents, prepare_documents
from tests.chassis.ticking import START, Clock, Fired, a_timer

THINGS = timers("timers")
KIND = "documents"
WEEK = timedelta(days=7)


@pytest.fixture
async def documents(url: str) -> AsyncIterator[Documents]:
    await prepare_documents(url, [THINGS])
    async with open_documents(url, [THINGS]) as opened:
        yield opened


async def test_of_workers_with_stores_of_their_own_one_fires_each(url: str, documents: Documents) -> None:
    clock, ours, theirs = Clock(), Fired(), Fired()
    async with open_documents(url, [THINGS]) as other:
        workers = [(Timers(documents, THINGS, clock), ours), (Timers(other, THINGS, clock), theirs)]
        for number in range(30):
            await workers[number % 2][0].set(a_timer(f"r{number}", after=timedelta(days=number)))
        clock.forward(days=14)
        await asyncio.gather(*(worker.fire_due(fired) for worker, fired in workers))
    everything = ours.ids + theirs.ids
    assert len(everything) == len(set(everything)) == 15
    assert set(everything) == {f"r{number}:REMIND" for number in range(15)}


async def test_what_is_set_again_cancelled_or_failed_is_as_it_was_last_left(documents: Documents) -> None:
    clock, fired = Clock(), Fired(failing={"BAD"})
    worker = Timers(documents, THINGS, clock)
    for kind in ("MOVED", "CANCELLED", "BAD", "ONCE"):
        await worker.set(a_timer(kind=kind, text="ciao"))
    await worker.set(a_timer(kind="MOVED", after=WEEK))
    await worker.cancel("req_1", "CANCELLED")
    assert await worker.fire_due(fired) == 2
    assert fired.timers == [a_timer(kind="ONCE", text="ciao")]
    fired.failing.clear()
    clock.at = START + WEEK + LEASE
    assert await worker.fire_due(fired) == 2
    assert {(timer.kind, timer.attempts) for timer in fired.timers[1:]} == {("BAD", 1), ("MOVED", 0)}
    clock.forward(days=1000)
    assert await worker.fire_due(fired) == 0
