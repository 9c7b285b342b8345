"""Calling another service: a deadline that is passed on, patience where nothing was done yet, and an end to abandoned work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from chassis import calls
from chassis.calls import DEFAULT_BUDGET_S, Peer, open_channel
from chassis.server import MAX_MESSAGE_BYTES, Call
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from protos.translation.v1 import translation_pb2
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from tests.chassis.conftest import ANSWER, ASK, CHUNK, WATCH, Running, running
from tests.ports import a_free_port
from vocabulary.refusals import Conflict, Invalid, Unavailable


class Work:
    """Something a service does until it is stopped."""

    def __init__(self) -> None:
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    async def run(self) -> Any:
        try:
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            self.ended.set()


async def test_a_call_ends_in_time_for_an_answer_and_the_next_one_sooner_still(service: Running) -> None:
    """The wire rounds a deadline up by some hundredths (the caller's own clock does not); what a service gives is exact."""
    left: list[float] = []
    given: list[float] = []

    async def passes_on(context: Call) -> pb.ListQuestionSetsResponse:
        left.append(context.time_remaining() or 0.0)
        given.append(calls.budget())
        return await service.ask() if len(left) < 3 else ANSWER

    service.told.single = passes_on

    async def within_two_seconds() -> pb.ListQuestionSetsResponse:
        calls.set_deadline(2.0)
        return await service.ask()

    assert await asyncio.create_task(within_two_seconds()) == ANSWER
    assert [0 < seconds <= 2 for seconds in left] == [True, True, True]
    kept_back = [had - spent for had, spent in zip(left, given, strict=True)]
    assert all(calls.REPORTING_S / 2 < seconds < 0.5 for seconds in kept_back)


async def test_calls_can_be_given_less_time_for_a_while_and_never_more() -> None:
    async def budgets() -> list[float]:
        calls.set_deadline(5.0)
        found = [calls.budget()]
        for seconds in (1.0, 60.0):
            with calls.at_most(seconds):
                found.append(calls.budget())
            found.append(calls.budget())
        return found

    whole, less, after, no_more, at_last = await asyncio.create_task(budgets())
    assert less <= 1.0 < at_last <= no_more <= after <= whole <= 5.0
    with calls.at_most(1.0):
        assert calls.budget() <= 1.0
    assert calls.budget() == calls.DEFAULT_BUDGET_S


async def test_without_a_deadline_of_its_own_a_call_has_the_usual_one(service: Running) -> None:
    left: list[float | None] = []

    async def answers(context: Call) -> pb.ListQuestionSetsResponse:
        left.append(context.time_remaining())
        return ANSWER

    service.told.single = answers
    await service.ask()
    assert left[0]
    # gRPC tells the time by two clocks, which need not go at the same pace.
    assert DEFAULT_BUDGET_S - 2 < left[0] < DEFAULT_BUDGET_S + 1


async def test_an_answer_that_comes_too_late_is_a_service_that_is_away(service: Running) -> None:
    work = Work()
    service.told.single = lambda _: work.run()

    async def within_a_moment() -> None:
        calls.set_deadline(0.2)
        await service.ask()

    with pytest.raises(Unavailable) as refused:
        await asyncio.create_task(within_a_moment())
    assert refused.value.reason == "DEADLINE_EXCEEDED"
    assert "requests" in refused.value.message
    async with asyncio.timeout(1):
        await work.ended.wait()


async def test_a_call_whose_time_is_up_is_not_begun(service: Running) -> None:
    begun: list[int] = []

    async def answers(_: Call) -> pb.ListQuestionSetsResponse:
        begun.append(1)
        return ANSWER

    service.told.single = answers

    async def too_late() -> None:
        calls.set_deadline(-1.0)
        assert calls.budget() == 0.0
        await service.ask()

    with pytest.raises(Unavailable) as refused:
        await asyncio.create_task(too_late())
    assert (refused.value.reason, begun) == ("DEADLINE_EXCEEDED", [])


@pytest.mark.parametrize("failures", [1, 2, 3])
async def test_a_call_is_sent_again_while_the_service_is_not_ready(service: Running, failures: int) -> None:
    tried: list[int] = []

    async def at_last(_: Call) -> pb.ListQuestionSetsResponse:
        tried.append(1)
        if len(tried) <= failures:
            raise Unavailable("the store is busy", reason="STORE_UNAVAILABLE")
        return ANSWER

    service.told.single = at_last
    assert await service.ask() == ANSWER
    assert len(tried) == failures + 1


async def test_a_service_that_stays_unready_is_tried_four_times_and_then_said_to_be(service: Running) -> None:
    tried: list[int] = []

    async def never(_: Call) -> pb.ListQuestionSetsResponse:
        tried.append(1)
        raise Unavailable("the store is busy", field="id", reason="STORE_UNAVAILABLE")

    service.told.single = never
    with pytest.raises(Unavailable) as refused:
        await service.ask()
    assert (refused.value.reason, refused.value.field) == ("STORE_UNAVAILABLE", "id")
    assert len(tried) == 4


async def test_a_refused_call_is_not_sent_again(service: Running) -> None:
    tried: list[int] = []

    async def refuses(_: Call) -> pb.ListQuestionSetsResponse:
        tried.append(1)
        raise Conflict("no")

    service.told.single = refuses
    with pytest.raises(Conflict):
        await service.ask()
    assert len(tried) == 1


async def test_a_cancelled_caller_ends_the_work_within_a_second(service: Running) -> None:
    work = Work()
    service.told.single = lambda _: work.run()
    asking = asyncio.create_task(service.ask())
    async with asyncio.timeout(5):
        await work.begun.wait()
    asking.cancel()
    async with asyncio.timeout(1):
        await work.ended.wait()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_an_abandoned_stream_ends_the_work_within_a_second(service: Running) -> None:
    """Whether the service waits for news at that moment, or for the reader to take what it sent."""
    work = Work()

    async def waits_for_news(_: Call) -> AsyncIterator[pb.WatchChangesResponse]:
        yield pb.WatchChangesResponse(cursor="1")
        await work.run()

    service.told.streaming = waits_for_news
    stream = service.as_person().stream(service.stub.WatchChanges, WATCH)
    assert (await anext(stream)).cursor == "1"
    await stream.aclose()
    async with asyncio.timeout(1):
        await work.ended.wait()

    ended = asyncio.Event()

    async def sends_without_end(_: Call) -> AsyncIterator[pb.WatchChangesResponse]:
        try:
            while True:
                yield pb.WatchChangesResponse(cursor="x" * 100_000)
        finally:
            ended.set()

    service.told.streaming = sends_without_end
    stream = service.as_person().stream(service.stub.WatchChanges, WATCH)
    await anext(stream)
    await stream.aclose()
    async with asyncio.timeout(1):
        await ended.wait()


async def test_an_upload_that_breaks_off_ends_the_work_within_a_second(service: Running) -> None:
    ended = asyncio.Event()

    async def takes(requests: AsyncIterator[pb.UploadFileRequest]) -> pb.UploadFileResponse:
        try:
            async for _ in requests:
                pass
            raise AssertionError("half a file was taken for a whole one")
        finally:
            ended.set()

    async def breaking() -> AsyncIterator[pb.UploadFileRequest]:
        yield CHUNK
        raise ConnectionResetError

    service.told.uploading = takes
    with pytest.raises(ConnectionResetError):
        await service.as_person().upload(service.stub.UploadFile, breaking())
    async with asyncio.timeout(1):
        await ended.wait()


async def test_an_upload_is_answered_when_it_is_whole(service: Running) -> None:
    async def chunks() -> AsyncIterator[pb.UploadFileRequest]:
        for _ in range(50):
            yield CHUNK

    answer = await service.as_person().upload(service.stub.UploadFile, chunks())
    assert answer.file.size_bytes == 50 * len(CHUNK.chunk)


async def test_a_service_that_is_away_is_unavailable_and_found_again_on_the_same_channel(tmp_path: Path) -> None:
    port = a_free_port()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        stub = RequestsServiceStub(channel)
        with pytest.raises(Unavailable) as refused:
            await Peer("requests", str).call(stub.ListQuestionSets, ASK)
        assert refused.value.reason == "SERVICE_UNAVAILABLE"
        assert "127.0.0.1" not in refused.value.message
        with pytest.raises(Unavailable):
            await anext(Peer("requests", str).stream(stub.WatchChanges, WATCH))
        async with running(tmp_path, f"127.0.0.1:{port}") as service, asyncio.timeout(10):
            while True:
                try:
                    answer = await service.as_person().call(stub.ListQuestionSets, ASK)
                except Unavailable:
                    await asyncio.sleep(0.05)
                else:
                    break
            assert answer == ANSWER


async def test_a_method_that_is_not_offered_and_a_message_that_is_too_large_are_refused_in_our_words(
    service: Running,
) -> None:
    translate = TranslationServiceStub(service.channel).Translate
    with pytest.raises(Unavailable) as refused:
        await service.as_person().call(translate, translation_pb2.TranslateRequest())
    assert refused.value.reason == "UNIMPLEMENTED"
    large = pb.ListQuestionSetsRequest(languages=["x" * (MAX_MESSAGE_BYTES + 1)])
    with pytest.raises(Invalid) as too_large:
        await service.as_person().call(service.stub.ListQuestionSets, large)
    assert too_large.value.reason == "TOO_LARGE"


async def test_a_page_of_large_things_arrives_whole(service: Running) -> None:
    large = pb.ListQuestionSetsResponse(
        question_sets=[pb.QuestionSet(id=f"{n}", code="x" * MAX_MESSAGE_BYTES) for n in range(3)]
    )

    async def page(_context: Call) -> pb.ListQuestionSetsResponse:
        return large

    service.told.single = page
    assert await service.ask() == large


class Wire:
    """A connection's way between two ends, which can be cut so that neither is told."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.cut = asyncio.Event()
        self._over = asyncio.Event()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        passing = [asyncio.ensure_future(self._pass(*ends)) for ends in ((reader, back), (there, writer))]
        over = asyncio.ensure_future(self._over.wait())
        await asyncio.wait({*passing, over}, return_when=asyncio.FIRST_COMPLETED)
        for task in (*passing, over):
            task.cancel()
        await asyncio.wait({*passing, over})
        for end in (writer, back):
            end.close()
            with suppress(OSError):
                await end.wait_closed()

    def close(self) -> None:
        self._over.set()

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            if not self.cut.is_set():
                target.write(data)


async def test_a_connection_that_answers_no_ping_is_dead_whatever_tcp_believes(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a firewall has forgotten it: nothing arrives, and nobody is told."""
    quick = {"grpc.keepalive_time_ms": 300, "grpc.keepalive_timeout_ms": 300, "grpc.http2.ping_timeout_ms": 300}
    monkeypatch.setattr(
        calls, "CHANNEL_OPTIONS", [(name, quick.get(name, value)) for name, value in calls.CHANNEL_OPTIONS]
    )

    over = asyncio.Event()

    async def says_one_thing(_: Call) -> AsyncIterator[pb.WatchChangesResponse]:
        yield pb.WatchChangesResponse(cursor="1")
        await over.wait()

    service.told.streaming = says_one_thing
    wire = Wire(service.server.port)
    between = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    address = "{}:{}".format(*between.sockets[0].getsockname())
    async with open_channel(address) as channel:
        watching = service.as_person().stream(RequestsServiceStub(channel).WatchChanges, WATCH)
        assert (await anext(watching)).cursor == "1"
        wire.cut.set()
        with pytest.raises(Unavailable) as found:
            async with asyncio.timeout(20):
                await anext(watching)
    assert "ping timeout" in repr(found.value.__cause__)
    over.set()
    wire.close()
    between.close()
    await between.wait_closed()
