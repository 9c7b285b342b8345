"""How work lists are narrowed, and how much is on each, as clients see it."""

from typing import cast

import strawberry

from gateway.enums import RequestList, RequestStatus
from gateway.schema.common import GatewayInfo
from protos.requests.v1 import requests_pb2
from protos.requests.v1 import worklists_pb2 as pb


@strawberry.input(description="Each field narrows; one that is empty or absent does not.")
class RequestFilter:
    statuses: list[RequestStatus] = strawberry.field(default_factory=list)
    areas: list[str] = strawberry.field(default_factory=list)
    partner_countries: list[str] = strawberry.field(
        default_factory=list, description="Of the authority on the other side."
    )
    overdue: bool = strawberry.field(default=False, description="Only those whose reply should have come by now.")
    urgent: bool | None = None
    mine: bool = strawberry.field(
        default=False, description="Only those that the viewer began, or that are assigned to the viewer."
    )


def filter_message(given: RequestFilter | None) -> requests_pb2.RequestFilter:
    narrowed = given or RequestFilter()
    return requests_pb2.RequestFilter(
        statuses=[one.value for one in narrowed.statuses],
        areas=narrowed.areas,
        partner_countries=narrowed.partner_countries,
        overdue=narrowed.overdue,
        urgent=narrowed.urgent,
        mine=narrowed.mine,
    )


@strawberry.type(description="How many requests are on a work list.")
class ListCount:
    list: RequestList
    count: int = strawberry.field(description="Counted up to 1,000.")


@strawberry.type
class WorkListsQueries:
    @strawberry.field(
        description="How many requests each work list has, as `requests` would list them with this filter."
    )
    async def request_counts(self, info: GatewayInfo, filter: RequestFilter | None = None) -> list[ListCount]:
        work_lists = info.context.backends.work_lists
        request = pb.CountRequestsRequest(filter=filter_message(filter))
        response = await work_lists.call(work_lists.stub.CountRequests, request)
        return cast("list[ListCount]", response.counts)
