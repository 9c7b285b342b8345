"""A loader reads each key once, together with whatever else is asked for at the same moment, for those who still wait."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.loading import Loader
from tests.plan.clock import on_clock


class Read:
    """Where things are read: each is its key, doubled."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[list[Any]] = []
        self.cancelled: list[Any] = []
        self._error = error

    async def __call__(self, keys: Sequence[Any]) -> list[Any]:
        self.calls.append(list(keys))
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            self.cancelled += keys
            raise
        if self._error is not None:
            raise self._error
        return [key * 2 for key in keys]


class Asking:
    """Somebody who is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, Any, Exception | None]] = []
        self.advanced = 0
        self.wanted = True
        self.has_given_up = 0

    def answered(self, key: Any, value: Any, error: Exception | None) -> None:
        self.told.append((key, value, error))

    def advance(self) -> None:
        self.advanced += 1

    def is_wanted(self) -> bool:
        return self.wanted

    def given_up(self) -> None:
        self.has_given_up += 1


def test_what_is_asked_for_at_the_same_moment_is_read_in_one_call() -> None:
    async def work() -> None:
        read = Read()
        loader = Loader(read)
        assert await asyncio.gather(*(loader.load(key) for key in (1, 2, 1, 3))) == [2, 4, 2, 6]
        assert await loader.load(2) == 4
        assert read.calls == [[1, 2, 3]]

    on_clock(work)


def test_more_than_a_call_takes_is_read_in_several_at_the_same_time() -> None:
    async def work() -> None:
        read = Read()
        loader = Loader(read, limit=4)
        began = asyncio.get_running_loop().time()
        assert await asyncio.gather(*(loader.load(key) for key in range(10))) == [2 * key for key in range(10)]
        assert read.calls == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        assert asyncio.get_running_loop().time() - began < 1.5

    on_clock(work)


def test_who_asks_and_who_awaits_get_the_same_answer_in_the_order_they_came() -> None:
    async def work() -> None:
        read = Read()
        loader = Loader(read)
        asking = Asking()
        future = loader.load(1)
        assert loader.ask(1, asking) is None
        assert loader.ask(2, asking) is None
        assert await future == 2
        await asyncio.sleep(0)
        assert asking.told == [(1, 2, None), (2, 4, None)]
        assert asking.advanced == 2
        assert loader.ask(2, asking) == (4, None)
        assert read.calls == [[1, 2]]

    on_clock(work)


def test_what_cannot_be_read_is_told_to_all_who_wait_and_to_whoever_asks_later() -> None:
    async def work() -> None:
        refused = ValueError("away")
        loader = Loader(Read(refused))
        asking = Asking()
        loader.ask(1, asking)
        with pytest.raises(ValueError, match="away"):
            await loader.load(1)
        with pytest.raises(ValueError, match="away"):
            await loader.load(1)
        assert asking.told == [(1, None, refused)]

    on_clock(work)


def test_who_stops_waiting_stops_nobody_else() -> None:
    async def work() -> None:
        read = Read()
        loader = Loader(read)
        first, second = loader.load(1), loader.load(1)
        await asyncio.sleep(0.5)
        first.cancel()
        assert await second == 2
        assert read.calls == [[1]]
        assert not read.cancelled

    on_clock(work)


def test_a_call_that_nobody_waits_for_is_not_made_or_ends() -> None:
    async def work() -> None:
        read = Read()
        loader = Loader(read)
        loader.load(1).cancel()
        await asyncio.sleep(0.1)
        assert read.calls == []
        asking = Asking()
        loader.ask(2, asking)
        future = loader.load(3)
        await asyncio.sleep(0.1)
        asking.wanted = False
        loader.forget()
        assert asking.has_given_up == 1
        assert not read.cancelled
        future.cancel()
        await asyncio.sleep(0.1)
        assert read.cancelled == [2, 3]
        assert asking.told == []
        # And later it can be read after all.
        assert await loader.load(2) == 4

    on_clock(work)
