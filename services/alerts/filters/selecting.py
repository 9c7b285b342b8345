"""Which entries of an inbox are meant: by a filter that a request brings, or by one that the authority has saved."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from chassis.aggregates import Aggregates
from chassis.inbox import Entry
from protos.alerts.v1 import alerts_pb2 as pb
from services.alerts.domain.alerts import Alert, Party
from services.alerts.domain.filters import EVERYTHING, Filter, SavedFilter, checked, matches
from services.alerts.domain.types import AlertType
from services.alerts.domain.views import seen, view
from services.alerts.filters import wire
from vocabulary.refusals import Invalid, NotFound


class Asked(Protocol):
    """A request that may bring a filter, or name a saved one."""

    saved_filter_id: str

    @property
    def filter(self) -> pb.InboxFilter: ...


class Selecting:
    """Finds the filter that a request means."""

    def __init__(self, types: Mapping[str, AlertType], saved: Aggregates[SavedFilter]) -> None:
        self._types = types
        self._saved = saved

    def brought(self, message: pb.InboxFilter, *, at: str) -> Filter:
        """The filter that *message* writes; raises Invalid naming what in it there is not."""
        return checked(wire.inbox_filter_from(message, at=at), self._types.values(), at=at)

    async def asked(self, request: Asked, authority_id: str) -> Filter:
        """The filter of a request to read an inbox; raises Invalid for two of them, NotFound for none of *authority_id*'s."""
        wanted = self.brought(request.filter, at="filter")
        if not request.saved_filter_id:
            return wanted
        if wanted != EVERYTHING:
            raise Invalid("give a filter or a saved one, not both", field="savedFilter", reason="TWO_FILTERS")
        found = await self.saved(request.saved_filter_id, authority_id)
        if found is None:
            raise NotFound(f"your authority has saved no filter {request.saved_filter_id!r}", field="savedFilter")
        return found.filter

    async def saved(self, id_: str, authority_id: str) -> SavedFilter | None:
        """The filter that *authority_id* has saved under this id."""
        kept = await self._saved.get(id_)
        if kept is None or kept.state.removed or kept.state.authority_id != authority_id:
            return None
        return kept.state


def meant(
    wanted: Filter, entries: Sequence[Entry], alerts: Mapping[str, Alert], types: Mapping[str, AlertType], who: "Reads"
) -> set[str]:
    """The ids of those *entries* that *wanted* means and whose alert *who* may see; the filter looks at what they see."""
    found = set()
    for entry in entries:
        alert = alerts.get(entry.subject)
        if alert is None:
            continue
        reader = who(alert.area)
        how = view(alert, reader)
        if how is None:
            continue
        kind = types[alert.type_id]
        if matches(wanted, entry.kind, seen(alert, kind, how, reader), kind):
            found.add(entry.id)
    return found


class Reads(Protocol):
    """A reader as a party to the alerts of an area."""

    def __call__(self, area: str) -> Party: ...
