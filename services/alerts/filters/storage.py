"""What is kept of saved filters: one document each; one that was removed stays for some weeks, found by nothing. And the e-mails to be
sent.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from chassis.aggregates import Aggregates
from chassis.lists import sortable
from chassis.outbox import Outbox
from chassis.timers import timers
from engines.documents import Collection, Documents, Index, Json
from services.alerts.domain.filters import Delivery, SavedFilter
from vocabulary.refusals import Conflict

REMOVED_AT = "removed_at"
SAVED_FILTERS = Collection(
    "saved_filters",
    (Index(("authority", "sorted_by")), Index(("named",), unique=True), Index(("mailed_to",)), Index((REMOVED_AT,))),
    tells=False,
)
MAILS = timers("mails")


def saved_filters(documents: Documents, outbox: Outbox) -> Aggregates[SavedFilter]:
    return Aggregates(documents, SAVED_FILTERS, SavedFilter, _indexed, outbox)


def named(authority_id: str, name: str) -> str:
    """What a name is found under: capitals make no other one."""
    return f"{authority_id} {name.casefold()}"


@contextmanager
def naming() -> Iterator[None]:
    """That another one of the authority has the name is said by its field."""
    try:
        yield
    except Conflict as taken:
        if taken.reason != "ALREADY_EXISTS":
            raise
        raise Conflict("another one of your authority has this name", field="name", reason="ALREADY_EXISTS") from taken


def _indexed(saved: SavedFilter) -> Mapping[str, Json]:
    if saved.removed:
        removed_at = sortable(saved.changed_at)
        return {"authority": [], "sorted_by": "", "named": [], "mailed_to": [], REMOVED_AT: removed_at}
    return {
        "authority": saved.authority_id,
        "sorted_by": saved.name.casefold(),
        "named": named(saved.authority_id, saved.name),
        "mailed_to": saved.authority_id if saved.delivery is Delivery.EMAIL else [],
    }
