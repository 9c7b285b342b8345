"""The life of a request: what each status allows, to whom, and what it then becomes.

The table is the whole rule. A status with an empty row is final: nothing is written any more.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from vocabulary.refusals import Conflict, Forbidden, Invalid
from vocabulary.roles import UserRole


class Status(StrEnum):
    """Where a request stands."""

    DRAFT = "DRAFT"
    PENDING_SEND_APPROVAL = "PENDING_SEND_APPROVAL"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    PENDING_REPLY_APPROVAL = "PENDING_REPLY_APPROVAL"
    ANSWERED = "ANSWERED"
    MORE_INFO_REQUESTED = "MORE_INFO_REQUESTED"
    MORE_INFO_REFUSED = "MORE_INFO_REFUSED"
    REFERRED = "REFERRED"
    ANSWERED_FINAL = "ANSWERED_FINAL"
    CLOSED = "CLOSED"
    WITHDRAWN = "WITHDRAWN"
    BLOCKED = "BLOCKED"
    DELETED = "DELETED"


class Action(StrEnum):
    """What can be done to a request."""

    CREATE = "CREATE"
    EDIT = "EDIT"
    DELETE = "DELETE"
    SEND = "SEND"
    APPROVE = "APPROVE"
    RETURN = "RETURN"
    ACCEPT = "ACCEPT"
    ACCEPT_PROPOSED_DATE = "ACCEPT_PROPOSED_DATE"
    REFUSE_PROPOSED_DATE = "REFUSE_PROPOSED_DATE"
    FORWARD = "FORWARD"
    SPLIT = "SPLIT"
    ASSIGN = "ASSIGN"
    SAVE = "SAVE"
    RELEASE = "RELEASE"
    ANSWER = "ANSWER"
    REQUEST_MORE_INFORMATION = "REQUEST_MORE_INFORMATION"
    GIVE_MORE_INFORMATION = "GIVE_MORE_INFORMATION"
    REFUSE_MORE_INFORMATION = "REFUSE_MORE_INFORMATION"
    ACCEPT_REFUSAL = "ACCEPT_REFUSAL"
    REFER = "REFER"
    GIVE_OPINION = "GIVE_OPINION"
    DECIDE_SATISFACTORY = "DECIDE_SATISFACTORY"
    DECIDE_MUST_IMPROVE = "DECIDE_MUST_IMPROVE"
    CLOSE = "CLOSE"
    WITHDRAW = "WITHDRAW"
    REMIND = "REMIND"
    INVOLVE_COORDINATORS = "INVOLVE_COORDINATORS"
    BLOCK = "BLOCK"
    PROVE = "PROVE"
    ERASE = "ERASE"


class Side(StrEnum):
    """Which of the two authorities."""

    REQUESTER = "REQUESTER"
    RESPONDER = "RESPONDER"


class Party(StrEnum):
    """What a person is to a request. Somebody can be several things at once."""

    REQUESTER = "REQUESTER"
    RESPONDER = "RESPONDER"
    REQUESTER_ALLOCATOR = "REQUESTER_ALLOCATOR"
    RESPONDER_ALLOCATOR = "RESPONDER_ALLOCATOR"
    RESPONDER_COORDINATOR = "RESPONDER_COORDINATOR"
    SENDING_APPROVER = "SENDING_APPROVER"
    REPLY_APPROVER = "REPLY_APPROVER"
    REQUESTER_REFERRAL = "REQUESTER_REFERRAL"
    RESPONDER_REFERRAL = "RESPONDER_REFERRAL"
    # Nobody: what is done because it is due.
    SYSTEM = "SYSTEM"


WHO: Mapping[Party, str] = {
    Party.REQUESTER: "the requester",
    Party.RESPONDER: "the responder",
    Party.REQUESTER_ALLOCATOR: "an allocator or supervisor of the requester",
    Party.RESPONDER_ALLOCATOR: "an allocator or supervisor of the responder",
    Party.RESPONDER_COORDINATOR: "a coordinator of the responder's country in the area",
    Party.SENDING_APPROVER: "the requester's approval coordinator",
    Party.REPLY_APPROVER: "the responder's approval coordinator",
    Party.REQUESTER_REFERRAL: "the requester's referral coordinator",
    Party.RESPONDER_REFERRAL: "the responder's referral coordinator",
    Party.SYSTEM: "the system",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One permitted step: who takes it, where it leads, whether it needs a reason.

    Where the authority's settings say so, it leads to *approval* first.
    """

    parties: frozenset[Party]
    next: Status
    reason: bool = False
    approval: Status | None = None


