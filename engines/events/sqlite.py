"""The event log in one SQLite file, for all processes of one machine.

Appending takes the file's write lock, so offsets become visible strictly in order and a reader that has seen offset n has seen
everything before it. A group has one reading member at a time, by a lease that it renews as it polls; when the member dies,
another takes over after the lease and reads again from the last commit.
"""

import asyncio
import sqlite3
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Self

from engines.events import Event, Received
from engines.sqlite import Database
from vocabulary.refusals import Unavailable

LEASE_S = 5.0
# Other processes' events are noticed by looking; this process's own wake readers at once.
LOOK_EVERY_S = 0.05
# Events are kept as long as in Kafka; here also longer, until all groups that read their topic have come to them, and one at least.
KEPT_DAYS = 30
FORGET_EVERY_S = 3_600.0
FORGOTTEN_AT_ONCE = 1_000

_TABLES = """
CREATE TABLE IF NOT EXISTS events (
  position INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
  source TEXT NOT NULL, subject TEXT NOT NULL, time TEXT NOT NULL, data BLOB NOT NULL,
  traceparent TEXT NOT NULL, failure TEXT NOT NULL, published TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS events_by_topic ON events (topic, position);
CREATE TABLE IF NOT EXISTS groups (
  name TEXT NOT NULL, topic TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (name, topic)
);
CREATE TABLE IF NOT EXISTS leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL);
"""
# When an event came into the log, which its own time does not say.
_TIME = "%Y-%m-%dT%H:%M:%fZ"
_COLUMNS = "position, topic, id, type, source, subject, time, data, traceparent, failure"


class SqliteEvents:
    """See `engines.events.Events`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._news = asyncio.Condition()
        # The last position that is known of, and how many wait for another.
        self._last = 0
        self._waiting = 0

    @classmethod
    @asynccontextmanager
    async def opened(cls, path: Path) -> AsyncIterator[Self]:
        """The log at *path*, made if it is not there."""
        async with Database.opened(path) as database:
            await database.write(_prepare)
            events = cls(database)
            tasks = [asyncio.create_task(one) for one in (events._look(), events._forget())]
            try:
                yield events
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    async def publish(self, topic: str, events: Sequence[Event], *, failure: str = "") -> None:
        rows = [
            (topic, e.id, e.type, e.source, e.subject, e.time.isoformat(), e.data, e.traceparent, failure)
            for e in events
        ]
        columns = f"{_COLUMNS.removeprefix('position, ')}, published"
        statement = f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, strftime('{_TIME}', 'now'))"

        def work(connection: sqlite3.Connection) -> int:
            connection.executemany(statement, rows)
            return _last_position(connection)

        await self._tell(await self._database.write(work))

    @asynccontextmanager
    async def join(self, group: str, topics: Sequence[str]) -> AsyncIterator["SqliteMember"]:
        member = SqliteMember(self, self._database, group, topics)
        try:
            yield member
        finally:
            await member.leave()

    @asynccontextmanager
    async def tail(self, topics: Sequence[str]) -> AsyncIterator[AsyncIterator[Received]]:
        start = await self._database.read(_last_position)
        events = self._after(topics, start)
        try:
            yield events
        finally:
            await events.aclose()

    async def _after(self, topics: Sequence[str], position: int) -> AsyncGenerator[Received]:
        while True:
            after = dict.fromkeys(topics, position)
            found, seen = await self._database.read(lambda c: (_read(c, after, 100), _last_position(c)))  # noqa: B023
            for received in found:
                position = received.offset
                yield received
            if not found:
                await self.look_again(seen, LOOK_EVERY_S * 20)

    async def look_again(self, position: int, wait_s: float) -> None:
        """Return when there is something after *position*, or after *wait_s* seconds."""
        self._waiting += 1
        try:
            async with asyncio.timeout(wait_s), self._news:
                await self._news.wait_for(lambda: self._last > position)
        except TimeoutError:
            return
        finally:
            self._waiting -= 1

    async def _look(self) -> None:
        """Look for what other processes publish, for all who wait here, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            # While the file cannot be read, those who wait are told so by what they do after their time.
            with suppress(Unavailable):
                if self._waiting:
                    await self._tell(await self._database.read(_last_position))

    async def _forget(self) -> None:
        """Remove what is old, now and then, for ever."""
        while True:
            removed = 0
            with suppress(Unavailable):
                removed = await self._database.write(_forgotten)
            # Others write to the same file in between.
            await asyncio.sleep(LOOK_EVERY_S if removed == FORGOTTEN_AT_ONCE else FORGET_EVERY_S)

    async def _tell(self, position: int) -> None:
        if position > self._last:
            self._last = position
            async with self._news:
                self._news.notify_all()


