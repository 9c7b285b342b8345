"""Timers at random: set, cancelled, fired by several workers of which some die, while the clock goes wherever it likes."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from chassis.timers import Timer, Timers, timers
from engines.documents import open_documents
from tests.chassis.ticking import START, Clock

THINGS = timers("timers")
# A step of a play: what is done, to which of three subjects, how late; or by which of three workers.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.integers(0, 2), st.integers(-5, 20)),
        st.tuples(st.just("cancel"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("work"), st.integers(0, 2), st.integers(0, 2)),
        st.tuples(st.just("die"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("clock"), st.just(0), st.integers(-90, 90)),
    ),
    max_size=25,
)


@dataclass
class Play:
    """Several workers on one store; firing is a command with a key, as it is for an aggregate."""

    workers: list[Timers]
    clock: Clock
    # What should fire, by subject: the due time last set and not cancelled.
    armed: dict[str, datetime] = field(default_factory=dict)
    fired: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    deaths: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    early: list[Timer] = field(default_factory=list)

    async def fire(self, timer: Timer) -> None:
        if timer.due > self.clock():
            self.early.append(timer)
        self.fired[timer.subject, timer.due] += 1

    async def step(self, what: str, which: int, number: int) -> None:
        subject = f"s{which}"
        match what:
            case "set":
                due = self.clock() + timedelta(seconds=number)
                await self.workers[number % 3].set(Timer(subject=subject, kind="K", due=due))
                self.armed[subject] = due
            case "cancel":
                await self.workers[which].cancel(subject, "K")
                if not self.fired[subject, self.armed.get(subject, START)]:
                    self.armed.pop(subject, None)
            case "work":
                await asyncio.gather(*(worker.fire_due(self.fire) for worker in self.workers[: which + 1]))
            case "die":
                await self.workers[which].fire_due(self._die)
            case "clock":
                self.clock.forward(seconds=number)

    async def _die(self, timer: Timer) -> None:
        """The command is carried out, and the process is gone before it can say so: here, as a failure."""
        await self.fire(timer)
        self.deaths[timer.subject, timer.due] += 1
        raise ConnectionError


async def play(steps: Iterable[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_documents(f"sqlite:///{folder}/documents.db", [THINGS]) as documents:
            clock = Clock()
            cast: Any = [Timers(documents, THINGS, clock) for _ in range(3)]
            stage = Play(cast, clock)
            for step in steps:
                await stage.step(*step)
            # Time goes on: whatever was claimed or put off comes back.
            clock.forward(days=1)
            while await cast[0].fire_due(stage.fire):
                clock.forward(hours=1)
            assert stage.early == []
            assert all(stage.fired[armed] for armed in stage.armed.items())
            assert all(times <= 1 + stage.deaths[which] for which, times in stage.fired.items())
            assert await cast[1].fire_due(stage.fire) == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_whatever_happens_to_workers_and_clocks_each_timer_fires_and_again_only_if_one_died_over_it(
    steps: list[tuple[str, int, int]],
) -> None:
    with capture_logs():
        asyncio.run(play(steps))