_REQUESTER = frozenset({Party.REQUESTER})
_RESPONDER = frozenset({Party.RESPONDER})
_REQUESTERS = frozenset({Party.REQUESTER_ALLOCATOR})
_AUTHORITIES = _REQUESTER | _RESPONDER
_ALLOCATORS = frozenset({Party.REQUESTER_ALLOCATOR, Party.RESPONDER_ALLOCATOR})
_SENDING = frozenset({Party.SENDING_APPROVER})
_REPLY = frozenset({Party.REPLY_APPROVER})
_FORWARDING = frozenset({Party.RESPONDER, Party.RESPONDER_COORDINATOR})
_REFERRAL = frozenset({Party.REQUESTER_REFERRAL, Party.RESPONDER_REFERRAL})
_DECIDING = frozenset({Party.RESPONDER_REFERRAL})
_SYSTEM = frozenset({Party.SYSTEM})

# None is the status of what is not there yet.
TRANSITIONS: Mapping[Status | None, Mapping[Action, Row]] = {
    None: {
        Action.CREATE: Row(_REQUESTER, Status.DRAFT),
    },
    Status.DRAFT: {
        Action.EDIT: Row(_REQUESTER, Status.DRAFT),
        Action.DELETE: Row(_REQUESTER, Status.DELETED),
        Action.SEND: Row(_REQUESTER, Status.SENT, approval=Status.PENDING_SEND_APPROVAL),
        Action.ASSIGN: Row(_REQUESTERS, Status.DRAFT),
    },
    Status.PENDING_SEND_APPROVAL: {
        Action.APPROVE: Row(_SENDING, Status.SENT),
        Action.RETURN: Row(_SENDING, Status.DRAFT, reason=True),
        Action.ASSIGN: Row(_REQUESTERS, Status.PENDING_SEND_APPROVAL),
        Action.INVOLVE_COORDINATORS: Row(_SYSTEM, Status.PENDING_SEND_APPROVAL),
    },
    Status.SENT: {
        Action.ACCEPT: Row(_RESPONDER, Status.ACCEPTED),
        Action.FORWARD: Row(_FORWARDING, Status.SENT, reason=True),
        Action.WITHDRAW: Row(_REQUESTER, Status.WITHDRAWN),
        Action.ASSIGN: Row(_ALLOCATORS, Status.SENT),
        Action.REMIND: Row(_SYSTEM, Status.SENT),
        Action.INVOLVE_COORDINATORS: Row(_SYSTEM, Status.SENT),
    },
    Status.ACCEPTED: {
        Action.ACCEPT_PROPOSED_DATE: Row(_REQUESTER, Status.ACCEPTED),
        Action.REFUSE_PROPOSED_DATE: Row(_REQUESTER, Status.ACCEPTED),
        Action.FORWARD: Row(_RESPONDER, Status.SENT, reason=True),
        Action.SPLIT: Row(_RESPONDER, Status.ACCEPTED),
        Action.SAVE: Row(_RESPONDER, Status.ACCEPTED),
        Action.RELEASE: Row(_RESPONDER, Status.ACCEPTED),
        Action.ANSWER: Row(_RESPONDER, Status.ANSWERED, approval=Status.PENDING_REPLY_APPROVAL),
        Action.WITHDRAW: Row(_REQUESTER, Status.WITHDRAWN, reason=True),
        Action.ASSIGN: Row(_ALLOCATORS, Status.ACCEPTED),
        Action.INVOLVE_COORDINATORS: Row(_SYSTEM, Status.ACCEPTED),
    },
    Status.PENDING_REPLY_APPROVAL: {
        Action.APPROVE: Row(_REPLY, Status.ANSWERED),
        Action.RETURN: Row(_REPLY, Status.ACCEPTED, reason=True),
        Action.ASSIGN: Row(_ALLOCATORS, Status.PENDING_REPLY_APPROVAL),
        Action.INVOLVE_COORDINATORS: Row(_SYSTEM, Status.PENDING_REPLY_APPROVAL),
    },
    Status.ANSWERED: {
        Action.REQUEST_MORE_INFORMATION: Row(_REQUESTER, Status.MORE_INFO_REQUESTED),
        Action.CLOSE: Row(_REQUESTER, Status.CLOSED),
        Action.ASSIGN: Row(_ALLOCATORS, Status.ANSWERED),
        Action.INVOLVE_COORDINATORS: Row(_SYSTEM, Status.ANSWERED),
    },
    Status.MORE_INFO_REQUESTED: {
        Action.GIVE_MORE_INFORMATION: Row(_RESPONDER, Status.ANSWERED),
        Action.REFUSE_MORE_INFORMATION: Row(_RESPONDER, Status.MORE_INFO_REFUSED, reason=True),
        Action.ASSIGN: Row(_ALLOCATORS, Status.MORE_INFO_REQUESTED),
        Action.INVOLVE_COORDINATORS: Row(_SYSTEM, Status.MORE_INFO_REQUESTED),
    },
    Status.MORE_INFO_REFUSED: {
        Action.ACCEPT_REFUSAL: Row(_REQUESTER, Status.CLOSED),
        Action.REFER: Row(_REQUESTER, Status.REFERRED),
        Action.ASSIGN: Row(_ALLOCATORS, Status.MORE_INFO_REFUSED),
        Action.INVOLVE_COORDINATORS: Row(_SYSTEM, Status.MORE_INFO_REFUSED),
    },
    Status.REFERRED: {
        Action.GIVE_OPINION: Row(_REFERRAL, Status.REFERRED),
        Action.DECIDE_SATISFACTORY: Row(_DECIDING, Status.ANSWERED_FINAL),
        Action.DECIDE_MUST_IMPROVE: Row(_DECIDING, Status.ACCEPTED, reason=True),
        Action.ASSIGN: Row(_ALLOCATORS, Status.REFERRED),
        Action.INVOLVE_COORDINATORS: Row(_SYSTEM, Status.REFERRED),
    },
    Status.ANSWERED_FINAL: {
        Action.CLOSE: Row(_REQUESTER, Status.CLOSED),
        Action.ASSIGN: Row(_ALLOCATORS, Status.ANSWERED_FINAL),
        Action.INVOLVE_COORDINATORS: Row(_SYSTEM, Status.ANSWERED_FINAL),
    },
    Status.CLOSED: {
        Action.BLOCK: Row(_SYSTEM, Status.BLOCKED),
    },
    Status.WITHDRAWN: {
        Action.BLOCK: Row(_SYSTEM, Status.BLOCKED),
    },
    Status.BLOCKED: {
        Action.PROVE: Row(_AUTHORITIES, Status.BLOCKED, reason=True),
        Action.ERASE: Row(_SYSTEM, Status.DELETED),
    },
    Status.DELETED: {},
}

