"""What the system itself does with an alert when a time is over.

Everything here is said by the alert and its type alone, so that it can be asked at any time and is answered the same way: when
something is due next, and whether it still is when its timer fires.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from services.alerts.domain.alerts import Addressed, Alert, News, system
from services.alerts.domain.dates import over
from services.alerts.domain.flows import table
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.retention import blocking, erasure, without_content, without_people
from services.alerts.domain.steps import moved, owing, recorded, telling_all
from services.alerts.domain.types import AlertType
from vocabulary.days import end_of
from vocabulary.refusals import Conflict

# What the system does by itself.
BY_ITSELF = (Action.ESCALATE, Action.CLOSE, Action.REJECT_CLOSURE, Action.EXPIRE, Action.BLOCK, Action.ERASE)
# After these, nothing that is kept beside the alert may say any more what it says.
HIDING = frozenset({Action.BLOCK, Action.ERASE})
_TELLING: Mapping[Action, News] = {
    Action.CLOSE: News.CLOSED,
    Action.REJECT_CLOSURE: News.CLOSURE_REJECTED,
    Action.EXPIRE: News.EXPIRED,
}


def due(alert: Alert, kind: AlertType) -> Mapping[Action, datetime]:
    """What the system will do with *alert*, and when, if nobody acts until then."""
    possible = table(kind.rules)[alert.status]
    when = {
        Action.ESCALATE: _escalation(alert, kind),
        Action.CLOSE: _closing(alert),
        Action.REJECT_CLOSURE: _rejection(alert),
        Action.EXPIRE: end_of(alert.expires_on) if alert.expires_on else None,
        Action.BLOCK: blocking(alert, kind),
        Action.ERASE: erasure(alert, kind),
    }
    return {action: at for action, at in when.items() if action in possible and at is not None}


def require_due(alert: Alert, kind: AlertType, action: Action, now: datetime) -> None:
    """Raises Conflict unless the system is to do *action* now."""
    when = due(alert, kind).get(action)
    if when is None or when > now:
        raise Conflict(f"{action} is not due", reason="NOT_DUE")


def done(alert: Alert, kind: AlertType, action: Action, now: datetime) -> Alert:
    """*alert* after the system has done *action*; raises Conflict unless that is due."""
    require_due(alert, kind, action, now)
    by = system(now)
    after = moved(alert, kind, action, by)
    if action is Action.ESCALATE:
        after = _escalated(after, kind, now)
    elif action is Action.ERASE:
        after = without_people(without_content(after))
    elif action in _TELLING:
        after = telling_all(after, _TELLING[action])
    return recorded(after, action, alert.status, by)


def _escalated(alert: Alert, kind: AlertType, now: datetime) -> Alert:
    """The national coordinators of the countries that are silent for too long are told; each once."""
    overdue = [one for one in alert.addressed if _is_silent(one) and _awaited_until(alert, one, kind) <= now]
    addressed = tuple(replace(one, escalated_at=now) if one in overdue else one for one in alert.addressed)
    national = tuple(one.country for one in overdue)
    return owing(replace(alert, addressed=addressed), News.ESCALATED, national=national)


def _is_silent(one: Addressed) -> bool:
    return one.acknowledged_at is None and one.escalated_at is None


def _awaited_until(alert: Alert, one: Addressed, kind: AlertType) -> datetime:
    days, since = kind.rules.acknowledge_days, one.at or alert.broadcast_at
    assert days is not None  # otherwise the table does not have this step
    assert since is not None  # it is addressed
    # Nobody can acknowledge what is closed: the days run anew when it is under way again.
    reopened = (entry.at for entry in alert.history if entry.before is Status.CLOSED)
    return over(max((since, *reopened)), days)


def _escalation(alert: Alert, kind: AlertType) -> datetime | None:
    if kind.rules.acknowledge_days is None:
        return None
    return min((_awaited_until(alert, one, kind) for one in alert.addressed if _is_silent(one)), default=None)


def _closing(alert: Alert) -> datetime | None:
    """When nobody objects, or the time for comments is over."""
    if alert.status is Status.CLOSURE_PROPOSED:
        return alert.closure.until if alert.closure and not alert.closure.standing else None
    return alert.comments_until


def _rejection(alert: Alert) -> datetime | None:
    return alert.closure.until if alert.closure and alert.closure.standing else None
