"""Writes that come while the disk is busy are one transaction, and each of them is still done whole or not at all."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engines.sqlite import TOGETHER, Database
from vocabulary.refusals import Unavailable

Work = Callable[[sqlite3.Connection], object]


def adding(number: int) -> Work:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))
        return number

    return work


async def numbers(database: Database) -> list[int]:
    def work(connection: sqlite3.Connection) -> list[int]:
        return [number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY number")]

    return await database.read(work)


def begin(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE numbers (number INTEGER UNIQUE)")


@asynccontextmanager
async def busy(database: Database) -> AsyncIterator[None]:
    """As long as this lasts, another write is under way."""
    begun, go_on = threading.Event(), threading.Event()

    def held_up(_: sqlite3.Connection) -> None:
        begun.set()
        go_on.wait()

    first = asyncio.create_task(database.write(held_up))
    await asyncio.to_thread(begun.wait)
    yield
    go_on.set()
    await first


async def while_busy(database: Database, *works: Work) -> list[object]:
    """What each of *works* comes to, all given while another write is under way."""
    async with busy(database):
        waiting = [asyncio.create_task(database.write(work)) for work in works]
        await asyncio.sleep(0)
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_one_that_fails_leaves_nothing_and_keeps_no_other_from_being_done(tmp_path: Path) -> None:
    def failing(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO numbers VALUES (99)")
        raise LookupError("half done")

    def wrong(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO nowhere VALUES (1)")

    async with Database.opened(tmp_path / "numbers.db") as database:
        await database.write(begin)
        found = await while_busy(database, adding(1), failing, adding(2), adding(1), wrong, adding(3))
        assert [type(one) for one in found] == [int, LookupError, int, sqlite3.IntegrityError, Unavailable, int]
        assert await numbers(database) == [1, 2, 3]


async def test_many_are_written_in_their_order_each_seeing_what_came_before(tmp_path: Path) -> None:
    def counting(connection: sqlite3.Connection) -> int:
        (there,) = connection.execute("SELECT count(*) FROM numbers").fetchone()
        adding(there)(connection)
        return int(there)

    async with Database.opened(tmp_path / "numbers.db") as database:
        await database.write(begin)
        count = TOGETHER * 2 + 1
        assert await while_busy(database, *[counting] * count) == list(range(count))


async def test_together_they_are_one_transaction(tmp_path: Path) -> None:
    """Of which those who read in between see all or nothing."""
    seen: list[int] = []
    async with Database.opened(tmp_path / "numbers.db") as database:
        await database.write(begin)
        beside = sqlite3.connect(tmp_path / "numbers.db", check_same_thread=False)

        def watched(number: int) -> Work:
            def work(connection: sqlite3.Connection) -> None:
                adding(number)(connection)
                seen.extend(beside.execute("SELECT count(*) FROM numbers").fetchone())

            return work

        await while_busy(database, *map(watched, range(5)))
        seen.extend(beside.execute("SELECT count(*) FROM numbers").fetchone())
        beside.close()
    assert seen == [0, 0, 0, 0, 0, 5]


async def test_one_that_was_given_up_while_it_waited_is_not_done(tmp_path: Path) -> None:
    async with Database.opened(tmp_path / "numbers.db") as database:
        await database.write(begin)
        async with busy(database):
            given_up, other = (asyncio.create_task(database.write(adding(number))) for number in (1, 2))
            await asyncio.sleep(0)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
        await other
        assert await numbers(database) == [2]


async def test_where_the_file_cannot_be_written_all_that_wait_are_told(tmp_path: Path) -> None:
    async with Database.opened(tmp_path / "numbers.db") as database:
        await database.write(begin)

        def full(connection: sqlite3.Connection) -> None:
            # As a disk that is full does it: the whole transaction is undone.
            connection.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")

        found = await while_busy(database, adding(1), full, adding(2))
        assert [type(one) for one in found] == [Unavailable] * 3
        assert await numbers(database) == []
        assert await database.write(adding(4)) == 4


async def test_once_it_is_closed_nobody_waits_for_a_write(tmp_path: Path) -> None:
    async with Database.opened(tmp_path / "numbers.db") as database:
        await database.write(begin)
    for number in (1, 2):
        with pytest.raises(RuntimeError):
            async with asyncio.timeout(5):
                await database.write(adding(number))
