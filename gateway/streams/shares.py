"""One selection over a tail: each item executed once, its bytes kept in a ring for everybody who wants the same."""

import asyncio
import time
from collections import deque
from typing import Any

from graphql import GraphQLSchema

from gateway.context import Context
from gateway.metrics import DELIVERED, EXECUTED
from gateway.streams.execution import Answer, answers
from gateway.streams.subscribers import Subscriber, overflow
from gateway.streams.tails import FRESH_S, Tail

# What a client may be behind.
ANSWERS_LIMIT = 1024
BYTES_LIMIT = 4 * 1024 * 1024
# What is kept for those who come back after a moment.
KEPT = 64
KEPT_BYTES = 128 * 1024
# Executed together, so that what they read is read in one call.
TOGETHER = 16
# Written to so many clients before others get their turn.
WOKEN_AT_ONCE = 100
TAKEN_AT_ONCE = 64 * 1024
# How long an opening serves all who come: a gateway that starts has thousands at its door.
OPENING_S = 1.0


class Share:
    """A ring of answers. `end` is the position behind the last of them, as the tail counts."""

    def __init__(self, schema: GraphQLSchema, tail: Tail, context: Context, position: int) -> None:
        self.tail = tail
        self.end = position
        self.members: dict[Subscriber, None] = {}
        self._schema = schema
        self._context = context
        # Each answer with its cursor, how many bytes there were before it, and when it was made.
        self._ring: deque[tuple[bytes, str, int, float]] = deque()
        self._bytes_end = 0
        # Behind the last answer that has errors in it.
        self._failed_end = 0
        self._behind: set[Subscriber] = set()
        self._more = asyncio.Event()
        self._given = 0
        self._opening: tuple[str, float, Answer] = ("", 0.0, Answer(b"", failed=True))

    async def run(self) -> None:
        """Execute what comes, in order, until cancelled; raises what keeps it from going on."""
        while True:
            self._more.clear()
            items = self.tail.since(self.end, TOGETHER)
            if items is None:
                raise overflow()
            if not items:
                await self._more.wait()
                continue
            made = await self._answers(items)
            now = time.monotonic()
            for item, answer in zip(items, made, strict=True):
                self._ring.append((answer.body, item.cursor, self._bytes_end, now))
                self._bytes_end += len(answer.body)
                self.end += 1
                if answer.failed:
                    self._failed_end = self.end
            self.tail.moved_on()
            await self._wake_members()
            self._forget()
            DELIVERED.inc(self._given)
            self._given = 0
            await self._wait_for_somebody()

    def wake(self) -> None:
        """There is more in the tail."""
        self._more.set()

    def covers(self, position: int) -> bool:
        """Whether somebody at *position* misses nothing by joining now."""
        return position >= self.end - len(self._ring)

    def serves(self, position: int) -> bool:
        """Whether somebody at *position* is given by joining now what they would be given if it were made for them.

        Whoever comes back for what could not be read then is not told the same again: it may be read by now.
        """
        return self.covers(position) and position >= self._failed_end

    def join(self, one: Subscriber, position: int) -> None:
        """Give *one* everything from *position* on."""
        one.share, one.position = self, position
        self.members[one] = None
        if position < self.end:
            self._behind.add(one)
        # Perhaps nobody is as far: then there is no longer anybody to wait for.
        self._more.set()

    def leave(self, one: Subscriber) -> None:
        """Give *one* nothing any more."""
        one.share = None
        self.members.pop(one, None)
        self._behind.discard(one)

    async def opening(self, watermark: Any) -> bytes:
        """The answer to a watermark that a stream begins with; the same for all who come at the same moment."""
        cursor, made_at, answer = self._opening
        if answer.failed or cursor != watermark.cursor or made_at + OPENING_S < time.monotonic():
            (answer,) = await self._answers([watermark])
            self._opening = (watermark.cursor, time.monotonic(), answer)
        return answer.body

    def given(self, one: Subscriber) -> bytes:
        """What *one* has not had yet, framed for it; as much as goes well in one piece."""
        ring, index = self._ring, one.position - self.end + len(self._ring)
        if index < 0:
            one.end(overflow())
            return one.take()
        count = len(ring) - index
        if count <= 0:
            return b""
        taken, size = [], 0
        while index < len(ring) and size < TAKEN_AT_ONCE:
            answer, cursor, _, _ = ring[index]
            taken.append(one.writing.next(answer))
            size += len(answer)
            index += 1
        one.position += len(taken)
        one.cursor = cursor
        one.moved_at = time.monotonic()
        self._given += len(taken)
        if index == len(ring):
            self._behind.discard(one)
        self._more.set()
        return taken[0] if len(taken) == 1 else b"".join(taken)

    async def _answers(self, items: Any) -> list[Answer]:
        # Whoever listens may speak for all: their answers are the same. Whose token has run out does not.
        now = time.time()
        valid = (one.sign_in for one in self.members if one.sign_in.bearer.expires_at > now)
        self._context.sign_in = next(valid, self._context.sign_in)
        EXECUTED.inc(len(items))
        return await answers(self._schema, self._context, items)

    async def _wake_members(self) -> None:
        for number, one in enumerate(list(self.members), start=1):
            if one.share is self:
                if one.position < self.end:
                    self._behind.add(one)
                if self.covers(one.position):
                    one.wake()
                else:  # also one that cannot be written to, and so takes nothing
                    one.end(overflow())
            if number % WOKEN_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _wait_for_somebody(self) -> None:
        """Wait while even the furthest reader has half of a full ring before it: there is nobody whom that holds up."""
        while self.members:
            ahead = self._furthest()
            if self.end - ahead < ANSWERS_LIMIT // 2 and self._bytes_from(ahead) < BYTES_LIMIT // 2:
                return
            self._more.clear()
            await self._more.wait()

    def _furthest(self) -> int:
        """The position of whoever reads fastest."""
        if len(self._behind) < len(self.members):
            return self.end
        return max((one.position for one in self._behind), default=self.end)

    def _bytes_from(self, position: int) -> int:
        """How much of the ring is before somebody at *position*."""
        index = position - self.end + len(self._ring)
        return self._bytes_end - self._ring[index][2] if 0 <= index < len(self._ring) else 0

    def _forget(self) -> None:
        """Keep what somebody still needs, within the limits, and a little for those who come back.

        What the fastest has not had is kept in any case: that it is not more than half a ring, `_wait_for_somebody` sees to.
        """
        needed = min((one.position for one in self._behind), default=self.end)
        furthest, old = self._furthest(), time.monotonic() - FRESH_S
        while self._ring:
            first, size = self.end - len(self._ring), self._bytes_end - self._ring[0][2]
            full = len(self._ring) > ANSWERS_LIMIT or size > BYTES_LIMIT
            spare = len(self._ring) > KEPT or size > KEPT_BYTES or self._ring[0][3] < old
            if not ((spare and first < needed) or (full and first < furthest)):
                return
            self._ring.popleft()
