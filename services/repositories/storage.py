"""What repositories keep: entries, one document each, whichever repository they belong to."""

from collections.abc import Mapping

from chassis.aggregates import Aggregates
from chassis.lists import sortable
from chassis.outbox import Outbox
from chassis.participants import PARTICIPANTS
from chassis.rebuilding import ORDERS
from engines.documents import Collection, Documents, Index, Json
from services.repositories.domain.entries import Entry

# Named in the singular: refusals speak of "entry" by this name.
ENTRIES = Collection("entry", (Index(("repository", "owner_id", "changed_at")),))
COLLECTIONS = (ENTRIES, PARTICIPANTS, ORDERS)


def entries(documents: Documents, outbox: Outbox) -> Aggregates[Entry]:
    return Aggregates(documents, ENTRIES, Entry, _indexed, outbox)


def _indexed(entry: Entry) -> Mapping[str, Json]:
    return {
        "repository": entry.repository,
        "owner_id": entry.owner_id,
        "changed_at": sortable(entry.changed_at),
    }
