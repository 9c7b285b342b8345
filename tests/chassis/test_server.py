"""A server of ours: nobody is answered unseen, its health is true, and its end loses no call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import grpc
import pytest
import structlog
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from structlog.testing import capture_logs

from chassis import guard, refusals, server
from chassis.caller import METADATA_KEY, Caller, Signer, current_caller
from chassis.calls import Peer
from chassis.keys import KeyRing
from chassis.server import Call
from protos.requests.v1 import requests_pb2 as pb
from tests.chassis.conftest import ANNA, ANSWER, ASK, BELA, NAME, WATCH, Running
from tests.chassis.waiting import until
from vocabulary.refusals import Conflict, Refusal, Unauthenticated, Unavailable
from vocabulary.roles import UserRole, WorkflowRole

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
TRACE = "0af7651916cd43dd8448eb211c80319c"


async def refusal_of(call: Any) -> Refusal:
    with pytest.raises(aio.AioRpcError) as found:
        await call
    refusal = refusals.from_error(found.value, "requests")
    assert refusal
    return refusal


async def until_refused(service: Running) -> None:
    """Return once no new call is begun: the drain starts at the next turn of the loop."""

    async def refused() -> bool:
        try:
            await asyncio.wait_for(service.ask(), 0.5)
        except Unavailable:
            return True
        except TimeoutError:  # begun before the drain, and held up by what the test holds up
            return False
        return False

    await until(refused)


def lines_of(lines: Any, event: str = "call") -> list[Any]:
    return [line for line in lines if line["event"] == event]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ((), "TOKEN_MISSING"),
        (((METADATA_KEY, ""),), "TOKEN_MISSING"),
        (((METADATA_KEY, "Bearer"),), "TOKEN_INVALID"),
        ((("authorization", "Bearer x"),), "TOKEN_MISSING"),
    ],
)
async def test_without_a_good_token_nothing_is_answered(service: Running, metadata: Any, reason: str) -> None:
    called: list[int] = []

    async def answers(_: Call) -> pb.ListQuestionSetsResponse:
        called.append(1)
        return ANSWER

    async def watches(_: Call) -> AsyncIterator[pb.WatchChangesResponse]:
        called.append(1)
        yield pb.WatchChangesResponse()

    async def takes(_: Any) -> pb.UploadFileResponse:
        called.append(1)
        return pb.UploadFileResponse()

    service.told.single, service.told.streaming, service.told.uploading = answers, watches, takes
    for call in (
        service.stub.ListQuestionSets(ASK, metadata=metadata),
        service.stub.WatchChanges(WATCH, metadata=metadata).read(),
        service.stub.UploadFile(metadata=metadata),
    ):
        refusal = await refusal_of(call)
        assert type(refusal) is Unauthenticated
        assert (refusal.field, refusal.reason) == (METADATA_KEY, reason)
    assert called == []


async def test_each_call_is_answered_for_its_own_caller(service: Running) -> None:
    """However many are under way at once."""
    all_here = asyncio.Barrier(6)
    callers: list[Caller] = []

    async def answers(_: Call) -> pb.ListQuestionSetsResponse:
        async with all_here:
            callers.append(current_caller())
        return pb.ListQuestionSetsResponse(question_sets=[pb.QuestionSet(id=current_caller().user_id)])

    service.told.single = answers
    async with asyncio.timeout(10):
        answered = await asyncio.gather(*(service.ask(who) for who in (ANNA, BELA, ANNA, BELA, ANNA, BELA)))
    assert [one.question_sets[0].id for one in answered] == [ANNA.user_id, BELA.user_id] * 3
    assert [callers.count(who) for who in (ANNA, BELA)] == [3, 3]


async def test_who_may_do_everything_in_many_areas_is_answered_too(service: Running) -> None:
    """And told, at whatever length, why something is refused."""
    modules = [
        f"professional-qualifications-{number}/{kind}" for number in range(30) for kind in ("requests", "alerts")
    ]
    mighty = replace(
        ANNA,
        user_roles={module: frozenset(UserRole) for module in modules},
        workflow_roles={module: frozenset(WorkflowRole) for module in modules},
    )

    async def answers(_: Call) -> pb.ListQuestionSetsResponse:
        assert current_caller() == mighty
        raise Conflict("no " * 5_000)

    service.told.single = answers
    with pytest.raises(Conflict, match="no no"):
        await service.ask(mighty)


async def test_a_service_is_answered_as_itself(service: Running) -> None:
    async def answers(_: Call) -> pb.ListQuestionSetsResponse:
        assert current_caller() == Caller(service="alerts")
        return ANSWER

    service.told.single = answers
    peer = Peer("requests", Signer(service.keys, "alerts").for_service)
    assert await peer.call(service.stub.ListQuestionSets, ASK) == ANSWER


async def test_someone_who_makes_their_own_keys_is_nobody(service: Running, tmp_path: Any) -> None:
    foreign = Signer(KeyRing(tmp_path / "elsewhere"), "gateway")
    with pytest.raises(Unauthenticated):
        await Peer("requests", lambda: foreign.for_person(ANNA)).call(service.stub.ListQuestionSets, ASK)


async def test_health_is_told_to_anybody_and_turns_at_the_drain(service: Running) -> None:
    health: Any = health_pb2_grpc.HealthStub(service.channel)
    for name in ("", NAME):
        assert (await health.Check(health_pb2.HealthCheckRequest(service=name))).status == SERVING
    watch = health.Watch(health_pb2.HealthCheckRequest(service=NAME))
    first = await watch.read()
    assert first.status == SERVING
    draining = asyncio.create_task(service.server.drain())
    async with asyncio.timeout(5):
        second = await watch.read()
        watch.cancel()
        await draining
    assert second.status == NOT_SERVING


async def test_anybody_may_ask_which_services_there_are(service: Running) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(service.channel)  # type: ignore[arg-type]
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=NAME),
    ]
    answers = [answer async for answer in stub.ServerReflectionInfo(iter(asked))]
    names = {one.name for one in answers[0].list_services_response.service}
    assert {NAME, "grpc.health.v1.Health"} <= names
    assert answers[1].file_descriptor_response.file_descriptor_proto


async def test_a_call_under_way_at_the_drain_ends_as_it_should_and_a_later_one_is_not_begun(service: Running) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def answers(_: Call) -> pb.ListQuestionSetsResponse:
        begun.set()
        await go_on.wait()
        return ANSWER

    async def watches(_: Call) -> AsyncIterator[pb.WatchChangesResponse]:
        yield pb.WatchChangesResponse(cursor="1")
        await go_on.wait()
        yield pb.WatchChangesResponse(cursor="2")

    service.told.single, service.told.streaming = answers, watches
    async with asyncio.timeout(15):
        asking = asyncio.create_task(service.ask())
        stream = service.as_person().stream(service.stub.WatchChanges, WATCH)
        assert (await anext(stream)).cursor == "1"
        await begun.wait()
        draining = asyncio.create_task(service.server.drain())
        await until_refused(service)
        # A stream that would never end by itself is ended: its reader resumes elsewhere.
        with pytest.raises(Unavailable) as ended:
            await anext(stream)
        assert ended.value.reason == "DRAINING"
        assert not draining.done()
        go_on.set()
        assert await asking == ANSWER
        await draining


async def test_a_drain_does_not_wait_for_ever(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "DRAIN_S", 0.1)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def never(_: Call) -> pb.ListQuestionSetsResponse:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ANSWER

    service.told.single = never
    async with asyncio.timeout(5):
        asking = asyncio.create_task(service.ask())
        await begun.wait()
        await service.server.drain()
        await ended.wait()
        with pytest.raises(Unavailable):
            await asking


async def test_a_call_of_somebody_who_sets_no_deadline_ends_all_the_same(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "CALL_LIMIT_S", 0.1)

    async def never(_: Call) -> pb.ListQuestionSetsResponse:
        await asyncio.Event().wait()
        return ANSWER

    service.told.single = never
    token = Signer(service.keys, "gateway").for_person(ANNA)
    with pytest.raises(aio.AioRpcError) as found:
        await service.stub.ListQuestionSets(ASK, metadata=((METADATA_KEY, token),))
    assert found.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_every_call_leaves_one_line_with_its_outcome_and_the_trace_it_belongs_to(service: Running) -> None:
    async def refuses(_: Call) -> pb.ListQuestionSetsResponse:
        raise Conflict("no", reason="TRANSITION")

    async def fails(_: Call) -> pb.ListQuestionSetsResponse:
        raise RuntimeError("Mario Rossi")

    token = Signer(service.keys, "gateway").for_person(ANNA)
    metadata = ((METADATA_KEY, token), ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01"))
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await service.stub.ListQuestionSets(ASK, metadata=metadata)
        for service.told.single in (refuses, fails):
            with pytest.raises(aio.AioRpcError):
                await service.stub.ListQuestionSets(ASK, metadata=metadata)

        async def all_written() -> bool:
            return len(lines_of(lines)) == 3

        # Whoever called has the answer before the line is written.
        await until(all_written)
    assert [line["outcome"] for line in lines_of(lines)] == ["OK", "TRANSITION", "INTERNAL"]
    assert {line["method"] for line in lines} == {f"/{NAME}/ListQuestionSets"}
    assert {line["trace_id"] for line in lines} == {TRACE}
    assert all(line["ms"] >= 0 for line in lines_of(lines))
    (fault,) = lines_of(lines, "fault")
    assert fault["log_level"] == "error"


async def test_calls_without_a_trace_get_one_each(service: Running) -> None:
    token = Signer(service.keys, "gateway").for_person(ANNA)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        for traceparent in ("", "", "nonsense"):
            metadata = ((METADATA_KEY, token), ("traceparent", traceparent))
            await service.stub.ListQuestionSets(ASK, metadata=metadata)

        async def all_written() -> bool:
            return len(lines_of(lines)) == 3

        await until(all_written)
    traces = {line["trace_id"] for line in lines_of(lines)}
    assert len(traces) == 3
    assert all(len(trace) == 32 for trace in traces)


async def test_a_call_to_the_next_service_stays_in_the_trace(service: Running) -> None:
    asked: list[int] = []

    async def passes_on(_: Call) -> pb.ListQuestionSetsResponse:
        asked.append(1)
        return await service.ask() if len(asked) < 3 else ANSWER

    service.told.single = passes_on
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await service.ask()
    assert len(lines_of(lines)) == 3
    assert len({line["trace_id"] for line in lines_of(lines)}) == 1


async def test_an_abandoned_stream_leaves_its_line_too(service: Running) -> None:
    async def watches(_: Call) -> AsyncIterator[pb.WatchChangesResponse]:
        yield pb.WatchChangesResponse(cursor="1")
        await asyncio.Event().wait()

    service.told.streaming = watches
    with capture_logs() as lines:
        stream = service.as_person().stream(service.stub.WatchChanges, WATCH)
        await anext(stream)
        await stream.aclose()

        async def written() -> bool:
            return bool(lines_of(lines))

        await until(written)
    assert [line["outcome"] for line in lines_of(lines)] == ["CANCELLED"]


async def test_a_file_whose_reader_takes_nothing_of_it_is_not_kept_for_ever(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "TAKEN_WITHIN_S", 0.2)
    over = asyncio.Event()

    async def file(_: Call) -> AsyncIterator[pb.DownloadFileResponse]:
        try:
            while True:
                yield pb.DownloadFileResponse(chunk=bytes(1024 * 1024))
        finally:
            over.set()

    service.told.downloading = file
    metadata = ((METADATA_KEY, Signer(service.keys, "gateway").for_person(ANNA)),)
    call = service.stub.DownloadFile(pb.DownloadFileRequest(), metadata=metadata)
    await call.read()
    async with asyncio.timeout(20):
        await over.wait()
        with suppress(aio.AioRpcError):
            while await call.read() is not aio.EOF:
                pass
        assert await call.code() is not grpc.StatusCode.OK
