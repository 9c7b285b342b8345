"""graphql-transport-ws as an ASGI application: who may open a connection."""

import asyncio
import random
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send
from strawberry.http.websocket_origin import is_same_origin, normalize_origin
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from gateway.limits.refusals import RateLimited
from gateway.streams.connections import Connection, Speaking
from gateway.streams.messages import SERVICE_RESTART, TRY_AGAIN_LATER
from gateway.streams.writers import WRITER, Writer

MAX_SOCKETS = 10_000
COME_BACK_WITHIN_S = 10.0
# For one that does not read: the end of the server cuts it.
TELLING_S = 2.0


class Sockets:
    """The ASGI application that speaks graphql-transport-ws."""

    def __init__(self, speaking: Speaking, at_most: int = MAX_SOCKETS) -> None:
        self._speaking = speaking
        self._at_most = at_most
        # How each connection that is open is told something.
        self._open: set[Send] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        opened = HTTPConnection(scope)
        if not self._may_open(opened.headers):
            # Before it is accepted, the server makes a 403 of it.
            await send({"type": "websocket.close", "code": 1008})
            return
        if GRAPHQL_TRANSPORT_WS_PROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4406, "reason": "Subprotocol not acceptable"})
            return
        await send({"type": "websocket.accept", "subprotocol": GRAPHQL_TRANSPORT_WS_PROTOCOL})
        if len(self._open) >= self._at_most:
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": "There are too many connections"})
            return
        address = opened.client.host if opened.client is not None else ""
        try:
            closed = self._speaking.admitting.policy.connections.open(address)
        except RateLimited as refusal:
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": refusal.message})
            return
        writer: Writer | None = scope.get("extensions", {}).get(WRITER)
        if writer is not None:
            writer.settle()
        self._open.add(send)
        try:
            await Connection(self._speaking, opened, receive, send, writer).serve()
        finally:
            self._open.discard(send)
            closed()

    async def stop(self) -> None:
        """Close every connection, each with its own time to come back, so that not all come at once to those that are left."""
        await asyncio.gather(*map(_told_to_come_back, self._open))

    def _may_open(self, headers: Headers) -> bool:
        """Browsers ask nobody before a page opens a WebSocket elsewhere; what is no browser says no origin."""
        origin = headers.get("origin")
        return (
            origin is None
            or is_same_origin(origin, headers.get("host"))
            or not {"*", normalize_origin(origin)}.isdisjoint(self._speaking.origins)
        )


async def _told_to_come_back(send: Send) -> None:
    wait = random.uniform(0, COME_BACK_WITHIN_S)  # noqa: S311  # nobody gains by knowing it
    reason = f"The gateway stops; retry in {wait:.1f} s"
    with suppress(Exception):  # one that is gone needs no telling, and one that does not read gets none
        async with asyncio.timeout(TELLING_S):
            await send({"type": "websocket.close", "code": SERVICE_RESTART, "reason": reason})
