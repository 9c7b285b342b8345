"""What a request is drafted with, and what it cannot be sent without: every refusal by name, with nothing changed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.outbox import Outbox
from chassis.process import clock
from engines.documents import open_documents
from engines.events import open_events
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.directory import storage as directory_storage
from services.directory.domain.authorities import Authority, ModuleAccess
from services.requests.domain.drafting import NAME_LIMIT
from services.requests.domain.lifecycle import Status
from services.requests.domain.questions import FILES_LIMIT
from tests.builders import QUALIFICATIONS, REQUESTS, a_handler, doctors
from tests.requests.exchanges import (
    HUNGARY,
    ITALY,
    SET,
    Asking,
    a_draft,
    a_request,
    an_upload,
    codes,
    command,
    nurses,
    refused,
    text,
)
from vocabulary.participants import Level
from vocabulary.participants import Status as AuthorityStatus
from vocabulary.refusals import Invalid
from vocabulary.roles import LegislativeRole, WorkflowRole
from vocabulary.values import TEXT_LIMIT


async def test_a_draft_may_be_incomplete_and_is_completed_later(asking: Asking) -> None:
    draft = await asking.do(ITALY, "CreateRequest", draft=pb.RequestDraft(question_set_id=SET))
    assert (draft.responder_id, draft.HasField("subject"), list(draft.questions)) == ("", False, [])
    edited = await asking.do(ITALY, "EditRequest", id=draft.id, draft=a_draft())
    assert edited.responder_id == doctors("HU")
    assert (await asking.do(ITALY, "SendRequest", id=draft.id)).status == pb.REQUEST_STATUS_SENT


async def test_what_a_person_wrote_stays_as_written_and_declared(asking: Asking) -> None:
    draft = await asking.do(ITALY, "CreateRequest", draft=a_draft(justification=text("  Verifica ", "it-IT")))
    written = draft.justification
    assert (written.text, written.language, written.data_class) == ("Verifica", "it", common_pb2.DATA_CLASS_PERSONAL)


TOO_LONG = "x" * (NAME_LIMIT + 1)


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"question_set_id": ""}, "draft.questionSetId", "UNKNOWN_QUESTION_SET"),
        ({"question_set_id": "professional-qualifications:2"}, "draft.questionSetId", "UNKNOWN_QUESTION_SET"),
        ({"questions": [pb.AskedQuestionDraft(code="SV1")]}, "draft.questions[0].code", "UNKNOWN_QUESTION"),
        ({"questions": [pb.AskedQuestionDraft(code="PQ3a")]}, "draft.questions[0].code", "FOLLOW_UP"),
        ({"questions": [pb.AskedQuestionDraft(code="PQ1")] * 2}, "draft.questions[1].code", "REPEATED"),
        (
            {"questions": [pb.AskedQuestionDraft(code="PQ1", comment=text("x", "klingon"))]},
            "draft.questions[0].comment.language",
            "UNKNOWN_LANGUAGE",
        ),
        (
            {"questions": [pb.AskedQuestionDraft(code="PQ1", comment=text("x" * (TEXT_LIMIT + 1)))]},
            "draft.questions[0].comment.text",
            "TOO_LONG",
        ),
        (
            {"questions": [pb.AskedQuestionDraft(code="PQ1", file_ids=["fil_nobody"])]},
            "draft.questions[0].fileIds[0]",
            "UNKNOWN_FILE",
        ),
        ({"file_ids": ["fil_nobody"]}, "draft.fileIds[0]", "UNKNOWN_FILE"),
        ({"responder_id": "aut_nobody"}, "draft.responderId", "UNKNOWN_AUTHORITY"),
        ({"responder_id": doctors("IT")}, "draft.responderId", "OWN_AUTHORITY"),
        ({"justification": text("x", "ru")}, "draft.justification.language", "UNKNOWN_LANGUAGE"),
        ({"justification": text(" ")}, "draft.justification.text", "EMPTY"),
        ({"justification": text("x" * (TEXT_LIMIT + 1))}, "draft.justification.text", "TOO_LONG"),
        ({"justification": text("a\x00b")}, "draft.justification.text", "CONTROL_CHARACTER"),
        ({"desired_date": "24.12.2999"}, "draft.desiredDate", "NOT_A_DATE"),
        ({"subject": pb.Subject()}, "draft.subject", "EMPTY"),
        ({"subject": pb.Subject(person=pb.Person(given_name="A"))}, "draft.subject.person.familyName", "EMPTY"),
        ({"subject": pb.Subject(person=pb.Person(family_name="A"))}, "draft.subject.person.givenName", "EMPTY"),
        ({"subject": pb.Subject(company=pb.Company(name=" "))}, "draft.subject.company.name", "EMPTY"),
        ({"subject": pb.Subject(document=pb.Document(reference="1"))}, "draft.subject.document.title", "EMPTY"),
        (
            {"subject": pb.Subject(person=pb.Person(given_name="A\nB", family_name="B"))},
            "draft.subject.person.givenName",
            "CONTROL_CHARACTER",
        ),
        (
            {"subject": pb.Subject(document=pb.Document(title="A", reference="1\x00"))},
            "draft.subject.document.reference",
            "CONTROL_CHARACTER",
        ),
        (
            {"subject": pb.Subject(company=pb.Company(name="A", registration_number=TOO_LONG))},
            "draft.subject.company.registrationNumber",
            "TOO_LONG",
        ),
        (
            {"subject": pb.Subject(person=pb.Person(given_name="A", family_name="B", birth_date="2999-01-01"))},
            "draft.subject.person.birthDate",
            "FUTURE_DATE",
        ),
    ],
)
async def test_an_unfit_draft_is_refused_by_name(
    asking: Asking, standing: dict[Status, pb.Request], changed: dict[str, Any], field: str, reason: str
) -> None:
    draft = standing[Status.DRAFT]
    for method, id_ in (("CreateRequest", {}), ("EditRequest", {"id": draft.id})):
        found = await refused(asking, ITALY, method, Invalid, **id_, draft=a_draft(**changed))
        assert (found.field, found.reason) == (field, reason)


@pytest.fixture(scope="session")
async def strangers(asking: Asking) -> AsyncIterator[dict[str, str]]:
    """Authorities that take on no requests, written into the directory's store: it offers no command for this yet."""

    def access(module: str, *roles: WorkflowRole) -> tuple[ModuleAccess, ...]:
        role = LegislativeRole.COMPETENT_AUTHORITY
        return (ModuleAccess(module=module, legislative_role=role, workflow_roles=roles),)

    partner = access(REQUESTS, WorkflowRole.REQUEST_PARTNER)
    made: dict[str, tuple[AuthorityStatus, tuple[ModuleAccess, ...]]] = {
        "other module": (
            AuthorityStatus.ACTIVE,
            access(f"{QUALIFICATIONS}/repository", WorkflowRole.REPOSITORY_EDITOR),
        ),
        "other area": (AuthorityStatus.ACTIVE, access("services/requests", WorkflowRole.REQUEST_PARTNER)),
        "no role": (AuthorityStatus.ACTIVE, access(REQUESTS)),
        "no access": (AuthorityStatus.ACTIVE, ()),
        **{status: (status, partner) for status in AuthorityStatus if status is not AuthorityStatus.ACTIVE},
    }
    async with (
        open_documents(asking.settings.documents("directory"), directory_storage.COLLECTIONS) as documents,
        open_events(asking.settings.events) as events,
    ):
        authorities = directory_storage.authorities(documents, Outbox("directory", documents, events, clock))
        new = {
            f"aut_stranger{number}": Authority(
                country="SI", level=Level.NATIONAL, status=status, official_name={"sl": name}, access=access
            )
            for number, (name, (status, access)) in enumerate(made.items())
        }
        await authorities.load([(id_, one, []) for id_, one in new.items()])
        yield dict(zip(made, new, strict=True))


