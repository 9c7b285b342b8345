"""What repositories keep: entries, one document each, whichever repository they belong to; and definitions that were published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.aggregates import Aggregates
from chassis.audit.segments import AUDIT
from chassis.inbox import INBOX
from chassis.inbox_buckets import removal as inbox_removal
from chassis.lists import sortable
from chassis.outbox import Outbox
from chassis.participants import PARTICIPANTS
from chassis.rebuilding import ORDERS
from chassis.removing import Removal
from chassis.settings import ServiceSettings
from chassis.timers import removal, timers
from chassis.uploads import keeping
from chassis.uploads.contents import CONTENTS
from chassis.uploads.keeping import FILES
from engines.documents import Collection, Documents, Index, Json
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Entry, areas_of, files_of
from services.repositories.domain.lifecycle import WAITING, Status

# Named in the singular: refusals speak of "entry" by this name.
ENTRIES = Collection("entry", (Index(("lists", "changed_at")), Index(("file_ids",))))
DEFINITIONS = Collection("definitions")
TIMERS = timers("timers")
FILE_TIMERS = timers("file_timers")
# How the addresses in entries answered, beside the entries.
LINKS = Collection("links", tells=False)
LINK_TIMERS = timers("link_timers")
COLLECTIONS = (
    ENTRIES,
    DEFINITIONS,
    INBOX,
    TIMERS,
    LINKS,
    LINK_TIMERS,
    PARTICIPANTS,
    ORDERS,
    FILES,
    CONTENTS,
    FILE_TIMERS,
    AUDIT,
)


def removals(settings: ServiceSettings) -> Sequence[Removal]:
    """What is removed when it is over. Entries erase themselves (`domain/ending.py`)."""
    return (
        *(removal(one, settings.done_retention) for one in (TIMERS, FILE_TIMERS, LINK_TIMERS)),
        *keeping.removals(),
        inbox_removal(settings.inbox_retention),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A definition that was published while the system ran. Kept as it was, for ever: entries are read by it."""

    definition: Definition
    user_id: str
    at: datetime


def entries(documents: Documents, outbox: Outbox, definitions: Mapping[str, Definition]) -> Aggregates[Entry]:
    return Aggregates(documents, ENTRIES, Entry, lambda entry: _indexed(entry, definitions), outbox)


def published(documents: Documents, outbox: Outbox) -> Aggregates[Published]:
    return Aggregates(documents, DEFINITIONS, Published, lambda _: {}, outbox)


def own(repository: str, owner_id: str, area: str) -> str:
    """The list of the entries of *owner_id* in an area; of those that are in none yet, if *area* is empty."""
    return f"own {repository} {owner_id} {area}"


def waiting(repository: str, country: str, area: str) -> str:
    """The list of the entries of *country* that wait for approval in an area."""
    return f"waiting {repository} {country} {area}"


def _indexed(entry: Entry, definitions: Mapping[str, Definition]) -> Mapping[str, Json]:
    areas = areas_of(entry, definitions[entry.repository])
    lists: list[Json] = []
    if entry.status is not Status.DELETED:
        lists += [own(entry.repository, entry.owner_id, area) for area in areas or ("",)]
    if entry.status in WAITING:
        lists += [waiting(entry.repository, entry.country, area) for area in areas]
    return {"lists": lists, "changed_at": sortable(entry.changed_at), "file_ids": [one.id for one in files_of(entry)]}
