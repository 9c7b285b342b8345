"""Which day it is, and on which day a reply is awaited: agreed by both, or not agreed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.requests.v1 import requests_pb2 as pb
from services.requests import storage
from services.requests.domain import dates, drafting
from services.requests.domain.exchange import Partner, Settings
from services.requests.domain.lifecycle import Party, Status
from tests.builders import doctors
from tests.requests.exchanges import (
    HUNGARY,
    ITALY,
    NOW,
    TOMORROW,
    Asking,
    a_request,
    a_stored_draft,
    a_stored_request,
    command,
    refused,
    text,
)
from tests.requests.test_requests import an_actor
from vocabulary.days import day_of
from vocabulary.refusals import Conflict, Invalid

RESPONDER = Partner(id=doctors("HU"), country="HU")


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-24T22:59:59", date(2026, 11, 24)),
        ("2026-11-24T23:00:00", date(2026, 11, 25)),
        ("2026-07-24T21:59:59", date(2026, 7, 24)),
        ("2026-07-24T22:00:00", date(2026, 7, 25)),
        # The clocks go back in the night to the 25th of October 2026.
        ("2026-10-24T22:30:00", date(2026, 10, 25)),
        ("2026-10-25T22:30:00", date(2026, 10, 25)),
    ],
)
def test_the_day_is_that_of_brussels(now: str, day: date) -> None:
    assert day_of(datetime.fromisoformat(now).replace(tzinfo=UTC)) == day


@pytest.mark.parametrize(("days", "refusal"), [(-1, "PAST_DATE"), (0, ""), (1, "")])
def test_the_wished_date_is_today_in_brussels_or_later(days: int, refusal: str) -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    wished = date(2026, 11, 25) + timedelta(days=days)
    request = a_stored_request(Status.DRAFT, draft=a_stored_draft(desired_date=wished))
    actor = an_actor(now=late)
    if refusal:
        with pytest.raises(Invalid) as found:
            drafting.send(request, Settings(), RESPONDER, actor)
        assert (found.value.field, found.value.reason) == ("draft.desiredDate", refusal)
    else:
        assert drafting.send(request, Settings(), RESPONDER, actor).status is Status.SENT


days = st.dates(NOW.date(), date(2030, 1, 1))


@given(st.none() | days, st.none() | days, st.booleans())
def test_a_date_is_agreed_only_when_both_have_said_it(
    wished: date | None, proposed: date | None, says_yes: bool
) -> None:
    request = a_stored_request(Status.SENT, draft=a_stored_draft(desired_date=wished))
    accepted = dates.accept(request, proposed, an_actor(Party.RESPONDER))
    if proposed in (None, wished):
        assert (accepted.agreed_date, accepted.proposed_date, accepted.due) == (wished, None, wished)
        return
    assert (accepted.agreed_date, accepted.proposed_date, accepted.due) == (None, proposed, wished)
    if says_yes:
        after = dates.accept_proposed(accepted, an_actor())
        assert (after.agreed_date, after.due) == (proposed, proposed)
    else:
        after = dates.refuse_proposed(accepted, None, an_actor())
        assert (after.agreed_date, after.due) == (None, wished)
    assert after.proposed_date is None


async def test_the_requester_accepts_what_the_responder_proposes(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT, desired_date=TOMORROW)
    accepted = await asking.do(HUNGARY, "AcceptRequest", id=request.id, proposed_date="2999-01-01")
    assert (accepted.proposed_date, accepted.agreed_date) == ("2999-01-01", "")
    agreed = await asking.do(ITALY, "AcceptProposedDate", id=request.id)
    assert (agreed.proposed_date, agreed.agreed_date) == ("", "2999-01-01")
    assert agreed.status == pb.REQUEST_STATUS_ACCEPTED
    for method in ("AcceptProposedDate", "RefuseProposedDate"):
        assert (await refused(asking, ITALY, method, Conflict, id=request.id)).reason == "NO_PROPOSED_DATE"


async def test_the_requester_refuses_it_and_says_why(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT, desired_date=TOMORROW)
    await asking.do(HUNGARY, "AcceptRequest", id=request.id, proposed_date="2999-01-01")
    refusal = await asking.do(ITALY, "RefuseProposedDate", id=request.id, reason=text("troppo tardi"))
    assert (refusal.proposed_date, refusal.agreed_date, refusal.desired_date) == ("", "", TOMORROW)
    assert refusal.history[-1].reason.text == "troppo tardi"


@pytest.mark.parametrize(("given_as", "reason"), [("1.1.2030", "NOT_A_DATE"), ("2020-01-01", "PAST_DATE")])
async def test_an_unfit_date_is_not_proposed(
    asking: Asking, standing: dict[Status, pb.Request], given_as: str, reason: str
) -> None:
    id_ = standing[Status.SENT].id
    found = await refused(asking, HUNGARY, "AcceptRequest", Invalid, id=id_, proposed_date=given_as)
    assert (found.field, found.reason) == ("proposedDate", reason)


async def test_what_is_agreed_counts_for_what_is_overdue(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT, desired_date=TOMORROW)
    await asking.do(HUNGARY, "AcceptRequest", id=request.id, command=command(), proposed_date="2999-01-01")
    agreed = await asking.do(ITALY, "AcceptProposedDate", id=request.id)
    stored = await asking.documents.get(storage.REQUESTS, request.id)
    assert stored is not None
    assert stored.body["due"] == agreed.agreed_date == "2999-01-01"
