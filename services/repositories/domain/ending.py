"""How an entry ends: withdrawn by its owner, expired by itself; then put away, and at last erased.

What the system does is said by the entry and its definition alone, so that it can be asked at any time and is answered the same way.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from services.repositories.domain.definitions import Definition
from services.repositories.domain.drafting import emptied
from services.repositories.domain.entries import (
    Actor,
    Entry,
    checked_reason,
    moved,
    recorded,
    require_editor_of,
    system,
)
from services.repositories.domain.lifecycle import Action, Side, Status, table
from vocabulary.days import end_of, months_after
from vocabulary.refusals import Conflict

# What the system does by itself.
BY_ITSELF = (Action.EXPIRE, Action.ARCHIVE, Action.ERASE)


def withdraw(entry: Entry, definition: Definition, reason: str, by: Actor) -> Entry:
    """The entry out of readers' sight for good; its owner keeps what was published and what was in preparation."""
    after = moved(entry, definition, Action.WITHDRAW, by)
    require_editor_of(entry, definition, by)
    reason = checked_reason(reason, needed=True, why="the entry is withdrawn")
    ended = replace(_ended(after, by.now), withdrawal_reason=reason)
    return recorded(ended, Action.WITHDRAW, entry.status, by, version=_number(entry), reason=reason)


def archive(entry: Entry, definition: Definition, by: Actor) -> Entry:
    """What has ended, for its owner's editors alone."""
    after = moved(entry, definition, Action.ARCHIVE, by)
    if not by.is_system:
        require_editor_of(entry, definition, by)
    return recorded(after, Action.ARCHIVE, entry.status, by, version=_number(entry))


def due(entry: Entry, definition: Definition) -> Mapping[Action, datetime]:
    """What the system will do with *entry*, and when, if nobody acts until then."""
    possible = table(definition)[entry.status]
    kept = definition.retention
    last = entry.published.valid_to if entry.published else None
    # Entries of before this was noted end with their last change.
    ended = entry.ended_at or entry.changed_at
    when = {
        Action.EXPIRE: end_of(last) if last else None,
        Action.ARCHIVE: _after(ended, kept.archived_after_months),
        Action.ERASE: _after(ended, kept.erased_after_months),
    }
    return {
        action: at
        for action, at in when.items()
        if at is not None and action in possible and Side.SYSTEM in possible[action].sides
    }


def require_due(entry: Entry, definition: Definition, action: Action, now: datetime) -> None:
    """Raises Conflict unless the system is to do *action* now."""
    when = due(entry, definition).get(action)
    if when is None or when > now:
        raise Conflict(f"{action} is not due", reason="NOT_DUE")


def done(entry: Entry, definition: Definition, action: Action, now: datetime) -> Entry:
    """*entry* after the system has done *action*; raises Conflict unless that is due."""
    require_due(entry, definition, action, now)
    by = system(now)
    if action is Action.ARCHIVE:
        return archive(entry, definition, by)
    after = moved(entry, definition, action, by)
    after = emptied(after) if action is Action.ERASE else _ended(after, now)
    return recorded(after, action, entry.status, by, version=_number(entry))


def is_erased(entry: Entry) -> bool:
    """Whether nothing is left of what *entry* said, so that nothing beside it may say it either."""
    return entry.status is Status.DELETED


def _ended(entry: Entry, now: datetime) -> Entry:
    published = (entry.published,) if entry.published else ()
    return replace(entry, published=None, return_reason="", earlier=(*published, *entry.earlier), ended_at=now)


def _number(entry: Entry) -> int:
    return entry.latest.number if entry.latest else 0


def _after(ended: datetime, months: int | None) -> datetime | None:
    return months_after(ended, months) if months is not None else None
