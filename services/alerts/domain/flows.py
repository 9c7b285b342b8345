"""The life of an alert: what each status allows, to whom, and what it then becomes (Directives 2006/123/EC, Articles 15(7), 29(3), 32
and 39(5), and 2005/36/EC, Article 56a).

One table a flow, and each table is the whole rule; a row that has a `given` counts only for types that have what it says. An alert
is one thread: its countries, the information that is added to it, objections and comments have states of their own, which
change the alert's only by a step that is in the table.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache

from services.alerts.domain.lifecycle import COORDINATORS, DISPATCHERS, WHO, WRITERS, Action, Row, Side, Status, Trait
from services.alerts.domain.types import Audience, Flow, TypeRules
from vocabulary.refusals import Conflict, Forbidden
from vocabulary.roles import UserRole

Table = Mapping[Status | None, Mapping[Action, Row]]

_AUTHOR = {Side.AUTHOR: WRITERS}
_SENDING_AUTHOR = {Side.SENDING_AUTHOR: WRITERS}
_COORDINATOR = {Side.COORDINATOR: COORDINATORS}
_SENDER = {**_COORDINATOR, **_SENDING_AUTHOR}
_RECEIVER = {Side.RECEIVER: DISPATCHERS}
_COUNTRIES = {Side.COORDINATOR: COORDINATORS, Side.RECEIVER: COORDINATORS}
_CLOSER = {Side.CLOSER: COORDINATORS}
_SYSTEM: Mapping[Side, frozenset[UserRole]] = {Side.SYSTEM: frozenset()}
_EVERYBODY = dict.fromkeys((Side.AUTHOR, Side.COORDINATOR, Side.RECEIVER, Side.RECIPIENT), WRITERS | DISPATCHERS)

# None is the status of what is not there yet.
_BEGINNING: Table = {
    None: {
        Action.CREATE: Row(_AUTHOR, Status.DRAFT),
    },
    Status.DRAFT: {
        Action.EDIT: Row(_AUTHOR, Status.DRAFT),
        Action.DELETE: Row(_AUTHOR, Status.DELETED),
        Action.SUBMIT: Row(_AUTHOR, Status.SUBMITTED, Trait.APPROVAL),
        Action.BROADCAST: Row(_SENDING_AUTHOR, Status.BROADCAST, Trait.NO_APPROVAL),
    },
    Status.SUBMITTED: {
        Action.RETURN: Row(_COORDINATOR, Status.DRAFT, Trait.APPROVAL),
        Action.BROADCAST: Row(_COORDINATOR, Status.BROADCAST, Trait.APPROVAL),
    },
}


def _spreading(status: Status) -> Mapping[Action, Row]:
    """How an alert that is under way reaches those it is for, which leaves it where it is."""
    return {
        Action.ACKNOWLEDGE: Row(_RECEIVER, status),
        Action.DISSEMINATE: Row(_RECEIVER, status),
        Action.ADD_COUNTRIES: Row(_SENDER, status, Trait.CHOSEN),
        Action.ESCALATE: Row(_SYSTEM, status, Trait.ESCALATION),
    }


def _informing(status: Status, given: Trait | None = None) -> Mapping[Action, Row]:
    return {
        Action.ADD_INFORMATION: Row(_EVERYBODY, status, given),
        Action.APPROVE_INFORMATION: Row(_COUNTRIES, status, given),
        Action.REJECT_INFORMATION: Row(_COUNTRIES, status, given),
    }


# What has ended is blocked when it is not needed any more, and erased some years later (IMI Regulation, Article 14).
_BLOCKING = {Action.BLOCK: Row(_SYSTEM, Status.BLOCKED)}
# Unless the act on which its type rests has it erased much sooner.
_ERASING = {
    Action.ERASE: Row(_SYSTEM, Status.DELETED, Trait.ERASURE),
    Action.BLOCK: Row(_SYSTEM, Status.BLOCKED, Trait.NO_ERASURE),
}


def _last(given: Trait | None = None) -> Table:
    return {
        Status.BLOCKED: {
            Action.PROVE: Row(_COUNTRIES, Status.BLOCKED, given),
            Action.ERASE: Row(_SYSTEM, Status.DELETED, given),
        },
        Status.DELETED: {},
    }


_SERVICES_ALERT: Table = {
    **_BEGINNING,
    Status.BROADCAST: {
        **_spreading(Status.BROADCAST),
        **_informing(Status.BROADCAST),
        Action.CORRECT: Row(_SENDER, Status.BROADCAST),
        Action.WITHDRAW: Row(_SENDER, Status.WITHDRAWN),
        Action.PROPOSE_CLOSURE: Row(_CLOSER, Status.CLOSURE_PROPOSED, Trait.OBJECTIONS),
        Action.CLOSE: Row(_CLOSER, Status.CLOSED, Trait.NO_OBJECTIONS),
    },
    # What is wrong or unfounded does not wait for the end of the time for objections.
    Status.CLOSURE_PROPOSED: {
        **_spreading(Status.CLOSURE_PROPOSED),
        **_informing(Status.CLOSURE_PROPOSED),
        Action.CORRECT: Row(_SENDER, Status.CLOSURE_PROPOSED),
        Action.WITHDRAW: Row(_SENDER, Status.WITHDRAWN),
        Action.OBJECT: Row(_COUNTRIES, Status.CLOSURE_PROPOSED),
        Action.WITHDRAW_OBJECTION: Row(_COUNTRIES, Status.CLOSURE_PROPOSED),
        Action.CLOSE: Row(_SYSTEM, Status.CLOSED),
        Action.REJECT_CLOSURE: Row(_SYSTEM, Status.BROADCAST),
    },
    Status.CLOSED: _BLOCKING,
    Status.WITHDRAWN: _BLOCKING,
    **_last(),
}


def _in_force(status: Status) -> Mapping[Action, Row]:
    return {
        **_spreading(status),
        Action.AMEND: Row(_SENDER, Status.AMENDED),
        Action.NOTE_APPEAL: Row(_SENDER, status),
        Action.REVOKE: Row(_SENDER, Status.REVOKED),
        Action.EXPIRE: Row({**_SENDER, **_SYSTEM}, Status.EXPIRED),
    }


_PROFESSIONAL_ALERT: Table = {
    **_BEGINNING,
    Status.BROADCAST: _in_force(Status.BROADCAST),
    Status.AMENDED: _in_force(Status.AMENDED),
    Status.EXPIRED: _ERASING,
    Status.REVOKED: _ERASING,
    **_last(Trait.NO_ERASURE),
}


def _under_notice(status: Status) -> Mapping[Action, Row]:
    return {
        **_spreading(status),
        **_informing(status, Trait.NO_COMMENTS),
        Action.MODIFY: Row(_SENDER, Status.MODIFIED),
        Action.COMMENT: Row(_COUNTRIES, Status.COMMENTING, Trait.COMMENTS),
        Action.CLOSE: Row({**_SENDER, **_SYSTEM}, Status.CLOSED),
        Action.WITHDRAW: Row(_SENDER, Status.WITHDRAWN),
    }


_NOTIFICATION: Table = {
    **_BEGINNING,
    Status.BROADCAST: _under_notice(Status.BROADCAST),
    Status.MODIFIED: _under_notice(Status.MODIFIED),
    Status.COMMENTING: _under_notice(Status.COMMENTING),
    # The measure that was notified may be changed later, which is a new matter for comments.
    Status.CLOSED: {Action.MODIFY: Row(_SENDER, Status.MODIFIED), **_BLOCKING},
    Status.WITHDRAWN: _BLOCKING,
    **_last(),
}

FLOWS: Mapping[Flow, Table] = {
    Flow.SERVICES_ALERT: _SERVICES_ALERT,
    Flow.PROFESSIONAL_ALERT: _PROFESSIONAL_ALERT,
    Flow.NOTIFICATION: _NOTIFICATION,
}


def traits(rules: TypeRules) -> frozenset[Trait]:
    """What a type with these *rules* has and has not."""
    has = {
        Trait.APPROVAL: rules.approval,
        Trait.NO_APPROVAL: not rules.approval,
        Trait.CHOSEN: rules.recipients is Audience.CHOSEN,
        Trait.ESCALATION: rules.acknowledge_days is not None,
        Trait.OBJECTIONS: rules.objection_days is not None,
        Trait.NO_OBJECTIONS: rules.objection_days is None,
        Trait.COMMENTS: rules.comment_days is not None,
        Trait.NO_COMMENTS: rules.comment_days is None,
        Trait.ERASURE: rules.erase_days is not None,
        Trait.NO_ERASURE: rules.erase_days is None,
    }
    return frozenset(trait for trait, given in has.items() if given)


@lru_cache(maxsize=256)
def table(rules: TypeRules) -> Table:
    """The rows that count for a type with these *rules*."""
    has = traits(rules)
    return {
        status: {action: row for action, row in rows.items() if row.given is None or row.given in has}
        for status, rows in FLOWS[rules.flow].items()
    }


@lru_cache(maxsize=256)
def ever(rules: TypeRules) -> Mapping[Action, frozenset[Side]]:
    """The actions that a type with these *rules* has, and who may ever take them."""
    found: dict[Action, set[Side]] = {}
    for rows in table(rules).values():
        for action, row in rows.items():
            found.setdefault(action, set()).update(row.who)
    return {action: frozenset(found[action]) for action in Action if action in found}


def step(
    rules: TypeRules, status: Status | None, action: Action, sides: AbstractSet[Side], roles: AbstractSet[UserRole]
) -> Status:
    """The status after *action* on an alert of a type with these *rules*.

    Raises Conflict for what such alerts do not have, Forbidden for whoever may never do this, Conflict if the status does not
    allow it, Forbidden if it allows it to others.
    """
    possible = table(rules)
    known = ever(rules).get(action)
    if known is None:
        raise Conflict(f"alerts of this type have no {action}", reason="OTHER_TYPE")
    if not known & sides:
        raise Forbidden(f"{action} is for {named(known)} only")
    row = possible[status].get(action)
    if row is None:
        instead = ", ".join(possible[status]) or "nothing"
        raise Conflict(
            f"{action} is not possible while the alert is {status or 'not there yet'}; possible is {instead}",
            reason="TRANSITION",
        )
    if not any(side in sides and (side is Side.SYSTEM or wanted & roles) for side, wanted in row.who.items()):
        acting = " or ".join(sorted({role for side, wanted in row.who.items() if side in sides for role in wanted}))
        raise Forbidden(
            f"while the alert is {status or 'not there yet'}, {action} is for {named(row.who)} only"
            + (f", through a person who is {acting}" if acting else "")
        )
    return row.next


def named(sides: Iterable[Side]) -> str:
    wanted = frozenset(sides)
    return " or ".join(words for side, words in WHO.items() if side in wanted)
