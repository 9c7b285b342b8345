"""A request that does not arrive is not waited for: it is answered by 408, and its connection closed."""

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.serving import patience
from gateway.serving.patience import PatientProtocol
from tests.cells import cell
from tests.chassis.waiting import until
from tests.gateway.lines import GET, HOST, App, Lines

POST = b"POST /said HTTP/1.1\r\n" + HOST
NEVER_S = 3_600.0


async def test_what_does_not_arrive_in_time_is_answered_by_408(
    app: App,
    line: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.1)
    monkeypatch.setattr(patience, "BODY_S", 0.1)
    for name, begun in {
        "a head": GET,
        "the first letter of one": b"G",
        "a body": POST + b"content-length: 10\r\n\r\n",
        "a body that has begun": POST + b"content-length: 10\r\n\r\nab",
        "a body in chunks": POST + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "the next head": GET + b"\r\n" + GET,
    }.items():
        with cell(name):
            async with line() as one:
                await one.say(begun)
                if name == "the next head":
                    assert (await one.answer())[0] == 200
                assert (await one.answer())[0] == 408
                assert await one.is_closed()
    assert len(app.asked) == 4


async def test_a_connection_on_which_nothing_is_said_is_closed(
    line: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.1)
    async with line() as one:
        assert await one.is_closed()
    monkeypatch.setattr(patience, "HEAD_S", NEVER_S)
    async with line() as one:
        await one.say(GET + b"\r\n")
        assert (await one.answer())[0] == 200
        # No request, and the end of what the server itself waits for.
        monkeypatch.setattr(patience, "HEAD_S", 0.1)
        await one.say(b"\r\n")
        assert await one.is_closed()


async def test_what_goes_on_arriving_has_more_time(
    line: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "BODY_S", 0.05)
    monkeypatch.setattr(patience, "BYTES_A_SECOND", 1)
    async with line() as one:
        await one.say(POST + b"content-length: 1001\r\n\r\n" + b"x" * 1_000)
        await asyncio.sleep(0.2)  # longer than a body of nothing would be waited for
        await one.say(b"y")
        status, said = await one.answer()
        assert (status, said.count(b"x"), said.count(b"y")) == (200, 1_000, 1)


async def test_while_nobody_reads_a_body_its_sender_is_not_late(
    app: App,
    line: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0
    look = PatientProtocol._look

    def counted(self: PatientProtocol) -> None:
        nonlocal looks
        looks += 1
        look(self)

    async def looked() -> bool:
        return looks >= 3

    monkeypatch.setattr(PatientProtocol, "_look", counted)
    monkeypatch.setattr(patience, "BODY_S", 0.05)
    monkeypatch.setattr(patience, "BYTES_A_SECOND", 1_000_000_000)
    async with line() as one:
        # Nobody reads what is sent here.
        await one.say(b"POST /slowly HTTP/1.1\r\n" + HOST + b"content-length: 100001\r\n\r\n" + b"x" * 100_000)
        await until(looked)
        assert not app.cancelled.is_set()
        monkeypatch.setattr(patience, "BODY_S", NEVER_S)
    app.go_on.set()


async def test_what_is_answered_before_its_body_has_come_is_closed_without_another_answer(
    app: App,
    line: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "BODY_S", 0.1)

    async def answers_at_once(self: App, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"no", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    monkeypatch.setattr(App, "__call__", answers_at_once)
    async with line() as one:
        await one.say(POST + b"content-length: 10\r\n\r\n")
        assert (await one._reader.read()).endswith(b"\r\n\r\nno")


async def test_a_client_that_reads_nothing_of_a_large_answer_is_cut(
    app: App, line: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer would wait in memory for as long as it likes; and so would a connection that is closed."""
    monkeypatch.setattr(patience, "READ_S", 0.1)
    async with line() as one:
        one._reader._transport.pause_reading()
        await one.say(GET.replace(b"said", b"much") + b"\r\n")
        await app.cancelled.wait()


class Unread:
    """A transport in which so much waits to be read."""

    waits = 0
    is_cut = False

    def get_write_buffer_size(self) -> int:
        return self.waits

    def abort(self) -> None:
        self.is_cut = True


async def test_a_client_that_reads_a_little_each_time_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    config = uvicorn.Config(App(), log_config=None)
    config.load()
    made = PatientProtocol(config, uvicorn.server.ServerState(), {})
    transport: Any = Unread()
    made.transport, made.flow = transport, FlowControl(transport)
    transport.waits = 100
    made.pause_writing()
    for waits, has_room in ((99, False), (1, False), (100, True), (100, True), (99, False)):
        transport.waits = waits
        if has_room:
            made.resume_writing()
            made.pause_writing()
        made._look_at_reader()
        assert not transport.is_cut
        assert made._reading is not None
        made._reading.cancel()
    made._look_at_reader()
    assert transport.is_cut
    transport.waits, transport.is_cut = 0, False
    made._look_at_reader()
    assert not transport.is_cut
    assert made._reading is None


def test_what_is_used_of_the_server_is_there() -> None:
    config = uvicorn.Config(App(), log_config=None)
    config.load()
    made = HttpToolsProtocol(config, uvicorn.server.ServerState(), {}, asyncio.new_event_loop())
    made.loop.close()
    used = {"flow", "cycle", "loop", "transport", "timeout_keep_alive_task"}
    assert used <= set(vars(made))
    own = {name for name in vars(PatientProtocol) if not name.startswith("__")}
    overridden = {
        *("connection_made", "data_received", "connection_lost", "handle_websocket_upgrade"),
        *("on_message_begin", "on_headers_complete", "on_body", "on_message_complete"),
        *("pause_writing", "resume_writing"),
    }
    assert own & (set(dir(HttpToolsProtocol)) | set(vars(made))) == overridden, "a name of the server's was taken"
