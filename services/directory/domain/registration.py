"""The life of an authority and of its parts in modules: what each status allows, to whom, and what it then becomes.

The two tables are the whole rule. A status with an empty row is final: nothing but the record is left.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from services.directory.domain.authorities import AccessStatus
from services.directory.domain.history import Command
from vocabulary.participants import Status
from vocabulary.refusals import Conflict, Forbidden, Invalid

REASON_LIMIT = 2_000


class Actor(StrEnum):
    """What a person is to an authority. COORDINATOR: of an authority that stands above it and covers its areas and territory."""

    INVITEE = "INVITEE"
    USER = "USER"
    ADMINISTRATOR = "ADMINISTRATOR"
    COORDINATOR = "COORDINATOR"
    VALIDATING_COORDINATOR = "VALIDATING_COORDINATOR"
    ACCESS_COORDINATOR = "ACCESS_COORDINATOR"
    NIMIC = "NIMIC"
    COMMISSION = "COMMISSION"


WHO: Mapping[Actor, str] = {
    Actor.INVITEE: "whoever has the code of its invitation",
    Actor.USER: "the person themselves",
    Actor.ADMINISTRATOR: "its own local data administrator",
    Actor.COORDINATOR: "a coordinator above it, in its areas and territory",
    Actor.VALIDATING_COORDINATOR: "its validating coordinator",
    Actor.ACCESS_COORDINATOR: "the access coordinator of the module",
    Actor.NIMIC: "the National IMI Coordinator of its country",
    Actor.COMMISSION: "the Commission (for a National IMI Coordinator)",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One permitted step: who takes it, where it leads, and whether it needs a reason."""

    actors: frozenset[Actor]
    next: Status
    reason: bool = False


_REGISTRARS = frozenset({Actor.COORDINATOR, Actor.COMMISSION})
_INVITEE = frozenset({Actor.INVITEE})
_SELF = frozenset({Actor.USER})
_OWN = frozenset({Actor.ADMINISTRATOR})
_ABOVE = frozenset({Actor.VALIDATING_COORDINATOR, Actor.NIMIC, Actor.COMMISSION})
_ACCESS = frozenset({Actor.ACCESS_COORDINATOR, Actor.NIMIC, Actor.COMMISSION})
_PEOPLE = _OWN | _ABOVE

# None is the status of what is not there yet.
TRANSITIONS: Mapping[Status | None, Mapping[Command, Row]] = {
    None: {
        Command.INVITE: Row(_REGISTRARS, Status.INVITED),
        Command.REGISTER: Row(_REGISTRARS, Status.ACTIVE),
    },
    Status.INVITED: {
        Command.REGISTER_BY_INVITATION: Row(_INVITEE, Status.REQUESTED),
        Command.RENEW_INVITATION: Row(_ABOVE, Status.INVITED),
        Command.WITHDRAW_INVITATION: Row(_ABOVE, Status.REJECTED, reason=True),
    },
    Status.REQUESTED: {
        Command.VALIDATE: Row(_ABOVE, Status.ACTIVE),
        Command.REJECT: Row(_ABOVE, Status.REJECTED, reason=True),
    },
    Status.ACTIVE: {
        Command.EDIT: Row(_OWN | {Actor.NIMIC}, Status.ACTIVE),
        Command.REQUEST_ACCESS: Row(_OWN, Status.ACTIVE),
        Command.GRANT_ACCESS: Row(_ACCESS, Status.ACTIVE),
        Command.REFUSE_ACCESS: Row(_ACCESS, Status.ACTIVE, reason=True),
        Command.CHANGE_ACCESS: Row(_ACCESS, Status.ACTIVE),
        Command.WITHDRAW_ACCESS: Row(_ACCESS, Status.ACTIVE, reason=True),
        Command.ADD_USER: Row(_PEOPLE, Status.ACTIVE),
        Command.EDIT_USER: Row(_PEOPLE, Status.ACTIVE),
        Command.DEACTIVATE_USER: Row(_PEOPLE, Status.ACTIVE),
        Command.SET_LANGUAGES: Row(_SELF, Status.ACTIVE),
        Command.SUSPEND: Row(_ABOVE, Status.SUSPENDED, reason=True),
    },
    Status.SUSPENDED: {
        Command.ADD_USER: Row(_ABOVE, Status.SUSPENDED),
        Command.EDIT_USER: Row(_ABOVE, Status.SUSPENDED),
        Command.DEACTIVATE_USER: Row(_ABOVE, Status.SUSPENDED),
        Command.REINSTATE: Row(_ABOVE, Status.ACTIVE),
        Command.DEREGISTER: Row(_ABOVE, Status.DEREGISTERED),
    },
    Status.REJECTED: {},
    Status.DEREGISTERED: {},
}

