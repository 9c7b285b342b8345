"""What somebody may do with an alert now; and why not, where they may not."""

from dataclasses import dataclass

from services.alerts.domain.alerts import Alert, Party
from services.alerts.domain.contents import check_replaceable, check_sendable
from services.alerts.domain.ending import check_expired, check_objectable, check_objecting
from services.alerts.domain.flows import ever
from services.alerts.domain.lifecycle import Action, Side
from services.alerts.domain.receiving import (
    check_acknowledged,
    check_approvable,
    check_commentable,
    check_informable,
    check_unacknowledged,
)
from services.alerts.domain.retention import check_provable
from services.alerts.domain.sending import check_decidable, check_extendable
from services.alerts.domain.steps import moved
from services.alerts.domain.types import AlertType
from vocabulary.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Possibility:
    """An action, and what speaks against it: nothing, if it may be done."""

    action: Action
    refusal: Refusal | None = None


def possibilities(alert: Alert, kind: AlertType, by: Party) -> tuple[Possibility, ...]:
    """Every action that alerts of this *kind* have, in the order of the enum, but what only the system does."""
    return tuple(
        Possibility(action, _against(alert, kind, action, by))
        for action, who in ever(kind.rules).items()
        if action is not Action.CREATE and who != {Side.SYSTEM}
    )


def _against(alert: Alert, kind: AlertType, action: Action, by: Party) -> Refusal | None:
    try:
        moved(alert, kind, action, by)
        _check(alert, kind, action, by)
    except Refusal as refusal:
        return refusal
    return None


def _check(alert: Alert, kind: AlertType, action: Action, by: Party) -> None:
    """What else must hold beside the table, as far as the alert itself can tell."""
    match action:
        case Action.SUBMIT:
            check_sendable(alert, kind, by)
        case Action.RETURN:
            check_decidable(alert, by)
        case Action.BROADCAST:
            check_decidable(alert, by)
            check_sendable(alert, kind, by)
        case Action.ADD_COUNTRIES:
            check_extendable(alert, kind, by)
        case Action.ACKNOWLEDGE:
            check_unacknowledged(alert, by)
        case Action.DISSEMINATE:
            check_acknowledged(alert, by)
        case Action.ADD_INFORMATION:
            check_informable(alert, by)
        case Action.APPROVE_INFORMATION | Action.REJECT_INFORMATION:
            check_approvable(alert, by)
        case Action.CORRECT | Action.AMEND | Action.MODIFY:
            check_replaceable(alert, kind, by)
        case Action.COMMENT:
            check_commentable(alert, by)
        case Action.OBJECT:
            check_objectable(alert, by)
        case Action.WITHDRAW_OBJECTION:
            check_objecting(alert, by)
        case Action.EXPIRE:
            check_expired(alert, by)
        case Action.PROVE:
            check_provable(alert)
