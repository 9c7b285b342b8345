"""The life of an entry: what each status allows, to whom, what it then becomes; and who sees what of it.

The two tables are the whole rule. A row that has a `given` counts only in repositories that have what it says. A status with an empty
row is final: nothing is written any more.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from services.repositories.domain.definitions import Definition
from vocabulary.refusals import Conflict, Forbidden


class Status(StrEnum):
    """Where an entry stands. One that is PUBLISHED may have a new version in preparation; readers stay on the old one."""

    DRAFT = "DRAFT"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    PUBLISHED = "PUBLISHED"
    UPDATE_PENDING = "UPDATE_PENDING"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"
    ARCHIVED = "ARCHIVED"
    DELETED = "DELETED"


class Action(StrEnum):
    """What can be done to an entry."""

    CREATE = "CREATE"
    EDIT = "EDIT"
    REVERT = "REVERT"
    DELETE_DRAFT = "DELETE_DRAFT"
    SUBMIT = "SUBMIT"
    RETURN = "RETURN"
    APPROVE = "APPROVE"
    PUBLISH = "PUBLISH"
    WITHDRAW = "WITHDRAW"
    EXPIRE = "EXPIRE"
    ARCHIVE = "ARCHIVE"
    ERASE = "ERASE"


class Side(StrEnum):
    """Who somebody is to an entry."""

    EDITOR = "EDITOR"
    APPROVER = "APPROVER"
    COLLEAGUE = "COLLEAGUE"
    READER = "READER"
    # Nobody: what is done because it is due.
    SYSTEM = "SYSTEM"


WHO: Mapping[Side, str] = {
    Side.EDITOR: "an editor of the authority that owns the entry",
    Side.APPROVER: "a coordinator, at another authority of the owner's country",
    Side.COLLEAGUE: "another person with a role in the module, at the authority that owns the entry",
    Side.READER: "anybody else",
    Side.SYSTEM: "the system",
}


class Trait(StrEnum):
    """What a repository has or has not, where a step hangs on it."""

    APPROVAL = "APPROVAL"
    NO_APPROVAL = "NO_APPROVAL"


GIVEN: Mapping[Trait, str] = {
    Trait.APPROVAL: "what is published is approved",
    Trait.NO_APPROVAL: "nothing is approved",
}


class View(StrEnum):
    """How much of an entry is seen: all of it; what is published and what waits for approval; or what is published, field by field."""

    WHOLE = "WHOLE"
    WAITING = "WAITING"
    PUBLISHED = "PUBLISHED"


@dataclass(frozen=True, slots=True)
class Row:
    """One permitted step: who takes it, and where it leads; only in a repository that has what is *given*."""

    sides: frozenset[Side]
    next: Status
    given: Trait | None = None


Table = Mapping[Status | None, Mapping[Action, Row]]

_EDITOR, _APPROVER, _SYSTEM = (frozenset({side}) for side in (Side.EDITOR, Side.APPROVER, Side.SYSTEM))
_PUTTING_AWAY = {
    Action.ARCHIVE: Row(_EDITOR | _SYSTEM, Status.ARCHIVED),
    Action.ERASE: Row(_SYSTEM, Status.DELETED),
}

# None is the status of what is not there yet.
TRANSITIONS: Table = {
    None: {
        Action.CREATE: Row(_EDITOR, Status.DRAFT),
    },
    Status.DRAFT: {
        Action.EDIT: Row(_EDITOR, Status.DRAFT),
        Action.DELETE_DRAFT: Row(_EDITOR, Status.DELETED),
        Action.SUBMIT: Row(_EDITOR, Status.PENDING_APPROVAL, Trait.APPROVAL),
        Action.PUBLISH: Row(_EDITOR, Status.PUBLISHED, Trait.NO_APPROVAL),
    },
    # Whoever edits what waits for approval takes it back.
    Status.PENDING_APPROVAL: {
        Action.EDIT: Row(_EDITOR, Status.DRAFT),
        Action.DELETE_DRAFT: Row(_EDITOR, Status.DELETED),
        Action.RETURN: Row(_APPROVER, Status.DRAFT),
        Action.APPROVE: Row(_APPROVER, Status.PUBLISHED),
    },
    Status.PUBLISHED: {
        Action.EDIT: Row(_EDITOR, Status.PUBLISHED),
        Action.REVERT: Row(_EDITOR, Status.PUBLISHED),
        Action.DELETE_DRAFT: Row(_EDITOR, Status.PUBLISHED),
        Action.SUBMIT: Row(_EDITOR, Status.UPDATE_PENDING, Trait.APPROVAL),
        Action.PUBLISH: Row(_EDITOR, Status.PUBLISHED, Trait.NO_APPROVAL),
        Action.WITHDRAW: Row(_EDITOR, Status.WITHDRAWN),
        Action.EXPIRE: Row(_SYSTEM, Status.EXPIRED),
    },
    Status.UPDATE_PENDING: {
        Action.EDIT: Row(_EDITOR, Status.PUBLISHED),
        Action.DELETE_DRAFT: Row(_EDITOR, Status.PUBLISHED),
        Action.RETURN: Row(_APPROVER, Status.PUBLISHED),
        Action.APPROVE: Row(_APPROVER, Status.PUBLISHED),
        Action.WITHDRAW: Row(_EDITOR, Status.WITHDRAWN),
        Action.EXPIRE: Row(_SYSTEM, Status.EXPIRED),
    },
    Status.WITHDRAWN: _PUTTING_AWAY,
    Status.EXPIRED: _PUTTING_AWAY,
    Status.ARCHIVED: {
        Action.ERASE: Row(_SYSTEM, Status.DELETED),
    },
    Status.DELETED: {},
}

_IN_FORCE = {Side.EDITOR: View.WHOLE, Side.COLLEAGUE: View.PUBLISHED, Side.READER: View.PUBLISHED}
_ENDED = {Side.EDITOR: View.WHOLE, Side.COLLEAGUE: View.PUBLISHED}

# Whoever has no view may not know that the entry exists. A reader also needs a key to it, see `audiences`.
VIEWS: Mapping[Status, Mapping[Side, View]] = {
    Status.DRAFT: {Side.EDITOR: View.WHOLE},
    Status.PENDING_APPROVAL: {Side.EDITOR: View.WHOLE, Side.APPROVER: View.WAITING},
    Status.PUBLISHED: _IN_FORCE,
    Status.UPDATE_PENDING: {**_IN_FORCE, Side.APPROVER: View.WAITING},
    Status.WITHDRAWN: _ENDED,
    Status.EXPIRED: _ENDED,
    Status.ARCHIVED: {Side.EDITOR: View.WHOLE},
    Status.DELETED: {},
}

# What readers find.
IN_FORCE = frozenset({Status.PUBLISHED, Status.UPDATE_PENDING})
WAITING = frozenset({Status.PENDING_APPROVAL, Status.UPDATE_PENDING})
ENDED = frozenset({Status.WITHDRAWN, Status.EXPIRED})


def traits(definition: Definition) -> frozenset[Trait]:
    """What *definition* has of what steps hang on."""
    return frozenset({Trait.APPROVAL if definition.approval else Trait.NO_APPROVAL})


def table(definition: Definition) -> Table:
    """The steps that there are in a repository of *definition*."""
    here = traits(definition)
    return {
        status: {action: row for action, row in rows.items() if row.given is None or row.given in here}
        for status, rows in TRANSITIONS.items()
    }


def step(definition: Definition, status: Status | None, action: Action, sides: AbstractSet[Side]) -> Status:
    """The status after *action*; raises Forbidden for the wrong side, Conflict if the status does not allow it."""
    rows = table(definition)
    ever = {side for actions in rows.values() if action in actions for side in actions[action].sides}
    if not ever:
        raise Conflict(f"entries of {definition.code} have no {action}", reason="OTHER_REPOSITORY")
    if not sides & ever:
        raise Forbidden(f"{action} is for {named(ever)} only")
    row = rows[status].get(action)
    if row is None:
        possible = ", ".join(rows[status]) or "nothing"
        now = status or "not there yet"
        raise Conflict(
            f"{action} is not possible while the entry is {now}; possible is {possible}", reason="TRANSITION"
        )
    if not sides & row.sides:
        raise Forbidden(f"{action} is for {named(row.sides)} only")
    return row.next


def named(sides: Iterable[Side]) -> str:
    """What *sides* are called."""
    chosen = set(sides)
    return " or ".join(WHO[side] for side in WHO if side in chosen)
