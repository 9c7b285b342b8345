"""So many live streams each person has open at a gateway, over whichever transport; others are not held back by that."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.clients import SSE, WEBSOCKET, Client, Refused, eventually, within
from tests.gateway.running import Running
from tests.gateway.streaming import a_told_system, counted
from tests.gateway.test_subscriptions import ALERTS, CHANGES, opened

At = Callable[[Running, str], Client]
LIMIT = 3


@pytest.mark.parametrize("sharing", [False, True])
async def test_a_person_has_so_many_streams_and_one_more_when_one_ends(data: Path, at: At, sharing: bool) -> None:
    async with a_told_system(data, streams_per_person=str(LIMIT), stream_sharing=str(sharing)) as told:
        before = counted("streams")
        hungary, italy = at(told.running, "hu-alerts"), at(told.running, "it-alerts")
        async with AsyncExitStack() as all_:
            first = AsyncExitStack()
            await opened(await first.enter_async_context(hungary.listening(WEBSOCKET, ALERTS)))
            for transport in (SSE, WEBSOCKET):
                await opened(await all_.enter_async_context(hungary.listening(transport, ALERTS)))
            for transport in (SSE, WEBSOCKET):
                async with hungary.listening(transport, ALERTS) as refused:
                    (error,) = (await within(refused))["errors"]
                    assert Refused.of(error) == Refused("CONFLICT", "TOO_MANY_STREAMS")
                    assert f"you have {LIMIT} live streams" in error["message"]
            # Whatever else they ask is answered; and so are others.
            assert (await hungary.ask("{ viewer { language } }")) == {"viewer": {"language": "HU"}}
            await opened(await all_.enter_async_context(italy.listening(WEBSOCKET, ALERTS)))
            await first.aclose()

            async def again() -> Any:
                stack = AsyncExitStack()
                item = await within(await stack.enter_async_context(hungary.listening(SSE, ALERTS)))
                if "errors" in item:
                    await stack.aclose()
                    return None
                all_.push_async_callback(stack.aclose)
                return item

            await eventually(again)

        async def all_gone() -> bool | None:
            return counted("streams") == before or None

        await eventually(all_gone)


async def test_a_stream_that_ends_by_itself_gives_its_place_back(data: Path, at: At) -> None:
    """On a connection that stays: its operations come and go."""
    async with a_told_system(data, streams_per_person="1") as told, at(told.running, "hu-alerts").socket() as socket:
        for number in range(3):
            await socket.subscribe(ALERTS, operation=f"bad {number}", after="no cursor")
            assert (await socket.receive())["payload"]["errors"]
            assert (await socket.receive())["type"] == "complete"
            await socket.subscribe(ALERTS, operation=str(number))
            assert "errors" not in (await socket.receive())["payload"]
            await socket.subscribe(CHANGES, operation="one more")
            answer = await socket.receive()
            assert Refused.of(answer["payload"]["errors"][0]) == Refused("CONFLICT", "TOO_MANY_STREAMS")
            assert (await socket.receive())["type"] == "complete"
            await socket.send(type="complete", id=str(number))
