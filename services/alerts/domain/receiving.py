"""What those who are warned do with an alert: acknowledge it, pass it on, add what they know, comment."""

from collections.abc import Sequence
from dataclasses import replace

from services.alerts.domain.alerts import (
    COMMENTS_LIMIT,
    INFORMATION_LIMIT,
    TOLD_LIMIT,
    WAITING_LIMIT,
    Addressed,
    Alert,
    Comment,
    Information,
    InformationStatus,
    News,
    Party,
)
from services.alerts.domain.lifecycle import Action
from services.alerts.domain.steps import moved, owing, recorded, require_four_eyes, telling_all, with_addressed
from services.alerts.domain.types import AlertType
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound
from vocabulary.values import FreeText, free_text

# So many comments of one country: none keeps all others from saying what they have to say.
OWN_COMMENTS_LIMIT = 20


def acknowledge(alert: Alert, kind: AlertType, by: Party) -> Alert:
    """The actor's country says that it has the alert; once."""
    after = moved(alert, kind, Action.ACKNOWLEDGE, by)
    check_unacknowledged(alert, by)
    noted = replace(_own(alert, by), acknowledged_at=by.now, acknowledged_by=by.authority_id)
    return recorded(with_addressed(after, noted), Action.ACKNOWLEDGE, alert.status, by)


def disseminate(alert: Alert, kind: AlertType, authority_ids: Sequence[str], by: Party) -> Alert:
    """Passed on to authorities of the actor's country, which must have acknowledged it; those told before are left out."""
    after = moved(alert, kind, Action.DISSEMINATE, by)
    check_acknowledged(alert, by)
    own = _own(alert, by)
    told_before = frozenset(own.told)
    new = tuple(id_ for id_ in dict.fromkeys(authority_ids) if id_ not in told_before)
    if not new:
        raise Invalid("name an authority that has not been told yet", field="authorityIds", reason="EMPTY")
    if len(own.told) + len(new) > TOLD_LIMIT:
        raise Invalid(
            f"at most {TOLD_LIMIT} authorities of a country are told", field="authorityIds", reason="TOO_MANY"
        )
    told = with_addressed(after, replace(own, told=(*own.told, *new)))
    return recorded(owing(told, News.DISSEMINATED, authority_ids=new), Action.DISSEMINATE, alert.status, by)


def add_information(alert: Alert, kind: AlertType, id_: str, text: FreeText, by: Party) -> Alert:
    """What a party knows about the matter, for its own country's coordinators to approve."""
    after = moved(alert, kind, Action.ADD_INFORMATION, by)
    check_informable(alert, by)
    _require_new(alert.information, id_)
    new = Information(
        id=id_,
        authority_id=by.authority_id,
        country=by.country,
        status=InformationStatus.PROPOSED,
        text=free_text(text, at="text"),
        at=by.now,
    )
    proposed = replace(after, information=(*after.information, new))
    told = owing(proposed, News.INFORMATION_PROPOSED, countries=(by.country,), besides=by.authority_id)
    return recorded(told, Action.ADD_INFORMATION, alert.status, by)


def approve_information(alert: Alert, kind: AlertType, id_: str, by: Party) -> Alert:
    """Shared with every party; raises NotFound for information that the actor may not know of."""
    after = moved(alert, kind, Action.APPROVE_INFORMATION, by)
    found = _waiting(alert, id_, by)
    shared = replace(found, status=InformationStatus.SHARED)
    told = telling_all(_with_information(after, shared), News.INFORMATION)
    return recorded(told, Action.APPROVE_INFORMATION, alert.status, by)


def reject_information(alert: Alert, kind: AlertType, id_: str, reason: FreeText, by: Party) -> Alert:
    """Not shared, and why: told to the authority that proposed it, and to nobody else."""
    after = moved(alert, kind, Action.REJECT_INFORMATION, by)
    found = _waiting(alert, id_, by)
    said = free_text(reason, at="reason")
    rejected = replace(found, status=InformationStatus.REJECTED, rejection_reason=said)
    told = owing(_with_information(after, rejected), News.INFORMATION_REJECTED, authority_ids=(found.authority_id,))
    return recorded(told, Action.REJECT_INFORMATION, alert.status, by)


