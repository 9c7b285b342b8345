"""A client that hangs up stops what was being done for it: nobody would read the answer.

Servers tell an application of a disconnect only when it asks for more of the request, which one that is busy answering does not. Ours
says it at once (`gateway/serving/protocol.py`); any other is asked. A command that is stopped half-way is whole or not there, and its
repetition gets its answer: see `chassis.aggregates`.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Where in a scope a server has the connection that says when it is over.
CONNECTION = "imi.connection"


class Telling(Protocol):
    """A connection that calls *gone* when its client has gone."""

    gone: Callable[[], None] | None

    @property
    def is_over(self) -> bool:
        """Whether it has gone."""
        ...


class Disconnects:
    """Cancels the answer to a request whose client has gone."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        connection: Telling | None = scope.get(CONNECTION)
        if connection is None:
            await self._listening(scope, receive, send)
        else:
            await self._told(connection, scope, receive, send)

    async def _told(self, connection: Telling, scope: Scope, receive: Receive, send: Send) -> None:
        if connection.is_over:
            return
        task = asyncio.current_task()
        assert task is not None
        has_gone = False

        def gone() -> None:
            nonlocal has_gone
            has_gone = True
            task.cancel()

        connection.gone = gone
        try:
            await self._inner(scope, receive, send)
        except asyncio.CancelledError:
            if not has_gone or task.uncancel():
                raise
        finally:
            connection.gone = None

    async def _listening(self, scope: Scope, receive: Receive, send: Send) -> None:
        # One message ahead and no more: a body that nobody reads must not pile up here.
        messages: asyncio.Queue[Message] = asyncio.Queue(1)
        answering = asyncio.ensure_future(self._inner(scope, messages.get, send))

        async def listen() -> None:
            while (message := await receive())["type"] != "http.disconnect":
                await messages.put(message)
            answering.cancel()

        listening = asyncio.ensure_future(listen())
        try:
            await asyncio.wait({answering})
        except asyncio.CancelledError:
            answering.cancel()
            await asyncio.wait({answering})
            raise
        finally:
            listening.cancel()
        if not answering.cancelled():
            answering.result()
