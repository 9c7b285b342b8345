"""Stands between a client and a server that speaks MongoDB's protocol, and does what a network or a replica set may do to them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import bson

HEAD = 16
OP_MSG = 2013

# What becomes of an answer to a command: another answer, or None for none, and no connection any more.
Change = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any] | None]


@asynccontextmanager
async def between(port: int, change: Change) -> AsyncIterator[int]:
    """The port at which the server at *port* answers what *change* makes of its answers, given the command and the answer."""
    connections: list[asyncio.Task[None]] = []
    lines: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(cast("asyncio.Task[None]", asyncio.current_task()))
        behind, before = await asyncio.open_connection("127.0.0.1", port)
        lines.extend((writer, before))
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await _pass_on(reader, writer, behind, before, change)
        for line in (writer, before):
            line.close()
            with suppress(ConnectionError):
                await line.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for line in lines:
            line.close()
        await asyncio.gather(*connections)


async def _pass_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    behind: asyncio.StreamReader,
    before: asyncio.StreamWriter,
    change: Change,
) -> None:
    while True:
        asked = await _message(reader)
        before.write(asked)
        answer = await _message(behind)
        if _is_plain(asked) and _is_plain(answer):
            changed = change(_body(asked), _body(answer))
            if changed is None:
                return
            answer = _with(answer, changed)
        writer.write(answer)


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(HEAD)
    return head + await reader.readexactly(int.from_bytes(head[:4], "little") - HEAD)


def _is_plain(message: bytes) -> bool:
    """Whether it is an OP_MSG that begins with its body."""
    return int.from_bytes(message[12:16], "little") == OP_MSG and message[20] == 0


def _body(message: bytes) -> dict[str, Any]:
    size = int.from_bytes(message[21:25], "little")
    return dict(bson.decode(message[21 : 21 + size]))


def _with(message: bytes, body: dict[str, Any]) -> bytes:
    """*message* with another *body*, which is all that an answer has."""
    content = bson.encode(body)
    return (21 + len(content)).to_bytes(4, "little") + message[4:21] + content