# None is the status of a module in which the authority has had no part. Who takes these steps is in the table above.
ACCESS: Mapping[AccessStatus | None, Mapping[Command, AccessStatus]] = {
    None: {Command.REQUEST_ACCESS: AccessStatus.REQUESTED},
    AccessStatus.REQUESTED: {
        Command.GRANT_ACCESS: AccessStatus.ACTIVE,
        Command.REFUSE_ACCESS: AccessStatus.REFUSED,
    },
    AccessStatus.ACTIVE: {
        Command.CHANGE_ACCESS: AccessStatus.ACTIVE,
        Command.WITHDRAW_ACCESS: AccessStatus.WITHDRAWN,
    },
    AccessStatus.REFUSED: {Command.REQUEST_ACCESS: AccessStatus.REQUESTED},
    AccessStatus.WITHDRAWN: {Command.REQUEST_ACCESS: AccessStatus.REQUESTED},
}

# What is done to a part that is there.
OF_PART = frozenset(command for status, rows in ACCESS.items() if status is not None for command in rows) - {
    Command.REQUEST_ACCESS
}
FINAL = frozenset(status for status, rows in TRANSITIONS.items() if not rows)
EVER: Mapping[Command, frozenset[Actor]] = {
    command: frozenset(
        actor
        for rows in TRANSITIONS.values()
        for known, row in rows.items()
        if known is command
        for actor in row.actors
    )
    for command in Command
}


def step(status: Status | None, command: Command, actors: AbstractSet[Actor], reason: str = "") -> Status:
    """The status after *command*.

    Raises Forbidden for whoever may never do this, Conflict if the status does not allow it, Forbidden if it allows it to others,
    Invalid without the reason that it needs.
    """
    if not EVER[command] & actors:
        raise Forbidden(f"{command} is for {_named(EVER[command])} only")
    row = TRANSITIONS[status].get(command)
    if row is None:
        possible = ", ".join(TRANSITIONS[status]) or "nothing"
        now = status or "not registered"
        raise Conflict(
            f"{command} is not possible while the authority is {now}; possible is {possible}", reason="TRANSITION"
        )
    if not row.actors & actors:
        raise Forbidden(f"while the authority is {status}, {command} is for {_named(row.actors)} only")
    if row.reason and not reason.strip():
        raise Invalid("say why", field="reason", reason="EMPTY")
    if len(reason) > REASON_LIMIT:
        raise Invalid(f"longer than {REASON_LIMIT} characters", field="reason", reason="TOO_LONG")
    return row.next


def require_nothing_open(count: int) -> None:
    """Raises Conflict while exchanges of an authority that is to be deregistered are open."""
    if count:
        raise Conflict(
            f"{count} of its exchanges are open; they are to be closed, or given to another authority, first",
            field="id",
            reason="OPEN_EXCHANGES",
        )


def access_step(status: AccessStatus | None, command: Command, module: str) -> AccessStatus:
    """The status of a part in *module* after *command*; raises Conflict if its status does not allow it."""
    found = ACCESS[status].get(command)
    if found is None:
        possible = ", ".join(ACCESS[status]) or "nothing"
        now = status or "not requested"
        raise Conflict(
            f"{command} is not possible while the access to {module} is {now}; possible is {possible}",
            field="module",
            reason="TRANSITION",
        )
    return found


def permitted(status: Status | None, actors: AbstractSet[Actor]) -> tuple[Command, ...]:
    """What *actors* may do while the authority is in *status*, in the order of the table."""
    return tuple(command for command, row in TRANSITIONS[status].items() if row.actors & actors)


def _named(actors: AbstractSet[Actor]) -> str:
    return " or ".join(words for actor, words in WHO.items() if actor in actors)
