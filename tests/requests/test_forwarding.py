"""A request that goes on to another authority: who may, where to, what each sees of it then."""

import pytest

from chassis.caller import Caller
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.directory.training.authorities import national_id
from services.requests.domain.lifecycle import Status
from tests.builders import QUALIFICATIONS, a_coordinator, a_handler, doctors
from tests.requests.exchanges import (
    GOOD_ANSWERS,
    HUNGARY,
    ITALY,
    PDF,
    TOMORROW,
    Asking,
    a_request,
    an_upload,
    downloaded,
    nurses,
    refused,
    text,
)
from vocabulary.refusals import Forbidden, Invalid, NotFound
from vocabulary.roles import LegislativeRole, UserRole

NURSES = a_handler("HU", authority=nurses("HU"))
MIDWIVES = a_handler("HU", authority=national_id("HU", QUALIFICATIONS, "midwife"))
REASON = text("nem hozzánk tartozik", "hu")


async def forwarded(asking: Asking, request: pb.Request, by: Caller = HUNGARY, to: Caller = NURSES) -> pb.Request:
    return await asking.do(by, "ForwardRequest", id=request.id, responder_id=to.authority_id, reason=REASON)


def actions(request: pb.Request) -> list[str]:
    return [pb.RequestAction.Name(entry.action).removeprefix("REQUEST_ACTION_") for entry in request.history]


@pytest.mark.parametrize("status", [Status.SENT, Status.ACCEPTED])
async def test_it_goes_on_before_and_after_acceptance_and_has_to_be_accepted_anew(
    asking: Asking, status: Status
) -> None:
    request = await a_request(asking, status)
    await forwarded(asking, request)
    theirs = await asking.read(NURSES, request.id)
    assert theirs is not None
    assert (theirs.status, theirs.view) == (pb.REQUEST_STATUS_SENT, pb.REQUEST_VIEW_WITHOUT_SUBJECT)
    assert not theirs.HasField("subject")
    assert theirs.history[-1].reason.text == REASON.text
    accepted = await asking.do(NURSES, "AcceptRequest", id=request.id)
    assert accepted.subject.person.given_name == "Eszter"
    answered = await asking.do(NURSES, "AnswerRequest", id=request.id, answers=GOOD_ANSWERS)
    assert answered.status == pb.REQUEST_STATUS_ANSWERED
    mine = await asking.read(ITALY, request.id)
    assert mine is not None
    assert mine.responder_id == nurses("HU")
    assert list(mine.former_responder_ids) == [doctors("HU")]
    assert mine.history[actions(mine).index("FORWARD")].reason.text == REASON.text


async def test_the_time_that_the_requester_waits_goes_on(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT, desired_date=TOMORROW)
    await asking.do(HUNGARY, "AcceptRequest", id=request.id, proposed_date="2999-01-01")
    agreed = await asking.do(ITALY, "AcceptProposedDate", id=request.id)
    await forwarded(asking, request)
    after = await asking.read(ITALY, request.id)
    assert after is not None
    assert (after.sent_at, after.desired_date) == (agreed.sent_at, TOMORROW)
    # The day was agreed with somebody else.
    assert (after.agreed_date, after.proposed_date) == ("", "")


async def test_who_had_it_before_keeps_its_own_part_and_sees_nothing_later(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    file = await an_upload(asking, HUNGARY)
    answer = pb.AnswerDraft(
        question_code="PQ1", value=GOOD_ANSWERS[0].value, comment=text("EREDETI", "hu"), file_ids=[file.id]
    )
    await asking.do(HUNGARY, "ReleaseAnswers", id=request.id, answers=[answer], question_codes=["PQ1"])
    mine = await forwarded(asking, request)
    assert mine.view == pb.REQUEST_VIEW_WITHOUT_ANSWERS
    await asking.do(NURSES, "AcceptRequest", id=request.id)
    late = pb.AnswerDraft(question_code="PQ3", value=GOOD_ANSWERS[1].value, comment=text("KÉSŐBB", "hu"))
    await asking.do(NURSES, "AnswerRequest", id=request.id, answers=[late])
    seen = await asking.read(HUNGARY, request.id)
    assert seen is not None
    assert [one.comment.text for one in seen.answers] == ["EREDETI"]
    assert seen.status == pb.REQUEST_STATUS_ANSWERED
    assert not seen.HasField("subject")
    assert not seen.HasField("justification")
    assert actions(seen)[-1] == "FORWARD"
    assert "KÉSŐBB" not in str(seen)
    assert await downloaded(asking, HUNGARY, file.id) == (file, PDF)
    whole = await asking.read(ITALY, request.id)
    assert whole is not None
    assert [one.comment.text for one in whole.answers] == ["EREDETI", "KÉSŐBB"]
    for method, fields in (("AcceptRequest", {}), ("SaveAnswers", {"answers": GOOD_ANSWERS[:1]})):
        await refused(asking, HUNGARY, method, Forbidden, id=request.id, **fields)


async def test_what_was_only_saved_goes_to_nobody(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=GOOD_ANSWERS)
    former = await forwarded(asking, request)
    accepted = await asking.do(NURSES, "AcceptRequest", id=request.id)
    assert not former.answers
    assert not accepted.answers


async def test_released_answers_are_hidden_from_the_next_responder_until_it_accepts(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    await asking.do(HUNGARY, "ReleaseAnswers", id=request.id, answers=GOOD_ANSWERS[:1], question_codes=["PQ1"])
    await forwarded(asking, request)
    before = await asking.read(NURSES, request.id)
    assert before is not None
    assert not before.answers
    accepted = await asking.do(NURSES, "AcceptRequest", id=request.id)
    assert [(one.question_code, one.released) for one in accepted.answers] == [("PQ1", True)]


async def test_it_never_comes_back_to_an_authority_that_had_it(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT)
    await forwarded(asking, request)
    await forwarded(asking, request, by=NURSES, to=MIDWIVES)
    for there in (HUNGARY, NURSES):
        found = await refused(
            asking, MIDWIVES, "ForwardRequest", Invalid,
            id=request.id, responder_id=there.authority_id, reason=REASON,
        )  # fmt: skip
        assert (found.field, found.reason) == ("responderId", "FORWARDING_LOOP")


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        (doctors("HU"), "SAME_RESPONDER"),
        (doctors("IT"), "OWN_AUTHORITY"),
        (nurses("FR"), "OTHER_COUNTRY"),
        (nurses("IT"), "OTHER_COUNTRY"),
        ("aut_nobody", "UNKNOWN_AUTHORITY"),
        ("", "UNKNOWN_AUTHORITY"),
    ],
)
@pytest.mark.parametrize("method", ["ForwardRequest", "SplitRequest"])
async def test_it_goes_nowhere_else(
    asking: Asking, standing: dict[Status, pb.Request], method: str, to: str, reason: str
) -> None:
    id_ = standing[Status.ACCEPTED].id
    codes = {"question_codes": ["PQ3"]} if method == "SplitRequest" else {}
    found = await refused(asking, HUNGARY, method, Invalid, id=id_, responder_id=to, reason=REASON, **codes)
    assert (found.field, found.reason) == ("responderId", reason)


