"""Server-sent events: an answer that goes on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.streams.following import Offer
from gateway.streams.framing import Events
from gateway.streams.hub import Streams
from gateway.streams.subscribers import Subscriber

# As on a WebSocket: what a client still reads after its stream has been ended for its slowness.
GRACE_S = 10.0


class EventStream(Response):
    """What an operation answers as text; then, if it has left a stream in *offer*, that stream."""

    def __init__(
        self,
        texts: Callable[[], AsyncIterator[str]],
        headers: Mapping[str, str],
        offer: Offer,
        streams: Streams,
    ) -> None:
        super().__init__(headers=dict(headers))
        del self.headers["content-length"]
        self._texts = texts
        self._offer = offer
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

        async def write(body: bytes) -> None:
            await send({"type": "http.response.body", "body": body, "more_body": True})

        async with aclosing(cast("AsyncGenerator[str, None]", self._texts())) as texts:
            async for text in texts:
                if self._offer.wanted is not None:
                    break
                await write(text.encode())
        if self._offer.wanted is not None:
            await self._delivered(write)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _delivered(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(None) as reading:
                await self._deliver(write, reading)
                # Returns when the client has room for the end of the answer.
                await write(b"")
        except TimeoutError:
            # There is nothing more to say to it and nothing to wait for: as if it had gone.
            raise asyncio.CancelledError from None

    async def _deliver(self, write: Callable[[bytes], Awaitable[None]], reading: asyncio.Timeout) -> None:
        # Kept by who follows, as long as it is needed, and not for as long as the stream lasts.
        wanted, self._offer.wanted = self._offer.wanted, None
        assert wanted is not None
        assert wanted.context.sign_in is not None
        more = asyncio.Event()
        one = Subscriber(wanted.context.sign_in, Events(), more.set)
        following: asyncio.Task[None] = asyncio.create_task(self._streams.follow(wanted, one))
        del wanted
        one.wake = partial(_woken, one, more, reading)
        try:
            while not one.finished:
                more.clear()
                if taken := one.take():
                    await write(taken)
                elif not one.finished:
                    await more.wait()
        finally:
            one.wake = more.set
            one.leave()
            following.cancel()
            await asyncio.wait({following})


def _woken(one: Subscriber, more: asyncio.Event, reading: asyncio.Timeout) -> None:
    more.set()
    if one.ended and reading.when() is None:
        reading.reschedule(asyncio.get_running_loop().time() + GRACE_S)
