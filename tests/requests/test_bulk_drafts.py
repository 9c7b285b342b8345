"""Drafts as a file: each line does what CreateRequest does, once, and what is refused says where in the line."""

import json
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from chassis import imports
from chassis.caller import Caller
from chassis.calls import open_channel
from chassis.imports import LINE_BYTES_MAX
from protos.common.v1 import common_pb2
from protos.requests.v1 import drafts_pb2 as pb
from protos.requests.v1 import requests_pb2
from protos.requests.v1.drafts_pb2_grpc import DraftsServiceStub
from services.requests import storage
from services.requests.bulk import importing
from services.requests.wiring import requests
from tests.builders import a_handler, doctors, the_commission
from tests.requests.exchanges import HUNGARY, ITALY, SET, Asking, a_draft, an_upload, command
from vocabulary.refusals import Forbidden, Invalid, Refusal
from vocabulary.roles import UserRole

CREATED, UNCHANGED, REFUSED = pb.DRAFT_OUTCOME_CREATED, pb.DRAFT_OUTCOME_UNCHANGED, pb.DRAFT_OUTCOME_REFUSED


@dataclass(slots=True)
class Report:
    """What an import answered."""

    lines: list[pb.ImportedDraft] = field(default_factory=list)
    progress: list[pb.ImportDraftsProgress] = field(default_factory=list)
    summary: pb.ImportDraftsSummary = field(default_factory=pb.ImportDraftsSummary)

    @property
    def outcomes(self) -> list[int]:
        return [line.outcome for line in self.lines]

    @property
    def refusals(self) -> list[tuple[int, str, str]]:
        """Line, reason and field of each that was refused."""
        return [(one.line, one.refusal.reason, one.refusal.field) for one in self.lines if one.outcome == REFUSED]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Lines, created, unchanged, refused."""
        found = self.summary.counts
        return found.lines, found.created, found.unchanged, found.refused


class Sender:
    """Sends files."""

    def __init__(self, asking: Asking, stub: DraftsServiceStub) -> None:
        self.asking = asking
        self.stub = stub

    async def __call__(
        self, file: str | bytes | Iterable[bytes], caller: Caller = ITALY, *, dry_run: bool = False
    ) -> Report:
        chunks = [file.encode()] if isinstance(file, str) else [file] if isinstance(file, bytes) else file

        async def parts() -> AsyncIterator[pb.ImportDraftsRequest]:
            yield pb.ImportDraftsRequest(header=pb.ImportDraftsHeader(dry_run=dry_run))
            for chunk in chunks:
                yield pb.ImportDraftsRequest(chunk=chunk)

        return await self.parts(parts(), caller)

    async def parts(self, parts: AsyncIterator[pb.ImportDraftsRequest], caller: Caller = ITALY) -> Report:
        report = Report()
        async for message in self.asking.peer(caller).exchange(self.stub.ImportDrafts, parts):
            match message.WhichOneof("part"):
                case "line":
                    report.lines.append(message.line)
                case "progress":
                    report.progress.append(message.progress)
                case "summary":
                    report.summary = message.summary
        return report


@pytest.fixture
async def send(asking: Asking) -> AsyncIterator[Sender]:
    """Another replica on the same store."""
    async with requests(asking.settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        yield Sender(asking, DraftsServiceStub(channel))


def a_body(**changed: Any) -> dict[str, Any]:
    """A draft that can be sent to Hungary, as JSON."""
    person = {"givenName": "Eszter", "familyName": "Mintás", "birthDate": "1988-03-14"}
    draft = {
        "responderId": doctors("HU"),
        "questionSetId": SET,
        "subject": {"person": person},
        "justification": {"text": "Verifica del titolo", "language": "it"},
        "questions": [{"code": "PQ1"}, {"code": "PQ3", "comment": {"text": "del 2010", "language": "it"}}],
    }
    return {name: value for name, value in {**draft, **changed}.items() if value is not ...}


def a_line(key: str = "", **changed: Any) -> str:
    return json.dumps({"key": key or str(uuid.uuid4()), "draft": a_body(**changed)}, ensure_ascii=False) + "\n"


def a_text(data_class: Any) -> dict[str, Any]:
    return {"text": "x", "language": "it", "dataClass": data_class}


async def kept(asking: Asking, caller: Caller = ITALY) -> list[Any]:
    """All drafts of the caller's authority in the store."""
    where = {"lists": storage.drafts(caller.authority_id)}
    return await asking.documents.find(storage.REQUESTS, where, sort="changed_at", descending=True, limit=10_000)


