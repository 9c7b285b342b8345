"""Urgency and the law's last day, as a request has them: over the wire, from the draft to the reply."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from chassis.caller import Caller
from protos.requests.v1 import requests_pb2 as pb
from services.directory.training.authorities import national_id
from services.requests.domain.deadlines import Limits, Place, add_working_days
from services.requests.domain.exchange import Partner
from services.requests.domain.forwarding import born, split
from services.requests.domain.identity import warnings
from services.requests.domain.lifecycle import Status
from services.requests.domain.questions import Asked
from services.requests.domain.replying import request_more
from services.requests.domain.terms import checked, started
from services.requests.domain.views import View, seen
from services.requests.limits import area_limits, limits
from services.requests.readers import actor, reader
from tests.builders import QUALIFICATIONS, a_coordinator, a_handler
from tests.requests.exchanges import (
    HUNGARY,
    ITALY,
    NOW,
    QUESTIONS,
    SETS,
    Asking,
    a_draft,
    a_request,
    a_stored_draft,
    a_stored_request,
    nurses,
    refused,
    text,
)
from vocabulary.days import day_of
from vocabulary.refusals import Invalid
from vocabulary.roles import LegislativeRole
from vocabulary.values import FreeText

POSTING = limits()["posting-of-workers"]
WHY = FreeText(text="Eszter Mintás leaves the country on Friday.", language="en")
BUDAPEST = Partner(id="aut_hu", country="HU", region="HU-BU")
A_MONTH_LATER = date(2026, 12, 31)


def requester(area: str) -> Any:
    """Somebody at the authority that asks."""
    return actor(a_handler("IT", module=f"{area}/requests"), area, NOW)


def today() -> date:
    return day_of(datetime.now(UTC))


def sent(limits_: Limits, responder: Partner = BUDAPEST, **draft: Any) -> Any:
    """A request that has just been sent."""
    request = a_stored_request(Status.SENT, draft=a_stored_draft(**draft), sent_at=NOW)
    return started(request, limits_, responder)


def test_the_last_day_is_fixed_when_it_is_sent() -> None:
    assert sent(POSTING).legal_deadline == add_working_days(NOW.date(), 25, Place("HU"))
    assert sent(POSTING, urgent=True, urgent_reason=WHY).legal_deadline == date(2026, 11, 26)
    assert sent(Limits()).legal_deadline is None
    public = limits()["public-documents"]
    central = Partner(id="aut_hu", country="HU", central=True)
    assert (sent(public).legal_deadline, sent(public, central).legal_deadline) == (date(2026, 12, 1), date(2026, 12, 8))
    waiting = a_stored_request(Status.PENDING_SEND_APPROVAL)
    assert started(waiting, POSTING, BUDAPEST) == waiting


@pytest.mark.parametrize(
    ("wished", "agreed", "law", "due"),
    [
        (None, None, None, None),
        (date(2026, 12, 1), None, None, date(2026, 12, 1)),
        (date(2026, 12, 1), date(2026, 12, 9), None, date(2026, 12, 9)),
        (None, None, date(2026, 12, 4), date(2026, 12, 4)),
        (date(2026, 12, 1), None, date(2026, 12, 4), date(2026, 12, 1)),
        (date(2026, 12, 1), date(2026, 12, 9), date(2026, 12, 4), date(2026, 12, 4)),
    ],
)
def test_the_law_comes_before_what_two_authorities_agree_on(
    wished: date | None, agreed: date | None, law: date | None, due: date | None
) -> None:
    draft = a_stored_draft(desired_date=wished)
    assert a_stored_request(Status.ACCEPTED, draft=draft, agreed_date=agreed, legal_deadline=law).due == due


def test_what_is_split_off_has_no_more_time_than_the_whole_had() -> None:
    who = actor(HUNGARY, QUALIFICATIONS, NOW)
    parent = a_stored_request(Status.ACCEPTED, sent_at=NOW, legal_deadline=A_MONTH_LATER)
    to = Partner(id=nurses("HU"), country="HU")
    parent = split("req_1", parent, QUESTIONS, ["PQ3"], to, ("req_2", "RQ-2"), None, who)
    assert born("req_1", parent, parent.children[0]).legal_deadline == A_MONTH_LATER


def test_why_it_is_urgent_is_no_place_for_a_name() -> None:
    draft = a_stored_draft(urgent=True, urgent_reason=WHY)
    assert [one.field for one in warnings(draft)] == ["draft.urgentReason"]
    request = a_stored_request(Status.SENT, draft=draft)
    coordinator = reader(a_coordinator("HU", LegislativeRole.LIMIC), QUALIFICATIONS)
    shown = seen(request, View.WITHOUT_PERSONAL_DATA, coordinator).draft
    assert (shown.urgent, shown.urgent_reason) == (True, None)


def test_a_draft_may_lack_the_reason_and_what_is_sent_may_not() -> None:
    draft = a_stored_request(Status.DRAFT, draft=a_stored_draft(urgent=True))
    assert checked(draft, POSTING) == draft
    with pytest.raises(Invalid) as missing:
        sent(POSTING, urgent=True)
    assert (missing.value.field, missing.value.reason) == ("draft.urgentReason", "MISSING_FIELD")
    with pytest.raises(Invalid) as unknown:
        checked(draft, area_limits(QUALIFICATIONS))
    assert (unknown.value.field, unknown.value.reason) == ("draft.urgent", "NO_URGENT_REQUESTS")


async def test_an_area_without_urgent_requests_takes_none(asking: Asking) -> None:
    urgent = a_draft(urgent=True, urgent_reason=text("I lavoratori partono venerdì prossimo."))
    for method, fields in (
        ("CreateRequest", {}),
        ("EditRequest", {"id": (await a_request(asking, Status.DRAFT)).id}),
    ):
        found = await refused(asking, ITALY, method, Invalid, draft=urgent, **fields)
        assert (found.field, found.reason) == ("draft.urgent", "NO_URGENT_REQUESTS")
    alone = a_draft(urgent_reason=text("I lavoratori partono venerdì prossimo."))
    found = await refused(asking, ITALY, "CreateRequest", Invalid, draft=alone)
    assert (found.field, found.reason) == ("draft.urgentReason", "CONTRADICTION")


def posting(country: str, concept: str = "posted_workers") -> Caller:
    """A handler at an authority for posted workers."""
    authority = national_id(country, "posting-of-workers", concept)
    return a_handler(country, authority=authority, module="posting-of-workers/requests")


async def test_a_request_says_how_urgent_it_is_and_by_when_it_must_be_answered(asking: Asking) -> None:
    italy, hungary, other = posting("IT"), posting("HU"), posting("HU", "labour_inspection")
    reason = text("I lavoratori partono venerdì prossimo.")
    fields = {
        "question_set_id": "posting-of-workers:1",
        "responder_id": hungary.authority_id,
        "questions": [pb.AskedQuestionDraft(code="PW1")],
    }
    urgent = await asking.do(italy, "CreateRequest", draft=a_draft(**fields, urgent=True))
    found = await refused(asking, italy, "SendRequest", Invalid, id=urgent.id)
    assert (found.field, found.reason) == ("draft.urgentReason", "MISSING_FIELD")
    draft = a_draft(**fields, urgent=True, urgent_reason=reason)
    await asking.do(italy, "EditRequest", id=urgent.id, draft=draft)
    await asking.do(italy, "SendRequest", id=urgent.id)
    seen_there = await asking.read(hungary, urgent.id)
    assert seen_there is not None
    assert (seen_there.urgent, seen_there.urgent_reason.text) == (True, reason.text)
    last = add_working_days(today(), 2, Place("HU")).isoformat()
    assert (seen_there.legal_deadline, seen_there.due_date) == (last, last)
    # Whom it goes on to has no more time than whom it was sent to.
    why = text("nem hozzánk tartozik", "hu")
    await asking.do(hungary, "ForwardRequest", id=urgent.id, responder_id=other.authority_id, reason=why)
    forwarded = await asking.read(italy, urgent.id)
    assert forwarded is not None
    assert (forwarded.status, forwarded.legal_deadline) == (pb.REQUEST_STATUS_SENT, last)
    calm = await asking.do(italy, "CreateRequest", draft=a_draft(**fields))
    calm = await asking.do(italy, "SendRequest", id=calm.id)
    assert calm.legal_deadline == add_working_days(today(), 25, Place("HU")).isoformat()


async def test_the_law_counts_from_the_approval_of_what_must_be_approved(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.requests.rpc.drafting.area_limits", lambda area: POSTING)
    pending = await a_request(asking, Status.PENDING_SEND_APPROVAL)
    assert pending.legal_deadline == ""
    approved = await asking.do(a_coordinator("IT", LegislativeRole.LIMIC), "ApproveRequest", id=pending.id)
    assert approved.legal_deadline == add_working_days(today(), 25, Place("HU")).isoformat()


def test_after_the_reply_to_an_urgent_request_nothing_is_asked_that_is_none_for_one() -> None:
    """What a register does not show is asked in words, or in a request of its own."""
    posting = SETS["posting-of-workers:1"]
    draft = a_stored_draft(urgent=True, urgent_reason=WHY, questions=(Asked(code="PW1"),))
    answered = a_stored_request(
        Status.ANSWERED, area=posting.area, question_set_id=posting.id, draft=draft, answers=(), released=(), frozen=()
    )
    who = requester(posting.area)
    with pytest.raises(Invalid) as found:
        request_more(answered, posting, [Asked(code="PW3")], None, who)
    assert (found.value.field, found.value.reason) == ("questions", "NOT_URGENT")
    assert request_more(answered, posting, [], WHY, who).status is Status.MORE_INFO_REQUESTED
    calm = replace(answered, draft=replace(draft, urgent=False, urgent_reason=None))
    assert request_more(calm, posting, [Asked(code="PW3")], None, who).asked == ["PW1", "PW3"]
