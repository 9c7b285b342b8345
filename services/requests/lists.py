"""Work lists: what an authority has to do, has sent, has received; what coordinators watch over."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from chassis import lists
from chassis.aggregates import Aggregates, Kept
from chassis.caller import Caller
from chassis.wire import few
from engines.documents import AnyOf, Condition, Range
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests import storage, wire
from services.requests.domain.requests import Request
from services.requests.domain.views import READERS, coordinates_country
from services.requests.readers import areas_of, reader
from vocabulary import countries
from vocabulary.days import day_of
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import UserRole

COUNTED_MAX = 1_000

_NAMES = {number: name.removeprefix("REQUEST_LIST_") for name, number in pb.RequestList.items() if number}
_OWN: dict[int, Callable[[str], str]] = {
    pb.REQUEST_LIST_ACTION_REQUIRED: storage.action_required,
    pb.REQUEST_LIST_DRAFTS: storage.drafts,
    pb.REQUEST_LIST_SENT: storage.sent,
    pb.REQUEST_LIST_RECEIVED: storage.received,
    pb.REQUEST_LIST_OVERDUE: storage.awaited,
}


class Lists:
    """Finds requests by the lists they are on."""

    def __init__(self, requests: Aggregates[Request], now: Callable[[], datetime]) -> None:
        self._requests = requests
        self._now = now

    async def page(
        self, message: pb.ListRequestsRequest, caller: Caller
    ) -> tuple[Sequence[Kept[Request]], common_pb2.PageInfo]:
        """One page of a list, the last changed first; of the overdue, the longest due first; or as it was asked for."""
        by_due = _by_due(message)
        return await lists.page(
            self._requests,
            self._where(message.list, message.filter, caller),
            message.page,
            kind=f"requests {message.list} {'due' if by_due else 'changed'}",
            sort="due" if by_due else "changed_at",
            position=storage.due if by_due else lambda request: lists.sortable(request.changed_at),
            descending=not by_due,
        )

    async def counts(self, narrowed: pb.RequestFilter, caller: Caller) -> dict[pb.RequestList.ValueType, int]:
        """How many requests `page` would list with this filter, by list, each up to a limit."""
        which = [number for number in pb.RequestList.values() if number]
        counting = (self._requests.count(self._where(one, narrowed, caller), at_most=COUNTED_MAX) for one in which)
        return dict(zip(which, await asyncio.gather(*counting), strict=True))

    def _where(self, which: int, narrowed: pb.RequestFilter, caller: Caller) -> dict[str, Condition]:
        where: dict[str, Condition] = {"lists": AnyOf(self._lists(which, narrowed, caller))}
        # Roles are per area: an authority's case in one area is not for its people in another.
        areas = readable_areas(caller)
        asked = few(narrowed.areas, at="filter.areas")
        where["area"] = AnyOf([area for area in areas if not asked or area in asked])
        if narrowed.statuses:
            statuses = {
                wire.STATUS.from_wire(status, field=f"filter.statuses[{index}]"): None
                for index, status in enumerate(few(narrowed.statuses, at="filter.statuses"))
            }
            where["status"] = AnyOf(list(statuses))
        if narrowed.partner_countries:
            partners = {
                countries.require(code, field=f"filter.partnerCountries[{index}]"): None
                for index, code in enumerate(few(narrowed.partner_countries, at="filter.partnerCountries"))
            }
            where["between"] = AnyOf([storage.between(caller.country, code) for code in partners])
        if narrowed.HasField("urgent"):
            where["urgent"] = narrowed.urgent
        if narrowed.overdue or which == pb.REQUEST_LIST_OVERDUE:
            where["due"] = Range(below=day_of(self._now()).isoformat())
        return where

    def _lists(self, which: int, narrowed: pb.RequestFilter, caller: Caller) -> list[str]:
        if which not in _NAMES:
            raise Invalid(f"say which list: {', '.join(_NAMES.values())}", field="list", reason="UNKNOWN_VALUE")
        if narrowed.mine:
            # What one coordinates, or has given away, is assigned to nobody.
            return [storage.of_person(_OWN[which](caller.authority_id), caller.user_id)] if which in _OWN else []
        found = [_OWN[which](caller.authority_id)] if which in _OWN else []
        # How it goes on with what was given away is not for those who gave it.
        if which == pb.REQUEST_LIST_RECEIVED and not narrowed.overdue:
            found.append(storage.had(caller.authority_id))
        return [*found, *self._coordinators(which, caller)]

    def _coordinators(self, which: int, caller: Caller) -> list[str]:
        """Coordinators' own: others at the same authority do not know of these requests."""
        areas = readable_areas(caller)
        coordinating = [area for area in areas if UserRole.COORDINATOR in reader(caller, area).roles]
        if which == pb.REQUEST_LIST_ACTION_REQUIRED:
            return [storage.coordinator_action(caller.authority_id, area) for area in coordinating]
        if which == pb.REQUEST_LIST_COORDINATED:
            whole = [area for area in areas if coordinates_country(reader(caller, area))]
            return [
                *(storage.coordinated(caller.country, area) for area in whole),
                *(storage.asked(caller.authority_id, area) for area in coordinating),
            ]
        return []

    def require_reader(self, caller: Caller) -> None:
        """Raises Forbidden unless *caller* may see changes of their authority's requests as they happen."""
        if not readable_areas(caller):
            raise Forbidden("only people with a role in requests may watch their changes")


def readable_areas(caller: Caller) -> list[str]:
    """The areas in whose requests *caller* has a role."""
    return [area for area in areas_of(caller) if _reads(caller, area)]


def _reads(caller: Caller, area: str) -> bool:
    return bool(reader(caller, area).roles & READERS)


def _by_due(message: pb.ListRequestsRequest) -> bool:
    if message.sort not in pb.RequestSort.values():
        raise Invalid("sort by CHANGED or DUE", field="sort", reason="UNKNOWN_VALUE")
    overdue = message.list == pb.REQUEST_LIST_OVERDUE
    return message.sort == pb.REQUEST_SORT_DUE or (overdue and message.sort == pb.REQUEST_SORT_UNSPECIFIED)
