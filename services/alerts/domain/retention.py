"""How long what an alert says is kept (IMI Regulation, Article 14): some months after its end it is blocked, three years after its end
erased, unless the act on which its type rests has it erased sooner.

What is blocked is stored as proof that it was exchanged. Nobody is shown it, and nothing is found by it, but for a coordinator who
has to prove it, and then that is written down.
"""

from dataclasses import replace
from datetime import datetime

from services.alerts.domain.alerts import Alert, Information, Party
from services.alerts.domain.dates import within
from services.alerts.domain.lifecycle import ENDED, Action, Status
from services.alerts.domain.steps import moved, recorded
from services.alerts.domain.types import ERASED_AFTER_MONTHS, AlertType
from vocabulary import proofs
from vocabulary.days import months_after
from vocabulary.proofs import Ground
from vocabulary.values import FreeText


def blocking(alert: Alert, kind: AlertType) -> datetime | None:
    """When what *alert* says is blocked; None before it has ended."""
    ended = _ended_at(alert)
    return months_after(ended, kind.rules.retention_months) if ended else None


def erasure(alert: Alert, kind: AlertType) -> datetime | None:
    """When it is erased; None before it has ended."""
    ended, days = _ended_at(alert), kind.rules.erase_days
    if ended is None:
        return None
    return months_after(ended, ERASED_AFTER_MONTHS) if days is None else within(ended, days)


def disclosed(alert: Alert) -> Alert:
    """*alert* as far as it may be read and found: without its content, once that is blocked. What it was proved for is not of it."""
    return replace(without_content(alert), proofs=alert.proofs) if alert.status is Status.BLOCKED else alert


def without_content(alert: Alert) -> Alert:
    """Nothing of what it said is left: number, countries and steps show that there was one."""
    return replace(
        alert,
        values={},
        severity="",
        established_in="",
        expires_on=None,
        versions=(),
        return_reason=None,
        end_reason=None,
        appeal_pending=False,
        information=tuple(map(_without_words, alert.information)),
        comments=tuple(replace(one, text=None) for one in alert.comments),
        closure=alert.closure and alert.closure.without_words(),
        earlier_closures=tuple(one.without_words() for one in alert.earlier_closures),
        proofs=proofs.without_words(alert.proofs),
    )


def without_people(alert: Alert) -> Alert:
    """No official is left either: which authority took each step, and when, is what is kept of what is erased."""
    return replace(
        alert,
        history=tuple(replace(entry, user_id="") for entry in alert.history),
        proofs=proofs.without_people(alert.proofs),
    )


def prove(alert: Alert, kind: AlertType, ground: Ground, reason: FreeText, by: Party) -> Alert:
    """Read, because it has to be proved that it was exchanged: on which *ground*, and what for."""
    after = moved(alert, kind, Action.PROVE, by)
    check_provable(alert)
    proved = proofs.with_one_of(alert.proofs, ground, reason, by)
    return recorded(replace(after, proofs=proved), Action.PROVE, alert.status, by)


def check_provable(alert: Alert) -> None:
    """Raises Conflict after too many readings."""
    proofs.check_provable(alert.proofs, "an alert")


def _without_words(information: Information) -> Information:
    return replace(information, text=None, rejection_reason=None)


def _ended_at(alert: Alert) -> datetime | None:
    """When it ended, the last time: what is modified after that is open again."""
    if alert.status not in ENDED:
        return None
    return next(
        (entry.at for entry in reversed(alert.history) if entry.after in ENDED and entry.before not in ENDED), None
    )
