"""The words of the life of an alert: where it stands, what can be done to it, and what somebody is to it.

`flows.py` says what leads where.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from vocabulary.roles import UserRole


class Status(StrEnum):
    """Where an alert stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    BROADCAST = "BROADCAST"
    MODIFIED = "MODIFIED"
    COMMENTING = "COMMENTING"
    CLOSURE_PROPOSED = "CLOSURE_PROPOSED"
    CLOSED = "CLOSED"
    WITHDRAWN = "WITHDRAWN"
    AMENDED = "AMENDED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    BLOCKED = "BLOCKED"
    DELETED = "DELETED"


class Action(StrEnum):
    """What can be done to an alert."""

    CREATE = "CREATE"
    EDIT = "EDIT"
    DELETE = "DELETE"
    SUBMIT = "SUBMIT"
    RETURN = "RETURN"
    BROADCAST = "BROADCAST"
    ACKNOWLEDGE = "ACKNOWLEDGE"
    DISSEMINATE = "DISSEMINATE"
    ADD_COUNTRIES = "ADD_COUNTRIES"
    ADD_INFORMATION = "ADD_INFORMATION"
    APPROVE_INFORMATION = "APPROVE_INFORMATION"
    REJECT_INFORMATION = "REJECT_INFORMATION"
    CORRECT = "CORRECT"
    WITHDRAW = "WITHDRAW"
    PROPOSE_CLOSURE = "PROPOSE_CLOSURE"
    OBJECT = "OBJECT"
    WITHDRAW_OBJECTION = "WITHDRAW_OBJECTION"
    CLOSE = "CLOSE"
    REJECT_CLOSURE = "REJECT_CLOSURE"
    AMEND = "AMEND"
    NOTE_APPEAL = "NOTE_APPEAL"
    REVOKE = "REVOKE"
    EXPIRE = "EXPIRE"
    MODIFY = "MODIFY"
    COMMENT = "COMMENT"
    ESCALATE = "ESCALATE"
    BLOCK = "BLOCK"
    PROVE = "PROVE"
    ERASE = "ERASE"


class Side(StrEnum):
    """What somebody is to an alert. An authority can be several things at once."""

    AUTHOR = "AUTHOR"
    SENDING_AUTHOR = "SENDING_AUTHOR"
    COORDINATOR = "COORDINATOR"
    RECEIVER = "RECEIVER"
    RECIPIENT = "RECIPIENT"
    CLOSER = "CLOSER"
    # Nobody: what is done because it is due.
    SYSTEM = "SYSTEM"


WHO: Mapping[Side, str] = {
    Side.AUTHOR: "the authority that wrote the alert",
    Side.COORDINATOR: "an alert coordinator of the country it comes from",
    Side.SENDING_AUTHOR: "the authority that wrote it where its type asks for no approval",
    Side.RECEIVER: "an alert coordinator of a country it is addressed to",
    Side.RECIPIENT: "an authority it was passed on to",
    Side.CLOSER: "an alert coordinator of the country where the provider is established, if that has the alert, or else of "
    "the country it comes from",
    Side.SYSTEM: "the system",
}


class Trait(StrEnum):
    """What a type has or has not, where a step hangs on it."""

    APPROVAL = "APPROVAL"
    NO_APPROVAL = "NO_APPROVAL"
    CHOSEN = "CHOSEN"
    ESCALATION = "ESCALATION"
    OBJECTIONS = "OBJECTIONS"
    NO_OBJECTIONS = "NO_OBJECTIONS"
    COMMENTS = "COMMENTS"
    NO_COMMENTS = "NO_COMMENTS"
    ERASURE = "ERASURE"
    NO_ERASURE = "NO_ERASURE"


GIVEN: Mapping[Trait, str] = {
    Trait.APPROVAL: "alerts are approved",
    Trait.NO_APPROVAL: "alerts need no approval",
    Trait.CHOSEN: "the sender picks the countries",
    Trait.ESCALATION: "there is a time to acknowledge in",
    Trait.OBJECTIONS: "there is a time for objections",
    Trait.NO_OBJECTIONS: "there is no time for objections",
    Trait.COMMENTS: "there is a time for comments",
    Trait.NO_COMMENTS: "there is no time for comments",
    Trait.ERASURE: "the act has the content erased some days later",
    Trait.NO_ERASURE: "the act has no erasure of its own",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One permitted step: who takes it, in which roles, and where it leads; only where the type has what is *given*."""

    who: Mapping[Side, frozenset[UserRole]]
    next: Status
    given: Trait | None = None


WRITERS = frozenset({UserRole.ALERT_HANDLER, UserRole.COORDINATOR})
DISPATCHERS = frozenset({UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR})
COORDINATORS = frozenset({UserRole.COORDINATOR})

# After these nothing that it said is shown to anybody.
SILENCING = frozenset({Action.DELETE, Action.BLOCK, Action.ERASE})
# What nobody but its own country may know of.
UNSENT = frozenset({Status.DRAFT, Status.SUBMITTED})
# Nothing is awaited from anybody any more.
ENDED = frozenset({Status.CLOSED, Status.WITHDRAWN, Status.EXPIRED, Status.REVOKED, Status.BLOCKED, Status.DELETED})
OPEN = frozenset(Status) - ENDED - {Status.DRAFT}
