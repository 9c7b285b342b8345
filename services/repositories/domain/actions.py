"""What somebody may do with an entry now; and why not, where they may not."""

from dataclasses import dataclass

from services.repositories.domain.definitions import Definition
from services.repositories.domain.drafting import check_revertible, require_draft
from services.repositories.domain.entries import Actor, Entry, moved, require_editor_of, require_room
from services.repositories.domain.lifecycle import Action, Side, table
from services.repositories.domain.releasing import check_releasable, require_four_eyes
from vocabulary.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Possibility:
    """An action, and what speaks against it: nothing, if it may be done."""

    action: Action
    refusal: Refusal | None = None


def possibilities(entry: Entry, definition: Definition, by: Actor) -> tuple[Possibility, ...]:
    """Every action that entries of this repository have, in order: not what begins one, nor what only the system does."""
    who = {
        action: row.sides
        for status, rows in table(definition).items()
        if status is not None
        for action, row in rows.items()
        if row.sides != {Side.SYSTEM}
    }
    return tuple(Possibility(action, _against(entry, definition, action, by)) for action in Action if action in who)


def _against(entry: Entry, definition: Definition, action: Action, by: Actor) -> Refusal | None:
    try:
        moved(entry, definition, action, by)
        _check(entry, definition, action, by)
    except Refusal as refusal:
        return refusal
    return None


def _check(entry: Entry, definition: Definition, action: Action, by: Actor) -> None:
    """What else must hold beside the table, as far as the entry itself can tell."""
    if action in (Action.APPROVE, Action.RETURN):
        require_four_eyes(entry, by)
    else:
        require_editor_of(entry, definition, by)
    match action:
        case Action.EDIT:
            require_room(entry)
        case Action.SUBMIT | Action.PUBLISH | Action.APPROVE:
            check_releasable(entry, definition, by)
        case Action.RETURN | Action.DELETE_DRAFT:
            require_draft(entry)
        case Action.REVERT:
            check_revertible(entry)
