"""Whoever asks at the same moment shares a read, gets nothing that is older than the question, and waits for nobody who has gone."""

import asyncio
from collections.abc import Sequence

import pytest

from chassis import together
from chassis.together import Together
from vocabulary.refusals import Unavailable


class Shelf:
    """Things by id, read slowly enough for others to come in between."""

    def __init__(self) -> None:
        self.things: dict[str, int] = {}
        self.reads: list[list[str]] = []
        self.away = 0
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def read(self, ids: Sequence[str]) -> dict[str, int]:
        self.reads.append(sorted(ids))
        found = {id_: self.things[id_] for id_ in ids if id_ in self.things}
        self.begun.set()
        await self.may_end.wait()
        if self.away:
            self.away -= 1
            raise Unavailable("away", reason="AWAY")
        return found


@pytest.fixture
async def shelf() -> Shelf:
    return Shelf()


async def test_those_who_ask_at_the_same_moment_are_one_read(shelf: Shelf) -> None:
    shelf.things = {"a": 1, "b": 2}
    gathered: Together[int] = Together(shelf.read)
    asked = ["a", "b", "a", "c", "a"]
    assert await asyncio.gather(*map(gathered.get, asked)) == [1, 2, 1, None, 1]
    assert shelf.reads == [["a", "b", "c"]]
    assert await gathered.get("a") == 1
    assert len(shelf.reads) == 2


async def test_nobody_gets_what_was_read_before_they_asked(shelf: Shelf) -> None:
    shelf.things = {"a": 1}
    shelf.may_end.clear()
    gathered: Together[int] = Together(shelf.read)
    first = asyncio.create_task(gathered.get("a"))
    await shelf.begun.wait()
    shelf.things["a"] = 2
    second = asyncio.create_task(gathered.get("a"))
    await asyncio.sleep(0)
    shelf.may_end.set()
    assert (await first, await second) == (1, 2)


async def test_a_read_has_at_most_so_many_ids(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "ASKED_AT_ONCE", 3)
    shelf.things = {str(n): n for n in range(10)}
    gathered: Together[int] = Together(shelf.read)
    assert await asyncio.gather(*(gathered.get(str(n)) for n in range(10))) == list(range(10))
    assert sorted(map(len, shelf.reads)) == [1, 3, 3, 3]


async def test_when_the_one_who_reads_is_told_to_stop_another_reads(shelf: Shelf) -> None:
    """At every moment: before it reads, and while it does."""
    for waited in range(4):
        shelf.things = {"a": 1, "b": 2}
        shelf.may_end.clear()
        gathered: Together[int] = Together(shelf.read)
        reading, other = (asyncio.create_task(gathered.get(id_)) for id_ in "ab")
        for _ in range(waited):
            await asyncio.sleep(0)
        reading.cancel()
        shelf.may_end.set()
        assert await other == 2, f"told to stop after {waited} turns"
        assert reading.cancelled() or reading.result() == 1
        assert await gathered.get("a") == 1


async def test_a_read_that_fails_is_tried_by_the_next_one(shelf: Shelf) -> None:
    shelf.things = {"a": 1}
    shelf.away = 2
    gathered: Together[int] = Together(shelf.read)
    ended = await asyncio.gather(*(gathered.get("a") for _ in range(4)), return_exceptions=True)
    assert [isinstance(one, Unavailable) for one in ended] == [True, True, False, False]
    assert ended[2:] == [1, 1]
