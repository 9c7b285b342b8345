"""The lists of those who coordinate: what waits for them, and whom they look after."""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis import lists
from chassis.aggregates import Aggregates, Kept
from chassis.wire import wanted_languages
from engines.documents import AnyOf
from protos.directory.v1 import registration_pb2 as pb
from services.directory import storage
from services.directory.domain import coordination
from services.directory.domain.authorities import Authority
from services.directory.domain.coordination import Person
from services.directory.domain.views import View
from services.directory.rpc.showing import Showing
from vocabulary.participants import Status
from vocabulary.refusals import Forbidden, Invalid

ACCESS_REQUESTED = pb.COORDINATION_LIST_ACCESS_REQUESTED
STATUSES: Mapping[int, Status] = {pb.CoordinationList.Value(f"COORDINATION_LIST_{status}"): status for status in Status}


@dataclass(frozen=True, slots=True)
class CoordinationLists:
    """Finds authorities by the lists they are on, and shows of each what the person may see."""

    authorities: Aggregates[Authority]
    showing: Showing

    async def page(
        self, request: pb.ListAuthoritiesToCoordinateRequest, by: Person
    ) -> pb.ListAuthoritiesToCoordinateResponse:
        """One page of a list, by name. Raises Forbidden for whoever coordinates nobody."""
        if request.list != ACCESS_REQUESTED and request.list not in STATUSES:
            names = ", ".join(name.removeprefix("COORDINATION_LIST_") for name in pb.CoordinationList.keys()[1:])
            raise Invalid(f"say which list: {names}", field="list", reason="UNKNOWN_VALUE")
        wanted = wanted_languages(request.languages)
        found, page_info = await lists.page(
            self.authorities,
            {"lists": AnyOf(_lists(request.list, by))},
            request.page,
            kind=f"coordination {request.list}",
            sort="name",
            position=storage.name_of,
            descending=False,
        )
        shown = [
            (authority, cursor)
            for kept, cursor in zip(found, page_info.cursors, strict=True)
            if self._is_theirs(request.list, by, kept) and (authority := self.showing.shown(by, kept, wanted))
        ]
        answer = pb.ListAuthoritiesToCoordinateResponse(
            authorities=[authority for authority, _ in shown], page_info=page_info
        )
        answer.page_info.cursors[:] = [cursor for _, cursor in shown]
        return answer

    def _is_theirs(self, asked: int, by: Person, kept: Kept[Authority]) -> bool:
        """What is active is public. Of the rest, a page leaves out what is others' in areas that *by* does not act in."""
        return asked == pb.COORDINATION_LIST_ACTIVE or self.showing.view(by, kept) is View.INSIDE


def _lists(asked: int, by: Person) -> list[str]:
    """The lists that are *by*'s: the Commission's, the country's, or those of their authority's own links and areas."""
    reach = coordination.reach(by)
    if reach is None:
        raise Forbidden("these lists are for coordinators")
    status = STATUSES.get(asked)
    if reach.national_coordinators:
        return [storage.national_coordinators(status) if status else storage.access_requests_of_national_coordinators()]
    if status is None:
        in_country = [storage.access_requests_in(reach.country)] if reach.every_status else []
        return [storage.access_requests(by.authority_id), *in_country]
    found = [storage.validated_by(by.authority_id, status), storage.looked_after_by(by.authority_id, status)]
    if reach.whole_country:
        found.append(storage.in_country(reach.country, status))
    if reach.every_status or status is Status.ACTIVE:
        found += [storage.in_area(reach.country, area, status) for area in sorted(reach.areas)]
    return found
