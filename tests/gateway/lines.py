"""A server of the gateway's own kind, before an application that says what it was told; and connections to it, as bytes."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

from gateway.disconnects import Disconnects
from gateway.serving.protocol import LimitedProtocol

HOST = b"host: here\r\n"
GET = b"GET /said HTTP/1.1\r\n" + HOST
WITHIN_S = 20.0


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class App:
    """Answers with what it was told: its path, its body, its header fields."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go_on = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])
        if scope["path"] == "/much":
            await self._say_much(receive, send)
            return
        if scope["path"] == "/endless":
            await self._go_on(receive, send)
            return
        if scope["path"] == "/slowly":
            await Disconnects(self._wait)(scope, receive, send)
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        said = scope["path"].encode() + b" " + body + b" " + b",".join(name for name, _ in scope["headers"])
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(said)).encode())]}
        )
        if scope["path"] == "/head-first":
            await self.go_on.wait()
        await send({"type": "http.response.body", "body": said})

    async def _say_much(self, receive: Any, send: Any) -> None:
        """More than fits on the way to a client that does not read, until it has gone."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(64):
            await send({"type": "http.response.body", "body": b"x" * 1024 * 1024, "more_body": True})
        await _gone(receive)
        self.cancelled.set()

    async def _go_on(self, receive: Any, send: Any) -> None:
        """An answer that goes on until its client has gone."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        going = asyncio.ensure_future(_gone(receive))
        while not going.done():
            await send({"type": "http.response.body", "body": b"more", "more_body": True})
            await asyncio.wait({going}, timeout=0.01)
        self.cancelled.set()

    async def _wait(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Line:
    """A connection, as bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        # Whoever is refused is not read to the end.
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """The status of an answer, and its body."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return int(head.split()[1]), await self._reader.readexactly(length)

    async def is_closed(self) -> bool:
        with contextlib.suppress(ConnectionError):
            return await self._reader.read(1) == b""
        return True

    def leave(self) -> None:
        self._writer.close()


Lines = Callable[[], Any]


@asynccontextmanager
async def served(app: App) -> AsyncIterator[Lines]:
    """Opens connections to a server of *app*."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, http=LimitedProtocol, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listener]))

        @asynccontextmanager
        async def opened() -> AsyncIterator[Line]:
            found = Line(*await asyncio.open_connection(*listener.getsockname()))
            try:
                async with asyncio.timeout(WITHIN_S):
                    yield found
            finally:
                found.leave()

        try:
            yield opened
        finally:
            server.should_exit = True
            await serving
