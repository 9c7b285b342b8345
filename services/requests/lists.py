"""Work lists: what an authority has to do, has sent, has received; what coordinators watch over."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from chassis import lists
from chassis.aggregates import Aggregates, Kept
from chassis.caller import Caller
from engines.documents import AnyOf, Condition, Range
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests import storage, wire
from services.requests.domain.requests import Request
from services.requests.domain.views import coordinates_country
from services.requests.readers import areas_of, reader
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import UserRole

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
        """One page of a list, the last changed first; of the overdue, the longest due first."""
        overdue = message.list == pb.REQUEST_LIST_OVERDUE
        return await lists.page(
            self._requests,
            self._where(message, caller),
            message.page,
            kind=f"requests {message.list}",
            sort="due" if overdue else "changed_at",
            position=partial(_position, overdue),
            descending=not overdue,
        )

    def _where(self, message: pb.ListRequestsRequest, caller: Caller) -> dict[str, Condition]:
        where: dict[str, Condition] = {"lists": AnyOf(self._lists(message.list, caller))}
        # Roles are per area: an authority's case in one area is not for its people in another.
        areas = readable_areas(caller)
        asked = list(message.filter.areas)
        where["area"] = AnyOf([area for area in areas if not asked or area in asked])
        if message.filter.statuses:
            statuses = {
                wire.STATUS.from_wire(status, field=f"filter.statuses[{index}]"): None
                for index, status in enumerate(message.filter.statuses)
            }
            where["status"] = AnyOf(list(statuses))
        if message.list == pb.REQUEST_LIST_OVERDUE:
            where["due"] = Range(below=self._now().date().isoformat())
        return where

    def _lists(self, which: int, caller: Caller) -> list[str]:
        if which == pb.REQUEST_LIST_COORDINATED:
            return [
                storage.coordinated(caller.country, area)
                for area in readable_areas(caller)
                if coordinates_country(reader(caller, area))
            ]
        if which not in _OWN:
            names = ", ".join(name.removeprefix("REQUEST_LIST_") for name in pb.RequestList.keys()[1:])
            raise Invalid(f"say which list: {names}", field="list", reason="UNKNOWN_VALUE")
        return [_OWN[which](caller.authority_id)]

    def require_reader(self, caller: Caller) -> None:
        """Raises Forbidden unless *caller* may see changes of their authority's requests as they happen."""
        if not readable_areas(caller):
            raise Forbidden("only people with a role in requests may watch their changes")


def readable_areas(caller: Caller) -> list[str]:
    """The areas in whose requests *caller* has a role."""
    return [area for area in areas_of(caller) if _reads(caller, area)]


def _reads(caller: Caller, area: str) -> bool:
    readers = {UserRole.VIEWER, UserRole.REQUEST_HANDLER, UserRole.SUPERVISOR, UserRole.ALLOCATOR, UserRole.COORDINATOR}
    return bool(reader(caller, area).roles & readers)


def _position(overdue: bool, request: Request) -> str:
    if overdue and request.draft.desired_date:
        return request.draft.desired_date.isoformat()
    return lists.sortable(request.changed_at)
