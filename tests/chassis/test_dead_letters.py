"""Events that were set aside can be looked at, and replayed once their cause is mended."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis import dead_letters
from chassis.dead_letters import replayed
from chassis.reactions import dead
from engines.events import Event, open_events

TOPIC = "imi.requests.v1"


def event(id_: str) -> Event:
    return Event(
        id=id_, type="t", source="/t", subject="s", time=datetime(2026, 1, 1, tzinfo=UTC), data=b"\x00" + id_.encode()
    )


@pytest.fixture
async def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(dead_letters, "WAIT_S", 0.1)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    where = f"sqlite:///{tmp_path}/events.db"
    async with open_events(where) as events:
        await events.publish(dead(TOPIC), [event("1"), event("2")], failure="requests-inbox failed 5 times")
    return where


async def test_what_was_set_aside_is_published_again_as_it_was_and_once(url: str) -> None:
    assert await replayed(url, TOPIC) == 2
    assert await replayed(url, TOPIC) == 0
    async with open_events(url) as events, events.join("g", [TOPIC]) as member:
        assert [received.event for received in await member.poll()] == [event("1"), event("2")]


async def test_looking_changes_nothing(url: str) -> None:
    for _ in range(2):
        found = await dead_letters._listed(url, TOPIC)
        assert [(one.event.id, one.failure) for one in found] == [
            ("1", "requests-inbox failed 5 times"),
            ("2", "requests-inbox failed 5 times"),
        ]
    await replayed(url, TOPIC)
    assert await dead_letters._listed(url, TOPIC) == []
