"""A clock that tests turn, and workers that fire timers by it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chassis.timers import Timer

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Clock:
    """Says whatever time it was set to."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Fired:
    """Remembers what was fired; fails for the kinds that it is told to fail for."""

    timers: list[Timer] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)

    async def __call__(self, timer: Timer) -> None:
        if timer.kind in self.failing:
            raise ValueError(f"{timer.id} fails")
        self.timers.append(timer)

    @property
    def ids(self) -> list[str]:
        return [timer.id for timer in self.timers]


def a_timer(subject: str = "req_1", kind: str = "REMIND", *, after: timedelta = timedelta(), text: str = "") -> Timer:
    """A timer that is due so long after the start."""
    return Timer(subject=subject, kind=kind, due=START + after, payload={"text": text} if text else {})