class SqliteMember:
    """One reader of a group; see `engines.events.Member`."""

    def __init__(self, events: SqliteEvents, database: Database, group: str, topics: Sequence[str]) -> None:
        self._events = events
        self._database = database
        self._group = group
        self._topics = tuple(topics)
        self._id = uuid.uuid4().hex
        # Where this member has read to, per topic; None while it does not hold the lease.
        self._read_to: dict[str, int] | None = None

    async def poll(self, *, limit: int = 100, wait_s: float = 5.0) -> Sequence[Received]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        while True:
            found, seen = await self._database.write(lambda connection: self._read_holding(connection, limit))
            if found:
                assert self._read_to is not None
                for received in found:
                    self._read_to[received.topic] = received.offset
                return found
            left = deadline - loop.time()
            if left <= 0:
                return ()
            await self._events.look_again(seen, min(left, LEASE_S / 3))

    async def commit(self, received: Received) -> None:
        def work(connection: sqlite3.Connection) -> None:
            holder = connection.execute("SELECT holder FROM leases WHERE name = ?", (self._group,)).fetchone()
            if holder is None or holder[0] != self._id:
                # Another member reads this event again; its effect is idempotent, so nothing is wrong but our place.
                self._read_to = None
            # What is dealt with is dealt with, whoever reads by now: or two that are slower than a lease would repeat it for ever.
            connection.execute(
                "INSERT INTO groups VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET position = max(position, excluded.position)",
                (self._group, received.topic, received.offset),
            )

        await self._database.write(work)

    async def leave(self) -> None:
        """Let another member take over at once."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM leases WHERE name = ? AND holder = ?", (self._group, self._id))

        try:
            await self._database.write(work)
        except Unavailable:
            return  # the lease runs out by itself

    def _read_holding(self, connection: sqlite3.Connection, limit: int) -> tuple[list[Received], int]:
        now = connection.execute("SELECT julianday('now') * 86400.0").fetchone()[0]
        row = connection.execute("SELECT holder, until FROM leases WHERE name = ?", (self._group,)).fetchone()
        seen = _last_position(connection)
        # One that lasts longer than any is of a time from which the clock was set back.
        if row is not None and row[0] != self._id and now < row[1] < now + 2 * LEASE_S:
            self._read_to = None
            return [], seen
        connection.execute(
            "INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET holder = excluded.holder, until = excluded.until",
            (self._group, self._id, now + LEASE_S),
        )
        if self._read_to is None or row is None or row[0] != self._id:
            committed = dict(connection.execute("SELECT topic, position FROM groups WHERE name = ?", (self._group,)))
            self._read_to = {topic: committed.get(topic, 0) for topic in self._topics}
        return _read(connection, self._read_to, limit), seen


def _prepare(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    if "published" not in [row[1] for row in connection.execute("PRAGMA table_info(events)")]:
        connection.execute("ALTER TABLE events ADD COLUMN published TEXT NOT NULL DEFAULT ''")
        # As if all had come now: when they did, nobody has written down.
        connection.execute("UPDATE events SET published = strftime(?, 'now')", (_TIME,))


def _forgotten(connection: sqlite3.Connection) -> int:
    """Remove some of the old events that every group of theirs has read, but never the last: positions are counted from it.

    What was set aside waits for its first replay, however long: before that, nobody has come for it.
    """
    young = connection.execute(
        "SELECT position FROM events WHERE published >= strftime(?, 'now', ?) ORDER BY position LIMIT 1",
        (_TIME, f"-{KEPT_DAYS} days"),
    )
    (end,) = young.fetchone() or (_last_position(connection),)
    removed = connection.execute(
        "DELETE FROM events WHERE position IN (SELECT position FROM events AS e WHERE position < ? AND position <= "
        "(SELECT min(g.position) FROM groups AS g WHERE g.topic = e.topic) ORDER BY position LIMIT ?)",
        (end, FORGOTTEN_AT_ONCE),
    )
    return removed.rowcount


def _last_position(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()[0])


def _read(connection: sqlite3.Connection, after: dict[str, int], limit: int) -> list[Received]:
    """The events of each topic after its position, over all topics in the order in which they were published."""
    parts: list[str] = []
    parameters: list[str | int] = []
    for topic, position in after.items():
        parts.append(
            f"SELECT * FROM (SELECT {_COLUMNS} FROM events WHERE topic = ? AND position > ? ORDER BY position LIMIT ?)"
        )
        parameters += [topic, position, limit]
    rows = connection.execute(f"{' UNION ALL '.join(parts)} ORDER BY position LIMIT ?", [*parameters, limit])
    return [
        Received(
            topic=topic,
            partition=0,
            offset=position,
            event=Event(
                id=id_,
                type=type_,
                source=source,
                subject=subject,
                time=datetime.fromisoformat(time),
                data=data,
                traceparent=traceparent,
            ),
            failure=failure,
        )
        for position, topic, id_, type_, source, subject, time, data, traceparent, failure in rows
    ]
