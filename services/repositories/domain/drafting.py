"""Drafts: begun, changed, taken from an earlier version, thrown away. What is published stays as it is meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import (
    Actor,
    Entry,
    Version,
    checked_reason,
    moved,
    recorded,
    require_areas,
    require_editor_of,
    require_room,
)
from services.repositories.domain.lifecycle import Action, Side, Status, step
from vocabulary.files import File
from vocabulary.refusals import Conflict, Invalid
from vocabulary.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What somebody writes, checked field by field, with the files that stand in it, and the first and the last day it is valid on."""

    values: Mapping[str, Value]
    files: tuple[File, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


def create(definition: Definition, content: Content, by: Actor) -> Entry:
    """A new entry of the actor's authority, which may be incomplete; raises Forbidden unless they edit where it belongs."""
    status = step(definition, None, Action.CREATE, {Side.EDITOR if by.areas else Side.COLLEAGUE})
    require_areas(definition.areas(content.values), by)
    _check_days(content)
    new = Entry(
        repository=definition.code,
        owner_id=by.authority_id,
        country=by.country,
        status=status,
        draft=_version(1, definition, content, "", by),
        created_at=by.now,
        changed_at=by.now,
    )
    return recorded(new, Action.CREATE, None, by, version=1)


def edit(entry: Entry, definition: Definition, content: Content, reason: str, by: Actor) -> Entry:
    """The entry with *content* as its draft, which may be incomplete; one that waits for approval is taken back."""
    after = moved(entry, definition, Action.EDIT, by)
    require_editor_of(entry, definition, by)
    require_room(entry)
    require_areas(definition.areas(content.values), by)
    _check_days(content)
    draft = _version(_next_number(entry), definition, content, checked_reason(reason), by)
    return recorded(
        replace(after, draft=draft), Action.EDIT, entry.status, by, version=draft.number, reason=draft.reason
    )


def revert(entry: Entry, definition: Definition, number: int, reason: str, by: Actor) -> Entry:
    """The entry with what its version *number* said as its draft.

    Raises Invalid if it had no such version before the one that is published, or if that does not fit the schema of today; Conflict if
    something else is in preparation.
    """
    after = moved(entry, definition, Action.REVERT, by)
    require_editor_of(entry, definition, by)
    check_revertible(entry)
    found = next((version for version in entry.earlier if version.number == number), None)
    if found is None:
        raise Invalid(f"there is no earlier version {number}", field="version", reason="UNKNOWN_VERSION")
    require_areas(dict.fromkeys(definition.areas(found.values), "version"), by)
    try:
        definition.check(found.values, complete=False)
    except Invalid as refusal:
        raise Invalid(
            f"version {number} was written for another schema: {refusal.message}",
            field="version",
            reason="OTHER_SCHEMA",
        ) from refusal
    content = Content(
        values=classified(found, definition), files=found.files, valid_from=found.valid_from, valid_to=found.valid_to
    )
    draft = _version(_next_number(entry), definition, content, checked_reason(reason), by)
    draft = replace(draft, reverts_to=number)
    return recorded(
        replace(after, draft=draft), Action.REVERT, entry.status, by, version=draft.number, reason=draft.reason
    )


def check_revertible(entry: Entry) -> None:
    """Raises Conflict unless there is an earlier version, and nothing in preparation that going back to it would throw away.

    And if there is no room for what it says.
    """
    if entry.draft:
        raise Conflict("a new version is in preparation; delete it first", reason="DRAFT_EXISTS")
    if not entry.earlier:
        raise Conflict("there is no earlier version", reason="NO_EARLIER_VERSION")
    require_room(entry)


def delete_draft(entry: Entry, definition: Definition, by: Actor) -> Entry:
    """The entry without its draft; of one that was never published, nothing is left."""
    after = moved(entry, definition, Action.DELETE_DRAFT, by)
    require_editor_of(entry, definition, by)
    draft = require_draft(entry)
    after = recorded(
        replace(after, draft=None, return_reason=""), Action.DELETE_DRAFT, entry.status, by, version=draft.number
    )
    return emptied(after) if after.status is Status.DELETED else after


def emptied(entry: Entry) -> Entry:
    """*entry* without anything that anybody wrote: what was done to it, when, and by which authority is left."""
    return replace(
        entry,
        published=None,
        draft=None,
        earlier=(),
        withdrawal_reason="",
        return_reason="",
        history=tuple(replace(one, user_id="", reason="") for one in entry.history),
    )


def require_draft(entry: Entry) -> Version:
    """What is in preparation; raises Conflict if nothing is."""
    if entry.draft is None:
        raise Conflict("there is no new version in preparation; edit the entry first", reason="NOTHING_PREPARED")
    return entry.draft


def basis(entry: Entry, definition: Definition) -> Version | None:
    """What the next draft is a change of: what is in preparation, or else was published last."""
    last = entry.draft or entry.latest
    return replace(last, values=classified(last, definition)) if last else None


def classified(version: Version, definition: Definition) -> dict[str, Value]:
    """What *version* says, each text of the class that it has in a version that is written for *definition*."""
    return {
        code: replace(
            value, text=replace(value.text, data_class=definition.class_of(code, value.text, version.schema_version))
        )
        if value.text
        else value
        for code, value in version.values.items()
    }


def _next_number(entry: Entry) -> int:
    return entry.published.number + 1 if entry.published else 1


def _version(number: int, definition: Definition, content: Content, reason: str, by: Actor) -> Version:
    return Version(
        number=number,
        schema_version=definition.version,
        values=content.values,
        at=by.now,
        reason=reason,
        valid_from=content.valid_from,
        valid_to=content.valid_to,
        files=content.files,
    )


def _check_days(content: Content) -> None:
    if content.valid_from and content.valid_to and content.valid_to < content.valid_from:
        raise Invalid("it ends before it begins", field="validTo", reason="OUT_OF_ORDER")
