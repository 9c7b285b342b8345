"""Systems of member states that read their inboxes: each remembers its cursor and comes back whenever its stream breaks."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from chassis.caller import Caller
from chassis.calls import InternalError
from protos.alerts.v1 import alerts_pb2 as pb
from services.alerts.reactions import STREAM
from tests.faults.desk import PAUSE_S, Desk
from vocabulary import pages
from vocabulary.refusals import Unavailable


class Reader:
    """One of them, from the beginning of its inbox."""

    def __init__(self, desk: Desk, caller: Caller) -> None:
        self.caller = caller
        self._desk = desk
        self._cursor = pages.cursor(STREAM, caller.authority_id, 0)
        # What it heard, by position; and what came at a place where something else had been, or out of turn.
        self.heard: dict[int, str] = {}
        self.alerts: dict[str, str] = {}
        self.wrong: list[str] = []
        self.lives = 0

    async def listen(self) -> None:
        """For ever."""
        while True:
            with suppress(Unavailable, InternalError):
                await self._once()
            self.lives += 1
            await asyncio.sleep(PAUSE_S)

    async def _once(self) -> None:
        request = pb.WatchInboxRequest(after_cursor=self._cursor)
        stream = self._desk.peer(self.caller).stream(self._desk.stub.WatchInbox, request)
        try:
            async for item in stream:
                self._take(item)
        finally:
            await stream.aclose()

    def _take(self, item: pb.WatchInboxResponse) -> None:
        position = place(item.cursor)
        if item.HasField("entry"):
            if position != place(self._cursor) + 1:
                self.wrong.append(f"position {position} after {place(self._cursor)}")
            if self.heard.setdefault(position, item.entry.id) != item.entry.id:
                self.wrong.append(f"{item.entry.id} where {self.heard[position]} was")
            self.alerts[item.entry.id] = item.entry.alert_id
        self._cursor = item.cursor


def place(cursor: str) -> int:
    """The position that a cursor of alerts stands for."""
    _, position = pages.position(cursor, STREAM, (str, int))
    assert isinstance(position, int)
    return position


@asynccontextmanager
async def listening(readers: Iterable[Reader]) -> AsyncIterator[None]:
    """All of them listen for as long as the context lasts."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.listen()) for one in readers]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
