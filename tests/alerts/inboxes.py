"""Reading inboxes: all of one, what a watcher gets, and waiting until everything has arrived."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.caller import Caller
from protos.alerts.v1 import alerts_pb2 as pb
from protos.common.v1 import common_pb2
from services.alerts.domain.lifecycle import Status
from tests.alerts.cast import AT_COORDINATOR, someone
from tests.alerts.conftest import Asking
from tests.alerts.threads import an_alert
from vocabulary.roles import UserRole

PATIENCE_S = 30.0
AUSTRIA = someone("aut_at_labour", UserRole.ALERT_HANDLER)


async def inbox(asking: Asking, caller: Caller, after: str = "", size: int = 100) -> list[pb.InboxEntry]:
    """Everything after a cursor, page by page."""
    found: list[pb.InboxEntry] = []
    more = True
    while more:
        answer = await asking(caller, "ReadInbox", page=common_pb2.Page(first=size, after=after))
        assert [entry.cursor for entry in answer.entries] == list(answer.page_info.cursors)
        found += answer.entries
        more = answer.page_info.has_next_page
        after = found[-1].cursor if found else after
    return found


@asynccontextmanager
async def watching(
    asking: Asking, caller: Caller, after: str = ""
) -> AsyncIterator[AsyncIterator[pb.WatchInboxResponse]]:
    messages = asking.watch(caller, after)
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield messages
    finally:
        await messages.aclose()


async def now(asking: Asking, caller: Caller) -> str:
    """The cursor of the end of an inbox."""
    async with watching(asking, caller) as messages:
        return (await anext(messages)).cursor


async def watched(asking: Asking, caller: Caller, after: str, count: int) -> list[pb.WatchInboxResponse]:
    """The first *count* messages of a watcher."""
    async with watching(asking, caller, after) as messages:
        return [await anext(messages) for _ in range(count)]


async def until_told(asking: Asking, caller: Caller, *ids: str) -> None:
    """Wait until all these alerts have come up in an inbox."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if {entry.alert_id for entry in await inbox(asking, caller)} >= {*ids}:
                return
            await asyncio.sleep(0.01)


async def settled(asking: Asking) -> None:
    """Wait until everything that is due so far is delivered: what Austria submits now comes after it."""
    fence = await an_alert(asking, Status.SUBMITTED, author=AUSTRIA)
    await until_told(asking, AT_COORDINATOR, fence.id)