FINAL = frozenset(status for status, rows in TRANSITIONS.items() if status and not rows)
# Nobody acts any more, but time. What is blocked can be read, to prove that it was exchanged.
ENDED = frozenset({Status.CLOSED, Status.WITHDRAWN, Status.BLOCKED}) | FINAL
# What the responder's side may not know of.
UNSENT = frozenset({Status.DRAFT, Status.PENDING_SEND_APPROVAL, Status.DELETED})
# Exchanges that are under way, wherever they stand.
OPEN = frozenset(Status) - ENDED - {Status.DRAFT}
# The requester waits for the reply that it asked for by a date.
AWAITED = frozenset({Status.SENT, Status.ACCEPTED, Status.PENDING_REPLY_APPROVAL})
EVER: Mapping[Action, frozenset[Party]] = {
    action: frozenset(
        party
        for rows in TRANSITIONS.values()
        for known, row in rows.items()
        if known is action
        for party in row.parties
    )
    for action in Action
}

# A coordinator may exchange for its own authority as any competent authority does.
WRITERS = frozenset({UserRole.REQUEST_HANDLER, UserRole.SUPERVISOR, UserRole.COORDINATOR})
ASSIGNERS = frozenset({UserRole.SUPERVISOR, UserRole.ALLOCATOR})


def step(
    status: Status | None,
    action: Action,
    parties: AbstractSet[Party],
    *,
    reasoned: bool = False,
    approval: bool = False,
) -> Status:
    """The status after *action*, given with a reason or not, by somebody whose authority needs *approval* for it or not.

    Raises Forbidden for whoever may never do this, Conflict if the status does not allow it, Forbidden if it allows it to others,
    Invalid without the reason that it needs.
    """
    if not EVER[action] & parties:
        raise Forbidden(f"{action} is for {named(EVER[action])} only")
    row = TRANSITIONS[status].get(action)
    if row is None:
        possible = ", ".join(TRANSITIONS[status]) or "nothing"
        raise Conflict(
            f"{action} is not possible while the request is {status}; possible is {possible}", reason="TRANSITION"
        )
    if not row.parties & parties:
        raise Forbidden(f"while the request is {status}, {action} is for {named(row.parties)} only")
    if row.reason and not reasoned:
        raise Invalid("say why", field="reason", reason="MISSING_FIELD")
    return row.approval if approval and row.approval else row.next


def named(parties: AbstractSet[Party]) -> str:
    return " or ".join(words for party, words in WHO.items() if party in parties)
