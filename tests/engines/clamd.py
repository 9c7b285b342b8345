"""A ClamAV daemon for tests: it speaks the protocol of the real one over TCP, knows one virus, and fails as it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

# The test virus that every scanner finds (EICAR), in two parts so that no scanner finds it here.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
COMMAND = b"zINSTREAM\0"


@dataclass
class Daemon:
    """A running daemon, what it was sent, and how it fails: *hangs_up_after* that many bytes, with *answer* instead of its own."""

    port: int = 0
    stream_max_bytes: int = 25 * 1024 * 1024
    slow_s: float = 0
    hangs_up_after: int | None = None
    answer: bytes | None = None
    scanned: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"clamd://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(await self._answered(reader))
            await writer.drain()
        writer.close()

    async def _answered(self, reader: asyncio.StreamReader) -> bytes:
        if await reader.readexactly(len(COMMAND)) != COMMAND:
            return b"UNKNOWN COMMAND\0"
        content = b""
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            if len(content) + length > self.stream_max_bytes:
                return b"INSTREAM size limit exceeded. ERROR\0"
            content += await reader.readexactly(length)
            if self.hangs_up_after is not None and len(content) >= self.hangs_up_after:
                return self.answer or b""
        self.scanned.append(content)
        await asyncio.sleep(self.slow_s)
        if self.answer is not None:
            return self.answer
        return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


@asynccontextmanager
async def a_daemon(port: int = 0) -> AsyncIterator[Daemon]:
    """A daemon that listens as long as the context lasts."""
    daemon = Daemon()
    server = await asyncio.start_server(daemon.serve, "127.0.0.1", port)
    daemon.port = server.sockets[0].getsockname()[1]
    async with server:
        yield daemon