async def test_each_line_makes_a_draft_that_is_what_create_request_would_have_made(send: Sender) -> None:
    report = await send(a_line() + a_line(responderId=None, subject=None) + "\n" + a_line().rstrip("\n"))
    assert [(one.line, one.outcome) for one in report.lines] == [(1, CREATED), (2, CREATED), (4, CREATED)]
    assert (report.counts, report.summary.dry_run) == ((3, 3, 0, 0), False)
    first = await send.asking.read(ITALY, report.lines[0].request_id)
    assert first is not None
    assert (first.number, first.status) == (report.lines[0].number, requests_pb2.REQUEST_STATUS_DRAFT)
    questions = [
        requests_pb2.AskedQuestionDraft(code="PQ1"),
        requests_pb2.AskedQuestionDraft(code="PQ3", comment=common_pb2.FreeText(text="del 2010", language="it")),
    ]
    same = await send.asking.do(ITALY, "CreateRequest", draft=a_draft(questions=questions))
    for made in (first, same):
        for name in ("id", "number", "created_at", "changed_at", "history"):
            made.ClearField(name)
    assert first == same
    sent = await send.asking.do(ITALY, "SendRequest", id=report.lines[0].request_id)
    assert sent.status == requests_pb2.REQUEST_STATUS_SENT


async def test_the_same_file_sent_again_makes_nothing_twice(send: Sender) -> None:
    file = a_line() + a_line()
    first = await send(file)
    before = await kept(send.asking)
    again = await send(file)
    assert again.outcomes == [UNCHANGED, UNCHANGED]
    assert [one.request_id for one in again.lines] == [one.request_id for one in first.lines]
    assert [one.number for one in again.lines] == [one.number for one in first.lines]
    assert await kept(send.asking) == before
    more = await send(file + a_line())
    assert more.counts == (3, 1, 2, 0)


async def test_what_was_made_stays_made_though_it_could_not_be_made_now(send: Sender) -> None:
    file = a_line()
    await send(file)
    async with send.asking.standing_as(doctors("HU"), "SUSPENDED"):
        assert (await send(file)).outcomes == [UNCHANGED]
        assert (await send(a_line())).refusals == [(1, "UNKNOWN_AUTHORITY", "draft.responderId")]


async def test_a_line_is_a_command_under_its_key_and_the_same_as_create_request_under_it(send: Sender) -> None:
    key = str(uuid.uuid4())
    questions = [requests_pb2.AskedQuestionDraft(code="PQ1")]
    made = await send.asking.do(ITALY, "CreateRequest", command=command(key), draft=a_draft(questions=questions))
    report = await send(a_line(key, questions=[{"code": "PQ1"}]))
    assert [(one.outcome, one.request_id) for one in report.lines] == [(UNCHANGED, made.id)]
    # Keys are each person's own.
    assert (await send(a_line(key), a_handler("MT"))).outcomes == [CREATED]


async def test_a_key_that_was_used_for_something_else_is_refused(send: Sender) -> None:
    key = str(uuid.uuid4())
    await send(a_line(key))
    report = await send(a_line(key, urgent=False, desiredDate="2099-01-01"))
    assert report.refusals == [(1, "IDEMPOTENCY_KEY_REUSED", "key")]
    report = await send(a_line("twice") + a_line() + a_line("twice"), dry_run=True)
    assert report.refusals == [(3, "REPEATED", "key")]


async def test_a_dry_run_says_the_same_and_makes_nothing(send: Sender) -> None:
    file = a_line() + a_line(responderId="aut_nobody") + "{}\n"
    before = await kept(send.asking)
    foreseen = await send(file, dry_run=True)
    assert await kept(send.asking) == before
    assert (foreseen.summary.dry_run, foreseen.counts) == (True, (3, 1, 0, 2))
    done = await send(file)
    assert (done.lines, done.counts) == (foreseen.lines, foreseen.counts)
    assert (await send(file, dry_run=True)).outcomes == [UNCHANGED, REFUSED, REFUSED]


async def test_a_key_whose_draft_was_deleted_is_refused_and_foreseen_to_be(send: Sender) -> None:
    file = a_line("gone")
    (made,) = (await send(file)).lines
    await send.asking.do(ITALY, "DeleteDraft", id=made.request_id)
    for dry_run in (True, False):
        assert (await send(file, dry_run=dry_run)).refusals == [(1, "ALREADY_EXISTS", "key")]


