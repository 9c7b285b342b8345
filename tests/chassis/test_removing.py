"""What is over is removed, all of it and nothing else, however often that is broken off."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from chassis import mailing, removing
from chassis.lists import sortable
from chassis.removing import BATCH, Removal, Removing, older
from chassis.timers import LEASE, NEVER, WAKES_AT, Timers, removal, timers
from engines.documents import Collection, Document, Documents, Index, open_documents
from engines.events import Event
from tests.chassis.ticking import START, Clock, Fired, a_timer
from tests.chassis.waiting import until

THINGS = Collection("things", (Index(("state", "at")),))
TIMERS = timers("timers")
MAILS = timers("mails")
KEPT = timedelta(days=30)
OVER = older(THINGS, "at", KEPT, {"state": "DONE"})


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removing, "PAUSE_S", 0.0)


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[Documents]:
    async with open_documents(f"sqlite:///{tmp_path}/documents.db", [THINGS, TIMERS, MAILS]) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


def thing(id_: str, state: str = "DONE", *, ago: timedelta = KEPT + timedelta(days=1)) -> Document:
    return Document(id_, {"state": state, "at": sortable(START - ago)})


async def left(documents: Documents, collection: Collection = THINGS) -> list[str]:
    return [one.id for one in await documents.find(collection, limit=10_000)]


def counted(collection: str) -> float:
    return REGISTRY.get_sample_value("imi_removed_total", {"collection": collection}) or 0.0


async def test_what_is_over_for_long_enough_is_removed_and_counted_and_nothing_else_is(
    documents: Documents, clock: Clock
) -> None:
    for one in (thing("old"), thing("open", "OPEN"), thing("young", ago=KEPT), thing("other", "")):
        await documents.insert(THINGS, one)
    before = counted("things")
    work = Removing(documents, [OVER], clock)
    assert await work.remove_all() == 1
    assert await left(documents) == ["open", "other", "young"]
    assert counted("things") - before == 1
    clock.forward(seconds=1)
    assert await work.remove_all() == 1
    assert await left(documents) == ["open", "other"]
    assert await work.remove_all() == 0


async def test_what_is_found_by_no_time_is_removed_at_once(documents: Documents, clock: Clock) -> None:
    for one in (thing("gone", "GONE", ago=timedelta()), thing("open", "OPEN")):
        await documents.insert(THINGS, one)
    assert (
        await Removing(documents, [Removal(collection=THINGS, over=lambda _: {"state": "GONE"})], clock).remove_all()
        == 1
    )
    assert await left(documents) == ["open"]


async def test_more_than_a_batch_is_removed_in_one_look_by_several_at_once(documents: Documents, clock: Clock) -> None:
    many = 2 * BATCH + 1
    await documents.write_many(
        THINGS, [(thing(f"t{n:04}", ago=KEPT + timedelta(seconds=n // 3 + 1)), ()) for n in range(many)]
    )
    await documents.insert(THINGS, thing("open", "OPEN"))
    removed = await asyncio.gather(*(Removing(documents, [OVER], clock).remove_all() for _ in range(3)))
    assert sum(removed) == many
    assert await left(documents) == ["open"]


async def test_one_that_is_broken_off_has_removed_what_it_has_and_the_next_goes_on(
    documents: Documents, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = 3 * BATCH
    await documents.write_many(THINGS, [(thing(f"t{n:04}"), ()) for n in range(many)])
    monkeypatch.setattr(removing, "PAUSE_S", 3_600.0)
    broken = asyncio.create_task(Removing(documents, [OVER], clock).remove_all())

    async def begun() -> bool:
        return len(await left(documents)) < many

    await until(begun)
    broken.cancel()
    with pytest.raises(asyncio.CancelledError):
        await broken
    assert len(await left(documents)) == many - BATCH
    monkeypatch.setattr(removing, "PAUSE_S", 0.0)
    assert await Removing(documents, [OVER], clock).remove_all() == many - BATCH


async def test_no_event_is_lost_with_what_is_removed(documents: Documents, clock: Clock) -> None:
    told = Event(id="e", type="t", source="s", subject="x", time=datetime(2026, 1, 1, tzinfo=UTC), data=b"x")
    stored = await documents.insert(THINGS, thing("old"), [told])
    removed = await Removing(documents, [OVER], clock).remove_all()
    assert [one.event.id for one in await documents.pending(10)] == ["e"]
    await documents.clear(await documents.pending(10))
    assert removed + await Removing(documents, [OVER], clock).remove_all() == 1
    assert await documents.get(THINGS, stored.id) is None


async def test_at_any_time_just_what_is_over_goes(documents: Documents, clock: Clock) -> None:
    """In whatever state, however near to the end of its time, changed since it was stored or not."""
    stays: list[str] = []
    for state, seconds, changed in itertools.product(("DONE", "GONE", "OPEN"), range(-2, 3), (False, True)):
        new = thing(f"{state} {seconds} {changed}", state, ago=KEPT + timedelta(seconds=seconds))
        stored = await documents.insert(THINGS, new)
        if changed:
            await documents.compare_and_set(THINGS, replace(stored, body={**stored.body, "state": "OPEN"}))
        if changed or state != "DONE" or seconds <= 0:
            stays.append(new.id)
    assert await Removing(documents, [OVER], clock).remove_all() == 2
    assert await left(documents) == sorted(stays)


async def test_a_timer_goes_when_it_has_been_over_for_long_enough_and_never_while_it_waits(
    documents: Documents, clock: Clock
) -> None:
    """One that waits may be due since a year: whoever fires it was away."""
    set_timers, fired = Timers(documents, TIMERS, clock), Fired(failing={"FAILS"})
    work = Removing(documents, [removal(TIMERS, KEPT)], clock)
    for one in (
        a_timer("fired"),
        a_timer("cancelled"),
        a_timer("fails", "FAILS"),
        a_timer("waits", after=2 * 365 * LEASE),
    ):
        await set_timers.set(one)
    await set_timers.cancel("cancelled", "REMIND")
    await set_timers.fire_due(fired)
    assert fired.ids == ["fired:REMIND"]
    clock.at = START + KEPT
    assert await work.remove_all() == 0
    clock.forward(seconds=1)
    assert await work.remove_all() == 2
    clock.forward(days=365)
    assert await work.remove_all() == 0
    assert await left(documents, TIMERS) == ["fails:FAILS", "waits:REMIND"]
    fired.failing.clear()
    await set_timers.fire_due(fired)
    assert sorted(fired.ids) == ["fails:FAILS", "fired:REMIND", "waits:REMIND"]


async def test_one_that_is_set_anew_meanwhile_stays(documents: Documents, clock: Clock) -> None:
    set_timers, fired = Timers(documents, TIMERS, clock), Fired()
    await set_timers.set(a_timer())
    await set_timers.fire_due(fired)
    clock.at = START + 2 * KEPT
    await set_timers.set(a_timer(after=3 * KEPT))
    assert await Removing(documents, [removal(TIMERS, KEPT)], clock).remove_all() == 0
    clock.at = START + 3 * KEPT
    await set_timers.fire_due(fired)
    assert fired.timers == [a_timer(), a_timer(after=3 * KEPT)]


async def test_timers_that_were_over_before_it_was_noted_when_go_too(documents: Documents, clock: Clock) -> None:
    await Timers(documents, TIMERS, clock).set(a_timer())
    (stored,) = await documents.find(TIMERS, limit=1)
    await documents.compare_and_set(TIMERS, replace(stored, body={**stored.body, WAKES_AT: NEVER}))
    assert await Removing(documents, [removal(TIMERS, KEPT)], clock).remove_all() == 1


async def test_an_e_mail_that_no_mail_server_was_there_for_is_not_kept_for_ever(
    documents: Documents, clock: Clock
) -> None:
    """With a server, it would have been given up long before."""
    assert mailing.GIVEN_UP_AFTER + mailing.NEWS < KEPT
    await Timers(documents, MAILS, clock).set(a_timer("evt_1", "aut_1"))
    work = Removing(documents, mailing.removals(MAILS, KEPT), clock)
    clock.at = START + KEPT
    assert await work.remove_all() == 0
    clock.forward(seconds=1)
    assert await work.remove_all() == 1
