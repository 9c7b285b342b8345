"""What an alert says, and what its rules read of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from services.alerts.domain.alerts import VERSIONS_LIMIT, Alert, News, Party, Version
from services.alerts.domain.dates import after_working_days, over
from services.alerts.domain.lifecycle import Action
from services.alerts.domain.steps import moved, recorded, require_four_eyes, telling_all
from services.alerts.domain.types import AlertType
from vocabulary.days import day_of
from vocabulary.refusals import Conflict, Invalid
from vocabulary.values import FreeText, Value, free_text

# How an alert is replaced by another version, and what that is called to those who have it.
REPLACING: Mapping[Action, News] = {
    Action.CORRECT: News.CORRECTED,
    Action.AMEND: News.AMENDED,
    Action.MODIFY: News.MODIFIED,
}


def saying(alert: Alert, kind: AlertType, values: Mapping[str, Value]) -> Alert:
    """*alert* with *values*, and with what the rules of its *kind* read of them."""
    rules = kind.rules
    severity, country, expiry = (
        values.get(name, Value()) for name in (rules.severity_field, rules.establishment_field, rules.expiry_field)
    )
    return replace(
        alert,
        values=dict(values),
        severity=next(iter(severity.codes or ()), ""),
        established_in=next(iter(country.references or ()), ""),
        expires_on=expiry.date,
    )


def is_late(alert: Alert, kind: AlertType, sent_at: datetime) -> bool:
    """Whether what is *sent_at* this time is sent later after the decision than the act allows: remarked upon, never refused."""
    rules = kind.rules
    decided = alert.values.get(rules.decision_field, Value()).date
    if decided is None or rules.decision_days is None:
        return False
    return day_of(sent_at) > decided + timedelta(days=rules.decision_days)


def _is_late_again(alert: Alert, kind: AlertType, by: Party) -> bool:
    """Whether *alert*, in its new version, is late. A decision that was taken since it was broadcast is sent only now; that it was
    late with the one before is not undone by that.
    """
    assert alert.broadcast_at is not None  # what is not sent has no versions
    decided = alert.values.get(kind.rules.decision_field, Value()).date
    if decided is not None and decided > day_of(alert.broadcast_at):
        return alert.late or is_late(alert, kind, by.now)
    return is_late(alert, kind, alert.broadcast_at)


def noticed(alert: Alert, kind: AlertType, by: Party) -> Alert:
    """*alert* with the periods that begin when others are given notice of what it says."""
    comments, standstill = kind.rules.comment_days, kind.standstill(alert.values)
    return replace(
        alert,
        comments_until=None if comments is None else over(by.now, comments),
        standstill_until=None if standstill is None else after_working_days(day_of(by.now), standstill, alert.country),
    )


def check_sendable(alert: Alert, kind: AlertType, by: Party) -> None:
    """Raises Invalid naming the fields that are still empty, a decision that lies ahead, or a day of expiry that has passed."""
    _check_values(kind, alert.values, by)


def replaced(
    alert: Alert, kind: AlertType, action: Action, values: Mapping[str, Value], reason: FreeText | None, by: Party
) -> Alert:
    """The alert in a new version, by *action*; the old one is kept, and everybody who had it is told."""
    after = require_replaceable(alert, kind, action, by)
    checked = _check_values(kind, values, by)
    if checked == alert.values:
        raise Invalid("this is what the alert says already", field="values", reason="UNCHANGED")
    old = Version(
        values=alert.values,
        replaced_at=by.now,
        replaced_by=by.authority_id,
        action=action,
        reason=free_text(reason, at="reason") if reason else None,
    )
    new = saying(replace(after, versions=(*alert.versions, old)), kind, checked)
    new = replace(new, late=_is_late_again(new, kind, by))
    if action is Action.MODIFY:
        new = replace(noticed(new, kind, by), end_reason=None)
    return recorded(telling_all(new, REPLACING[action]), action, alert.status, by)


def require_replaceable(alert: Alert, kind: AlertType, action: Action, by: Party) -> Alert:
    """*alert* in the status after *action*, whatever it says then; raises what speaks against any other version."""
    after = moved(alert, kind, action, by)
    check_replaceable(alert, kind, by)
    return after


def check_replaceable(alert: Alert, kind: AlertType, by: Party) -> None:
    """Raises Forbidden for the authority that wrote it, where another one has to approve; Conflict after too many versions."""
    if kind.rules.approval:
        require_four_eyes(alert.author_id, by)
    if len(alert.versions) >= VERSIONS_LIMIT:
        raise Conflict(f"an alert has at most {VERSIONS_LIMIT} versions before it", reason="TOO_MANY_VERSIONS")


def _check_values(kind: AlertType, values: Mapping[str, Value], by: Party) -> dict[str, Value]:
    checked, today = kind.check(values, complete=True), day_of(by.now)
    decided_on = checked.get(kind.rules.decision_field, Value()).date
    if decided_on is not None and decided_on > today:
        raise Invalid(f"{kind.rules.decision_field} lies ahead", field="values", reason="FUTURE_DATE")
    expires_on = checked.get(kind.rules.expiry_field, Value()).date
    if expires_on is not None and expires_on < today:
        raise Invalid(f"{kind.rules.expiry_field} has passed already", field="values", reason="PAST_DATE")
    return checked
