"""Reactions: every event is dealt with, in order; one that cannot be steps aside with its bytes, and the rest goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from chassis import process, reactions
from chassis.process import working
from chassis.reactions import ATTEMPTS, Reaction, Reactions, dead
from engines.events import Event, Events, Received, open_events
from tests.chassis.waiting import until
from vocabulary.refusals import Unavailable

TRACE = "0af7651916cd43dd8448eb211c80319c"


def an_event(id_: object, kind: str = "A") -> Event:
    return Event(
        id=str(id_),
        type=kind,
        source="/test",
        subject="s",
        time=datetime(2026, 11, 24, tzinfo=UTC),
        data=f"bytes of {id_}".encode(),
        traceparent=f"00-{TRACE}-b7ad6b7169203331-01",
    )


class Journal:
    """Writes down what a reaction got, and fails where it is told to."""

    def __init__(self, *, failing: dict[str, int] | None = None) -> None:
        self.runs: list[list[str]] = []
        self.done: list[str] = []
        self.tries: dict[str, int] = {}
        self._failing = failing or {}

    async def __call__(self, events: Sequence[Event]) -> None:
        ids = [event.id for event in events]
        self.runs.append(ids)
        for id_ in ids:
            self.tries[id_] = self.tries.get(id_, 0) + 1
        for id_ in ids:
            if self._failing.get(id_, 0) >= self.tries[id_]:
                raise ValueError(id_)
        self.done += ids

    async def until_done(self, *ids: str) -> None:
        async def done() -> bool:
            return set(ids) <= set(self.done)

        await until(done)


@pytest.fixture
async def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Events]:
    monkeypatch.setattr(reactions, "FIRST_PAUSE_S", 0.001)
    async with open_events(f"sqlite:///{tmp_path}/events.db") as opened:
        yield opened


@asynccontextmanager
async def reacting(events: Events, **by_type: Reaction) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """While it lasts the group reacts. What it gives waits until everything so far is dealt with and committed."""
    end = Journal()

    async def finish() -> None:
        await events.publish("t", [an_event("end", "END")])
        await end.until_done("end")

    async with working([Reactions(events, "g", ["t"], {**by_type, "END": end}).run]):
        yield finish


async def everything(events: Events, topic: str, group: str = "test") -> list[Received]:
    async with events.join(group, [topic]) as member:
        return list(await member.poll(limit=1000, wait_s=0.05))


async def uncommitted(events: Events) -> list[str]:
    """What the group would read next, but for the mark of the end."""
    return [received.event.id for received in await everything(events, "t", "g") if received.event.type != "END"]


async def test_consecutive_events_of_a_type_are_dealt_with_at_once(events: Events) -> None:
    kinds = ["A", "A", "A", "B", "B", "A", "C", "A", "A"]
    await events.publish("t", [an_event(n, kind) for n, kind in enumerate(kinds)])
    a, b = Journal(), Journal()
    async with reacting(events, A=a, B=b) as finish:
        await finish()
    assert a.runs == [["0", "1", "2"], ["5"], ["7", "8"]]
    assert b.runs == [["3", "4"]]
    assert await uncommitted(events) == []


async def test_events_that_concern_nobody_are_passed_over_and_not_met_again(events: Events) -> None:
    await events.publish("t", [an_event(1, "C"), an_event(2, "A"), an_event(3, "C")])
    a = Journal()
    async with reacting(events, A=a) as finish:
        await a.until_done("2")
        await events.publish("t", [an_event(4, "A")])
        await finish()
    assert a.runs == [["2"], ["4"]]
    assert await uncommitted(events) == []


async def test_what_fails_for_a_moment_is_tried_again_one_by_one_and_in_order(events: Events) -> None:
    await events.publish("t", [an_event(n) for n in range(4)])
    a = Journal(failing={"1": ATTEMPTS - 1})
    async with reacting(events, A=a):
        await a.until_done("3")
    assert a.runs[0] == ["0", "1", "2", "3"]
    assert a.runs[1:] == [["0"], *[["1"]] * (ATTEMPTS - 1), ["2"], ["3"]]
    assert a.done == ["0", "1", "2", "3"]
    assert await everything(events, dead("t")) == []


async def test_what_fails_for_good_steps_aside_and_the_rest_goes_on(events: Events) -> None:
    await events.publish("t", [an_event(n) for n in range(5)])
    a = Journal(failing={"1": 10**6, "3": 10**6})
    async with reacting(events, A=a) as finish:
        await a.until_done("4")
        await events.publish("t", [an_event("later")])
        await finish()
    assert a.done == ["0", "2", "4", "later"]
    assert a.tries["1"] == a.tries["3"] == 1 + ATTEMPTS
    aside = await everything(events, dead("t"))
    assert dead("t") == "t.dead"
    assert [received.event for received in aside] == [an_event(1), an_event(3)]
    assert all("g failed" in received.failure for received in aside)
    assert await uncommitted(events) == []


async def test_the_text_of_a_fault_stays_in_the_log_of_the_process(events: Events) -> None:
    """Faults quote data; the topic of failed events is read by others."""
    await events.publish("t", [an_event("Mario")])
    a = Journal(failing={"Mario": 10**6})
    aside: list[Received] = []

    async def set_aside() -> bool:
        aside.extend(await everything(events, dead("t")))
        return bool(aside)

    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        async with reacting(events, A=a):
            await until(set_aside)
    assert "Mario" not in aside[0].failure
    failed = [line for line in lines if line["event"] == "reaction_failed"]
    assert len(failed) == 1 + ATTEMPTS
    assert {(line["trace_id"], line["group"], line["event_type"]) for line in failed} == {(TRACE, "g", "A")}
    assert [line["event_id"] for line in lines if line["event"] == "event_set_aside"] == ["Mario"]


async def test_an_event_is_committed_after_its_effect_and_not_before(events: Events) -> None:
    """A process that ends in the midst of a reaction leaves the event to the next one."""
    await events.publish("t", [an_event(1, "B"), an_event(2), an_event(3)])
    begun = asyncio.Event()

    async def never_ends(_: Sequence[Event]) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with reacting(events, A=never_ends, B=Journal()):
        async with asyncio.timeout(10):
            await begun.wait()
    a, b = Journal(), Journal()
    async with reacting(events, A=a, B=b):
        await a.until_done("2", "3")
    assert a.runs == [["2", "3"]]
    assert b.runs == []


async def test_a_log_that_fails_is_no_fault_of_the_event(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    """If an event cannot even be set aside it is dealt with again; nothing is passed over in silence."""
    monkeypatch.setattr(process, "PAUSE_AFTER_FAULT_S", 0.01)
    await events.publish("t", [an_event(1), an_event(2)])
    publish: Callable[..., Awaitable[None]] = events.publish
    away = [True]

    async def not_now(topic: str, given: Sequence[Event], *, failure: str = "") -> None:
        if topic.endswith(".dead") and away:
            away.clear()
            raise Unavailable("the log is full")
        await publish(topic, given, failure=failure)

    monkeypatch.setattr(events, "publish", not_now)
    a = Journal(failing={"1": 10**6})
    async with reacting(events, A=a):
        await a.until_done("2")
    assert a.tries["1"] == 2 * (1 + ATTEMPTS)
    assert [received.event.id for received in await everything(events, dead("t"))] == ["1"]


async def test_two_groups_each_deal_with_everything(events: Events) -> None:
    await events.publish("t", [an_event(n) for n in range(10)])
    one, two = Journal(), Journal()
    loops = [Reactions(events, name, ["t"], {"A": journal}).run for name, journal in (("g1", one), ("g2", two))]
    async with working(loops):
        await one.until_done("9")
        await two.until_done("9")
    assert one.done == two.done == [str(n) for n in range(10)]


async def test_a_reaction_gets_at_most_as_many_at_once_as_it_wants(events: Events) -> None:
    journal = Journal()
    await events.publish("t", [an_event(number) for number in range(8)])
    async with working([Reactions(events, "g", ["t"], {"A": journal}, at_once=3).run]):
        await journal.until_done(*map(str, range(8)))
    assert [len(run) for run in journal.runs] == [3, 3, 2]
    assert journal.done == [str(number) for number in range(8)]
