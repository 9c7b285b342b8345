"""On which day a reply is awaited."""

from dataclasses import replace
from datetime import date, datetime

from services.requests.domain.lifecycle import Action
from services.requests.domain.parties import moved
from services.requests.domain.requests import Actor, Request, recorded
from vocabulary.days import day_of
from vocabulary.refusals import Conflict, Invalid
from vocabulary.values import FreeText, free_text


def check_not_past(day: date | None, now: datetime, *, at: str, what: str) -> None:
    """Raises Invalid for a *day* before that of *now*."""
    if day is not None and day < day_of(now):
        raise Invalid(f"the {what} date has passed", field=at, reason="PAST_DATE")


def accept(request: Request, proposed: date | None, actor: Actor) -> Request:
    """The responder takes it on, by the day that is wished for or by another one that it proposes. From now on it sees the subject."""
    after = moved(request, Action.ACCEPT, actor)
    check_not_past(proposed, actor.now, at="proposedDate", what="proposed")
    wished = request.draft.desired_date
    counters = proposed is not None and proposed != wished
    after = replace(
        after,
        accepted=True,
        proposed_date=proposed if counters else None,
        # Who states a day and who takes it on have agreed on it; a day that one side proposes is nobody's yet.
        agreed_date=None if counters else wished,
    )
    return recorded(after, Action.ACCEPT, request.status, actor)


def accept_proposed(request: Request, actor: Actor) -> Request:
    """The day that the responder proposed is now agreed."""
    after = moved(request, Action.ACCEPT_PROPOSED_DATE, actor)
    check_proposed(request)
    after = replace(after, agreed_date=request.proposed_date, proposed_date=None)
    return recorded(after, Action.ACCEPT_PROPOSED_DATE, request.status, actor)


def refuse_proposed(request: Request, reason: FreeText | None, actor: Actor) -> Request:
    """No day is agreed; the one that was wished for stays wished for."""
    checked = None if reason is None else free_text(reason, at="reason")
    after = moved(request, Action.REFUSE_PROPOSED_DATE, actor)
    check_proposed(request)
    return recorded(replace(after, proposed_date=None), Action.REFUSE_PROPOSED_DATE, request.status, actor, checked)


def check_proposed(request: Request) -> None:
    """Raises Conflict unless the responder has proposed a day that waits for the requester."""
    if request.proposed_date is None:
        raise Conflict("no date has been proposed", reason="NO_PROPOSED_DATE")