async def test_it_goes_to_nobody_who_was_suspended(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT)
    async with asking.standing_as(nurses("HU"), "SUSPENDED"):
        found = await refused(
            asking, HUNGARY, "ForwardRequest", Invalid, id=request.id, responder_id=nurses("HU"), reason=REASON
        )
    assert (found.field, found.reason) == ("responderId", "UNKNOWN_AUTHORITY")


@pytest.mark.parametrize(
    ("reason", "field", "why"),
    [
        (None, "reason", "MISSING_FIELD"),
        (text(" "), "reason.text", "EMPTY"),
        (text("x", "tlh"), "reason.language", "UNKNOWN_LANGUAGE"),
    ],
)
async def test_it_needs_a_reason(
    asking: Asking, standing: dict[Status, pb.Request], reason: common_pb2.FreeText | None, field: str, why: str
) -> None:
    found = await refused(
        asking, HUNGARY, "ForwardRequest", Invalid,
        id=standing[Status.SENT].id, responder_id=nurses("HU"), reason=reason,
    )  # fmt: skip
    assert (found.field, found.reason) == (field, why)


@pytest.mark.parametrize("role", [LegislativeRole.LIMIC, LegislativeRole.NIMIC])
async def test_before_acceptance_a_coordinator_of_the_country_forwards_it_without_seeing_whom_it_is_about(
    asking: Asking, role: LegislativeRole
) -> None:
    request = await a_request(asking, Status.SENT)
    coordinator = a_coordinator("HU", role)
    after = await forwarded(asking, request, by=coordinator)
    assert after.view == pb.REQUEST_VIEW_WITHOUT_PERSONAL_DATA
    assert "Eszter" not in str(after)
    assert after.history[-1].authority_id == coordinator.authority_id
    former = await asking.read(HUNGARY, request.id)
    assert former is not None
    assert former.view == pb.REQUEST_VIEW_WITHOUT_ANSWERS


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        (a_coordinator("IT", LegislativeRole.LIMIC), Forbidden),
        (a_coordinator("HU", LegislativeRole.SDIMIC), NotFound),
        (a_coordinator("FR", LegislativeRole.NIMIC), NotFound),
        (a_handler("HU", UserRole.VIEWER), Forbidden),
        (a_handler("HU", UserRole.ALLOCATOR), Forbidden),
        (ITALY, Forbidden),
    ],
)
async def test_others_do_not_forward_it(
    asking: Asking, standing: dict[Status, pb.Request], who: Caller, kind: type[Forbidden | NotFound]
) -> None:
    id_ = standing[Status.SENT].id
    await refused(asking, who, "ForwardRequest", kind, id=id_, responder_id=nurses("HU"), reason=REASON)


async def test_the_lists_follow_it(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT)
    await forwarded(asking, request)

    async def on(caller: Caller, which: int) -> bool:
        page = common_pb2.Page(first=100)
        return request.id in {one.id for one in (await asking(caller, "ListRequests", list=which, page=page)).requests}

    assert await on(NURSES, pb.REQUEST_LIST_ACTION_REQUIRED)
    assert await on(NURSES, pb.REQUEST_LIST_RECEIVED)
    assert await on(HUNGARY, pb.REQUEST_LIST_RECEIVED)
    assert not await on(HUNGARY, pb.REQUEST_LIST_ACTION_REQUIRED)
