"""The life of an alert: what each status allows, to whom, and what it then becomes (Directive 2006/123/EC, Articles 29(3) and 32).

The table is the whole rule. An alert is one thread: its countries and the information that is added to it have states of their
own, which never change the alert's.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from vocabulary.refusals import Conflict, Forbidden
from vocabulary.roles import UserRole


class Status(StrEnum):
    """Where an alert stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    BROADCAST = "BROADCAST"


class Action(StrEnum):
    """What can be done to an alert."""

    CREATE = "CREATE"
    EDIT = "EDIT"
    SUBMIT = "SUBMIT"
    RETURN = "RETURN"
    BROADCAST = "BROADCAST"
    ACKNOWLEDGE = "ACKNOWLEDGE"
    DISSEMINATE = "DISSEMINATE"
    ADD_INFORMATION = "ADD_INFORMATION"
    APPROVE_INFORMATION = "APPROVE_INFORMATION"


class Side(StrEnum):
    """What an authority is to an alert: its author, an alert coordinator of the author's country, one of a country it is
    addressed to, or an authority that it was passed on to.
    """

    AUTHOR = "AUTHOR"
    COORDINATOR = "COORDINATOR"
    RECEIVER = "RECEIVER"
    RECIPIENT = "RECIPIENT"


@dataclass(frozen=True, slots=True)
class Row:
    """One permitted step: which sides take it, in which roles, and where it leads."""

    sides: frozenset[Side]
    roles: frozenset[UserRole]
    next: Status


WRITERS = frozenset({UserRole.ALERT_HANDLER, UserRole.COORDINATOR})
DISPATCHERS = frozenset({UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR})
COORDINATORS = frozenset({UserRole.COORDINATOR})

_AUTHOR = frozenset({Side.AUTHOR})
_COORDINATOR = frozenset({Side.COORDINATOR})
_RECEIVER = frozenset({Side.RECEIVER})

# None is the status of what is not there yet.
TRANSITIONS: dict[Status | None, dict[Action, Row]] = {
    None: {
        Action.CREATE: Row(_AUTHOR, WRITERS, Status.DRAFT),
    },
    Status.DRAFT: {
        Action.EDIT: Row(_AUTHOR, WRITERS, Status.DRAFT),
        Action.SUBMIT: Row(_AUTHOR, WRITERS, Status.SUBMITTED),
    },
    Status.SUBMITTED: {
        Action.RETURN: Row(_COORDINATOR, COORDINATORS, Status.DRAFT),
        Action.BROADCAST: Row(_COORDINATOR, COORDINATORS, Status.BROADCAST),
    },
    Status.BROADCAST: {
        Action.ACKNOWLEDGE: Row(_RECEIVER, DISPATCHERS, Status.BROADCAST),
        Action.DISSEMINATE: Row(_RECEIVER, DISPATCHERS, Status.BROADCAST),
        Action.ADD_INFORMATION: Row(frozenset(Side), WRITERS | DISPATCHERS, Status.BROADCAST),
        Action.APPROVE_INFORMATION: Row(_COORDINATOR | _RECEIVER, COORDINATORS, Status.BROADCAST),
    },
}

_WHO = {
    Side.AUTHOR: "the authority that wrote the alert",
    Side.COORDINATOR: "an alert coordinator of the country it comes from",
    Side.RECEIVER: "an alert coordinator of a country it is addressed to",
    Side.RECIPIENT: "an authority it was passed on to",
}


def step(status: Status | None, action: Action, sides: AbstractSet[Side], roles: AbstractSet[UserRole]) -> Status:
    """The status after *action*; raises Forbidden for the wrong side or role, Conflict if the status does not allow it."""
    row = TRANSITIONS[status].get(action)
    if row is None:
        possible = ", ".join(TRANSITIONS[status]) or "nothing"
        now = status or "not there yet"
        raise Conflict(
            f"{action} is not possible while the alert is {now}; possible is {possible}", reason="TRANSITION"
        )
    if not row.sides & sides or not row.roles & roles:
        who = " or ".join(_WHO[side] for side in Side if side in row.sides)
        acting = " or ".join(sorted(row.roles))
        raise Forbidden(f"only {who} may do this, through a person who is {acting}")
    return row.next
