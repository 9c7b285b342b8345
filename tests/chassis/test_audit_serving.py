"""A server with an audit shows nothing that it could not write down, and does nothing of which it could not show the answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.audit import noting, writing
from chassis.caller import Signer
from chassis.calls import Peer
from chassis.server import AUDIT, Call
from protos.requests.v1 import requests_pb2 as pb
from tests.chassis.audits import WINDOW_S, Auditing, a_read, auditing
from tests.chassis.conftest import ANNA, ANSWER, ASK, CHUNK, NAME, WATCH, Running, running
from tests.chassis.waiting import until
from vocabulary.audit import Kind, Part
from vocabulary.refusals import Forbidden, NotFound, Unavailable

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass
class Audited:
    service: Running
    there: Auditing
    audit: Any

    async def health(self, name: str) -> Any:
        stub: Any = health_pb2_grpc.HealthStub(self.service.channel)
        return (await stub.Check(health_pb2.HealthCheckRequest(service=name))).status

    async def until_health(self, wanted: Any) -> None:
        async def is_so() -> bool:
            return bool(await self.health(AUDIT) == wanted)

        await until(is_so)

    def shows(self, *parts: Part) -> None:
        """From now on, a call shows a request."""

        async def answers(_: Call) -> pb.ListQuestionSetsResponse:
            noting.shown(Kind.REQUEST, "req_1", 3, *parts)
            return ANSWER

        self.service.told.single = answers


@pytest.fixture
async def audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Audited]:
    monkeypatch.setattr(writing, "GATHER_S", 0.01)
    monkeypatch.setattr(writing, "PAUSE_S", 0.01)
    async with auditing(tmp_path) as there:
        audit = there.process()
        async with running(tmp_path, audit=audit) as service:
            yield Audited(service, there, audit)
            there.store.away = False


async def close(audited: Audited) -> None:
    """The store is away, for longer than rows may wait."""
    audited.there.store.away = True
    audited.audit.accept(a_read(1))
    audited.there.waited_s += WINDOW_S + 1
    await audited.until_health(NOT_SERVING)


async def test_while_nothing_can_be_written_nothing_is_shown_and_health_says_so(audited: Audited) -> None:
    audited.shows(Part.CONTENT)
    await audited.service.ask()
    await audited.until_health(SERVING)
    await close(audited)
    with pytest.raises(Unavailable) as refused:
        await audited.service.ask()
    assert refused.value.reason == "AUDIT"
    # The rest of the service goes on.
    assert await audited.health(NAME) == SERVING
    audited.service.told.single = _shows_nothing
    assert await audited.service.ask() == ANSWER
    audited.there.store.away = False
    await audited.until_health(SERVING)
    audited.shows(Part.CONTENT)
    assert await audited.service.ask() == ANSWER


async def _shows_nothing(_: Call) -> pb.ListQuestionSetsResponse:
    return ANSWER


async def test_a_command_is_not_begun_of_which_the_answer_could_not_be_shown(audited: Audited) -> None:
    begun: list[int] = []

    async def takes(requests: AsyncIterator[pb.UploadFileRequest]) -> pb.UploadFileResponse:
        begun.append(1)
        return pb.UploadFileResponse()

    async def parts() -> AsyncIterator[pb.UploadFileRequest]:
        yield CHUNK

    audited.service.told.uploading = takes
    await close(audited)
    peer = audited.service.as_person()
    with pytest.raises(Unavailable) as refused:
        await peer.upload(audited.service.stub.UploadFile, parts())
    assert (refused.value.reason, begun) == ("AUDIT", [])


async def test_a_stream_ends_where_it_could_not_be_written_down_any_more(audited: Audited) -> None:
    go_on = asyncio.Event()

    async def watches(_: Call) -> AsyncIterator[pb.WatchChangesResponse]:
        for number in (1, 2):
            noting.shown(Kind.REQUEST, f"req_{number}", 1, Part.CONTENT)
            yield pb.WatchChangesResponse(cursor=str(number))
            await go_on.wait()

    audited.service.told.streaming = watches
    stream = audited.service.as_person().stream(audited.service.stub.WatchChanges, WATCH)
    assert (await anext(stream)).cursor == "1"
    await audited.audit.all_written()
    await close(audited)
    go_on.set()
    with pytest.raises(Unavailable) as refused:
        await anext(stream)
    assert refused.value.reason == "AUDIT"


async def test_a_file_is_given_when_its_row_is_in_the_store(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    audited.shows(Part.FILE)
    await audited.service.ask()
    assert [read.things[0].parts for read in await audited.there.reads()] == [(Part.FILE,)]
    monkeypatch.setattr(writing, "WAIT_S", 0.05)
    audited.there.store.away = True
    with pytest.raises(Unavailable):
        await audited.service.ask()


async def test_what_is_shown_in_one_answer_is_one_row_and_says_who_was_shown_it(audited: Audited) -> None:
    async def answers(_: Call) -> pb.ListQuestionSetsResponse:
        for part in (Part.CONTENT, Part.CONTENT, Part.LISTED):
            noting.shown(Kind.REQUEST, "req_1", 3, part)
        noting.withheld(["req_1", "req_2", "Mario", "req_ü"], ["req_1"])
        return ANSWER

    audited.service.told.single = answers
    await audited.service.ask()
    await audited.audit.all_written()
    (read,) = await audited.there.reads()
    assert (read.user, read.authority, read.country) == (ANNA.user_id, ANNA.authority_id, ANNA.country)
    assert read.operation == f"{NAME}/ListQuestionSets"
    assert [(thing.id, thing.revision, thing.parts) for thing in read.things] == [
        ("req_1", 3, (Part.CONTENT, Part.LISTED)),
        ("req_2", 0, (Part.WITHHELD,)),
    ]


async def test_a_refusal_is_a_row_only_if_something_was_not_for_the_caller_to_read(audited: Audited) -> None:
    for refusal in (Forbidden("no"), NotFound("no"), Unavailable("no")):

        async def refuses(_: Call, refusal: Exception = refusal) -> pb.ListQuestionSetsResponse:
            noting.shown(Kind.REQUEST, "req_1", 3, Part.CONTENT)
            raise refusal

        audited.service.told.single = refuses
        with pytest.raises(type(refusal)):
            await audited.service.ask()
    await audited.audit.all_written()
    assert [(read.refused, read.things) for read in await audited.there.reads()] == [
        ("FORBIDDEN", ()),
        ("NOT_FOUND", ()),
    ]


async def test_what_a_service_is_told_is_shown_to_nobody(audited: Audited) -> None:
    audited.shows(Part.CONTENT)
    await close(audited)
    peer = Peer("requests", Signer(audited.service.keys, "alerts").for_service)
    assert await peer.call(audited.service.stub.ListQuestionSets, ASK) == ANSWER


async def test_a_drain_writes_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "GATHER_S", 3_600.0)
    async with auditing(tmp_path) as there:
        async with running(tmp_path, audit=there.process()) as service:
            audited = Audited(service, there, None)
            audited.shows(Part.CONTENT)
            await service.ask()
            assert await there.reads() == []
        assert len(await there.reads()) == 1
        assert await there.fault() is None