async def test_a_text_that_says_whom_it_is_about_is_warned_of(send: Sender) -> None:
    report = await send(a_line(justification={"text": "Il titolo di Mintás", "language": "it"}))
    assert [list(one.warnings) for one in report.lines] == [["draft.justification"]]


async def test_files_that_were_uploaded_can_be_attached(send: Sender) -> None:
    file = await an_upload(send.asking, ITALY)
    report = await send(a_line(fileIds=[file.id]) + a_line(fileIds=["fil_none"]))
    assert report.outcomes == [CREATED, REFUSED]
    assert report.refusals[0][2].startswith("draft.fileIds")


BAD: list[tuple[str, str, str]] = [
    ("nonsense", "JSON", ""),
    ("[]", "JSON", ""),
    ("1", "JSON", ""),
    ('{"key": NaN}', "JSON", ""),
    ("[" * 100_000, "JSON", ""),
    ('{"key": "k"', "JSON", ""),
    ("{}", "MISSING_FIELD", "key"),
    ('{"key": ""}', "MISSING_FIELD", "key"),
    ('{"key": null, "draft": {}}', "MISSING_FIELD", "key"),
    ('{"key": 1}', "WRONG_TYPE", "key"),
    ('{"key": "k", "key": "k"}', "REPEATED", "key"),
    ('{"key": "k", "drafts": {}}', "UNKNOWN_FIELD", "drafts"),
    ('{"key": "k", "\\ud800": 1}', "NOT_TEXT", ""),
    ('{"key": "k", "draft": {"\\udfff": 1}}', "NOT_TEXT", "draft"),
    ('{"key": "k"}', "WRONG_TYPE", "draft"),
    ('{"key": "k", "draft": []}', "WRONG_TYPE", "draft"),
    ('{"key": "k", "draft": {}}', "UNKNOWN_QUESTION_SET", "draft.questionSetId"),
    (json.dumps({"key": "k" * 129, "draft": a_body()}), "IDEMPOTENCY_KEY", "key"),
    (a_line("k", responder_id="aut"), "UNKNOWN_FIELD", "draft.responder_id"),
    (a_line("k", urgent="yes"), "WRONG_TYPE", "draft.urgent"),
    (a_line("k", responderId=7), "WRONG_TYPE", "draft.responderId"),
    (a_line("k", questions={}), "WRONG_TYPE", "draft.questions"),
    (a_line("k", questions=[{"code": "PQ1"}, "PQ2"]), "WRONG_TYPE", "draft.questions[1]"),
    (a_line("k", questions=[{"code": "PQ1"}, {"code": 2}]), "WRONG_TYPE", "draft.questions[1].code"),
    (a_line("k", questions=[{"code": "PQ1"}, {"code": "XX"}]), "UNKNOWN_QUESTION", "draft.questions[1].code"),
    (
        a_line("k", questions=[{"code": "PQ1", "comment": {"words": "x"}}]),
        "UNKNOWN_FIELD",
        "draft.questions[0].comment.words",
    ),
    (a_line("k", fileIds=[1]), "WRONG_TYPE", "draft.fileIds[0]"),
    (a_line("k", subject={"person": {}, "company": {}}), "ONE_OF", "draft.subject.company"),
    (a_line("k", subject={"person": {"givenName": "Eszter"}}), "EMPTY", "draft.subject.person.familyName"),
    (a_line("k", subject={}), "EMPTY", "draft.subject"),
    (a_line("k", justification={"text": "x", "language": "tlh"}), "UNKNOWN_LANGUAGE", "draft.justification.language"),
    (
        a_line("k", justification=a_text("SECRET")),
        "UNKNOWN_VALUE",
        "draft.justification.dataClass",
    ),
    (
        a_line("k", justification=a_text(["PUBLIC"])),
        "UNKNOWN_VALUE",
        "draft.justification.dataClass",
    ),
    (a_line("k", desiredDate="soon"), "NOT_A_DATE", "draft.desiredDate"),
    ('{"key": "k", "draft": {"questionSetId": "\\ud800"}}', "NOT_TEXT", "draft.questionSetId"),
]


