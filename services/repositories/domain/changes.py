"""What a change of an entry is to somebody who follows its repository: something to read, something new, or something no more."""

from dataclasses import dataclass
from enum import StrEnum

from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Actor, Entry
from services.repositories.domain.views import reads_version


class Kind(StrEnum):
    """What became of what the reader may read."""

    ADDED = "ADDED"
    UPDATED = "UPDATED"
    REMOVED = "REMOVED"


@dataclass(frozen=True, slots=True)
class Change:
    """A change as its reader knows it; no version, if they read none from then on."""

    kind: Kind
    version: int


def change(entry: Entry, definition: Definition, before: int, now: int, who: Actor) -> Change | None:
    """What it is to *who* that readers of *entry* had the version *before* and have *now*, where 0 is none; nothing, if they read
    neither.

    Nothing is known any more of versions that are erased, so nothing is said of them.
    """
    had = reads_version(entry, definition, before, who)
    has = reads_version(entry, definition, now, who)
    if has:
        return Change(Kind.UPDATED if had else Kind.ADDED, now)
    return Change(Kind.REMOVED, 0) if had else None
