"""ClamAV's daemon over TCP: a connection for each content, which is sent in chunks, each after its length (``INSTREAM``)."""

import asyncio
import re
from collections.abc import AsyncIterable
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

from engines.scanning import AWAY, SLOW, TOO_LARGE, UNREADABLE, Scanned, State

PORT = 3310
TIMEOUT_S = 20.0
CONNECT_TIMEOUT_S = 3.0
# The daemon queues what it cannot scan at once; we need not fill its queue.
AT_ONCE = 8
# No more of a content is sent; the daemon has a limit of its own, StreamMaxLength.
SIZE_LIMIT_BYTES = 32 * 1024 * 1024
ANSWER_LIMIT_BYTES = 4096

_FOUND = re.compile(r"stream: (.{1,200}) FOUND")
_NO_NAME = re.compile(r"[^A-Za-z0-9._:/+-]")


class Clamd:
    """See `engines.scanning.Scanner`."""

    is_on = True

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._free = asyncio.Semaphore(AT_ONCE)

    @classmethod
    def of(cls, url: str) -> Self:
        """The daemon that *url* names; raises ValueError, without repeating it, if it names none."""
        parts = urlsplit(url)
        wanted = "write clamd://host:port, such as clamd://127.0.0.1:3310"
        try:
            port = parts.port or PORT
        except ValueError:
            raise ValueError(wanted) from None
        more = parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None
        if parts.scheme != "clamd" or not parts.hostname or more:
            raise ValueError(wanted)
        return cls(parts.hostname, port)

    async def scan(self, content: AsyncIterable[bytes]) -> Scanned:
        try:
            async with asyncio.timeout(TIMEOUT_S), self._free:
                return _understood(await self._asked(content))
        except TimeoutError:
            return Scanned(State.NOT_SCANNED, SLOW)
        except OSError:
            return Scanned(State.NOT_SCANNED, AWAY)

    async def _asked(self, content: AsyncIterable[bytes]) -> bytes:
        """The daemon's answer; empty if it hung up without one. Raises OSError if it cannot be reached."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(self._host, self._port, limit=ANSWER_LIMIT_BYTES)
        try:
            # It may answer, and hang up, before it has everything: then its answer says more than the failed write.
            with suppress(ConnectionError):
                if not await _sent(writer, content):
                    return b"INSTREAM size limit exceeded. ERROR\0"
            return await _answer(reader)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _sent(writer: asyncio.StreamWriter, content: AsyncIterable[bytes]) -> bool:
    """Whether all of *content* could be sent."""
    writer.write(b"zINSTREAM\0")
    size = 0
    async for chunk in content:
        size += len(chunk)
        if size > SIZE_LIMIT_BYTES:
            return False
        if chunk:  # a chunk of no length ends the content
            writer.write(len(chunk).to_bytes(4, "big") + chunk)
            await writer.drain()
    writer.write(bytes(4))
    await writer.drain()
    return True


async def _answer(reader: asyncio.StreamReader) -> bytes:
    answer = b""
    with suppress(ConnectionError):
        while len(answer) < ANSWER_LIMIT_BYTES and not answer.endswith(b"\0"):
            piece = await reader.read(ANSWER_LIMIT_BYTES)
            if not piece:
                break
            answer += piece
    return answer


def _understood(answer: bytes) -> Scanned:
    """What an answer means. One that was cut off, or is not one of the daemon's, says nothing."""
    if not answer:
        return Scanned(State.NOT_SCANNED, AWAY)
    if not answer.endswith(b"\0") or not answer.isascii():
        return Scanned(State.NOT_SCANNED, UNREADABLE)
    said = answer[:-1].decode("ascii").strip()
    if said == "stream: OK":
        return Scanned(State.CLEAN)
    if found := _FOUND.fullmatch(said):
        return Scanned(State.INFECTED, _NO_NAME.sub("_", found[1])[:100])
    return Scanned(State.NOT_SCANNED, TOO_LARGE if "size limit exceeded" in said else UNREADABLE)
