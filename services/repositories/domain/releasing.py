"""From the draft to what readers see: at once, or after another authority has approved it."""

from dataclasses import replace

from services.repositories.domain.definitions import Definition
from services.repositories.domain.drafting import classified, require_draft
from services.repositories.domain.entries import (
    Actor,
    Entry,
    Version,
    checked_reason,
    moved,
    recorded,
    require_editor_of,
    require_room,
)
from services.repositories.domain.lifecycle import Action
from vocabulary.days import day_of
from vocabulary.refusals import Forbidden, Invalid


def submit(entry: Entry, definition: Definition, by: Actor) -> Entry:
    """The entry with its draft before the approver; raises what `publish` raises, so that nothing is approved that cannot be read."""
    after = moved(entry, definition, Action.SUBMIT, by)
    require_editor_of(entry, definition, by)
    draft = check_releasable(entry, definition, by)
    return recorded(
        replace(after, draft=draft, return_reason=""), Action.SUBMIT, entry.status, by, version=draft.number
    )


def return_(entry: Entry, definition: Definition, reason: str, by: Actor) -> Entry:
    """The approver sends it back, saying why."""
    after = moved(entry, definition, Action.RETURN, by)
    require_four_eyes(entry, by)
    draft = require_draft(entry)
    reason = checked_reason(reason, needed=True, why="it is sent back")
    return recorded(
        replace(after, return_reason=reason), Action.RETURN, entry.status, by, version=draft.number, reason=reason
    )


def approve(entry: Entry, definition: Definition, by: Actor) -> Entry:
    """The approver publishes the draft."""
    after = moved(entry, definition, Action.APPROVE, by)
    require_four_eyes(entry, by)
    return _released(entry, after, definition, Action.APPROVE, by)


def publish(entry: Entry, definition: Definition, by: Actor) -> Entry:
    """The entry with its draft as what readers see; raises Conflict if there is none, Invalid if it is incomplete or over already."""
    after = moved(entry, definition, Action.PUBLISH, by)
    require_editor_of(entry, definition, by)
    return _released(entry, after, definition, Action.PUBLISH, by)


def check_releasable(entry: Entry, definition: Definition, by: Actor) -> Version:
    """The draft as it can be published, by the schema in force, which may have changed since it was written."""
    draft = require_draft(entry)
    values = definition.check(classified(draft, definition), complete=True)
    if draft.valid_to and draft.valid_to < day_of(by.now):
        raise Invalid("its last day has passed", field="validTo", reason="PAST_DATE")
    require_room(entry)
    return replace(draft, values=values, schema_version=definition.version)


def require_four_eyes(entry: Entry, by: Actor) -> None:
    """Raises Forbidden for the authority whose entry it is."""
    if entry.owner_id == by.authority_id:
        raise Forbidden("another authority than the one that owns the entry decides about it", reason="FOUR_EYES")


def _released(entry: Entry, after: Entry, definition: Definition, action: Action, by: Actor) -> Entry:
    draft = replace(check_releasable(entry, definition, by), at=by.now)
    superseded = (entry.published,) if entry.published else ()
    released = replace(after, published=draft, draft=None, return_reason="", earlier=(*superseded, *entry.earlier))
    return recorded(released, action, entry.status, by, version=draft.number, reason=draft.reason)
