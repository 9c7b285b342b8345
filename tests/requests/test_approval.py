"""Where an authority has settled it, another authority approves what it sends or replies: four eyes."""

import pytest

from chassis.caller import Caller
from protos.requests.v1 import requests_pb2 as pb
from services.directory.training.authorities import coordinator_id
from services.requests.domain.lifecycle import Status
from tests.builders import QUALIFICATIONS, a_coordinator, a_handler, doctors
from tests.requests.exchanges import (
    GOOD_ANSWERS,
    HUNGARY,
    ITALY,
    TOMORROW,
    Asking,
    a_draft,
    a_request,
    fields_of,
    refused,
    text,
)
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound
from vocabulary.roles import LegislativeRole, UserRole

LIMIC = LegislativeRole.LIMIC
ITALIAN, HUNGARIAN = a_coordinator("IT", LIMIC), a_coordinator("HU", LIMIC)


async def test_a_request_reaches_its_responder_when_it_is_approved(asking: Asking) -> None:
    request = await a_request(asking, Status.PENDING_SEND_APPROVAL, desired_date=TOMORROW)
    assert await asking.read(HUNGARY, request.id) is None
    assert not request.HasField("sent_at")
    approver = await asking.read(ITALIAN, request.id)
    assert approver is not None
    assert approver.view == pb.REQUEST_VIEW_WITHOUT_PERSONAL_DATA
    assert "Eszter" not in str(approver)
    approved = await asking.do(ITALIAN, "ApproveRequest", id=request.id)
    assert approved.status == pb.REQUEST_STATUS_SENT
    seen = await asking.read(HUNGARY, request.id)
    assert seen is not None
    assert seen.sent_at == approved.changed_at
    # Of what came before, the responder hears nothing.
    assert [pb.RequestAction.Name(entry.action) for entry in seen.history] == ["REQUEST_ACTION_APPROVE"]


async def test_a_returned_request_is_corrected_and_sent_again(asking: Asking) -> None:
    request = await a_request(asking, Status.PENDING_SEND_APPROVAL)
    await asking.do(ITALIAN, "ReturnRequest", id=request.id, reason=text("più precisi"))
    assert await asking.read(ITALIAN, request.id) is None
    draft = await asking.read(ITALY, request.id)
    assert draft is not None
    assert (draft.status, draft.history[-1].reason.text) == (pb.REQUEST_STATUS_DRAFT, "più precisi")
    await asking.do(ITALY, "EditRequest", id=request.id, draft=a_draft())
    async with asking.settled(ITALY, approve_outgoing=True):
        again = await asking.do(ITALY, "SendRequest", id=request.id)
    assert again.status == pb.REQUEST_STATUS_PENDING_SEND_APPROVAL
    assert (await asking.do(ITALIAN, "ApproveRequest", id=request.id)).status == pb.REQUEST_STATUS_SENT


async def test_a_reply_reaches_the_requester_when_it_is_approved(asking: Asking) -> None:
    request = await a_request(asking, Status.PENDING_REPLY_APPROVAL)
    waiting = await asking.read(ITALY, request.id)
    assert waiting is not None
    assert not waiting.answers
    approver = await asking.read(HUNGARIAN, request.id)
    assert approver is not None
    assert [one.question_code for one in approver.answers] == ["PQ1", "PQ3"]
    await asking.do(HUNGARIAN, "ApproveRequest", id=request.id)
    answered = await asking.read(ITALY, request.id)
    assert answered is not None
    assert answered.status == pb.REQUEST_STATUS_ANSWERED
    assert [one.question_code for one in answered.answers] == ["PQ1", "PQ3"]


async def test_why_a_reply_was_returned_is_for_its_author_and_no_one_else(asking: Asking) -> None:
    request = await a_request(asking, Status.PENDING_REPLY_APPROVAL)
    await asking.do(HUNGARIAN, "ReturnRequest", id=request.id, reason=text("hiányos", "hu"))
    theirs, ours = await asking.read(HUNGARY, request.id), await asking.read(ITALY, request.id)
    assert theirs is not None
    assert ours is not None
    assert theirs.status == ours.status == pb.REQUEST_STATUS_ACCEPTED
    assert theirs.history[-1].reason.text == "hiányos"
    assert not ours.history[-1].HasField("reason")
    answer = pb.AnswerDraft(question_code="PQ1", value=GOOD_ANSWERS[0].value, comment=text("bővebben", "hu"))
    corrected = await asking.do(HUNGARY, "AnswerRequest", id=request.id, answers=[answer])
    assert corrected.status == pb.REQUEST_STATUS_ANSWERED


