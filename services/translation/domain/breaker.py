"""When an engine that fails is left alone, and when it is tried again.

It is left alone after five failures in a row, or when half of the last twenty calls failed; thirty seconds later one call tries.
An engine that says when its quota ends is left alone until then. Time is an argument.
"""

from collections import deque
from datetime import datetime, timedelta
from enum import StrEnum

IN_A_ROW = 5
WINDOW = 20
PAUSE = timedelta(seconds=30)
# Where an engine's quota is used up and nobody knows until when.
QUOTA_PAUSE = timedelta(hours=1)


class State(StrEnum):
    """Whether calls go through."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Breaker:
    """What the last calls of one engine came to."""

    def __init__(self) -> None:
        self._outcomes: deque[bool] = deque(maxlen=WINDOW)
        self._open_until: datetime | None = None
        self._trying_since: datetime | None = None
        self.for_quota = False

    def state(self, now: datetime) -> State:
        if self._open_until is None:
            return State.CLOSED
        return State.OPEN if now < self._open_until else State.HALF_OPEN

    def is_closed(self, now: datetime) -> bool:
        """Whether calls go through as usual."""
        return self.state(now) is State.CLOSED

    def released(self) -> None:
        """A call that was let through was not made: another one may try."""
        self._trying_since = None

    def let_through(self, now: datetime) -> bool:
        """Whether a call may be made now. While it is half open one may, until its outcome is told or has been due for a pause."""
        match self.state(now):
            case State.CLOSED:
                return True
            case State.OPEN:
                return False
            case State.HALF_OPEN:
                if self._trying_since is not None and now < self._trying_since + PAUSE:
                    return False
                self._trying_since = now
                return True

    def succeeded(self) -> None:
        """A call came to something: the engine works."""
        if self._open_until is not None:
            self._outcomes.clear()
        self._outcomes.append(True)
        self._close()

    def failed(self, now: datetime, after: timedelta | None = None) -> None:
        """A call came to nothing; *after* is how long the engine asks to be left alone."""
        self._outcomes.append(False)
        trying = self._trying_since is not None
        self._trying_since = None
        if after is not None:
            self._open(now + after)
        elif trying or self._is_failing():
            self._open(now + PAUSE)

    def spent(self, now: datetime, until: datetime | None = None) -> None:
        """The engine's quota is used up."""
        self._trying_since = None
        self._open(until if until is not None and until > now else now + QUOTA_PAUSE)
        self.for_quota = True

    def _is_failing(self) -> bool:
        last = list(self._outcomes)
        if len(last) >= IN_A_ROW and not any(last[-IN_A_ROW:]):
            return True
        return len(last) == WINDOW and last.count(False) * 2 >= WINDOW

    def _open(self, until: datetime) -> None:
        self._open_until = until if self._open_until is None else max(self._open_until, until)
        self.for_quota = False

    def _close(self) -> None:
        self._open_until = self._trying_since = None
        self.for_quota = False
