"""The requests service with the directory it asks, over real gRPC, in a temporary folder."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.settings import ServiceSettings
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from services.requests.wiring import requests
from tests.builders import doctors

FREE_PORT = "127.0.0.1:0"
SET = "professional-qualifications:1"


class Asking:
    """Calls the service for whoever is named."""

    def __init__(self, stub: RequestsServiceStub, signer: Signer) -> None:
        self.stub = stub
        self._signer = signer

    def peer(self, caller: Caller) -> Peer:
        return Peer("requests", lambda: self._signer.for_person(caller))

    async def __call__(self, caller: Caller, method: str, message: Any) -> Any:
        return await self.peer(caller).call(getattr(self.stub, method), message)

    async def do(self, caller: Caller, method: str, **fields: Any) -> pb.Request:
        """A command with a key of its own; gives the request as it is then."""
        message = getattr(pb, f"{method}Request")(**{"command": command(), **fields})
        request: pb.Request = (await self(caller, method, message)).request
        return request


def command(key: str = "", revision: int | None = None) -> common_pb2.Command:
    return common_pb2.Command(idempotency_key=key or str(uuid.uuid4()), expected_revision=revision)


def a_draft(**changed: Any) -> pb.RequestDraft:
    """A draft that can be sent to Hungary."""
    fields: dict[str, Any] = {
        "responder_id": doctors("HU"),
        "question_set_id": SET,
        "subject": pb.Subject(person=pb.Person(given_name="Eszter", family_name="Mintás", birth_date="1988-03-14")),
        "justification": common_pb2.FreeText(text="Verifica del titolo", language="it"),
        "questions": [pb.AskedQuestionDraft(code="PQ1"), pb.AskedQuestionDraft(code="PQ3")],
    }
    return pb.RequestDraft(**{**fields, **changed})


def codes(*given: str) -> common_pb2.Value:
    return common_pb2.Value(codes=common_pb2.Codes(codes=given))


GOOD_ANSWERS = [
    pb.AnswerDraft(question_code="PQ1", value=codes("GENUINE")),
    pb.AnswerDraft(question_code="PQ3", value=codes("YES")),
]


@pytest.fixture(scope="session")
async def asking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    data = tmp_path_factory.mktemp("requests")
    async with directory(DirectorySettings(data_dir=data, training_data=True, listen_address=FREE_PORT)) as found:
        settings = ServiceSettings(data_dir=data, listen_address=FREE_PORT, directory_address=f"127.0.0.1:{found.port}")
        async with requests(settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
            yield Asking(RequestsServiceStub(channel), Signer(KeyRing(settings.keys), "gateway"))
