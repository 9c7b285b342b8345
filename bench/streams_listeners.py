"""Listeners by the thousand, in one process: graphql-transport-ws, or server-sent events, with as little around it as there can be."""

import asyncio
import json
import os
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

OPENED_AT_ONCE = 50
TEXT, PING = 1, 9
NEXT, END = b"event: next\r\ndata: ", b"\r\n\r\n"


@dataclass(slots=True)
class Heard:
    """When each event reached each listener, on the clock of `time.perf_counter`."""

    at: list[list[float]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, event: int, now: float) -> None:
        while len(self.at) <= event:
            self.at.append([])
        self.at[event].append(now)
        self.changed.set()

    async def all(self, events: int, listeners: int) -> None:
        """Return when every listener has heard of so many events."""
        while len(self.at) < events or any(len(one) < listeners for one in self.at[:events]):
            self.changed.clear()
            await self.changed.wait()


class Listener(asyncio.Protocol):
    """One connection with one stream, which notes when something comes."""

    def __init__(self, heard: Heard, authorization: str, query: str) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard = heard
        self._authorization, self._query = authorization, query
        self._messages = [
            {"type": "connection_init", "payload": {"authorization": authorization}},
            {"type": "subscribe", "id": "1", "payload": {"query": query}},
        ]
        self._buffer = b""
        self._upgraded = False
        self._events = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(
            b"GET /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"
            b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
        )

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(str(exc or self._buffer[:200])))

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        buffer = self._buffer + data if self._buffer else data
        if not self._upgraded:
            head, found, buffer = buffer.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            self._upgraded = True
            self._say(self._messages.pop(0))
        start = 0
        while (end := _end(buffer, start)) and end[1] <= len(buffer):
            self._frame(buffer[start] & 15, buffer[end[0] : end[1]], now)
            start = end[1]
        self._buffer = buffer[start:]

    def _frame(self, kind: int, body: bytes, now: float) -> None:
        if kind == PING:
            self._send(0x8A, body)
        elif kind == TEXT and b'"next"' in body:
            if not self.opened.done():
                self.opened.set_result(None)
            elif b'"entry":null' not in body:
                self._heard.note(self._events, now)
                self._events += 1
        elif self._messages:
            self._say(self._messages.pop(0))

    def _say(self, message: object) -> None:
        self._send(0x81, json.dumps(message).encode())

    def _send(self, head: int, body: bytes) -> None:
        size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack("!H", len(body))
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(body))
        self._transport.write(bytes([head]) + size + mask + masked)

    def close(self) -> None:
        self._transport.abort()


def _end(buffer: bytes, start: int) -> tuple[int, int] | None:
    """Where the body of the frame at *start* begins and ends; None as long as its head is not there."""
    if len(buffer) < start + 2:
        return None
    size = buffer[start + 1] & 127
    if size < 126:
        return start + 2, start + 2 + size
    more = 2 if size == 126 else 8
    if len(buffer) < start + 2 + more:
        return None
    return start + 2 + more, start + 2 + more + int.from_bytes(buffer[start + 2 : start + 2 + more])


class EventListener(Listener):
    """The same over server-sent events."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        body = json.dumps({"query": self._query}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\ncontent-type: application/json\r\n"
            f"authorization: {self._authorization}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        transport.write(head.encode() + body)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        *whole, self._buffer = (self._buffer + data).split(END)
        for event in whole:
            _, found, answer = event.partition(NEXT)
            if found:
                self._frame(TEXT, b'"next"' + answer, now)


async def listening(
    port: int, count: int, token: str, query: str, kind: type[Listener] = Listener
) -> tuple[Sequence[Listener], Heard]:
    """*count* open streams, each of which has heard its opening."""
    heard = Heard()
    free = asyncio.Semaphore(OPENED_AT_ONCE)
    loop = asyncio.get_running_loop()

    async def one() -> Listener:
        async with free:
            _, listener = await loop.create_connection(lambda: kind(heard, f"Bearer {token}", query), "127.0.0.1", port)
            await listener.opened
            return listener

    return await asyncio.gather(*(one() for _ in range(count))), heard
