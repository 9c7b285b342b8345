"""An index kept in step with a store: built anew, lost and built again, while everybody searches and writes."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chassis import projection, reactions, rebuilding
from chassis.process import clock, working
from chassis.rebuilding import Order
from engines.search import Index
from tests.chassis.indexes import COUNT, NAMES, Searching, World, a_world
from tests.chassis.waiting import until
from vocabulary.refusals import Unavailable


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(projection, "READ_BATCH", 20)
    monkeypatch.setattr(reactions, "AWAY_PAUSE_S", 0.02)
    monkeypatch.setattr(rebuilding, "LOOK_EVERY_S", 0.02)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Things, an index of them, and everything running that keeps it."""
    async with a_world(tmp_path) as made:
        await made.add(*(f"t{n:03}" for n in range(COUNT)))
        await made.projection.ensure()
        async with working([made.outbox.relay, made.projection.keep, made.follow.run]):
            yield made


async def test_while_it_is_built_anew_nobody_finds_less_and_no_change_is_lost(world: World) -> None:
    searching = Searching(world)

    async def writes() -> None:
        for n in range(40):
            await world.change(f"t{n * 7 % COUNT:03}", name=f"due {n}")
            await world.add(f"u{n:03}")

    async with searching.always():
        writing = asyncio.create_task(writes())
        while not writing.done():
            await world.projection.rebuild()
        await writing
        await until(lambda: world.finds("", COUNT + 40))
    await until(lambda: world.finds("due", 40))  # another partition, so maybe later
    assert searching.refused == []
    assert searching.found == sorted(searching.found)
    assert searching.found[0] >= COUNT


@pytest.mark.parametrize("loss", ["index", "index/names", "index/names/1"])
async def test_an_index_whose_files_are_deleted_is_made_again_and_nobody_finds_less(
    world: World, tmp_path: Path, loss: str
) -> None:
    searching = Searching(world)
    async with searching.always():
        for round_ in range(3):
            shutil.rmtree(
                tmp_path / (loss if round_ == 0 else "index"), ignore_errors=True
            )  # it is written to at the same time
            await world.change(f"t{round_:03}", name="due")
            await world.add(f"u{round_}")
            await until(lambda: world.finds("", COUNT + round_ + 1))  # noqa: B023
            assert await world.finds("due", round_ + 1)
            await until(lambda: world.search.is_built(NAMES))
    assert set(searching.refused) <= {"INDEX_REBUILDING"}
    assert searching.found == sorted(searching.found)
    assert searching.found[0] >= COUNT


async def test_what_is_hidden_while_it_is_built_anew_stays_hidden(world: World) -> None:
    for n in range(0, COUNT, 10):
        building = asyncio.create_task(world.projection.rebuild())
        await world.change(f"t{n:03}", hidden=True)
        await building
    await until(lambda: world.finds("", COUNT - COUNT // 10))
    await world.projection.rebuild()
    assert await world.finds("", COUNT - COUNT // 10)


async def test_a_building_that_cannot_be_finished_leaves_what_was(world: World) -> None:
    world.is_away = True
    with pytest.raises(Unavailable):
        await world.projection.rebuild()
    assert await world.finds("", COUNT)
    building = asyncio.create_task(world.projection.rebuild())
    world.is_away = False
    await asyncio.sleep(0)
    building.cancel()
    await asyncio.gather(building, return_exceptions=True)
    assert await world.finds("", COUNT)
    await world.projection.rebuild()
    assert await world.finds("", COUNT)


class Clock:
    """A time that passes when told."""

    def __init__(self) -> None:
        self.at = clock()

    def __call__(self) -> datetime:
        return self.at

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Building:
    """Something that is built, and how often."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def build(self) -> None:
        self.begun += 1
        await self.may_end.wait()

    def has_begun(self, times: int) -> Callable[[], object]:
        async def begun() -> bool:
            return self.begun == times

        return begun


async def test_what_is_ordered_is_done_once_by_one_of_many(world: World) -> None:
    order, building = Order(world.documents, NAMES, clock), Building()
    assert await order.is_done(0)
    async with working([lambda: Order(world.documents, NAMES, clock).obey(building.build)] * 4):
        for number in (1, 2, 3):
            assert await order.give() == number
            await until(lambda: order.is_done(number))  # noqa: B023
            assert building.begun == number


async def test_an_order_waits_until_somebody_is_there(world: World) -> None:
    order, building = Order(world.documents, NAMES, clock), Building()
    number = await order.give()
    assert not await order.is_done(number)
    async with working([lambda: order.obey(building.build)]):
        await until(lambda: order.is_done(number))
    assert building.begun == 1


async def test_an_order_that_comes_while_it_is_built_is_for_another_building(world: World) -> None:
    """The building under way may have read what has changed since."""
    order, building = Order(world.documents, NAMES, clock), Building()
    building.may_end.clear()
    async with working([lambda: order.obey(building.build)]):
        first = await order.give()
        await until(building.has_begun(1))  # type: ignore[arg-type]
        second = await order.give()
        building.may_end.set()
        await until(lambda: order.is_done(second))
    assert await order.is_done(first)
    assert building.begun == 2


async def test_what_a_dead_process_had_begun_another_begins_after_a_while(world: World) -> None:
    time, building = Clock(), Building()
    order = Order(world.documents, NAMES, time)
    number = await order.give()
    building.may_end.clear()
    async with working([lambda: order.obey(building.build)]):
        await until(building.has_begun(1))  # type: ignore[arg-type]
    building.may_end.set()
    async with working([lambda: order.obey(building.build)]):
        await asyncio.sleep(0.1)
        assert building.begun == 1
        assert not await order.is_done(number)
        time.later(rebuilding.HELD_S + 1)
        await until(lambda: order.is_done(number))
    assert building.begun == 2


async def test_another_shape_of_the_index_has_orders_of_its_own(world: World) -> None:
    await Order(world.documents, NAMES, clock).give()
    assert await Order(world.documents, Index("names", words=("name", "town")), clock).give() == 1
