"""A running service and who calls it; requests between two authorities, valid unless told otherwise."""

import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.settings import ServiceSettings
from engines.documents import Documents, open_documents
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from services.requests import storage
from services.requests.catalogue import question_sets
from services.requests.domain.lifecycle import Status
from services.requests.domain.questions import Answer, Asked
from services.requests.domain.requests import Draft, Request, Subject
from services.requests.wiring import requests
from tests.builders import QUALIFICATIONS, a_handler, doctors
from vocabulary.refusals import Refusal
from vocabulary.values import FreeText, Value

FREE_PORT = "127.0.0.1:0"
SET = "professional-qualifications:1"
ITALY, HUNGARY = a_handler("IT"), a_handler("HU")
QUESTIONS = question_sets()[SET]
ALL_QUESTIONS = [pb.AskedQuestionDraft(code=code) for code, one in QUESTIONS.questions.items() if not one.follows]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n"

WIRE_STATUS = {status: pb.RequestStatus.Value(f"REQUEST_STATUS_{status}") for status in Status}

REQUESTER, RESPONDER = "requester", "responder"
# Who gives each command that begins with an id, and in which statuses it is possible.
COMMANDS = {
    "EditRequest": (REQUESTER, (Status.DRAFT,)),
    "SendRequest": (REQUESTER, (Status.DRAFT,)),
    "AcceptRequest": (RESPONDER, (Status.SENT,)),
    "SaveAnswers": (RESPONDER, (Status.ACCEPTED,)),
    "AnswerRequest": (RESPONDER, (Status.ACCEPTED,)),
    "CloseRequest": (REQUESTER, (Status.ANSWERED,)),
    "WithdrawRequest": (REQUESTER, (Status.SENT, Status.ACCEPTED)),
}
_WAY = {
    Status.DRAFT: (),
    Status.SENT: ("SendRequest",),
    Status.ACCEPTED: ("SendRequest", "AcceptRequest"),
    Status.ANSWERED: ("SendRequest", "AcceptRequest", "AnswerRequest"),
    Status.CLOSED: ("SendRequest", "AcceptRequest", "AnswerRequest", "CloseRequest"),
    Status.WITHDRAWN: ("SendRequest", "WithdrawRequest"),
}


def text(words: str, language: str = "it") -> common_pb2.FreeText:
    return common_pb2.FreeText(text=words, language=language)


class Asking:
    """Calls the service for whoever is named, a person or a service; looks into its store."""

    def __init__(self, stub: RequestsServiceStub, settings: ServiceSettings, documents: Documents) -> None:
        self.stub = stub
        self.settings = settings
        self.documents = documents
        self._gateway = Signer(KeyRing(settings.keys), "gateway")

    def peer(self, caller: Caller) -> Peer:
        if caller.service:
            return Peer("requests", Signer(KeyRing(self.settings.keys), caller.service).for_service)
        return Peer("requests", lambda: self._gateway.for_person(caller))

    async def __call__(self, caller: Caller, method: str, **fields: Any) -> Any:
        return await self.peer(caller).call(getattr(self.stub, method), getattr(pb, f"{method}Request")(**fields))

    async def do(self, caller: Caller, method: str, **fields: Any) -> pb.Request:
        """A command with a key of its own; gives the request as it is then."""
        request: pb.Request = (await self(caller, method, **{"command": command(), **fields})).request
        return request

    async def read(self, caller: Caller, id_: str) -> pb.Request | None:
        found = (await self(caller, "BatchGetRequests", ids=[id_])).requests
        return found[0] if found else None


def command(key: str = "", revision: int | None = None) -> common_pb2.Command:
    return common_pb2.Command(idempotency_key=key or str(uuid.uuid4()), expected_revision=revision)


@asynccontextmanager
async def running(settings: ServiceSettings) -> AsyncIterator[Asking]:
    async with (
        requests(settings) as server,
        open_channel(f"127.0.0.1:{server.port}") as channel,
        open_documents(settings.documents("requests"), storage.COLLECTIONS) as documents,
    ):
        yield Asking(RequestsServiceStub(channel), settings, documents)


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


def fields_of(method: str, id_: str) -> dict[str, Any]:
    """What a valid command of *method* says beside its key."""
    extra: dict[str, dict[str, Any]] = {
        "EditRequest": {"draft": a_draft()},
        "SaveAnswers": {"answers": GOOD_ANSWERS[:1]},
        "AnswerRequest": {"answers": GOOD_ANSWERS},
        "WithdrawRequest": {"reason": text("non serve più")},
    }
    return {"id": id_, **extra.get(method, {})}


