"""uvicorn's HTTP protocol on httptools, with the limits that its parser leaves to others; and it says when a client has gone.

The parser joins what it has not understood yet, however long that gets, and takes whatever stands after a body. What is used of
uvicorn's class, and nothing else, is held by `tests/gateway/test_protocol.py`.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.disconnects import CONNECTION
from gateway.serving.patience import PatientProtocol

# Of a request line with its header fields; and of whatever else comes without a byte of a body in it, such as trailers.
HEAD_BYTES = 64 * 1024
HEAD_FIELDS = 100
# Requests that wait on a connection for the answer to another.
PIPELINED = 8


class BadRequest(Exception):
    """The request is answered by a status of its own, and its connection closed."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Gathering:
    """What an answer needs of a transport, which writes its head together with what comes at once behind."""

    __slots__ = ("_head", "_loop", "_transport")

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        self._loop = loop
        self._transport = transport
        # None before there is one, nothing once it has been written.
        self._head: bytes | None = None

    def write(self, data: bytes) -> None:
        if self._head is None:
            self._head = data
            # For one with nothing behind it yet.
            self._loop.call_soon(self._flush)
        elif self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        else:
            self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)


class LimitedProtocol(PatientProtocol):
    """A connection."""

    # What is done when the client goes before it is answered.
    gone: Callable[[], None] | None = None
    is_over = False
    # Requests that are answered or wait for it. uvicorn tells only the last one that the client has gone.
    _unanswered: tuple[Any, ...] = ()
    _status = 400
    # Bytes since the parser last said something, and whether it just has.
    _unsaid = 0
    _has_said = False
    _in_head = True

    def data_received(self, data: bytes) -> None:
        self._has_said = False
        super().data_received(data)
        self._unsaid = 0 if self._has_said else self._unsaid + len(data)
        if self._unsaid > HEAD_BYTES and not self.transport.is_closing():
            self._status = 431
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope[CONNECTION] = self

    def on_header(self, name: bytes, value: bytes) -> None:
        # Nobody has asked for what stands after a body.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._has_said = False, True
        self._check_head()
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            # Its task has been made and has not begun.
            self.cycle.transport = Gathering(self.loop, self.transport)  # type: ignore[assignment]
            self._unanswered = (*(one for one in self._unanswered if not one.response_complete), self.cycle)

    def too_slow(self) -> None:
        self._status = 408
        super().too_slow()

    def on_body(self, body: bytes) -> None:
        self._has_said = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_said = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if self._status == 400:
            super().send_400_response(msg)
            return
        head = STATUS_LINE[self._status] + b"content-length: 0\r\nconnection: close\r\n\r\n"
        self.transport.write(head)
        self.transport.close()

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        self._let_go()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.is_over = True
        unanswered, self._unanswered = self._unanswered, ()
        for one in unanswered:
            if not one.response_complete:
                one.disconnected = True
            one.message_event.set()
        gone = self.gone
        self._let_go()
        if gone is not None:
            gone()

    def _check_head(self) -> None:
        """Raises BadRequest, of which the parser makes its own error."""
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > HEAD_BYTES or len(self.headers) > HEAD_FIELDS:
            self._status = 431
            raise BadRequest(self._status)
        # One, and not a guess between several (RFC 9112, section 3.2).
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1") or len(self.pipeline) >= PIPELINED:
            raise BadRequest(self._status)

    def _let_go(self) -> None:
        """Leave nothing behind that leads back here."""
        self.gone = None
        self.scope = None  # type: ignore[assignment]
