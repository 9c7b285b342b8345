"""The life of a request: what each status allows, to which side, and what it then becomes.

The table is the whole rule. A status with an empty row is final: nothing is written any more.
"""

from dataclasses import dataclass
from enum import StrEnum

from vocabulary.refusals import Conflict, Forbidden
from vocabulary.roles import UserRole


class Status(StrEnum):
    """Where a request stands."""

    DRAFT = "DRAFT"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    ANSWERED = "ANSWERED"
    CLOSED = "CLOSED"
    WITHDRAWN = "WITHDRAWN"


class Action(StrEnum):
    """What can be done to a request."""

    CREATE = "CREATE"
    EDIT = "EDIT"
    SEND = "SEND"
    ACCEPT = "ACCEPT"
    SAVE = "SAVE"
    ANSWER = "ANSWER"
    CLOSE = "CLOSE"
    WITHDRAW = "WITHDRAW"


class Side(StrEnum):
    """Which of the two authorities."""

    REQUESTER = "REQUESTER"
    RESPONDER = "RESPONDER"


@dataclass(frozen=True, slots=True)
class Row:
    """One permitted step: who takes it, and where it leads."""

    side: Side
    next: Status


TRANSITIONS: dict[Status, dict[Action, Row]] = {
    Status.DRAFT: {
        Action.EDIT: Row(Side.REQUESTER, Status.DRAFT),
        Action.SEND: Row(Side.REQUESTER, Status.SENT),
    },
    Status.SENT: {
        Action.ACCEPT: Row(Side.RESPONDER, Status.ACCEPTED),
        Action.WITHDRAW: Row(Side.REQUESTER, Status.WITHDRAWN),
    },
    Status.ACCEPTED: {
        Action.SAVE: Row(Side.RESPONDER, Status.ACCEPTED),
        Action.ANSWER: Row(Side.RESPONDER, Status.ANSWERED),
        Action.WITHDRAW: Row(Side.REQUESTER, Status.WITHDRAWN),
    },
    Status.ANSWERED: {
        Action.CLOSE: Row(Side.REQUESTER, Status.CLOSED),
    },
    Status.CLOSED: {},
    Status.WITHDRAWN: {},
}

OPEN = frozenset({Status.SENT, Status.ACCEPTED})

# Whose turn it is: the side that has something to do before anything else can happen.
TURN = {Status.SENT: Side.RESPONDER, Status.ACCEPTED: Side.RESPONDER, Status.ANSWERED: Side.REQUESTER}

# A coordinator may exchange for its own authority as any competent authority does.
WRITERS = frozenset({UserRole.REQUEST_HANDLER, UserRole.SUPERVISOR, UserRole.COORDINATOR})


def step(status: Status, action: Action, side: Side | None, roles: frozenset[UserRole]) -> Status:
    """The status after *action*; raises Forbidden for the wrong role or side, Conflict if the status does not allow it."""
    if not roles & WRITERS:
        raise Forbidden("only a request handler or a supervisor of one of the two authorities may do this")
    row = TRANSITIONS[status].get(action)
    if row is None:
        possible = ", ".join(TRANSITIONS[status]) or "nothing"
        raise Conflict(
            f"{action} is not possible while the request is {status}; possible is {possible}", reason="TRANSITION"
        )
    if side is not row.side:
        raise Forbidden(f"only the {row.side.lower()} may do this")
    return row.next
