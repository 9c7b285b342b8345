"""The life of an entry: what each status allows, to whom, what it then becomes; and who sees what of it.

The two tables are the whole rule. A status with an empty row is final: nothing is written any more.
"""

from dataclasses import dataclass
from enum import StrEnum

from vocabulary.refusals import Conflict, Forbidden


class Status(StrEnum):
    """Where an entry stands. One that is PUBLISHED may have a new version in preparation; readers stay on the old one."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    WITHDRAWN = "WITHDRAWN"


class Action(StrEnum):
    """What can be done to an entry."""

    CREATE = "CREATE"
    EDIT = "EDIT"
    PUBLISH = "PUBLISH"
    WITHDRAW = "WITHDRAW"


class Side(StrEnum):
    """Who somebody is to an entry: a repository editor of its owner, another person there, anybody else."""

    EDITOR = "EDITOR"
    COLLEAGUE = "COLLEAGUE"
    READER = "READER"


class View(StrEnum):
    """How much of an entry is seen: all of it, or what is and was published."""

    WHOLE = "WHOLE"
    PUBLISHED = "PUBLISHED"


@dataclass(frozen=True, slots=True)
class Row:
    """One permitted step: who takes it, and where it leads."""

    side: Side
    next: Status


# None is the status of what is not there yet.
TRANSITIONS: dict[Status | None, dict[Action, Row]] = {
    None: {
        Action.CREATE: Row(Side.EDITOR, Status.DRAFT),
    },
    Status.DRAFT: {
        Action.EDIT: Row(Side.EDITOR, Status.DRAFT),
        Action.PUBLISH: Row(Side.EDITOR, Status.PUBLISHED),
        Action.WITHDRAW: Row(Side.EDITOR, Status.WITHDRAWN),
    },
    Status.PUBLISHED: {
        Action.EDIT: Row(Side.EDITOR, Status.PUBLISHED),
        Action.PUBLISH: Row(Side.EDITOR, Status.PUBLISHED),
        Action.WITHDRAW: Row(Side.EDITOR, Status.WITHDRAWN),
    },
    Status.WITHDRAWN: {},
}

# Whoever has no view may not know that the entry exists.
VIEWS: dict[Status, dict[Side, View]] = {
    Status.DRAFT: {Side.EDITOR: View.WHOLE},
    Status.PUBLISHED: {Side.EDITOR: View.WHOLE, Side.COLLEAGUE: View.PUBLISHED, Side.READER: View.PUBLISHED},
    Status.WITHDRAWN: {Side.EDITOR: View.WHOLE, Side.COLLEAGUE: View.PUBLISHED},
}


def step(status: Status | None, action: Action, side: Side) -> Status:
    """The status after *action*; raises Forbidden for the wrong side, Conflict if the status does not allow it."""
    row = TRANSITIONS[status].get(action)
    if row is None:
        possible = ", ".join(TRANSITIONS[status]) or "nothing"
        now = status or "not there yet"
        raise Conflict(
            f"{action} is not possible while the entry is {now}; possible is {possible}", reason="TRANSITION"
        )
    if side is not row.side:
        raise Forbidden("only a repository editor of the authority that owns the entry may do this")
    return row.next
