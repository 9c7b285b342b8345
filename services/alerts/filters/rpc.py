"""The RPCs of saved filters. Each one reads, decides, writes, answers; the rules are in domain/filters.py."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import Caller, current_person
from chassis.server import Call
from protos.alerts.v1 import filters_pb2 as pb
from protos.alerts.v1.filters_pb2_grpc import FiltersServiceServicer
from services.alerts.domain import filters as rules
from services.alerts.domain.filters import FILTERS_LIMIT, Delivery, Member, SavedFilter
from services.alerts.domain.types import AlertType
from services.alerts.domain.webhooks import Webhook
from services.alerts.filters import wire
from services.alerts.filters.members import member
from services.alerts.filters.selecting import Selecting
from services.alerts.filters.storage import naming
from services.alerts.quotas import Quota
from vocabulary import ids
from vocabulary.refusals import Conflict, NotFound

# What a command makes of a filter that, third, a webhook goes by or not.
Decide = Callable[[SavedFilter, Member, bool], SavedFilter]
Decided = Callable[[Kept[SavedFilter]], Awaitable[tuple[SavedFilter, Sequence[Message]]]]


class FiltersRpc(FiltersServiceServicer):
    """`mails` says whether this system sends e-mails at all."""

    def __init__(
        self,
        types: Mapping[str, AlertType],
        saved: Aggregates[SavedFilter],
        webhooks: Aggregates[Webhook],
        quota: Quota,
        now: Callable[[], datetime],
        *,
        mails: bool,
    ) -> None:
        self._quota = quota
        self._types = types
        self._saved = saved
        self._webhooks = webhooks
        self._now = now
        self._mails = mails
        self._selecting = Selecting(types, saved)

    async def ListSavedFilters(self, request: pb.ListSavedFiltersRequest, context: Call) -> pb.ListSavedFiltersResponse:
        by = self._member(current_person())
        rules.require_reader(by)
        return pb.ListSavedFiltersResponse(filters=map(wire.saved_filter, await self._of(by.authority_id)))

    async def CreateSavedFilter(
        self, request: pb.CreateSavedFilterRequest, context: Call
    ) -> pb.CreateSavedFilterResponse:
        caller = current_person()
        by = self._member(caller)
        rules.require_reader(by)
        command = CommandKey.of(request, caller)
        id_ = command.new_id(ids.FILTER)
        earlier = await self._saved.answered(id_, command, pb.CreateSavedFilterResponse)
        if earlier is not None:
            return earlier
        wanted = self._selecting.brought(request.filter, at="filter")
        delivery = self._delivery(request.delivery) or Delivery.NONE
        async with self._quota.place(by.authority_id, id_, lambda: self._ids(by.authority_id)) as there:
            new = rules.save(request.name, wanted, delivery, by, there=there)
            with naming():
                return await self._saved.create(
                    id_, command, new, [], lambda kept: pb.CreateSavedFilterResponse(filter=wire.saved_filter(kept))
                )

    async def EditSavedFilter(self, request: pb.EditSavedFilterRequest, context: Call) -> pb.EditSavedFilterResponse:
        wanted = self._selecting.brought(request.filter, at="filter") if request.HasField("filter") else None
        delivery = self._delivery(request.delivery)
        name = request.name if request.HasField("name") else None

        def edited(before: SavedFilter, by: Member, in_use: bool) -> SavedFilter:
            return rules.edit(before, by, name=name, wanted=wanted, delivery=delivery, in_use=in_use)

        with naming():
            return await self._saved.change(
                request.id,
                CommandKey.of(request, current_person()),
                self._decided(edited),
                lambda kept: pb.EditSavedFilterResponse(filter=wire.saved_filter(kept)),
                pb.EditSavedFilterResponse,
            )

    async def RemoveSavedFilter(
        self, request: pb.RemoveSavedFilterRequest, context: Call
    ) -> pb.RemoveSavedFilterResponse:
        def removed(before: SavedFilter, by: Member, in_use: bool) -> SavedFilter:
            return rules.remove(before, by, in_use=in_use)

        return await self._saved.change(
            request.id,
            CommandKey.of(request, current_person()),
            self._decided(removed),
            lambda kept: pb.RemoveSavedFilterResponse(filter=wire.saved_filter(kept)),
            pb.RemoveSavedFilterResponse,
        )

    async def _of(self, authority_id: str) -> list[Kept[SavedFilter]]:
        return await self._saved.find({"authority": authority_id}, sort="sorted_by", limit=2 * FILTERS_LIMIT)

    async def _ids(self, authority_id: str) -> list[str]:
        return [kept.id for kept in await self._of(authority_id)]

    def _decided(self, decide: Decide) -> Decided:
        by = self._member(current_person())
        # A command that is sent again is answered without being decided again.
        rules.require_reader(by)

        async def decided(before: Kept[SavedFilter]) -> tuple[SavedFilter, Sequence[Message]]:
            # Whoever may not know of it learns the same as of one that there is not.
            if before.state.removed or before.state.authority_id != by.authority_id:
                raise NotFound(f"there is no saved filter {before.id!r}", field="id")
            in_use = await self._webhooks.count({"saved_filter": before.id}, at_most=1) > 0
            return decide(before.state, by, in_use), []

        return decided

    def _delivery(self, number: "pb.FilterDelivery.ValueType") -> Delivery | None:
        delivery = wire.DELIVERY.from_wire(number, field="delivery") if number else None
        if delivery is Delivery.EMAIL and not self._mails:
            raise Conflict("this system sends no e-mails", field="delivery", reason="NO_MAIL")
        return delivery

    def _member(self, caller: Caller) -> Member:
        return member(caller, self._types.values(), self._now())