@pytest.mark.parametrize("status", [Status.PENDING_SEND_APPROVAL, Status.PENDING_REPLY_APPROVAL])
async def test_the_approver_of_one_side_does_not_approve_for_the_other(asking: Asking, status: Status) -> None:
    request = await a_request(asking, status)
    sending = status is Status.PENDING_SEND_APPROVAL
    other, kind = (HUNGARIAN, NotFound) if sending else (ITALIAN, Forbidden)
    for method, fields in (("ApproveRequest", {}), ("ReturnRequest", {"reason": text("no")})):
        await refused(asking, other, method, kind, id=request.id, **fields)
        own = ITALY if sending else HUNGARY
        for role in (UserRole.REQUEST_HANDLER, UserRole.SUPERVISOR, UserRole.COORDINATOR):
            await refused(asking, a_handler(own.country, role), method, Forbidden, id=request.id, **fields)
        colleague = a_coordinator(own.country, LIMIC, [UserRole.SUPERVISOR])
        await refused(asking, colleague, method, NotFound, id=request.id, **fields)


@pytest.mark.parametrize("approver", ["", doctors("IT")])
async def test_nobody_approves_their_own(asking: Asking, approver: str) -> None:
    request = await a_request(asking, Status.DRAFT)
    await asking.settle(ITALY.authority_id, approve_outgoing=True, approval_coordinator=approver)
    try:
        found = await refused(asking, ITALY, "SendRequest", Conflict, id=request.id)
    finally:
        await asking.settle(ITALY.authority_id, approve_outgoing=False, approval_coordinator="")
    assert found.reason == "NO_APPROVAL_COORDINATOR"


async def test_a_responder_that_was_suspended_while_it_waited_gets_nothing(asking: Asking) -> None:
    request = await a_request(asking, Status.PENDING_SEND_APPROVAL)
    async with asking.standing_as(doctors("HU"), "SUSPENDED"):
        found = await refused(asking, ITALIAN, "ApproveRequest", Invalid, id=request.id)
    assert (found.field, found.reason) == ("draft.responderId", "UNKNOWN_AUTHORITY")
    assert (await asking.do(ITALIAN, "ApproveRequest", id=request.id)).status == pb.REQUEST_STATUS_SENT


async def test_whoever_was_suspended_while_it_waited_begins_no_exchange(asking: Asking) -> None:
    request = await a_request(asking, Status.PENDING_SEND_APPROVAL)
    async with asking.standing_as(doctors("IT"), "SUSPENDED"):
        found = await refused(asking, ITALIAN, "ApproveRequest", Invalid, id=request.id)
    assert (found.field, found.reason) == ("id", "UNKNOWN_AUTHORITY")
    assert (await asking.do(ITALIAN, "ApproveRequest", id=request.id)).status == pb.REQUEST_STATUS_SENT


