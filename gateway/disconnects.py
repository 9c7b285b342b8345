"""A client that hangs up stops what was being done for it: nobody would read the answer.

Servers tell an application of a disconnect only when it asks for more of the request, which one that is busy answering does not. A
command that is stopped half-way is whole or not there, and its repetition gets its answer: see `chassis.aggregates`.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Disconnects:
    """Cancels the answer to a request whose client has gone."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
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
