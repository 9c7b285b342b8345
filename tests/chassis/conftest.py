"""A service on the chassis that does what a test tells it to, and people who call it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from grpc import aio
from structlog.testing import capture_logs

from chassis.audit.writing import Audit
from chassis.caller import Caller, Signer, Verifier
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.server import Call, Server, serving
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.requests_pb2 import DESCRIPTOR
from protos.requests.v1.requests_pb2_grpc import (
    RequestsServiceServicer,
    RequestsServiceStub,
    add_RequestsServiceServicer_to_server,
)

NAME = DESCRIPTOR.services_by_name["RequestsService"].full_name
ANNA = Caller(user_id="usr_anna", authority_id="aut_it", country="IT", language="it")
BELA = Caller(user_id="usr_bela", authority_id="aut_hu", country="HU", language="hu")
ASK = pb.ListQuestionSetsRequest()
WATCH = pb.WatchChangesRequest()
ANSWER = pb.ListQuestionSetsResponse(question_sets=[pb.QuestionSet(id="set:1")])
CHUNK = pb.UploadFileRequest(chunk=b"x" * 1024)


async def answers(context: Call) -> pb.ListQuestionSetsResponse:
    return ANSWER


async def watches(context: Call) -> AsyncIterator[pb.WatchChangesResponse]:
    yield pb.WatchChangesResponse(cursor="1")


async def takes(requests: AsyncIterator[pb.UploadFileRequest]) -> pb.UploadFileResponse:
    size = 0
    async for request in requests:
        size += len(request.chunk)
    return pb.UploadFileResponse(file=common_pb2.File(size_bytes=size))


async def sends(context: Call) -> AsyncIterator[pb.DownloadFileResponse]:
    yield pb.DownloadFileResponse(chunk=CHUNK.chunk)


class Told(RequestsServiceServicer):
    """One method of each shape that our services have."""

    def __init__(self) -> None:
        self.single: Callable[[Call], Awaitable[pb.ListQuestionSetsResponse]] = answers
        self.streaming: Callable[[Call], AsyncIterator[pb.WatchChangesResponse]] = watches
        self.downloading: Callable[[Call], AsyncIterator[pb.DownloadFileResponse]] = sends
        self.uploading: Callable[[AsyncIterator[pb.UploadFileRequest]], Awaitable[pb.UploadFileResponse]] = takes

    async def ListQuestionSets(  # noqa: N802
        self, request: pb.ListQuestionSetsRequest, context: Call
    ) -> pb.ListQuestionSetsResponse:
        return await self.single(context)

    async def WatchChanges(  # noqa: N802
        self, request: pb.WatchChangesRequest, context: Call
    ) -> AsyncIterator[pb.WatchChangesResponse]:
        async for message in self.streaming(context):
            yield message

    async def DownloadFile(  # noqa: N802
        self, request: pb.DownloadFileRequest, context: Call
    ) -> AsyncIterator[pb.DownloadFileResponse]:
        async for message in self.downloading(context):
            yield message

    async def UploadFile(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.UploadFileRequest], context: Call
    ) -> pb.UploadFileResponse:
        return await self.uploading(request_iterator)


@dataclass(frozen=True)
class Running:
    """The service, and a channel to it."""

    told: Told
    server: Server
    channel: aio.Channel
    keys: KeyRing

    @property
    def stub(self) -> RequestsServiceStub:
        return RequestsServiceStub(self.channel)

    def as_person(self, caller: Caller = ANNA) -> Peer:
        signer = Signer(self.keys, "gateway")
        return Peer("requests", lambda: signer.for_person(caller))

    async def ask(self, caller: Caller = ANNA) -> pb.ListQuestionSetsResponse:
        return await self.as_person(caller).call(self.stub.ListQuestionSets, ASK)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Faults are part of these tests; rendering them for people takes longer than the rest."""
    with capture_logs():
        yield


@asynccontextmanager
async def running(folder: Path, address: str = "127.0.0.1:0", audit: Audit | None = None) -> AsyncIterator[Running]:
    told = Told()  # type: ignore[abstract]  # the rest answers UNIMPLEMENTED
    keys = KeyRing(folder / "keys")
    async with (
        serving(
            lambda server: add_RequestsServiceServicer_to_server(told, server),
            [NAME],
            address,
            Verifier(keys),
            audit=audit,
        ) as server,
        open_channel(f"127.0.0.1:{server.port}") as channel,
    ):
        yield Running(told, server, channel, keys)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as started:
        yield started