@pytest.mark.parametrize(
    "who",
    [
        "other module",
        "other area",
        "no role",
        "no access",
        *[status for status in AuthorityStatus if status is not AuthorityStatus.ACTIVE],
    ],
)
async def test_who_takes_on_no_requests_here_is_not_asked(
    asking: Asking, standing: dict[Status, pb.Request], strangers: dict[str, str], who: str
) -> None:
    draft = standing[Status.DRAFT]
    for method, id_ in (("CreateRequest", {}), ("EditRequest", {"id": draft.id})):
        found = await refused(asking, ITALY, method, Invalid, **id_, draft=a_draft(responder_id=strangers[who]))
        assert (found.field, found.reason) == ("draft.responderId", "UNKNOWN_AUTHORITY")


async def test_nothing_is_sent_to_an_authority_that_was_suspended_in_the_meantime(asking: Asking) -> None:
    key = command()
    active = Authority(
        country="SI",
        level=Level.NATIONAL,
        official_name={"sl": "Zbornica"},
        access=(
            ModuleAccess(
                module=REQUESTS,
                legislative_role=LegislativeRole.COMPETENT_AUTHORITY,
                workflow_roles=(WorkflowRole.REQUEST_PARTNER,),
            ),
        ),
    )
    async with (
        open_documents(asking.settings.documents("directory"), directory_storage.COLLECTIONS) as documents,
        open_events(asking.settings.events) as events,
    ):
        authorities = directory_storage.authorities(documents, Outbox("directory", documents, events, clock))
        await authorities.load([("aut_leaving", active, [])])
        draft = await asking.do(ITALY, "CreateRequest", command=key, draft=a_draft(responder_id="aut_leaving"))
        stored = await documents.get(directory_storage.AUTHORITIES, "aut_leaving")
        assert stored is not None
        state = stored.body["state"]
        assert isinstance(state, dict)
        state["status"] = AuthorityStatus.SUSPENDED
        await documents.compare_and_set(directory_storage.AUTHORITIES, stored)
    # Whoever has lost the first answer gets it, although such a draft could not be made any more.
    assert draft == await asking.do(ITALY, "CreateRequest", command=key, draft=a_draft(responder_id="aut_leaving"))
    found = await refused(asking, ITALY, "SendRequest", Invalid, id=draft.id)
    assert (found.field, found.reason) == ("draft.responderId", "UNKNOWN_AUTHORITY")
    await asking.do(ITALY, "EditRequest", id=draft.id, draft=a_draft())
    assert (await asking.do(ITALY, "SendRequest", id=draft.id)).responder_id == doctors("HU")


