"""Filters of an inbox, and those that an authority has saved, as clients see them."""

import datetime as dt
from typing import Any, cast

import strawberry

from gateway.batches import USERS
from gateway.enums import AlertSeverity, FilterDelivery, InboxEntryKind
from gateway.readings import link, moment
from gateway.schema.common import Command, GatewayInfo, command
from gateway.schema.directory import User
from protos.alerts.v1 import alerts_pb2
from protos.alerts.v1 import filters_pb2 as pb


@strawberry.type(description="Which entries of an inbox are meant: each list narrows, an empty one does not.")
class InboxFilter:
    types: list[str] = strawberry.field(description="Codes or ids of alert types.")
    areas: list[str] = strawberry.field(description="Codes of areas of legislation.")
    severities: list[AlertSeverity]
    kinds: list[InboxEntryKind]


@strawberry.input(description="Which entries of an inbox are meant: each list narrows, an empty one does not.")
class InboxFilterInput:
    types: list[str] = strawberry.field(default_factory=list, description="Codes or ids of alert types.")
    areas: list[str] = strawberry.field(default_factory=list, description="Codes of areas of legislation.")
    severities: list[AlertSeverity] = strawberry.field(
        default_factory=list, description="An alert whose type does not ask for its severity has none of these."
    )
    kinds: list[InboxEntryKind] = strawberry.field(default_factory=list)


def inbox_filter(given: InboxFilterInput | None) -> alerts_pb2.InboxFilter | None:
    if given is None:
        return None
    return alerts_pb2.InboxFilter(
        types=given.types,
        areas=given.areas,
        severities=[one.value for one in given.severities],
        kinds=[one.value for one in given.kinds],
    )


@strawberry.type(description="A filter under a name, for all in an authority who read alerts.")
class SavedFilter:
    id: strawberry.ID
    revision: int
    name: str
    filter: InboxFilter
    delivery: FilterDelivery
    created_by: User | None = link(USERS, "created_by_id")
    created_at: dt.datetime | None = moment("created_at")
    changed_at: dt.datetime | None = moment("changed_at")
    removed: bool = strawberry.field(description="Whether it was removed: it is listed no more.")


@strawberry.type
class AlertFiltersQueries:
    @strawberry.field(description="The filters that the signed-in person's authority has saved, by name.")
    async def saved_filters(self, info: GatewayInfo) -> list[SavedFilter]:
        filters = info.context.backends.alert_filters
        response = await filters.call(filters.stub.ListSavedFilters, pb.ListSavedFiltersRequest())
        return cast("list[SavedFilter]", list(response.filters))


@strawberry.input
class CreateSavedFilterInput(Command):
    name: str = strawberry.field(description="Unique in the authority.")
    filter: InboxFilterInput
    delivery: FilterDelivery | None = strawberry.field(default=None, description="NONE if absent.")


@strawberry.input(description="The parts to change; what is absent stays.")
class EditSavedFilterInput(Command):
    id: strawberry.ID
    name: str | None = None
    filter: InboxFilterInput | None = None
    delivery: FilterDelivery | None = None


@strawberry.input
class RemoveSavedFilterInput(Command):
    id: strawberry.ID


@strawberry.type
class CreateSavedFilterPayload:
    filter: SavedFilter


@strawberry.type
class EditSavedFilterPayload:
    filter: SavedFilter


@strawberry.type
class RemoveSavedFilterPayload:
    filter: SavedFilter


def _delivery(given: FilterDelivery | None) -> Any:
    return given.value if given else pb.FILTER_DELIVERY_UNSPECIFIED


@strawberry.type
class AlertFiltersMutations:
    @strawberry.mutation(description="Saves a filter under a name, for all in the authority who read alerts.")
    async def create_saved_filter(self, info: GatewayInfo, input: CreateSavedFilterInput) -> CreateSavedFilterPayload:
        filters = info.context.backends.alert_filters
        message = pb.CreateSavedFilterRequest(
            command=command(input),
            name=input.name,
            filter=inbox_filter(input.filter),
            delivery=_delivery(input.delivery),
        )
        return cast("CreateSavedFilterPayload", await filters.call(filters.stub.CreateSavedFilter, message))

    @strawberry.mutation(description="For whoever made it, and for local data administrators.")
    async def edit_saved_filter(self, info: GatewayInfo, input: EditSavedFilterInput) -> EditSavedFilterPayload:
        filters = info.context.backends.alert_filters
        message = pb.EditSavedFilterRequest(
            command=command(input),
            id=input.id,
            name=input.name,
            filter=inbox_filter(input.filter),
            delivery=_delivery(input.delivery),
        )
        return cast("EditSavedFilterPayload", await filters.call(filters.stub.EditSavedFilter, message))

    @strawberry.mutation(description="For whoever made it, and for local data administrators.")
    async def remove_saved_filter(self, info: GatewayInfo, input: RemoveSavedFilterInput) -> RemoveSavedFilterPayload:
        filters = info.context.backends.alert_filters
        message = pb.RemoveSavedFilterRequest(command=command(input), id=input.id)
        return cast("RemoveSavedFilterPayload", await filters.call(filters.stub.RemoveSavedFilter, message))
