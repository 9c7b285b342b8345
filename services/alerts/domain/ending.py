"""How alerts end. A danger that is over is closed, what should not have been sent is withdrawn, a decision that no longer counts is
revoked or expires: each is something else to those who were warned.
"""

from dataclasses import replace

from services.alerts.domain.alerts import CLOSURES_KEPT, Alert, Closure, News, Objection, Party
from services.alerts.domain.dates import over
from services.alerts.domain.lifecycle import Action
from services.alerts.domain.steps import moved, recorded, telling_all
from services.alerts.domain.types import AlertType
from vocabulary.days import end_of
from vocabulary.refusals import Conflict, Forbidden
from vocabulary.values import FreeText, free_text

# So often one country objects to one proposal to close: each time everybody is told, and why it did is kept.
OBJECTIONS_LIMIT = 5


def withdraw(alert: Alert, kind: AlertType, reason: FreeText, by: Party) -> Alert:
    """It should not have been sent, and why."""
    return _ended(alert, kind, Action.WITHDRAW, News.WITHDRAWN, by, reason)


def close(alert: Alert, kind: AlertType, reason: FreeText, by: Party) -> Alert:
    """By hand: the risk is over or the matter is settled, and why that can be said."""
    return _ended(alert, kind, Action.CLOSE, News.CLOSED, by, reason)


def revoke(alert: Alert, kind: AlertType, by: Party) -> Alert:
    """The decision is no longer in force. Why is not said: it would tell the grounds."""
    return _ended(alert, kind, Action.REVOKE, News.REVOKED, by)


def expire(alert: Alert, kind: AlertType, by: Party) -> Alert:
    """By hand, where the alert does not say until when it counts; raises Conflict (NOT_DUE) where it does and the day is to come."""
    after = moved(alert, kind, Action.EXPIRE, by)
    check_expired(alert, by)
    return recorded(telling_all(after, News.EXPIRED), Action.EXPIRE, alert.status, by)


def check_expired(alert: Alert, by: Party) -> None:
    """Raises Conflict before the day of expiry is over."""
    if alert.expires_on is not None and by.now < end_of(alert.expires_on):
        raise Conflict(
            f"it counts until {alert.expires_on}; amend it if that has changed, or revoke it", reason="NOT_DUE"
        )


def note_appeal(alert: Alert, kind: AlertType, pending: bool, by: Party) -> Alert:
    """Whether an appeal against the decision is pending, for everybody who has the alert."""
    after = moved(alert, kind, Action.NOTE_APPEAL, by)
    if alert.appeal_pending is pending:
        state = "pending already" if pending else "not pending"
        raise Conflict(f"an appeal is {state}", reason="UNCHANGED")
    noted = telling_all(replace(after, appeal_pending=pending), News.APPEAL_NOTED)
    return recorded(noted, Action.NOTE_APPEAL, alert.status, by)


def propose_closure(alert: Alert, kind: AlertType, by: Party) -> Alert:
    """The risk is over, says the country where the provider is established; the others may object for some days."""
    after = moved(alert, kind, Action.PROPOSE_CLOSURE, by)
    days = kind.rules.objection_days
    assert days is not None  # otherwise the table does not have this step
    proposed = Closure(proposed_by=by.authority_id, country=by.country, proposed_at=by.now, until=over(by.now, days))
    # Who objected to an earlier one, and why, stays to be read.
    earlier = (*alert.earlier_closures, alert.closure) if alert.closure else ()
    asked = replace(after, closure=proposed, earlier_closures=earlier[-CLOSURES_KEPT:])
    told = telling_all(asked, News.CLOSURE_PROPOSED)
    return recorded(told, Action.PROPOSE_CLOSURE, alert.status, by)


def object_to_closure(alert: Alert, kind: AlertType, reason: FreeText, by: Party) -> Alert:
    """Another country does not want it closed, and why. Its objection stands until it is withdrawn."""
    after = moved(alert, kind, Action.OBJECT, by)
    check_objectable(alert, by)
    new = Objection(authority_id=by.authority_id, country=by.country, reason=free_text(reason, at="reason"), at=by.now)
    closure = _proposed(alert)
    objected = replace(after, closure=replace(closure, objections=(*closure.objections, new)))
    return recorded(telling_all(objected, News.OBJECTED), Action.OBJECT, alert.status, by)


def withdraw_objection(alert: Alert, kind: AlertType, by: Party) -> Alert:
    """The actor's country no longer objects."""
    after = moved(alert, kind, Action.WITHDRAW_OBJECTION, by)
    check_objecting(alert, by)
    closure = _proposed(alert)
    objections = tuple(
        replace(one, withdrawn_at=by.now) if one in closure.standing and one.country == by.country else one
        for one in closure.objections
    )
    agreed = replace(after, closure=replace(closure, objections=objections))
    return recorded(telling_all(agreed, News.OBJECTION_WITHDRAWN), Action.WITHDRAW_OBJECTION, alert.status, by)


def check_objectable(alert: Alert, by: Party) -> None:
    """Raises Forbidden for the country that proposed it, Conflict when the time is over, or the country objects already or has done so
    too often.
    """
    closure = _proposed(alert)
    if by.country == closure.country:
        raise Forbidden("your own country proposed to close it", reason="OWN_PROPOSAL")
    _require_time(closure, by)
    if any(one.country == by.country for one in closure.standing):
        raise Conflict(f"{by.country} objects already", reason="ALREADY_OBJECTED")
    if sum(one.country == by.country for one in closure.objections) >= OBJECTIONS_LIMIT:
        raise Conflict(f"a country objects at most {OBJECTIONS_LIMIT} times to one proposal", reason="TOO_MANY")


def check_objecting(alert: Alert, by: Party) -> None:
    """Raises Conflict unless an objection of the actor's country stands, and there is time to withdraw it."""
    closure = _proposed(alert)
    _require_time(closure, by)
    if not any(one.country == by.country for one in closure.standing):
        raise Conflict(f"no objection of {by.country} stands", reason="NO_OBJECTION")


def _require_time(closure: Closure, by: Party) -> None:
    if by.now >= closure.until:
        raise Conflict("the time for objections is over", reason="OBJECTIONS_OVER")


def _proposed(alert: Alert) -> Closure:
    assert alert.closure is not None  # the status says so
    return alert.closure


def _ended(
    alert: Alert, kind: AlertType, action: Action, news: News, by: Party, reason: FreeText | None = None
) -> Alert:
    after = moved(alert, kind, action, by)
    said = replace(after, end_reason=free_text(reason, at="reason") if reason else None)
    return recorded(telling_all(said, news), action, alert.status, by)
