"""A running service and who calls it; requests between two authorities, valid unless told otherwise."""

import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from grpc import aio

from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.settings import ServiceSettings
from engines.documents import Documents, open_documents
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.reports_pb2_grpc import ReportServiceStub
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from services.directory import storage as directory_storage
from services.directory.training.authorities import coordinator_id, national_id
from services.requests import storage
from services.requests.catalogue import question_sets
from services.requests.domain.exchange import Coordinators, MoreInformation
from services.requests.domain.lifecycle import AWAITED, OPEN, TRANSITIONS, UNSENT, Action, Party, Status
from services.requests.domain.questions import Answer, Asked
from services.requests.domain.requests import Draft, Request, Subject
from services.requests.wiring import requests
from tests.builders import QUALIFICATIONS, a_coordinator, a_handler, doctors
from tests.requests.people import Directory
from vocabulary import ids
from vocabulary.refusals import Refusal
from vocabulary.roles import LegislativeRole, UserRole
from vocabulary.values import FreeText, Value

FREE_PORT = "127.0.0.1:0"
SET = "professional-qualifications:1"
ITALY, HUNGARY = a_handler("IT"), a_handler("HU")
SETS = question_sets()
QUESTIONS = SETS[SET]
ALL_QUESTIONS = [pb.AskedQuestionDraft(code=code) for code, one in QUESTIONS.questions.items() if not one.follows]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n"

# A day that has not passed anywhere, whenever the tests run and however long: for a country further east it may be tomorrow already.
TOMORROW = (datetime.now(UTC).date() + timedelta(days=2)).isoformat()

WIRE_STATUS = {status: pb.RequestStatus.Value(f"REQUEST_STATUS_{status}") for status in Status}

LIMIC = LegislativeRole.LIMIC
# Who gives a command as which party.
CALLERS = {
    Party.REQUESTER: ITALY,
    Party.RESPONDER: HUNGARY,
    Party.REQUESTER_ALLOCATOR: a_handler("IT", UserRole.ALLOCATOR),
    Party.RESPONDER_ALLOCATOR: a_handler("HU", UserRole.ALLOCATOR),
    Party.RESPONDER_COORDINATOR: a_coordinator("HU", LIMIC),
    Party.SENDING_APPROVER: a_coordinator("IT", LIMIC),
    Party.REPLY_APPROVER: a_coordinator("HU", LIMIC),
    Party.REQUESTER_REFERRAL: a_coordinator("IT", LIMIC),
    Party.RESPONDER_REFERRAL: a_coordinator("HU", LIMIC),
}
METHODS = {
    Action.EDIT: "EditRequest", Action.DELETE: "DeleteDraft", Action.SEND: "SendRequest",
    Action.APPROVE: "ApproveRequest", Action.RETURN: "ReturnRequest", Action.ACCEPT: "AcceptRequest",
    Action.ACCEPT_PROPOSED_DATE: "AcceptProposedDate", Action.REFUSE_PROPOSED_DATE: "RefuseProposedDate",
    Action.FORWARD: "ForwardRequest", Action.SPLIT: "SplitRequest", Action.ASSIGN: "AssignRequest",
    Action.SAVE: "SaveAnswers", Action.RELEASE: "ReleaseAnswers", Action.ANSWER: "AnswerRequest",
    Action.REQUEST_MORE_INFORMATION: "RequestMoreInformation", Action.GIVE_MORE_INFORMATION: "GiveMoreInformation",
    Action.REFUSE_MORE_INFORMATION: "RefuseMoreInformation", Action.ACCEPT_REFUSAL: "AcceptRefusal",
    Action.REFER: "ReferRequest", Action.GIVE_OPINION: "GiveOpinion", Action.DECIDE_SATISFACTORY: "DecideReferral",
    Action.CLOSE: "CloseRequest", Action.WITHDRAW: "WithdrawRequest",
}  # fmt: skip
# Who gives each command that begins with an id, in each status in which it is possible; the first of several parties.
COMMANDS: dict[str, dict[Status, Party]] = {
    method: {
        status: min(rows[action].parties, key=list(Party).index)
        for status, rows in TRANSITIONS.items()
        if status and action in rows
    }
    for action, method in METHODS.items()
}
_TO_ANSWERED = ("SendRequest", "AcceptRequest", "AnswerRequest")
_WAY: dict[Status, tuple[str, ...]] = {
    Status.DRAFT: (),
    Status.DELETED: ("DeleteDraft",),
    Status.PENDING_SEND_APPROVAL: ("SendRequest",),
    Status.SENT: ("SendRequest",),
    Status.WITHDRAWN: ("SendRequest", "WithdrawRequest"),
    Status.ACCEPTED: ("SendRequest", "AcceptRequest"),
    Status.PENDING_REPLY_APPROVAL: _TO_ANSWERED,
    Status.ANSWERED: _TO_ANSWERED,
    Status.MORE_INFO_REQUESTED: (*_TO_ANSWERED, "RequestMoreInformation"),
    Status.MORE_INFO_REFUSED: (*_TO_ANSWERED, "RequestMoreInformation", "RefuseMoreInformation"),
    Status.REFERRED: (*_TO_ANSWERED, "RequestMoreInformation", "RefuseMoreInformation", "ReferRequest"),
    Status.ANSWERED_FINAL: (
        *_TO_ANSWERED, "RequestMoreInformation", "RefuseMoreInformation", "ReferRequest", "DecideReferral",
    ),
    Status.CLOSED: (*_TO_ANSWERED, "CloseRequest"),
}  # fmt: skip
# Where commands lead to; the other one only time leads to.
WALKED = tuple(_WAY)
# What an authority must have settled for a request to come to a status.
_SETTLED = {
    Status.PENDING_SEND_APPROVAL: (Party.REQUESTER, {"approve_outgoing": True}),
    Status.PENDING_REPLY_APPROVAL: (Party.RESPONDER, {"approve_reply": True}),
}


