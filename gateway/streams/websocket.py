"""graphql-transport-ws as an ASGI application: who may open a connection."""

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from strawberry.http.websocket_origin import is_same_origin, normalize_origin
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from gateway.streams.connections import Connection, Speaking
from gateway.streams.writers import WRITER, Writer


class Sockets:
    """The ASGI application that speaks graphql-transport-ws."""

    def __init__(self, speaking: Speaking) -> None:
        self._speaking = speaking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        headers = Headers(scope=scope)
        if not self._may_open(headers):
            # Before it is accepted, the server makes a 403 of it.
            await send({"type": "websocket.close", "code": 1008})
            return
        if GRAPHQL_TRANSPORT_WS_PROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4406, "reason": "Subprotocol not acceptable"})
            return
        await send({"type": "websocket.accept", "subprotocol": GRAPHQL_TRANSPORT_WS_PROTOCOL})
        writer: Writer | None = scope.get("extensions", {}).get(WRITER)
        if writer is not None:
            writer.settle()
        await Connection(self._speaking, headers, receive, send, writer).serve()

    def _may_open(self, headers: Headers) -> bool:
        """Browsers ask nobody before a page opens a WebSocket elsewhere; what is no browser says no origin."""
        origin = headers.get("origin")
        return (
            origin is None
            or is_same_origin(origin, headers.get("host"))
            or not {"*", normalize_origin(origin)}.isdisjoint(self._speaking.origins)
        )
