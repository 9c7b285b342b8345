"""Events that were set aside can be looked at, and replayed once their cause is mended: the operator's commands, on each log."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chassis import dead_letters
from chassis.dead_letters import replayed
from chassis.reactions import dead
from engines.events import Event, open_events, prepare_events, sqlite
from tests.chassis.waiting import until

KIND = "events"
TOPIC = "imi.requests.v1"
REASON = "requests-inbox failed 5 times"
AT = datetime.now(UTC).replace(microsecond=0)


def event(id_: str) -> Event:
    return Event(id=id_, type="t", source="/t", subject="s", time=AT, data=b"\x00" + id_.encode())


@pytest.fixture
async def filled(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A log with two events that were set aside."""
    # An embedded log answers at once.
    monkeypatch.setattr(dead_letters, "WAIT_S", 0.1 if url.startswith("sqlite:") else 2.0)
    await prepare_events(url, [TOPIC, dead(TOPIC)])
    async with open_events(url) as events:
        await events.publish(dead(TOPIC), [event("1"), event("2")], failure=REASON)
    return url


@pytest.fixture
def typed(filled: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """What an operator reads who types a command about the requests."""
    monkeypatch.setenv("EVENTS_URL", filled)

    def lines(command: str) -> list[str]:
        ended = CliRunner().invoke(dead_letters.app, [command, "requests"], catch_exceptions=False)
        assert ended.exit_code == 0
        return ended.output.splitlines()

    return lines


async def test_what_was_set_aside_is_published_again_as_it_was_and_once(filled: str) -> None:
    assert await replayed(filled, TOPIC) == 2
    assert await replayed(filled, TOPIC) == 0
    async with open_events(filled) as events, events.join("g", [TOPIC]) as member:
        found = [received for _ in range(2) for received in await member.poll(wait_s=dead_letters.WAIT_S)]
    assert [(received.event, received.failure) for received in found] == [(event("1"), ""), (event("2"), "")]


async def test_a_replay_that_was_stopped_half_way_goes_on(filled: str) -> None:
    """What was published and not yet noted is published again: consumers drop what they have seen by its id."""
    async with open_events(filled) as events:
        async with events.join(dead_letters.GROUP, [dead(TOPIC)]) as member:
            first, second = await member.poll()
            await events.publish(TOPIC, [first.event])
            await member.commit(first)
            await events.publish(TOPIC, [second.event])
        assert await replayed(filled, TOPIC) == 1
        async with events.join("g", [TOPIC]) as member:
            found = [received.event.id for _ in range(2) for received in await member.poll(wait_s=dead_letters.WAIT_S)]
    assert found == ["1", "2", "2"]


def test_an_operator_looks_replays_and_finds_nothing_left(typed: Callable[[str], list[str]]) -> None:
    """Looking changes nothing."""
    lines = [f"{AT:%Y-%m-%d %H:%M:%S}  {id_}  t  s  {REASON}" for id_ in ("1", "2")]
    for _ in range(2):
        assert typed("list") == [*lines, "2 set aside"]
    assert typed("replay") == ["2 replayed"]
    assert typed("list") == ["0 set aside"]
    assert typed("replay") == ["0 replayed"]


async def test_what_was_set_aside_waits_for_its_replay_however_old_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded log forgets what is old and read by all: nobody reads what was set aside before somebody replays it."""
    monkeypatch.setattr(sqlite, "FORGET_EVERY_S", 0.01)
    monkeypatch.setattr(dead_letters, "WAIT_S", 0.1)
    url = f"sqlite:///{tmp_path}/events.db"
    async with open_events(url) as events:
        await events.publish(dead(TOPIC), [event("1")], failure=REASON)
        # What is old and was read goes: so it has been looked at.
        await events.publish("imi.other.v1", [event("1"), event("2")])
        async with events.join("g", ["imi.other.v1"]) as member:
            await member.commit((await member.poll())[-1])
        with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as beside:
            beside.execute(f"UPDATE events SET published = strftime('%Y-%m-%d', 'now', '-{2 * sqlite.KEPT_DAYS} days')")

        async def gone() -> bool:
            with closing(sqlite3.connect(tmp_path / "events.db")) as beside:
                return bool(
                    beside.execute("SELECT count(*) FROM events WHERE topic = 'imi.other.v1'").fetchone() == (1,)
                )

        await until(gone)
    assert await replayed(url, TOPIC) == 1
