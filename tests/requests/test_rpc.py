"""The whole exchange over gRPC, and every refusal by name, with nothing changed."""

import asyncio
import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.uploads import keeping
from chassis.wire import datetime_of
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests import storage
from services.requests.domain.lifecycle import Party, Status
from tests.builders import QUALIFICATIONS, REQUESTS, a_handler, doctors
from tests.cells import cell
from tests.requests.exchanges import (
    CALLERS,
    COMMANDS,
    GOOD_ANSWERS,
    HUNGARY,
    ITALY,
    SET,
    SETS,
    WALKED,
    WIRE_STATUS,
    Asking,
    a_draft,
    a_request,
    a_request_for,
    an_upload,
    codes,
    command,
    fields_of,
    nurses,
    refused,
    text,
)
from vocabulary.refusals import Conflict, Invalid, NotFound, Stale
from vocabulary.values import TEXT_LIMIT

FRANCE = a_handler("FR")
CASES = [(method, status) for method, statuses in COMMANDS.items() for status in statuses]


def giver_of(method: str, status: Status | None = None) -> Caller:
    """Who gives a command in a status, or where it is possible."""
    statuses = COMMANDS[method]
    return CALLERS[statuses[status] if status in statuses else next(iter(statuses.values()))]


def fields_in(method: str, status: Status, id_: str) -> dict[str, Any]:
    return fields_of(method, id_, COMMANDS[method].get(status))


async def test_a_question_is_asked_accepted_answered_and_closed(asking: Asking) -> None:
    before = datetime.now(UTC)
    diploma = await an_upload(asking, ITALY)
    asked = [
        pb.AskedQuestionDraft(code="PQ1", comment=text("Con il numero in alto"), file_ids=[diploma.id]),
        pb.AskedQuestionDraft(code="PQ6"),
    ]
    draft = await asking.do(ITALY, "CreateRequest", draft=a_draft(questions=asked, desired_date="2999-12-24"))
    assert draft.id.startswith("req_")
    assert draft.number.startswith(f"RQ-{before.year}-")
    assert (draft.revision, draft.status, draft.view) == (1, pb.REQUEST_STATUS_DRAFT, pb.REQUEST_VIEW_FULL)
    assert (draft.requester_id, draft.requester_country_code) == (doctors("IT"), "IT")
    assert (draft.responder_id, draft.responder_country_code) == (doctors("HU"), "HU")
    assert (draft.area_code, draft.question_set_id, draft.desired_date) == (QUALIFICATIONS, SET, "2999-12-24")
    assert draft.subject == a_draft().subject
    assert draft.questions[0].files[0] == diploma
    edited = await asking.do(ITALY, "EditRequest", id=draft.id, draft=a_draft(questions=asked))
    assert (edited.revision, edited.desired_date) == (2, "")
    sent = await asking.do(ITALY, "SendRequest", id=draft.id)
    assert sent.status == pb.REQUEST_STATUS_SENT
    accepted = await asking.do(HUNGARY, "AcceptRequest", id=draft.id)
    assert (accepted.status, accepted.view, accepted.subject) == (
        pb.REQUEST_STATUS_ACCEPTED, pb.REQUEST_VIEW_FULL, draft.subject,
    )  # fmt: skip
    first = pb.AnswerDraft(question_code="PQ1", value=codes("NOT_GENUINE"), comment=text("nem eredeti", "hu"))
    saved = await asking.do(HUNGARY, "SaveAnswers", id=draft.id, answers=[first])
    assert [(one.question_code, one.comment.text) for one in saved.answers] == [("PQ1", "nem eredeti")]
    rest = [
        pb.AnswerDraft(question_code="PQ6", value=codes("DISCIPLINARY")),
        pb.AnswerDraft(question_code="PQ6a", value=common_pb2.Value(text=text("országos", "hu"))),
    ]
    answered = await asking.do(HUNGARY, "AnswerRequest", id=draft.id, answers=rest)
    assert answered.status == pb.REQUEST_STATUS_ANSWERED
    assert [one.question_code for one in answered.answers] == ["PQ1", "PQ6", "PQ6a"]
    closed = await asking.do(ITALY, "CloseRequest", id=draft.id)
    assert (closed.status, closed.revision, closed.number) == (pb.REQUEST_STATUS_CLOSED, 6, draft.number)
    assert [one.value for one in closed.answers] == [one.value for one in answered.answers]
    assert closed.created_at == draft.created_at
    assert [pb.RequestAction.Name(entry.action).removeprefix("REQUEST_ACTION_") for entry in closed.history] == [
        "CREATE", "EDIT", "SEND", "ACCEPT", "ANSWER", "CLOSE",
    ]  # fmt: skip
    assert [entry.authority_id for entry in closed.history] == [
        *[doctors("IT")] * 3, *[doctors("HU")] * 2, doctors("IT"),
    ]  # fmt: skip
    times = [datetime_of(entry.at) for entry in closed.history]
    assert before <= times[0]
    assert times == sorted(times)
    assert closed.changed_at == closed.history[-1].at
    assert await asking.read(ITALY, draft.id) == closed


