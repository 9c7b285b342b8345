"""uvicorn's WebSocket protocol, which lends its transport to those who have much to write.

An ASGI `send` costs a coroutine, a dict, a decoded text and an encoded frame for each client; a frame that is there already needs none
of them. The application finds the transport as an extension of its scope, and does without it where there is none, as under another
server, or under a uvicorn whose class has become another. What is used of that class, and nothing else, is held by
`tests/gateway/test_streams_transport.py`.
"""

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from gateway.streams.writers import WRITER

# How long a client that answers no ping may take to read what it was sent; its socket is not closed by waiting for it.
CLOSING_S = 5.0
# What is used of each connection of uvicorn's.
USED = ("close_sent", "loop", "request", "response", "scope", "transport")


class LendingProtocol(WebSocketsSansIOProtocol):
    """A connection whose application may write whole frames of its own."""

    on_writable: Callable[[], None] | None = None
    _is_full = False

    @property
    def can_write(self) -> bool:
        return not self._is_full

    def write_frames(self, frames: bytes) -> None:
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frames)

    def cut(self) -> None:
        self.transport.abort()

    def settle(self) -> None:
        # Two sets of headers, parsed, are a fifth of what an idle connection holds; nobody asks for them after the handshake.
        del self.request, self.response

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if all(hasattr(self, name) for name in USED) and self.response.status_code == 101:
            # The application's task has been made and has not begun.
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[WRITER] = self

    def pause_writing(self) -> None:
        super().pause_writing()
        self._is_full = True

    def resume_writing(self) -> None:
        super().resume_writing()
        self._is_full = False
        if self.on_writable is not None:
            self.on_writable()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(CLOSING_S, self.transport.abort)
