"""What is used of the server's protocol class, how frames are made without it, and that a stream costs no task."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from graphql import validate
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from gateway.limits import checking
from gateway.streams.framing import Events, Frames, Lines
from gateway.streams.transport import LendingProtocol
from tests.gateway.clients import Client, Socket
from tests.gateway.test_subscriptions import ALERTS, As, running_tasks, settled

SIZES = [0, 1, 60, 85, 86, 87, 200, 65_400, 65_493, 65_494, 65_495, 70_000, 1_000_000]
IDS = ["1", "", "é", '"\\\n', "2b1d0f0e-6f0a-4b5e-9a34-0d9a1b2c3d4e", "x" * 300]


def understood(data: bytes) -> list[Frame]:
    """The frames in *data*, as an independent implementation reads them."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    frames: list[Frame] = []
    while reader.buffer:
        parsing = Frame.parse(reader.read_exact, mask=False)
        try:
            next(parsing)
        except StopIteration as found:
            frames.append(found.value)
        else:
            raise AssertionError("a frame is not complete")
    return frames


@pytest.mark.parametrize("id_", IDS)
def test_answers_are_framed_as_others_read_them(id_: str) -> None:
    """Of every size around those at which the head of a frame gets longer."""
    writing = Frames(id_)
    payloads = [json.dumps({"data": "é" * (size // 2)}, ensure_ascii=False).encode() for size in SIZES]
    frames = understood(b"".join(map(writing.next, payloads)) + writing.complete())
    assert all((frame.opcode, frame.fin, frame.rsv1) == (Opcode.TEXT, True, False) for frame in frames)
    messages = [json.loads(bytes(frame.data)) for frame in frames]
    assert messages[:-1] == [{"id": id_, "type": "next", "payload": json.loads(payload)} for payload in payloads]
    assert messages[-1] == {"id": id_, "type": "complete"}


@pytest.mark.parametrize("id_", IDS)
def test_lines_and_frames_say_the_same(id_: str) -> None:
    lines, frames = Lines(id_), Frames(id_)
    for line, frame in ((lines.next(b'{"a":1}'), frames.next(b'{"a":1}')), (lines.complete(), frames.complete())):
        assert [line.removesuffix(b"\n")] == [bytes(one.data) for one in understood(frame)]


def test_events_are_of_one_line_each() -> None:
    assert Events().next(b'{"a":1}') == b'event: next\r\ndata: {"a":1}\r\n\r\n'
    assert Events().complete() == b"event: complete\r\ndata: \r\n\r\n"


def test_what_is_used_of_the_server_is_there() -> None:
    """The lent transport is a subclass of what uvicorn runs anyway; these are the names of it that are used, and the only ones."""
    used = ["handle_connect", "pause_writing", "resume_writing", "keepalive_timeout"]
    assert issubclass(LendingProtocol, WebSocketsSansIOProtocol)
    assert all(callable(getattr(WebSocketsSansIOProtocol, name)) for name in used)
    inherited = set(dir(WebSocketsSansIOProtocol)) | {"transport", "scope", "response", "request", "close_sent", "loop"}
    own = {name for name in vars(LendingProtocol) if not name.startswith("__")}
    assert own & inherited == set(used), "a name of the server's was taken for something else"


async def test_an_idle_stream_has_no_task_of_its_own(as_: As) -> None:
    """A connection has the server's; every stream on it, once it is open, only a place in the ring."""
    hungary: Client = as_("hu-alerts")
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(hungary.socket())
        await first.subscribe(ALERTS)
        await first.receive()
        before = await settled()
        sockets: list[Socket] = []
        for _ in range(10):
            one = await stack.enter_async_context(hungary.socket())
            for operation in range(5):
                await one.subscribe(ALERTS, operation=str(operation))
            for _ in range(5):
                await one.receive()
            sockets.append(one)
        await settled()
        # The clients' own are in this process too: each connection has one.
        assert running_tasks() - before <= 2 * len(sockets)
    await asyncio.sleep(0)


async def test_a_document_is_validated_once(as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    validated: list[object] = []

    def counted(*asked: Any, **how: Any) -> Any:
        validated.append(asked[1])
        return validate(*asked, **how)

    monkeypatch.setattr(checking, "validate", counted)
    for user in ("it-handler", "hu-handler"):
        await as_(user).ask("query ValidatedOnce { viewer { name } }")
    assert len(validated) == 1