@pytest.mark.parametrize(("line", "reason", "field"), BAD)
async def test_what_is_wrong_in_a_line_is_said_by_its_place_and_the_others_are_made(
    send: Sender, line: str, reason: str, field: str
) -> None:
    before = len(await kept(send.asking))
    report = await send(a_line() + line.rstrip("\n") + "\n" + a_line())
    assert report.outcomes == [CREATED, REFUSED, CREATED]
    assert report.refusals == [(2, reason, field)]
    assert report.lines[1].refusal.message
    assert (report.lines[1].request_id, report.lines[1].number) == ("", "")
    assert len(await kept(send.asking)) == before + 2


async def test_a_line_without_end_is_refused_and_the_next_is_read(send: Sender) -> None:
    long = b'{"key": "' + b"x" * LINE_BYTES_MAX + b'"}\n'
    chunks = [long[start : start + 1000] for start in range(0, len(long), 1000)]
    report = await send([*chunks, a_line().encode(), b"\xff\xfe\n"])
    assert report.refusals == [(1, "LINE_TOO_LONG", ""), (3, "ENCODING", "")]
    assert report.outcomes == [REFUSED, CREATED, REFUSED]


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_it_does_not_matter_where_a_file_is_cut(send: Sender, size: int) -> None:
    content = b"\xef\xbb\xbf" + (a_line() + "\r\n" + a_line("x" * 200) + a_line()).encode()
    report = await send([content[start : start + size] for start in range(0, len(content), size)], dry_run=True)
    assert [(one.line, one.outcome) for one in report.lines] == [(1, CREATED), (3, REFUSED), (4, CREATED)]


async def test_there_is_a_limit_to_the_lines_and_to_the_size(send: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LINES_MAX", 3)
    report = Report()
    with pytest.raises(Invalid) as found:
        report = await send("{}\n" * 4)
    assert (found.value.field, found.value.reason, report.lines) == ("file", "TOO_MANY_LINES", [])
    assert (await send("{}\n\n" * 3)).counts == (3, 0, 0, 3)
    monkeypatch.setattr(imports, "BYTES_MAX", 100)
    with pytest.raises(Invalid) as found:
        await send(b" " * 101)
    assert (found.value.field, found.value.reason) == ("file", "FILE_TOO_LARGE")


async def test_progress_is_told_every_five_hundred_lines(send: Sender) -> None:
    report = await send("{}\n" * 1_200)
    assert [(one.counts.lines, one.counts.refused) for one in report.progress] == [(500, 500), (1000, 1000)]
    assert report.progress[-1].bytes == 3_600


@pytest.mark.parametrize(
    "caller",
    [
        a_handler("IT", UserRole.VIEWER),
        a_handler("IT", UserRole.ALLOCATOR),
        Caller(user_id="usr_x", authority_id=doctors("IT"), country="IT", language="it"),
        the_commission(),
        Caller(service="gateway"),
    ],
)
async def test_only_people_who_write_requests_import_drafts(send: Sender, caller: Caller) -> None:
    with pytest.raises(Refusal) as found:
        await send(a_line(), caller)
    assert type(found.value) is Forbidden


async def test_an_area_in_which_one_writes_no_requests_is_refused_line_by_line(send: Sender) -> None:
    elsewhere = a_handler("IT", module="services/requests")
    report = await send(a_line() + a_line(), elsewhere)
    assert [(one.refusal.code, one.refusal.reason) for one in report.lines] == [("FORBIDDEN", "FORBIDDEN")] * 2


async def test_an_import_begins_with_its_header_and_has_one(send: Sender) -> None:
    header = pb.ImportDraftsRequest(header=pb.ImportDraftsHeader())

    async def given(*parts: pb.ImportDraftsRequest) -> AsyncIterator[pb.ImportDraftsRequest]:
        for part in parts:
            yield part

    for parts, reason in (
        ([], "MISSING_FIELD"),
        ([pb.ImportDraftsRequest(chunk=b"{}\n")], "MISSING_FIELD"),
        ([header, header], "REPEATED"),
    ):
        with pytest.raises(Invalid) as found:
            await send.parts(given(*parts))
        assert (found.value.field, found.value.reason) == ("header", reason)
    assert (await send.parts(given(header))).counts == (0, 0, 0, 0)


async def test_what_is_imported_is_the_importers_own_draft(send: Sender) -> None:
    report = await send(a_line())
    assert await send.asking.read(HUNGARY, report.lines[0].request_id) is None
