"""The embedded log: members of a group in their turns, also slow ones and after the clock was set back; and how long it keeps what."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engines.events import Event, Events, open_events, sqlite
from engines.events.sqlite import KEPT_DAYS
from tests.chassis.waiting import until


def event(id_: str) -> Event:
    return Event(id=id_, type="t", source="/t", subject="s", time=datetime.now(UTC), data=b"")


async def test_members_that_are_slower_than_a_lease_get_on_nevertheless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each loses the group to the other while it works; what it has done is done, and is not begun again and again."""
    monkeypatch.setattr(sqlite, "LEASE_S", 0.0)
    url = f"sqlite:///{tmp_path}/events.db"
    async with open_events(url) as events, events.join("g", ["t"]) as one, events.join("g", ["t"]) as other:
        await events.publish("t", [event(str(number)) for number in range(4)])
        ours = await one.poll(limit=2)
        theirs = await other.poll(limit=2)
        assert [received.event.id for received in ours] == [received.event.id for received in theirs] == ["0", "1"]
        await one.commit(ours[-1])
        assert [received.event.id for received in await one.poll(limit=2)] == ["2", "3"]
        # What is behind what is committed already takes nothing back.
        await other.commit(theirs[-1])
        async with events.join("g", ["t"]) as third:
            assert [received.event.id for received in await third.poll()] == ["2", "3"]


async def test_a_group_is_not_left_to_a_dead_member_because_the_clock_was_set_back(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    async with open_events(f"sqlite:///{path}") as events:
        await events.publish("t", [event("1")])
        with sqlite3.connect(path) as beside:
            # As it stands there if the clock was a day ahead when the member died.
            beside.execute("INSERT INTO leases VALUES ('g', 'dead', (julianday('now') + 1) * 86400.0)")
        async with events.join("g", ["t"]) as member:
            assert [received.event.id for received in await member.poll(wait_s=0.2)] == ["1"]


async def test_what_is_old_and_was_read_by_all_its_groups_is_kept_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "FORGET_EVERY_S", 0.02)
    monkeypatch.setattr(sqlite, "FORGOTTEN_AT_ONCE", 2)
    path = tmp_path / "events.db"

    def done(statement: str) -> list[tuple[str]]:
        with closing(sqlite3.connect(path, isolation_level=None)) as beside:
            return beside.execute(statement).fetchall()

    async def only(*ids: str) -> bool:
        return done("SELECT id FROM events ORDER BY position") == [(id_,) for id_ in ids]

    async def read(events: Events, group: str, limit: int) -> None:
        async with events.join(group, ["t"]) as member:
            await member.commit((await member.poll(limit=limit))[-1])

    async with open_events(f"sqlite:///{path}") as events:
        await events.publish("unread", [event("0")])
        await events.publish("t", [event(str(number)) for number in range(1, 7)])
        # One group has read as far as another has not; what one of another topic has read says nothing here.
        await read(events, "g", 5)
        await read(events, "slow", 3)
        done("INSERT INTO groups VALUES ('other', 'u', 0)")
        assert await only(*"0123456")
        done(f"UPDATE events SET published = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{KEPT_DAYS + 1} days')")
        await until(lambda: only(*"0456"))
        await read(events, "slow", 3)
        await until(lambda: only(*"06"))
        await events.publish("t", [event("7")])
        async with events.join("g", ["t"]) as member:
            found = await member.poll()
            assert [received.event.id for received in found] == ["6", "7"]
            await member.commit(found[-1])
        await read(events, "slow", 1)
        await until(lambda: only(*"07"))


async def test_a_log_from_before_it_was_noted_when_events_came_is_kept_as_if_they_had_come_now(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    async with open_events(f"sqlite:///{path}") as events:
        await events.publish("t", [event("1"), event("2")])
    with closing(sqlite3.connect(path, isolation_level=None)) as beside:
        beside.execute("ALTER TABLE events DROP COLUMN published")
        beside.execute("INSERT INTO groups VALUES ('g', 't', 2)")
    async with open_events(f"sqlite:///{path}") as events:
        await events.publish("t", [event("3")])
        async with events.join("new", ["t"]) as member:
            assert [received.event.id for received in await member.poll()] == ["1", "2", "3"]