async def a_request(
    asking: Asking, status: Status, *, requester: Caller = ITALY, responder: Caller = HUNGARY, **draft: Any
) -> pb.Request:
    """A request that came to *status* the shortest way."""
    draft = {"responder_id": responder.authority_id, **draft}
    request = await asking.do(requester, "CreateRequest", draft=a_draft(**draft))
    for method in _WAY[status]:
        caller = requester if COMMANDS[method][0] == REQUESTER else responder
        fields = fields_of(method, request.id)
        if method == "AnswerRequest" and draft.get("questions") == ALL_QUESTIONS:
            fields["answers"] = await all_answers(asking, responder)
        request = await asking.do(caller, method, **fields)
    return request


async def all_answers(asking: Asking, responder: Caller) -> list[pb.AnswerDraft]:
    """Answers to all questions, which open no follow-up but that to a text."""
    certificate = await an_upload(asking, responder)
    values = {
        "PQ1": codes("GENUINE"),
        "PQ2": common_pb2.Value(text=text("kamara", "hu")),
        "PQ2a": common_pb2.Value(date="2010-06-30"),
        "PQ3": codes("YES"),
        "PQ4": codes("ESTABLISHED"),
        "PQ5": codes("FULL"),
        "PQ6": codes("NONE"),
        "PQ7": common_pb2.Value(number="7"),
        "PQ8": common_pb2.Value(files=common_pb2.Codes(codes=[certificate.id])),
    }
    return [pb.AnswerDraft(question_code=code, value=value) for code, value in values.items()]


async def refused(asking: Asking, caller: Caller, method: str, kind: type[Refusal], **fields: Any) -> Refusal:
    """How *method* refuses, having changed and made nothing in the store."""

    async def kept() -> tuple[Any, ...]:
        drafts = {"lists": storage.drafts(caller.authority_id)}
        last = await asking.documents.find(storage.REQUESTS, drafts, sort="changed_at", descending=True, limit=1)
        return last, await asking.documents.get(storage.REQUESTS, fields.get("id", ""))

    before = await kept()
    with pytest.raises(kind) as found:
        await asking.do(caller, method, **fields)
    assert type(found.value) is kind
    assert await kept() == before
    return found.value


async def an_upload(
    asking: Asking, caller: Caller, content: bytes | Iterable[bytes] = PDF, name: str = "file.pdf", media_type: str = ""
) -> common_pb2.File:
    """The file that *caller* uploaded."""

    async def parts() -> AsyncIterator[pb.UploadFileRequest]:
        yield pb.UploadFileRequest(header=pb.UploadHeader(name=name, media_type=media_type))
        for chunk in [content] if isinstance(content, bytes) else content:
            yield pb.UploadFileRequest(chunk=chunk)

    return (await asking.peer(caller).upload(asking.stub.UploadFile, parts())).file


async def downloaded(asking: Asking, caller: Caller, id_: str) -> tuple[common_pb2.File, bytes]:
    message = pb.DownloadFileRequest(id=id_)
    parts = [part async for part in asking.peer(caller).stream(asking.stub.DownloadFile, message)]
    assert all(part.HasField("chunk") for part in parts[1:])
    return parts[0].header, b"".join(part.chunk for part in parts[1:])


def a_stored_request(status: Status, **changed: Any) -> Request:
    """A request of Italy's authority for doctors to Hungary's, as the store keeps it."""
    fields: dict[str, Any] = {
        "number": "RQ-2026-00000000",
        "requester_id": doctors("IT"),
        "requester_country": "IT",
        "area": QUALIFICATIONS,
        "question_set_id": SET,
        "draft": a_stored_draft(),
        "accepted": status in (Status.ACCEPTED, Status.ANSWERED, Status.CLOSED),
        "answers": (Answer(code="PQ1", value=Value(codes=("GENUINE",))),) if status is Status.ANSWERED else (),
        "created_at": NOW,
        "changed_at": NOW,
    }
    return Request(status=status, **{**fields, **changed})


def a_stored_draft(**changed: Any) -> Draft:
    fields: dict[str, Any] = {
        "responder_id": doctors("HU"),
        "responder_country": "HU",
        "subject": Subject(kind="person", given_name="Eszter", family_name="Mintás"),
        "justification": FreeText(text="Verifica del titolo", language="it"),
        "questions": (Asked(code="PQ1"), Asked(code="PQ3")),
    }
    return Draft(**{**fields, **changed})
