"""How a step of an alert is taken and recorded, and whom it owes news."""

from dataclasses import replace

from services.alerts.domain.alerts import Addressed, Alert, Delivery, HistoryEntry, News, Party, sides
from services.alerts.domain.flows import step
from services.alerts.domain.lifecycle import Action, Side, Status
from services.alerts.domain.types import AlertType
from vocabulary.refusals import Conflict, Forbidden

# All steps stand in the alert's one document, which a store lets grow to so much.
STEPS_LIMIT = 5_000


def standing(alert: Alert, kind: AlertType, who: Party) -> frozenset[Side]:
    """Everything that *who* is to *alert*, which is of this *kind*."""
    if who.is_system:
        return frozenset({Side.SYSTEM})
    found = sides(alert, who)
    if Side.AUTHOR in found and not kind.rules.approval:
        found |= {Side.SENDING_AUTHOR}
    return found


def moved(alert: Alert, kind: AlertType, action: Action, by: Party) -> Alert:
    """*alert* in the status after *action*; raises what `flows.step` raises, and Conflict for an authority that has taken too many
    steps already, if this one leads nowhere else: whatever leads on or ends it can still be done.
    """
    after = step(kind.rules, alert.status, action, standing(alert, kind, by), by.roles)
    if after is alert.status and not by.is_system:
        taken = sum(entry.authority_id == by.authority_id for entry in alert.history)
        if taken >= STEPS_LIMIT:
            raise Conflict(f"an authority takes at most {STEPS_LIMIT} steps in an alert", reason="TOO_MANY")
    return replace(alert, status=after)


def recorded(after: Alert, action: Action, before: Status | None, by: Party) -> Alert:
    """*after* with the step that led to it."""
    entry = HistoryEntry(
        at=by.now,
        authority_id=by.authority_id,
        country=by.country,
        user_id=by.user_id,
        action=action,
        before=before,
        after=after.status,
    )
    return replace(after, changed_at=by.now, history=(*after.history, entry))


def owing(
    alert: Alert,
    news: News,
    *,
    countries: tuple[str, ...] = (),
    authority_ids: tuple[str, ...] = (),
    besides: str = "",
    national: tuple[str, ...] = (),
    reach: tuple[int, ...] | None = None,
) -> Alert:
    """*alert* with the duty to tell some of *news*."""
    number = str(len(alert.deliveries) + 1)
    due = Delivery(
        id=number,
        news=news,
        countries=countries,
        authority_ids=authority_ids,
        besides=besides,
        national=national,
        reach=reach,
    )
    return replace(alert, deliveries=(*alert.deliveries, due))


def telling_all(alert: Alert, news: News) -> Alert:
    """*alert* with the duty to tell everybody who has it."""
    return owing(alert, news, reach=tuple(len(one.told) for one in alert.addressed))


def with_addressed(alert: Alert, changed: Addressed) -> Alert:
    """*alert* with what one of its countries has done."""
    addressed = tuple(changed if one.country == changed.country else one for one in alert.addressed)
    return replace(alert, addressed=addressed)


def require_four_eyes(author_id: str, by: Party) -> None:
    """Raises Forbidden for the authority that wrote what is decided about."""
    if author_id == by.authority_id:
        raise Forbidden("another authority than the one that wrote it decides about it", reason="FOUR_EYES")
