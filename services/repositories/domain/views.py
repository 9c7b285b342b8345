"""What somebody sees of an entry: which of its versions, and which of their fields.

Whoever sees only what is published sees nothing of what is in preparation either: not that there is any, nor when it was changed.
"""

from dataclasses import replace

from services.repositories.domain.audiences import opens
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Actor, Entry, Version, sides
from services.repositories.domain.lifecycle import IN_FORCE, VIEWS, Side, Status, View

# The fullest first.
_FULLNESS = tuple(View)


def view(entry: Entry, definition: Definition, who: Actor) -> View | None:
    """How much *who* sees of *entry*; None if they may not know that it exists."""
    own = sides(entry, definition, who)
    views = {found for side in own if (found := VIEWS[entry.status].get(side))}
    best = min(views, key=_FULLNESS.index, default=None)
    if best is View.PUBLISHED and not (entry.latest and _is_open(entry, definition, entry.latest, who)):
        return None
    return best


def seen(entry: Entry, definition: Definition, who: Actor) -> Entry | None:
    """*entry* as far as *who* may see it; None if they may not know that it exists."""
    match view(entry, definition, who):
        case None:
            return None
        case View.WHOLE:
            return entry
        case View.WAITING:
            # What it says now, and what it is to say; the rest is its owner's.
            return replace(entry, earlier=(), history=(), return_reason="", withdrawal_reason="")
    return _published_to(entry, definition, who)


def revision_seen(entry: Entry, definition: Definition, who: Actor, revision: int) -> int:
    """The *revision* of *entry* as *who* may see it: to readers, the number of what is published, which drafts do not count up."""
    if view(entry, definition, who) is View.PUBLISHED and entry.latest:
        return entry.latest.number
    return revision


def _published_to(entry: Entry, definition: Definition, who: Actor) -> Entry:
    """*entry*, which *who* may know of, with nothing but what was published and they may read."""
    open_ = [one for one in entry.once_published if _is_open(entry, definition, one, who)]
    shown = [cut(entry, definition, version, who) for version in open_]
    in_force = entry.status in IN_FORCE
    own = Side.COLLEAGUE in sides(entry, definition, who)
    return replace(
        entry,
        status=Status.PUBLISHED if in_force else entry.status,
        published=shown[0] if in_force else None,
        draft=None,
        earlier=tuple(shown[1:] if in_force else shown),
        history=(),
        return_reason="",
        withdrawal_reason=entry.withdrawal_reason if own else "",
        created_at=open_[-1].at,
        changed_at=entry.once_published[0].at,
        ended_at=None,
    )


def cut(entry: Entry, definition: Definition, version: Version, who: Actor) -> Version:
    """*version* with the fields that *who* may read. Personal data that were replaced are for their owner."""
    replaced = version is not entry.latest and entry.owner_id != who.authority_id
    hidden = definition.personal if replaced else frozenset()
    values = {
        code: value
        for code, value in version.values.items()
        if code not in hidden and reads_field(entry, definition, version, code, who)
    }
    standing = {id_ for value in values.values() for id_ in value.files or ()}
    return replace(version, values=values, files=tuple(one for one in version.files if one.id in standing))


def reads_field(entry: Entry, definition: Definition, version: Version, code: str, who: Actor) -> bool:
    """Whether a reader of *version* may read its field *code*."""
    return opens(who.keys, definition.field_readers(code, version.values, entry.owner_id, entry.country))


def reads_version(entry: Entry, definition: Definition, number: int, who: Actor) -> bool:
    """Whether *who* may know of *entry* in its published version *number*, were it in force."""
    found = next((one for one in entry.once_published if one.number == number), None)
    return found is not None and _is_open(entry, definition, found, who)


def _is_open(entry: Entry, definition: Definition, version: Version, who: Actor) -> bool:
    return opens(who.keys, definition.readers(version.values, entry.owner_id, entry.country))
