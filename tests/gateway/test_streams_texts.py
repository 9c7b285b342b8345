"""The texts of what a stream tells: their translations belong to what they stand in, whatever else is executed meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from gateway.context import Context
from gateway.schema import graphql_schema
from gateway.streams.execution import answers
from gateway.streams.sources import WATCH_INBOX
from protos.alerts.v1 import alerts_pb2
from protos.translation.v1 import translation_pb2
from tests.gateway.streaming import an_execution
from tests.plan.clock import on_clock
from tests.plan.worlds import TRANSLATE, World, a_sign_in

DOCUMENT = (
    "subscription { alertStream { cursor entry { alert { id returnReason { text { original translation } } } } } }"
)
# More than it takes from the alert to the question for its texts.
TURNS = 30


@dataclass(slots=True)
class Beside(World):
    """Services; so many turns of the loop after an alert has been answered, *then* is done."""

    turns: int = 0
    then: Callable[[], Awaitable[Any]] | None = None
    doing: "asyncio.Task[None] | None" = None

    async def answer(self, path: str, request: bytes) -> bytes:
        found = await World.answer(self, path, request)
        if path.endswith("/BatchGetAlerts"):
            self.doing = asyncio.create_task(self._do())
        return found

    async def _do(self) -> None:
        for _ in range(self.turns):
            await asyncio.sleep(0)
        assert self.then is not None
        await self.then()


def a_context(world: World) -> Context:
    stubs = world.stubs()
    return Context(stubs, a_sign_in(stubs), "").for_operation(an_execution(DOCUMENT))


def an_item() -> Any:
    item = alerts_pb2.WatchInboxResponse(cursor="1")
    item.entry.id, item.entry.alert_id = "entry", "alr_1"
    return item


def test_who_comes_while_an_item_is_executed_changes_nothing_of_what_is_asked_for_it() -> None:
    """An opening is executed beside it, for the same share."""

    async def work(turns: int) -> list[translation_pb2.Segment]:
        world = Beside(27, calm=True, turns=turns)
        context = a_context(world)
        world.then = lambda: answers(graphql_schema, context, [WATCH_INBOX.watermark("0")])
        (answer,) = await answers(graphql_schema, context, [an_item()])
        assert not answer.failed
        assert world.doing is not None
        await world.doing
        (asked,) = (one.request for one in world.asked if one.path == TRANSLATE)
        return list(translation_pb2.TranslateRequest.FromString(asked).segments)

    for turns in range(TURNS):
        (segment,) = on_clock(partial(work, turns))
        assert (segment.source_id, segment.context) == ("alr_1", "alert.returnReason"), turns