async def test_requests_cross_a_border(asking: Asking) -> None:
    """Another authority of the same country is not asked."""
    colleague = a_handler("IT", authority=nurses("IT"))
    found = await refused(asking, colleague, "CreateRequest", Invalid, draft=a_draft(responder_id=doctors("IT")))
    assert (found.field, found.reason) == ("draft.responderId", "OWN_COUNTRY")


@pytest.mark.parametrize(
    ("missing", "field"),
    [
        ("responder_id", "draft.responderId"),
        ("subject", "draft.subject"),
        ("justification", "draft.justification"),
        ("questions", "draft.questions"),
    ],
)
async def test_what_is_incomplete_is_not_sent(asking: Asking, missing: str, field: str) -> None:
    message = a_draft()
    message.ClearField(missing)  # type: ignore[arg-type]
    draft = await asking.do(ITALY, "CreateRequest", draft=message)
    found = await refused(asking, ITALY, "SendRequest", Invalid, id=draft.id)
    assert (found.field, found.reason) == (field, "MISSING_FIELD")


async def test_a_date_that_has_passed_cannot_be_wished_for(asking: Asking) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    draft = await a_request(asking, Status.DRAFT, desired_date=yesterday)
    found = await refused(asking, ITALY, "SendRequest", Invalid, id=draft.id)
    assert (found.field, found.reason) == ("draft.desiredDate", "PAST_DATE")


@pytest.mark.parametrize("place", ["draft", "question", "answer", "document"])
async def test_files_are_attached_in_limited_number(asking: Asking, place: str) -> None:
    answers = place in ("answer", "document")
    caller = HUNGARY if answers else ITALY
    files = await asyncio.gather(*(an_upload(asking, caller) for _ in range(FILES_LIMIT + 1)))
    ids = [file.id for file in files]
    asked = [pb.AskedQuestionDraft(code="PQ8" if place == "document" else "PQ1")]
    request = await a_request(asking, Status.ACCEPTED if answers else Status.DRAFT, questions=asked)

    def saying(ids: list[str]) -> tuple[str, dict[str, Any]]:
        if place == "answer":
            answer = pb.AnswerDraft(question_code="PQ1", value=codes("GENUINE"), file_ids=ids)
            return "SaveAnswers", {"answers": [answer]}
        if place == "document":
            given = common_pb2.Value(files=common_pb2.Codes(codes=dict.fromkeys(ids)))
            return "SaveAnswers", {"answers": [pb.AnswerDraft(question_code="PQ8", value=given)]}
        if place == "question":
            return "EditRequest", {"draft": a_draft(questions=[pb.AskedQuestionDraft(code="PQ1", file_ids=ids)])}
        return "EditRequest", {"draft": a_draft(file_ids=ids)}

    method, fields = saying(ids)
    found = await refused(asking, caller, method, Invalid, id=request.id, **fields)
    at = {
        "draft": "draft.fileIds",
        "question": "draft.questions[0].fileIds",
        "answer": "answers[0].fileIds",
        "document": "answers[0].value.files",
    }
    assert (found.field, found.reason) == (at[place], "TOO_MANY")
    method, fields = saying(ids[1:] + ids[1:])
    after = await asking.do(caller, method, id=request.id, **fields)
    attached = {"draft": after.files, "question": after.questions[0].files}
    assert len(attached[place] if place in attached else after.answers[0].files) == FILES_LIMIT


@pytest.mark.parametrize("code", ["PQ5", "PQ8"])
async def test_files_go_where_the_question_allows_them(asking: Asking, code: str) -> None:
    diploma = await an_upload(asking, ITALY)
    asked = [pb.AskedQuestionDraft(code=code, file_ids=[diploma.id])]
    found = await refused(asking, ITALY, "CreateRequest", Invalid, draft=a_draft(questions=asked))
    assert (found.field, found.reason) == ("draft.questions[0].fileIds", "NO_ATTACHMENTS")
