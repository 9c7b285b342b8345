"""What the server refuses before the gateway sees it, and how it writes; on connections that say what no client would."""

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.disconnects import CONNECTION, Disconnects
from gateway.serving.protocol import HEAD_BYTES, HEAD_FIELDS, PIPELINED, LimitedProtocol
from tests.cells import cell
from tests.gateway.lines import GET, HOST, App, Lines


def test_what_is_used_of_the_server_is_there() -> None:
    """These are the names of uvicorn's class that are used, and the only ones."""
    used = {
        *("data_received", "connection_lost", "send_400_response", "handle_websocket_upgrade"),
        *("on_message_begin", "on_header", "on_headers_complete", "on_body", "on_message_complete"),
    }
    assert all(callable(getattr(HttpToolsProtocol, name)) for name in used)
    attributes = {"transport", "loop", "scope", "url", "headers", "parser", "pipeline", "cycle"}
    config = uvicorn.Config(App(), log_config=None)
    config.load()
    made = HttpToolsProtocol(config, uvicorn.server.ServerState(), {}, asyncio.new_event_loop())
    made.loop.close()
    assert attributes - {"url"} <= set(vars(made))
    own = {name for name in vars(LimitedProtocol) if not name.startswith("__")}
    assert own & (set(dir(HttpToolsProtocol)) | set(vars(made))) == used, "a name of the server's was taken"


FIELD = b"x-field: " + b"x" * 1_000 + b"\r\n"
# A server reads up to 256 KB at once.
ENDLESS = [b"x" * 20_000] * 50
HEADS: dict[str, tuple[list[bytes], int]] = {
    "one field without end": ([GET + b"x: ", *ENDLESS], 431),
    "an address without end": ([b"GET /", *ENDLESS], 431),
    "much in one piece": ([GET + FIELD * (HEAD_BYTES // 1_000 + 1) + b"\r\n"], 431),
    "much in small pieces": ([GET, *[FIELD] * (HEAD_BYTES // 1_000 + 20), b"\r\n"], 431),
    "too many fields": ([GET + b"a: b\r\n" * HEAD_FIELDS + b"\r\n"], 431),
    "no host": ([b"GET / HTTP/1.1\r\n\r\n"], 400),
    "two hosts": ([GET + b"host: there\r\n\r\n"], 400),
    "two lengths": ([b"POST / HTTP/1.1\r\n" + HOST + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab"], 400),
    "a length and pieces": (
        [b"POST / HTTP/1.1\r\n" + HOST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
        400,
    ),
    "a field over two lines": ([GET + b"a: b\r\n c\r\n\r\n"], 400),
    "a space before the colon": ([GET + b"a : b\r\n\r\n"], 400),
    "no protocol at all": ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"], 400),
}


async def test_a_head_that_is_too_large_or_ambiguous_is_refused_and_its_connection_closed(
    app: App, line: Lines
) -> None:
    for what, (pieces, status) in HEADS.items():
        with cell(what):
            async with line() as one:
                for piece in pieces:
                    await one.say(piece)
                assert (await one.answer())[0] == status
                assert await one.is_closed()
    assert app.asked == []


async def test_heads_up_to_the_limits_are_answered(line: Lines) -> None:
    async with line() as one:
        await one.say(GET + FIELD * (HEAD_BYTES // 1_020 - 1) + b"\r\n")
        assert (await one.answer())[0] == 200
        await one.say(GET + b"a: b\r\n" * (HEAD_FIELDS - 1) + b"\r\n")
        assert (await one.answer())[0] == 200
        await one.say(b"GET /old HTTP/1.0\r\n\r\n")
        assert (await one.answer())[0] == 200


async def test_what_stands_behind_a_body_is_no_field_of_the_request_and_has_an_end(line: Lines) -> None:
    chunked = b"POST /said HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n"
    async with line() as one:
        await one.say(chunked + b"2\r\nab\r\n0\r\nauthorization: somebody\r\n\r\n")
        assert await one.answer() == (200, b"/said ab host,transfer-encoding")
        await one.say(chunked + b"2\r\nab\r\n0\r\n")
        for _ in range(50):
            await one.say(b"a: " + b"x" * 20_000 + b"\r\n")
        assert (await one.answer())[0] == 431
        assert await one.is_closed()


async def test_a_large_body_in_any_pieces_arrives_whole(line: Lines) -> None:
    body = b"x" * 300_000
    async with line() as one:
        await one.say(b"POST /said HTTP/1.1\r\n" + HOST + b"content-length: 300000\r\n\r\n")
        for start in range(0, len(body), 70_000):
            await one.say(body[start : start + 70_000])
        assert (await one.answer())[1].split()[1] == body


async def test_some_requests_may_wait_for_the_answer_to_another_and_no_more(app: App, line: Lines) -> None:
    async with line() as one:
        await one.say(b"".join(GET.replace(b"said", str(number).encode()) + b"\r\n" for number in range(PIPELINED)))
        for number in range(PIPELINED):
            assert (await one.answer())[1].startswith(f"/{number} ".encode())
    asked = len(app.asked)
    async with line() as one:
        await one.say(b"".join([GET.replace(b"said", b"head-first") + b"\r\n", *[GET + b"\r\n"] * (PIPELINED + 1)]))
        assert (await one.answer())[0] == 400
        assert await one.is_closed()
    assert len(app.asked) <= asked + 1


async def test_the_head_of_an_answer_does_not_wait_for_its_body(app: App, line: Lines) -> None:
    async with line() as one:
        await one.say(GET.replace(b"said", b"head-first") + b"\r\n")
        head = await one._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        app.go_on.set()
        assert await one._reader.readexactly(len(b"/head-first  host")) == b"/head-first  host"


async def test_who_waits_to_be_told_to_go_on_is_told(line: Lines) -> None:
    async with line() as one:
        await one.say(b"POST /said HTTP/1.1\r\n" + HOST + b"expect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        assert (await one._reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        await one.say(b"ab")
        assert (await one.answer())[1] == b"/said ab host,expect,content-length"


async def test_a_client_that_goes_stops_its_answer(app: App, line: Lines) -> None:
    async with line() as one:
        await one.say(GET.replace(b"said", b"slowly") + b"\r\n")
        one.leave()
        await app.cancelled.wait()
    async with line() as other:
        await other.say(GET + b"\r\n")
        assert (await other.answer())[0] == 200


async def test_an_answer_that_goes_on_learns_that_its_client_has_gone_whatever_waits_behind_it(
    app: App, line: Lines
) -> None:
    async with line() as one:
        await one.say(b"".join([GET.replace(b"said", b"endless") + b"\r\n", *[GET + b"\r\n"] * 2]))
        await one._reader.readuntil(b"more")
        one.leave()
        await app.cancelled.wait()
    assert app.asked == ["/endless"]


class Gone:
    """A connection whose client went before it was answered."""

    gone = None
    is_over = True


async def test_for_a_client_that_has_gone_already_nothing_is_begun() -> None:
    begun = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        begun.append(scope)

    nothing: Any = None
    await Disconnects(inner)({"type": "http", CONNECTION: Gone()}, nothing, nothing)
    assert begun == []


async def test_a_server_that_stops_is_not_taken_for_a_client_that_goes() -> None:
    waiting, nothing = asyncio.Event(), None

    class Open(Gone):
        is_over = False

    async def inner(*_: Any) -> None:
        waiting.set()
        await asyncio.Event().wait()

    scope: Any = {"type": "http", CONNECTION: Open()}
    answering = asyncio.ensure_future(Disconnects(inner)(scope, nothing, nothing))  # type: ignore[arg-type]
    await waiting.wait()
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