def comment(alert: Alert, kind: AlertType, id_: str, text: FreeText, by: Party) -> Alert:
    """What the actor's country says about what is notified, for everybody to read: a coordinator speaks, and nobody has to approve."""
    after = moved(alert, kind, Action.COMMENT, by)
    check_commentable(alert, by)
    _require_new(alert.comments, id_)
    new = Comment(id=id_, authority_id=by.authority_id, country=by.country, text=free_text(text, at="text"), at=by.now)
    said = replace(after, comments=(*alert.comments, new))
    return recorded(telling_all(said, News.COMMENTED), Action.COMMENT, alert.status, by)


def check_unacknowledged(alert: Alert, by: Party) -> None:
    """Raises Conflict if the actor's country has acknowledged."""
    own = _own(alert, by)
    if own.acknowledged_at:
        raise Conflict(f"{own.country} has acknowledged the alert already", reason="ALREADY_ACKNOWLEDGED")


def check_acknowledged(alert: Alert, by: Party) -> None:
    """Raises Conflict unless the actor's country has acknowledged."""
    if not _own(alert, by).acknowledged_at:
        raise Conflict("acknowledge the alert before passing it on", reason="NOT_ACKNOWLEDGED")


def check_informable(alert: Alert, by: Party) -> None:
    """Raises Conflict if there is too much already, or too much of the actor's authority that waits for approval."""
    waiting = [one for one in alert.information if one.authority_id == by.authority_id and one.status is _PROPOSED]
    if len(waiting) >= WAITING_LIMIT:
        raise Conflict(f"{WAITING_LIMIT} pieces of your authority wait for approval already", reason="TOO_MUCH_WAITING")
    if len(alert.information) >= INFORMATION_LIMIT:
        raise Conflict(f"an alert has at most {INFORMATION_LIMIT} pieces of information", reason="TOO_MUCH_INFORMATION")


def check_approvable(alert: Alert, by: Party) -> None:
    """Raises Conflict if nothing of the actor's country waits for approval, Forbidden if it is all the actor's own."""
    waiting = [one for one in alert.information if one.country == by.country and one.status is _PROPOSED]
    if not waiting:
        raise Conflict("no information of your country waits for approval", reason="NOTHING_TO_APPROVE")
    if all(one.authority_id == by.authority_id for one in waiting):
        raise Forbidden("another authority than the one that wrote it decides about it", reason="FOUR_EYES")


def check_commentable(alert: Alert, by: Party) -> None:
    """Raises Conflict when the time for comments is over, or there are too many, of all countries or of the actor's."""
    if alert.comments_until is None or by.now >= alert.comments_until:
        raise Conflict("the time for comments is over", reason="COMMENTS_OVER")
    if len(alert.comments) >= COMMENTS_LIMIT:
        raise Conflict(f"a notification has at most {COMMENTS_LIMIT} comments", reason="TOO_MANY_COMMENTS")
    if sum(one.country == by.country for one in alert.comments) >= OWN_COMMENTS_LIMIT:
        raise Conflict(f"a country comments at most {OWN_COMMENTS_LIMIT} times", reason="TOO_MANY_COMMENTS")


def _waiting(alert: Alert, id_: str, by: Party) -> Information:
    """The information *id_*, which waits for a coordinator of the actor's country, and was not proposed by the actor's authority."""
    found = next((one for one in alert.information if one.id == id_ and one.country == by.country), None)
    if found is None:
        raise NotFound(f"your country has added no information {id_!r}", field="informationId")
    if found.status is not _PROPOSED:
        raise Conflict(f"this information is {found.status.lower()} already", reason=f"ALREADY_{found.status}")
    require_four_eyes(found.authority_id, by)
    return found


def _with_information(alert: Alert, changed: Information) -> Alert:
    return replace(alert, information=tuple(changed if one.id == changed.id else one for one in alert.information))


def _require_new(there: Sequence[Information | Comment], id_: str) -> None:
    """Raises Conflict for a command that is sent again so late that its first answer is kept no more: its id is there already."""
    if any(one.id == id_ for one in there):
        raise Conflict("this has been said already", reason="ALREADY_ADDED")


_PROPOSED = InformationStatus.PROPOSED


def _own(alert: Alert, by: Party) -> Addressed:
    own = alert.to(by.country)
    assert own is not None  # only a receiver comes here
    return own