def nurses(country: str) -> str:
    """The id of the authority for nurses in a country of the training data."""
    return national_id(country, QUALIFICATIONS, "nurse")


def text(words: str, language: str = "it") -> common_pb2.FreeText:
    return common_pb2.FreeText(text=words, language=language)


class Asking(Directory):
    """Calls the service for whoever is named, a person or a service; looks into its store and that of the directory."""

    def __init__(
        self,
        stub: RequestsServiceStub,
        reports: ReportServiceStub,
        settings: ServiceSettings,
        documents: Documents,
        directory: Documents,
        channel: aio.Channel,
    ) -> None:
        super().__init__(directory)
        self.channel = channel
        self.stub = stub
        self.reports = reports
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
        open_documents(settings.documents("directory"), directory_storage.COLLECTIONS) as directory,
    ):
        stub, reports = RequestsServiceStub(channel), ReportServiceStub(channel)
        yield Asking(stub, reports, settings, documents, directory, channel)


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


def fields_of(method: str, id_: str, party: Party | None = None) -> dict[str, Any]:
    """What a valid command of *method* says beside its key, given by *party*."""
    colleague = "hu-handler" if party is Party.RESPONDER_ALLOCATOR else "it-handler"
    extra: dict[str, dict[str, Any]] = {
        "EditRequest": {"draft": a_draft()},
        "ReturnRequest": {"reason": text("manca qualcosa")},
        "ForwardRequest": {"responder_id": nurses("HU"), "reason": text("nem hozzánk tartozik", "hu")},
        "SplitRequest": {"responder_id": nurses("HU"), "question_codes": ["PQ3"]},
        "AssignRequest": {"user_ids": [ids.derived(ids.USER, "training", colleague)]},
        "SaveAnswers": {"answers": GOOD_ANSWERS[:1]},
        "ReleaseAnswers": {"answers": GOOD_ANSWERS[:1], "question_codes": ["PQ1"]},
        "AnswerRequest": {"answers": GOOD_ANSWERS},
        "RequestMoreInformation": {"text": text("di che anno?")},
        "GiveMoreInformation": {"text": text("2010", "hu")},
        "RefuseMoreInformation": {"reason": text("nincs róla adat", "hu")},
        "GiveOpinion": {"text": text("basta così")},
        "DecideReferral": {"verdict": pb.REFERRAL_VERDICT_SATISFACTORY},
        "WithdrawRequest": {"reason": text("non serve più")},
    }
    return {"id": id_, **extra.get(method, {})}


async def a_request(
    asking: Asking, status: Status, *, requester: Caller = ITALY, responder: Caller = HUNGARY, **draft: Any
) -> pb.Request:
    """A request that came to *status* the shortest way; what its requester, or the last to change it, sees of it."""
    draft = {"responder_id": responder.authority_id, **draft}
    request = await asking.do(requester, "CreateRequest", draft=a_draft(**draft))
    sides = {Party.REQUESTER: requester, Party.RESPONDER: responder}
    party, settled = _SETTLED.get(status, (Party.REQUESTER, {}))
    async with asking.settled(sides[party], **settled) if settled else nullcontext():
        for method in _WAY[status]:
            by = next(iter(COMMANDS[method].values()))
            caller = sides.get(by) or a_coordinator(responder.country, LIMIC)
            fields = fields_of(method, request.id)
            if method == "AnswerRequest" and draft.get("questions") == ALL_QUESTIONS:
                fields["answers"] = await all_answers(asking, responder)
            request = await asking.do(caller, method, **fields)
    return request


async def a_request_for(asking: Asking, method: str, status: Status) -> pb.Request:
    """A request in *status* on which *method* can be done."""
    if "ProposedDate" not in method:
        return await a_request(asking, status)
    request = await a_request(asking, Status.SENT)
    return await asking.do(HUNGARY, "AcceptRequest", id=request.id, proposed_date=TOMORROW)


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


_STORED_ANSWERS = (
    Answer(code="PQ1", value=Value(codes=("GENUINE",))),
    Answer(code="PQ3", value=Value(codes=("YES",))),
)
_ASKED = Coordinators(
    sending_approval=coordinator_id("IT", QUALIFICATIONS),
    reply_approval=coordinator_id("HU", QUALIFICATIONS),
    requester_referral=coordinator_id("IT", QUALIFICATIONS),
    responder_referral=coordinator_id("HU", QUALIFICATIONS),
)


def a_stored_request(status: Status, **changed: Any) -> Request:
    """A request of Italy's authority for doctors to Hungary's, as the store keeps it."""
    answered = status in OPEN and status not in (*AWAITED, Status.PENDING_SEND_APPROVAL)
    fields: dict[str, Any] = {
        "number": "RQ-2026-00000000",
        "requester_id": doctors("IT"),
        "requester_country": "IT",
        "area": QUALIFICATIONS,
        "question_set_id": SET,
        "draft": a_stored_draft(),
        "accepted": status not in (*UNSENT, Status.SENT, Status.WITHDRAWN),
        "answers": _STORED_ANSWERS if answered else (),
        "released": _STORED_ANSWERS if answered else (),
        "frozen": tuple(one.code for one in _STORED_ANSWERS) if answered else (),
        "proposed_date": NOW.date() if status is Status.ACCEPTED else None,
        "coordinators": _ASKED,
        "more_information": (MoreInformation(asked_at=NOW),) if status is Status.MORE_INFO_REQUESTED else (),
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
