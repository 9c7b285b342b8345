"""How the answers of a stream are written: as WebSocket frames, as messages of graphql-transport-ws, as server-sent events.

Only what differs between clients, the operation's id, is put around the bytes that all share.
"""

import json
from typing import Any

import msgspec


def as_json(value: Any) -> bytes:
    """*value* as JSON. Half a character (a lone surrogate), which a client may have sent and gets back, is an escape."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode()


class Lines:
    """Messages of graphql-transport-ws, one a line: JSON has no line ends of its own."""

    __slots__ = ("_before", "_complete")

    def __init__(self, operation_id: str) -> None:
        id_ = as_json(operation_id)
        self._before = b'{"id":' + id_ + b',"type":"next","payload":'
        self._complete = b'{"id":' + id_ + b',"type":"complete"}\n'

    def next(self, payload: bytes) -> bytes:
        return self._before + payload + b"}\n"

    def complete(self) -> bytes:
        return self._complete


class Frames:
    """The same messages, each in a WebSocket text frame (RFC 6455, section 5.2): final, not masked, not compressed."""

    __slots__ = ("_before",)

    def __init__(self, operation_id: str) -> None:
        self._before = b'{"id":' + as_json(operation_id) + b',"type":"next","payload":'

    def next(self, payload: bytes) -> bytes:
        before = self._before
        return b"".join((_head(len(before) + len(payload) + 1), before, payload, b"}"))

    def complete(self) -> bytes:
        said = self._before.replace(b',"type":"next","payload":', b',"type":"complete"}')
        return _head(len(said)) + said


class Events:
    """Server-sent events, as the distinct connections mode of the GraphQL over SSE protocol has them."""

    __slots__ = ()

    def next(self, payload: bytes) -> bytes:
        return b"event: next\r\ndata: " + payload + b"\r\n\r\n"

    def complete(self) -> bytes:
        return b"event: complete\r\ndata: \r\n\r\n"


def _head(length: int) -> bytes:
    if length < 126:
        return bytes((0x81, length))
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2)
    return b"\x81\x7f" + length.to_bytes(8)
