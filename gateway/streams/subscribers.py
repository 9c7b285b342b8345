"""Who listens: a position in a shared ring, and how its answers are written for one client."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol

from gateway.metrics import OVERFLOWED
from gateway.people import SignIn
from gateway.streams.execution import ending
from gateway.streams.sources import expired
from vocabulary.refusals import Refusal

if TYPE_CHECKING:
    from gateway.streams.shares import Share

# Nothing has been taken for so long: the client does not read, and waits for nobody.
STUCK_S = 20.0


class Overflow(Refusal):
    """The client has read too slowly for too long."""

    code = default_reason = "SUBSCRIPTION_OVERFLOW"


class Writing(Protocol):
    """How one transport frames the answers of one operation."""

    def next(self, payload: bytes) -> bytes:
        """An answer."""
        ...

    def complete(self) -> bytes:
        """The end of the operation."""
        ...


class Subscriber:
    """One client's stream. Its transport takes what there is whenever it can write, and is woken when there is more."""

    __slots__ = (
        "_drained",
        "_pending",
        "cursor",
        "ended",
        "ending",
        "held",
        "leave",
        "moved_at",
        "position",
        "share",
        "sign_in",
        "wake",
        "writing",
    )

    def __init__(self, sign_in: SignIn, writing: Writing, wake: Callable[[], None]) -> None:
        self.sign_in = sign_in
        self.writing = writing
        self.wake = wake
        # Set by whoever it follows: lets go of it.
        self.leave: Callable[[], None] = _nothing
        # Set by whoever works for it alone: stops that.
        self.ending: Callable[[], None] = _nothing
        # The ring waits until the opening has been put.
        self.held = False
        self.share: Share | None = None
        # What it is to be given next from the share's ring.
        self.position = 0
        # What it was given last.
        self.cursor = ""
        # Nothing comes after what is pending.
        self.ended = False
        self.moved_at = time.monotonic()
        # What goes before the ring: the opening, a backlog, the end.
        self._pending: list[bytes] = []
        self._drained: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def lasting(self) -> AsyncIterator[None]:
        """What is done here for this client alone stops when its stream has ended, whatever it waits for."""
        try:
            async with asyncio.timeout(None) as limit:
                self.ending = partial(limit.reschedule, 0.0)
                try:
                    yield
                finally:
                    self.ending = _nothing
        except TimeoutError:
            if not self.ended:
                raise

    @property
    def outstanding(self) -> bool:
        """Whether something is waiting for the client."""
        return bool(self._pending) or (self.share is not None and self.position < self.share.end)

    @property
    def finished(self) -> bool:
        """Whether all has been taken, for good."""
        return self.ended and not self._pending

    def take(self) -> bytes:
        """What is to be written now; nothing, if there is nothing."""
        if self._pending:
            taken = b"".join(self._pending)
            self._pending = []
            self.moved_at = time.monotonic()
            if self._drained is not None and not self._drained.done():
                self._drained.set_result(None)
            return taken
        share = self.share
        return share.given(self) if share is not None and not self.held else b""

    def put(self, payload: bytes, cursor: str) -> None:
        """Have *payload* written before anything of the ring."""
        self._pending.append(self.writing.next(payload))
        self.cursor = cursor

    async def put_in_turn(self, payload: bytes, cursor: str) -> None:
        """`put`, and wait until the client has taken it."""
        self.moved_at = time.monotonic()
        self.put(payload, cursor)
        self.wake()
        if self._pending:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained
            self._drained = None

    def end(self, error: Exception | None = None) -> None:
        """Let this be the end, for *error* if there is one."""
        if self.ended:
            return
        self.ended = True
        self.leave()
        self.ending()
        if isinstance(error, Overflow):
            OVERFLOWED.inc()
        if error is not None:
            self._pending.append(self.writing.next(ending(error, self.cursor)))
        self._pending.append(self.writing.complete())
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self.wake()

    def look(self, now: float, wall: float) -> None:
        """End what is to be ended: the sign-in has run out, or the client does not read."""
        if self.ended:
            return
        if self.sign_in.bearer.expires_at <= wall:
            self.end(expired())
        elif not self.outstanding:
            self.moved_at = now
        elif now - self.moved_at > STUCK_S:
            self.end(overflow())


def _nothing() -> None:
    """Nobody is followed yet, and nothing is done."""


def overflow() -> Overflow:
    """Said to a client that has fallen too far behind."""
    return Overflow("the client reads more slowly than there is to tell; resume after the last cursor")
