"""What every event log promises, held against each engine."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from engines.events import Event, Events, Member, open_events, prepare_events

KIND = "events"
TOPICS = ["t", "t1", "t2", "t3", "t.dead"]


@pytest.fixture
async def events(url: str) -> AsyncIterator[Events]:
    await prepare_events(url, TOPICS)
    async with open_events(url) as opened:
        yield opened


def event(id_: str, subject: str = "x") -> Event:
    return Event(
        id=id_,
        type="imi.test.v1.Happened",
        source="/test",
        subject=subject,
        time=datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC),
        data=b"\x00\xff\n",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


async def polled(member: Member, count: int) -> list[str]:
    found: list[str] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found += [received.event.id for received in await member.poll(wait_s=1.0)]
    return found


async def test_an_event_arrives_as_it_was_published(events: Events) -> None:
    await events.publish("t", [event("1")])
    async with events.join("g", ["t"]) as member:
        (received,) = await member.poll()
    assert received.event == event("1")
    assert received.topic == "t"


async def test_a_group_reads_from_the_beginning_and_in_order(events: Events) -> None:
    await events.publish("t", [event(str(n)) for n in range(150)])
    async with events.join("g", ["t"]) as member:
        assert await polled(member, 150) == [str(n) for n in range(150)]


async def test_a_member_does_not_get_the_same_event_twice(events: Events) -> None:
    await events.publish("t", [event("1")])
    async with events.join("g", ["t"]) as member:
        assert await polled(member, 1) == ["1"]
        assert list(await member.poll(wait_s=0.2)) == []


async def test_what_was_not_committed_comes_again(events: Events) -> None:
    await events.publish("t", [event(str(n)) for n in range(3)])
    async with events.join("g", ["t"]) as member:
        first, *_ = await member.poll()
        await member.commit(first)
    async with events.join("g", ["t"]) as member:
        assert await polled(member, 2) == ["1", "2"]


async def test_groups_do_not_disturb_each_other(events: Events) -> None:
    await events.publish("t", [event("1")])
    for group in ("g1", "g2"):
        async with events.join(group, ["t"]) as member:
            (received,) = await member.poll()
            await member.commit(received)
    async with events.join("g1", ["t"]) as member:
        assert list(await member.poll(wait_s=0.2)) == []


async def test_members_of_a_group_share_its_events(events: Events) -> None:
    """Two at once: nothing is lost, and nothing comes twice while both live and commit."""
    seen: list[str] = []

    async def read(member: Member) -> None:
        while len(seen) < 40:
            for received in await member.poll(limit=5, wait_s=0.2):
                seen.append(received.event.id)
                await member.commit(received)

    async with events.join("g", ["t"]) as one, events.join("g", ["t"]) as two, asyncio.timeout(60):
        await events.publish("t", [event(str(n)) for n in range(40)])
        await asyncio.gather(read(one), read(two))
    assert sorted(seen, key=int) == [str(n) for n in range(40)]


async def test_a_member_hears_of_topics_it_reads_only(events: Events) -> None:
    await events.publish("t1", [event("1")])
    await events.publish("t2", [event("2")])
    await events.publish("t3", [event("3")])
    async with events.join("g", ["t1", "t3"]) as member:
        assert sorted(await polled(member, 2)) == ["1", "3"]


async def test_waiting_ends_when_an_event_arrives(events: Events) -> None:
    async with events.join("g", ["t"]) as member, asyncio.timeout(10):
        waiting = asyncio.create_task(polled(member, 1))
        await asyncio.sleep(0)
        await events.publish("t", [event("1")])
        assert await waiting == ["1"]


async def test_a_tail_hears_what_comes_after_it_began(events: Events) -> None:
    await events.publish("t", [event("before")])
    async with events.tail(["t"]) as tail, asyncio.timeout(10):
        await events.publish("t", [event("1"), event("2")])
        assert [(await anext(tail)).event.id, (await anext(tail)).event.id] == ["1", "2"]


async def test_a_failure_travels_with_a_dead_letter(events: Events) -> None:
    await events.publish("t.dead", [event("1")], failure="ValueError: no")
    async with events.join("g", ["t.dead"]) as member:
        (received,) = await member.poll()
    assert received.failure == "ValueError: no"
    assert received.event == event("1")


async def test_what_many_publish_at_once_is_all_there_and_each_ones_in_order(events: Events) -> None:
    async def publishing(writer: int) -> None:
        for start in range(0, 400, 20):
            await events.publish(
                "t", [event(f"{writer} {number:03}", f"{writer}") for number in range(start, start + 20)]
            )

    await asyncio.gather(*map(publishing, range(8)))
    async with events.join("g", ["t"]) as member:
        found = await polled(member, 8 * 400)
    for writer in range(8):
        assert [one for one in found if one.startswith(f"{writer} ")] == [
            f"{writer} {number:03}" for number in range(400)
        ]
