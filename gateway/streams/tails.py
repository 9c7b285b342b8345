"""One stream of a service for all whom it answers alike: read once, in order, and remembered for a while."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from gateway.streams.sources import resumed
from vocabulary.refusals import Unavailable

if TYPE_CHECKING:
    from gateway.streams.shares import Share

# How many items are remembered, for those who come back after a moment and those who are slow.
REMEMBERED = 1024
# How long what is remembered stands for what would be read again: what may be seen changes, and what is erased is told to nobody.
FRESH_S = 60.0


class Tail:
    """The end of a stream. Positions count its items from 0; position p stands before item p.

    Of a stream that *varies*, nobody is told later what it once sent: who resumes reads it again.
    """

    def __init__(self, opened: Callable[[str], AsyncGenerator[Any, None]], *, varies: bool = False) -> None:
        self.shares: set[Share] = set()
        self.end = 0
        self.cursor = ""
        self.failure: Exception | None = None
        self._opened = opened
        self._varies = varies
        # Each item, and when it came.
        self._items: deque[tuple[Any, float]] = deque()
        self._positions: dict[str, int] = {}
        self._is_open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._room = asyncio.Event()

    async def opening(self) -> None:
        """Return when the stream has begun, or will not: then `failure` says why."""
        await asyncio.shield(self._is_open)

    async def run(self) -> None:
        """Read until cancelled, or until the service refuses: then `failure` says why."""
        try:
            async with aclosing(resumed(self._opened, "")) as items:
                async for item in items:
                    self._append(item)
                    await self._room_for_more()
        except Exception as error:  # whatever it is, it is what those who listen are told
            self.failure = error
        finally:
            if not self._is_open.done():
                self.failure = self.failure or Unavailable("nobody reads this stream any more; ask again")
                self._is_open.set_result(None)

    def position(self, cursor: str) -> int | None:
        """The place just behind *cursor*, if what follows is remembered, and is what would be read there now."""
        found = self._positions.get(cursor)
        if found is None or found == self.end:
            return found
        first = self.end - len(self._items)
        if found < first or self._varies or self._items[found - first][1] + FRESH_S < time.monotonic():
            return None
        return found

    def since(self, position: int, limit: int) -> Sequence[Any] | None:
        """The items from *position* on, at most *limit*; None if they are not remembered any more."""
        first = self.end - len(self._items)
        if position < first:
            return None
        return [
            self._items[index][0] for index in range(position - first, min(position - first + limit, len(self._items)))
        ]

    def add(self, share: "Share") -> None:
        """Have *share* held up by this, and this by it."""
        self.shares.add(share)
        self._room.set()

    def remove(self, share: "Share") -> None:
        """Wait for *share* no more."""
        self.shares.discard(share)
        self._room.set()

    def moved_on(self) -> None:
        """A share has got further: perhaps there is room to read more."""
        self._room.set()

    def _append(self, item: Any) -> None:
        if not self._is_open.done():
            # What it begins with is a watermark: it says where the end was, and is nobody's news.
            self.cursor = item.cursor
            self._positions[item.cursor] = self.end
            self._is_open.set_result(None)
            return
        self.cursor = item.cursor
        self._items.append((item, time.monotonic()))
        self.end += 1
        self._positions[item.cursor] = self.end
        if len(self._items) > REMEMBERED:
            self._items.popleft()
            if len(self._positions) > 2 * REMEMBERED:
                first = self.end - len(self._items)
                self._positions = {cursor: at for cursor, at in self._positions.items() if at >= first}
        for share in self.shares:
            share.wake()

    async def _room_for_more(self) -> None:
        """Wait while the furthest share has half of what is remembered still before it: the others are held up by nobody."""
        while self.shares and self.end - max(share.end for share in self.shares) > REMEMBERED // 2:
            self._room.clear()
            await self._room.wait()