async def test_no_part_of_a_reply_goes_round_the_approval(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    fields = {"answers": GOOD_ANSWERS[:1], "question_codes": ["PQ1"]}
    async with asking.settled(HUNGARY, approve_reply=True):
        found = await refused(asking, HUNGARY, "ReleaseAnswers", Conflict, id=request.id, **fields)
    assert found.reason == "APPROVAL_NEEDED"


async def test_whoever_was_asked_stays_the_one_who_approves(asking: Asking) -> None:
    """Another coordinator named later is not asked about what already waits."""
    request = await a_request(asking, Status.PENDING_SEND_APPROVAL)
    other = coordinator_id("IT", "*")
    await asking.settle(ITALY.authority_id, approval_coordinator=other)
    try:
        nimic = a_coordinator("IT", LegislativeRole.NIMIC)
        assert nimic.authority_id == other
        await refused(asking, nimic, "ApproveRequest", NotFound, id=request.id)
        assert (await asking.do(ITALIAN, "ApproveRequest", id=request.id)).status == pb.REQUEST_STATUS_SENT
    finally:
        await asking.settle(ITALY.authority_id, approval_coordinator="")
    assert coordinator_id("IT", QUALIFICATIONS) == ITALIAN.authority_id


async def test_whoever_was_asked_before_another_still_sees_what_became_of_it(asking: Asking) -> None:
    request = await a_request(asking, Status.PENDING_SEND_APPROVAL)
    await asking.do(ITALIAN, "ReturnRequest", id=request.id, reason=text("più precisi"))
    other = a_coordinator("IT", LegislativeRole.NIMIC)
    async with asking.settled(ITALY, approve_outgoing=True):
        await asking.settle(ITALY.authority_id, approval_coordinator=other.authority_id)
        await asking.do(ITALY, "SendRequest", id=request.id)
    seen = await asking.read(ITALIAN, request.id)
    assert seen is not None
    assert (seen.view, seen.history[-1].reason.text) == (pb.REQUEST_VIEW_WITHOUT_PERSONAL_DATA, "più precisi")
    assert not seen.tasks
    listed = await asking(ITALIAN, "ListRequests", list=pb.REQUEST_LIST_COORDINATED)
    assert request.id in {one.id for one in listed.requests}
    # To approve it is the other one's.
    await refused(asking, ITALIAN, "ApproveRequest", Forbidden, id=request.id)
    await asking.do(other, "ApproveRequest", id=request.id)


async def test_a_coordinator_that_is_suspended_is_not_asked(asking: Asking) -> None:
    """Nothing goes round the approval because of it, and nothing waits for somebody who cannot give it."""
    request = await a_request(asking, Status.DRAFT)
    async with asking.settled(ITALY, approve_outgoing=True), asking.standing_as(ITALIAN.authority_id, "SUSPENDED"):
        found = await refused(asking, ITALY, "SendRequest", Conflict, id=request.id)
    assert found.reason == "NO_APPROVAL_COORDINATOR"
    refused_more = await a_request(asking, Status.MORE_INFO_REFUSED)
    async with asking.standing_as(HUNGARIAN.authority_id, "SUSPENDED"):
        await asking.do(ITALY, "ReferRequest", id=refused_more.id)
    nimic = a_coordinator("HU", LegislativeRole.NIMIC)
    decided = await asking.do(nimic, "DecideReferral", id=refused_more.id, verdict=pb.REFERRAL_VERDICT_SATISFACTORY)
    assert decided.status == pb.REQUEST_STATUS_ANSWERED_FINAL


@pytest.mark.parametrize(
    ("method", "status", "caller"),
    [
        ("SendRequest", Status.DRAFT, ITALY),
        ("AnswerRequest", Status.ACCEPTED, HUNGARY),
        ("ReleaseAnswers", Status.ACCEPTED, HUNGARY),
    ],
)
async def test_who_takes_part_no_more_does_not_go_round_an_approval(
    asking: Asking, standing: dict[Status, pb.Request], method: str, status: Status, caller: Caller
) -> None:
    """Their sign-in may still be good for a moment; what their authority has settled is not known any more."""
    async with asking.standing_as(caller.authority_id, "SUSPENDED"):
        await refused(asking, caller, method, Forbidden, **fields_of(method, standing[status].id))


async def test_a_referral_coordinator_that_is_named_is_asked(asking: Asking) -> None:
    nimic = a_coordinator("HU", LegislativeRole.NIMIC)
    request = await a_request(asking, Status.MORE_INFO_REFUSED)
    await asking.settle(HUNGARY.authority_id, referral_coordinator=nimic.authority_id)
    try:
        await asking.do(ITALY, "ReferRequest", id=request.id)
    finally:
        await asking.settle(HUNGARY.authority_id, referral_coordinator="")
    verdict = {"verdict": pb.REFERRAL_VERDICT_SATISFACTORY}
    await refused(asking, HUNGARIAN, "DecideReferral", Forbidden, id=request.id, **verdict)
    assert (
        await asking.do(nimic, "DecideReferral", id=request.id, **verdict)
    ).status == pb.REQUEST_STATUS_ANSWERED_FINAL
