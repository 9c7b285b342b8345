"""Server-sent events: an answer that goes on.

A request goes through layers that each stay in memory until it is answered, and this one is not for hours. So an answer that goes
on as a stream leaves them: they have done what they are for once it has begun, and the application goes on with it where they
return (`LEFT`). From then on a stream that has nothing to say is a `Subscriber`, and one task that waits for the client to go.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import Any, cast

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.streams.following import Offer, Wanted
from gateway.streams.framing import Events
from gateway.streams.hub import Streams
from gateway.streams.subscribers import Subscriber

# Where in a scope an application has a list for what goes on when the layers have returned.
LEFT = "imi.left"
# Where it has a list of what is done when a request is over, and all that it left.
ENDS = "imi.ends"
# As on a WebSocket: what a client still reads after its stream has been ended for its slowness.
GRACE_S = 10.0

log = structlog.get_logger(__name__)


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(cast("AsyncGenerator[str, None]", self._texts())) as texts:
            async for text in texts:
                if self._offer.wanted is not None:
                    break
                await send(_part(text.encode()))
        if self._offer.wanted is None:
            await send(_part(b"", last=True))
            return
        # Kept by who follows, as long as it is needed, and not for as long as the stream lasts.
        wanted, self._offer.wanted = self._offer.wanted, None
        delivery = Delivery(self._streams, wanted)
        left: list[Delivery] | None = scope.get(LEFT)
        if left is None:
            await delivery.go_on(receive, send)
        else:
            left.append(delivery)


class Delivery:
    """A stream to one client, who has had the head of the answer."""

    __slots__ = ("_one", "_reading", "_send", "_streams", "_wanted", "_working", "_writing")

    def __init__(self, streams: Streams, wanted: Wanted) -> None:
        assert wanted.context.sign_in is not None
        self._streams = streams
        self._wanted: Wanted | None = wanted
        self._one = Subscriber(wanted.context.sign_in, Events(), self._woken)
        self._reading: asyncio.Timeout | None = None
        self._send: Send | None = None
        self._writing = False
        # What brings it to where all are, and what writes: neither of them while there is nothing to do.
        self._working: set[asyncio.Task[None]] = set()

    async def go_on(self, receive: Receive, send: Send) -> None:
        """Write what there is until the client has gone, or has read the end; leaves nothing running."""
        wanted, self._wanted, self._send = self._wanted, None, send
        assert wanted is not None
        try:
            async with asyncio.timeout(None) as self._reading:
                self._work(self._streams.follow(wanted, self._one))
                del wanted
                # A server says that it is over when the client has gone, and when the end has been written.
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            # There is nothing more to say to it and nothing to wait for. An answer without an end closes the connection.
            pass
        finally:
            self._one.wake = _nothing
            self._one.leave()
            for task in self._working:
                task.cancel()
            if self._working:
                await asyncio.wait(self._working)

    def _woken(self) -> None:
        reading = self._reading
        assert reading is not None
        if self._one.ended and reading.when() is None:
            reading.reschedule(asyncio.get_running_loop().time() + GRACE_S)
        # Whoever writes already finds it.
        if not self._writing:
            self._writing = True
            self._work(self._write())

    async def _write(self) -> None:
        """Write all there is; at the end, that it is the end."""
        one, send, reading = self._one, self._send, self._reading
        assert send is not None
        assert reading is not None
        try:
            while taken := one.take():
                await send(_part(taken))
            if one.finished:
                # Returns when the client has room for the end of the answer.
                await send(_part(b""))
                await send(_part(b"", last=True))
        except Exception:  # of this answer: whoever wakes it wakes others too
            log.exception("fault")
            reading.reschedule(asyncio.get_running_loop().time())
        finally:
            self._writing = False

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)


def _part(body: bytes, *, last: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": not last}


def _nothing() -> None:
    """Nobody is written to any more."""