@pytest.mark.parametrize("method", COMMANDS)
async def test_what_one_may_not_know_of_does_not_exist(
    asking: Asking, standing: dict[Status, pb.Request], method: str
) -> None:
    """In no status: the refusal is, word for word, that for an id that nobody has."""
    hidden = [(FRANCE, request.id) for request in standing.values()]
    hidden += [(a_handler("IT", authority=doctors("FR")), standing[Status.ACCEPTED].id)]
    hidden += [(HUNGARY, standing[Status.DRAFT].id)]
    for caller, id_ in [*hidden, (FRANCE, "req_nobody"), (FRANCE, "")]:
        found = await refused(asking, caller, method, NotFound, **fields_of(method, id_))
        assert found.message == f"there is no request {id_!r}"
        assert (found.field, found.reason) == ("id", "NOT_FOUND")


async def test_an_accepted_request_is_withdrawn_with_a_reason(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    found = await refused(asking, ITALY, "WithdrawRequest", Invalid, id=request.id)
    assert (found.field, found.reason) == ("reason", "MISSING_FIELD")
    withdrawn = await asking.do(ITALY, "WithdrawRequest", id=request.id, reason=text("non serve più"))
    assert withdrawn.status == pb.REQUEST_STATUS_WITHDRAWN
    assert withdrawn.history[-1].reason.text == "non serve più"
    seen = await asking.read(HUNGARY, request.id)
    assert seen is not None
    assert seen.history[-1] == withdrawn.history[-1]


async def test_before_acceptance_no_reason_is_needed(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT)
    withdrawn = await asking.do(ITALY, "WithdrawRequest", id=request.id)
    assert withdrawn.status == pb.REQUEST_STATUS_WITHDRAWN
    assert not withdrawn.history[-1].HasField("reason")


@pytest.mark.parametrize(
    ("reason", "field", "why"),
    [
        (text(" "), "reason.text", "EMPTY"),
        (text("x" * (TEXT_LIMIT + 1)), "reason.text", "TOO_LONG"),
        (text("x", "tlh"), "reason.language", "UNKNOWN_LANGUAGE"),
    ],
)
async def test_an_unfit_reason_is_refused(
    asking: Asking, standing: dict[Status, pb.Request], reason: common_pb2.FreeText, field: str, why: str
) -> None:
    id_ = standing[Status.SENT].id
    found = await refused(asking, ITALY, "WithdrawRequest", Invalid, id=id_, reason=reason)
    assert (found.field, found.reason) == (field, why)


@pytest.mark.parametrize(("method", "status"), CASES)
async def test_a_stale_revision_is_refused(asking: Asking, method: str, status: Status) -> None:
    request, giver = await a_request_for(asking, method, status), giver_of(method, status)
    seen = await asking.read(giver, request.id)
    assert seen is not None
    fields = fields_in(method, status, request.id)
    for wrong in (seen.revision - 1, seen.revision + 1):
        found = await refused(asking, giver, method, Stale, command=command(revision=wrong), **fields)
        assert (found.field, found.reason) == ("revision", "STALE_REVISION")
    await asking.do(giver, method, command=command(revision=seen.revision), **fields)


async def given(asking: Asking, method: str) -> tuple[Caller, dict[str, Any]]:
    """Who may give a command of *method* now, and what it says beside its key."""
    if method == "CreateRequest":
        return ITALY, {"draft": a_draft()}
    status = next(iter(COMMANDS[method]))
    request = await a_request_for(asking, method, status)
    return giver_of(method, status), fields_in(method, status, request.id)


@pytest.mark.parametrize("method", ["CreateRequest", *COMMANDS])
async def test_the_same_key_again_gives_the_same_answer_and_no_second_effect(asking: Asking, method: str) -> None:
    caller, fields = await given(asking, method)
    key = command()
    answers = await asyncio.gather(*(asking.do(caller, method, command=key, **fields) for _ in range(3)))
    assert answers[0] == answers[1] == answers[2]
    after = await asking.read(caller, answers[0].id)
    # A draft that was deleted, or returned by a coordinator, is not for its giver to see any more.
    assert after == answers[0] or (after is None and method in ("DeleteDraft", "ReturnRequest"))


async def test_a_command_is_answered_as_at_first_whatever_has_become_of_what_it_names(asking: Asking) -> None:
    """Its responder is suspended since, its files are gone: it was done, and is not done again."""

    async def removed(file: common_pb2.File) -> None:
        record = await asking.documents.get(keeping.FILES, file.id)
        assert record is not None
        await asking.documents.remove(keeping.FILES, [record])

    diploma, extract, certificate = [await an_upload(asking, caller) for caller in (ITALY, HUNGARY, HUNGARY)]
    draft = await asking.do(ITALY, "CreateRequest", draft=a_draft())
    editing = {"command": command(), "id": draft.id, "draft": a_draft(file_ids=[diploma.id])}
    edited = await asking.do(ITALY, "EditRequest", **editing)
    async with asking.standing_as(doctors("HU"), "SUSPENDED"):
        assert await asking.do(ITALY, "EditRequest", **editing) == edited
    await asking.do(ITALY, "SendRequest", id=draft.id)
    await asking.do(HUNGARY, "AcceptRequest", id=draft.id)
    given_file = common_pb2.Value(files=common_pb2.Codes(codes=[certificate.id]))
    asked = pb.AskedQuestionDraft(code="PQ8")
    steps: list[tuple[Caller, str, dict[str, Any], common_pb2.File | None]] = [
        (HUNGARY, "SaveAnswers", {"answers": [answer_with(extract)]}, extract),
        (HUNGARY, "AnswerRequest", {"answers": GOOD_ANSWERS[1:]}, None),
        (ITALY, "RequestMoreInformation", {"questions": [asked]}, None),
        (
            HUNGARY,
            "GiveMoreInformation",
            {"answers": [pb.AnswerDraft(question_code="PQ8", value=given_file)]},
            certificate,
        ),
    ]
    for caller, method, said, file in steps:
        fields = {"command": command(), "id": draft.id, **said}
        first = await asking.do(caller, method, **fields)
        if file is not None:
            await removed(file)
        with cell(method):
            assert await asking.do(caller, method, **fields) == first


def answer_with(file: common_pb2.File) -> pb.AnswerDraft:
    return pb.AnswerDraft(question_code="PQ1", value=codes("GENUINE"), file_ids=[file.id])


@pytest.mark.parametrize("method", ["CreateRequest", "EditRequest", "SaveAnswers", "AnswerRequest", "WithdrawRequest"])
async def test_another_command_under_the_same_key_is_refused(asking: Asking, method: str) -> None:
    caller, fields = await given(asking, method)
    key = command()
    first = await asking.do(caller, method, command=key, **fields)
    other: dict[str, dict[str, Any]] = {
        "WithdrawRequest": {"reason": text("altro")},
        "SaveAnswers": {"answers": GOOD_ANSWERS[1:]},
        "AnswerRequest": {"answers": []},
    }
    fields |= other.get(method, {"draft": a_draft(justification=text("Altro"))})
    with pytest.raises(Conflict) as found:
        await asking.do(caller, method, command=key, **fields)
    assert (found.value.field, found.value.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY_REUSED")
    assert await asking.read(caller, first.id) == first


async def test_two_people_may_use_the_same_key(asking: Asking) -> None:
    key = command()
    colleague = a_handler("IT", *ITALY.user_roles[REQUESTS], authority=doctors("IT"))
    mine = await asking.do(ITALY, "CreateRequest", command=key, draft=a_draft())
    theirs = await asking.do(colleague, "CreateRequest", command=key, draft=a_draft())
    assert colleague.user_id != ITALY.user_id
    assert mine.id != theirs.id


@pytest.mark.parametrize("method", ["CreateRequest", *COMMANDS])
async def test_every_command_needs_a_key(asking: Asking, standing: dict[Status, pb.Request], method: str) -> None:
    if method == "CreateRequest":
        caller, fields = ITALY, {"draft": a_draft()}
    else:
        status = next(iter(COMMANDS[method]))
        caller, fields = giver_of(method, status), fields_in(method, status, standing[status].id)
    for key in ("", "x" * 129):
        unkeyed = common_pb2.Command(idempotency_key=key)
        found = await refused(asking, caller, method, Invalid, command=unkeyed, **fields)
        assert (found.field, found.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY")


async def test_of_two_who_accept_at_once_one_does(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT)
    both = (asking.do(HUNGARY, "AcceptRequest", id=request.id) for _ in range(2))
    done = await asyncio.gather(*both, return_exceptions=True)
    late = [one for one in done if isinstance(one, Conflict)]
    assert [one.reason for one in late] == ["TRANSITION"]
    after = await asking.read(HUNGARY, request.id)
    assert after is not None
    assert (after.status, after.revision) == (pb.REQUEST_STATUS_ACCEPTED, request.revision + 1)


async def test_a_batch_gives_each_once_in_the_order_asked_for(asking: Asking) -> None:
    first, second = [await a_request(asking, Status.SENT) for _ in range(2)]
    draft = await a_request(asking, Status.DRAFT)
    ids = [second.id, "req_nobody", draft.id, first.id, second.id, ""]
    assert [one.id for one in (await asking(HUNGARY, "BatchGetRequests", ids=ids)).requests] == [second.id, first.id]
    theirs = [second.id, draft.id, first.id]
    assert [one.id for one in (await asking(ITALY, "BatchGetRequests", ids=ids)).requests] == theirs


@pytest.mark.parametrize("method", ["BatchGetRequests", "BatchGetQuestionSets"])
async def test_a_batch_has_a_limit(asking: Asking, method: str) -> None:
    ids = [f"req_{number}" for number in range(1001)]
    with pytest.raises(Invalid) as found:
        await asking(ITALY, method, ids=ids)
    assert (found.value.field, found.value.reason) == ("ids", "TOO_MANY")
    assert await asking(ITALY, method, ids=ids[1:]) is not None


async def test_question_sets_are_read_in_the_languages_wanted(asking: Asking) -> None:
    languages = ["hu", "it"]
    listed = (await asking(ITALY, "ListQuestionSets", languages=languages)).question_sets
    batch = await asking(ITALY, "BatchGetQuestionSets", ids=["nothing:1", *SETS], languages=languages)
    assert list(batch.question_sets) == list(listed)
    assert [one.id for one in listed] == list(SETS)
    assert set(listed[0].title.texts) == set(listed[0].groups[0].questions[0].field.label.texts) == {"hu", "it"}
    assert not (await asking(ITALY, "ListQuestionSets", area="firearms")).question_sets
    of_area = (await asking(ITALY, "ListQuestionSets", area=QUALIFICATIONS, languages=languages)).question_sets
    assert list(of_area) == [one for one in listed if one.area_code == QUALIFICATIONS]
    for method in ("ListQuestionSets", "BatchGetQuestionSets"):
        with pytest.raises(Invalid) as found:
            await asking(ITALY, method, languages=["it", "ru"])
        assert (found.value.field, found.value.reason) == ("languages[1]", "UNKNOWN_LANGUAGE")


def test_every_status_is_walked_to() -> None:
    assert set(WIRE_STATUS.values()) == set(pb.RequestStatus.values()) - {pb.REQUEST_STATUS_UNSPECIFIED}
    assert set(Status) - set(WALKED) == {Status.BLOCKED}


async def test_of_a_deleted_draft_the_store_keeps_nothing_that_was_written_in_it(asking: Asking) -> None:
    draft = await asking.do(ITALY, "CreateRequest", draft=a_draft(justification=text("SEGRETO")))
    async with asking.settled(ITALY, approve_outgoing=True):
        await asking.do(ITALY, "SendRequest", id=draft.id)
    returned = {"id": draft.id, "reason": text("SEGRETO")}
    await asking.do(CALLERS[Party.SENDING_APPROVER], "ReturnRequest", **returned)
    key = command()
    deleted = await asking.do(ITALY, "DeleteDraft", command=key, id=draft.id)
    assert (deleted.status, deleted.number) == (pb.REQUEST_STATUS_DELETED, draft.number)
    assert await asking.do(ITALY, "DeleteDraft", command=key, id=draft.id) == deleted
    stored = await asking.documents.get(storage.REQUESTS, draft.id)
    assert stored is not None
    body: Any = stored.body
    answers = [base64.b85decode(one["answer"]).decode("latin-1") for one in body["answered"]]
    for left in ("SEGRETO", "Eszter", "Mint"):
        assert left not in str(body)
        assert not any(left in answer for answer in answers)


async def test_a_command_that_is_repeated_shows_nothing_that_its_giver_may_not_see_by_now(asking: Asking) -> None:
    key = command()
    request = await asking.do(ITALY, "CreateRequest", command=key, draft=a_draft())
    elsewhere = replace(ITALY, authority_id=doctors("FR"), country="FR")
    await refused(asking, elsewhere, "CreateRequest", NotFound, command=key, draft=a_draft())
    await asking.do(ITALY, "SendRequest", id=request.id)
    first = await asking.do(HUNGARY, "AcceptRequest", command=key, id=request.id)
    assert first.HasField("subject")
    await asking.do(HUNGARY, "ForwardRequest", id=request.id, responder_id=nurses("HU"), reason=text("nem mi", "hu"))
    again = await asking.do(HUNGARY, "AcceptRequest", command=key, id=request.id)
    assert again == await asking.read(HUNGARY, request.id)
    assert not again.HasField("subject")


async def test_an_allocator_who_repeats_a_command_after_the_case_went_on_sees_no_more_answers(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=GOOD_ANSWERS)
    allocator = CALLERS[Party.RESPONDER_ALLOCATOR]
    assigning = {"command": command(), **fields_of("AssignRequest", request.id, Party.RESPONDER_ALLOCATOR)}
    first = await asking.do(allocator, "AssignRequest", **assigning)
    assert [one.question_code for one in first.answers] == ["PQ1", "PQ3"]
    await asking.do(HUNGARY, "ForwardRequest", id=request.id, responder_id=nurses("HU"), reason=text("nem mi", "hu"))
    again = await asking.do(allocator, "AssignRequest", **assigning)
    assert again == await asking.read(allocator, request.id)
    assert not again.answers


async def test_a_file_that_a_draft_drops_is_removed_when_its_time_is_up(asking: Asking) -> None:
    file = await an_upload(asking, ITALY)
    draft = await asking.do(ITALY, "CreateRequest", draft=a_draft(file_ids=[file.id]))

    async def since() -> Any:
        record = await asking.documents.get(keeping.FILES, file.id)
        assert record is not None
        body: Any = record.body
        return body["state"]["at"]

    uploaded = await since()
    await asking.do(ITALY, "EditRequest", id=draft.id, draft=a_draft(file_ids=[file.id], urgent=False))
    assert await since() == uploaded
    await asking.do(ITALY, "DeleteDraft", id=draft.id)
    assert await since() > uploaded
    timer = await asking.documents.get(storage.FILE_TIMERS, f"{file.id}:unattached")
    assert timer is not None
    assert datetime.fromisoformat(str(timer.body["due"])) - datetime.fromisoformat(await since()) == timedelta(
        hours=24, minutes=15
    )
