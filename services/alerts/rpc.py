"""The alerts RPCs. Each one reads, decides, writes, answers; the rules are in domain/."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from google.protobuf.message import Message

from chassis import lists
from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import Caller, current_person
from chassis.inbox import Entry, Inbox
from chassis.references import References
from chassis.server import Call
from chassis.wire import batch, field_values_from, free_text_from, page_size, timestamp, wanted_languages
from engines.documents import AnyOf, Condition
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1.alerts_pb2_grpc import AlertsServiceServicer
from protos.common.v1 import common_pb2
from services.alerts import storage, wire
from services.alerts.domain import alerts as rules
from services.alerts.domain.alerts import Alert, Party
from services.alerts.domain.types import AlertType
from services.alerts.domain.views import View, seen, view
from services.alerts.readers import party, reads
from services.alerts.recipients import Recipients
from vocabulary import ids
from vocabulary.refusals import Forbidden, Invalid, NotFound
from vocabulary.values import Value

Answer = TypeVar("Answer", bound=Message)
Decide = Callable[[Alert, Party], Awaitable[Alert]]


class AlertsRpc(AlertsServiceServicer):
    def __init__(
        self,
        types: Mapping[str, AlertType],
        alerts: Aggregates[Alert],
        references: References,
        recipients: Recipients,
        inbox: Inbox,
        now: Callable[[], datetime],
    ) -> None:
        self._types = types
        self._alerts = alerts
        self._references = references
        self._recipients = recipients
        self._inbox = inbox
        self._now = now

    async def BatchGetAlerts(self, request: pb.BatchGetAlertsRequest, context: Call) -> pb.BatchGetAlertsResponse:
        caller = current_person()
        found = await self._alerts.get_many(batch(request.ids))
        return pb.BatchGetAlertsResponse(alerts=self._shown(found, caller))

    async def BatchGetAlertTypes(
        self, request: pb.BatchGetAlertTypesRequest, context: Call
    ) -> pb.BatchGetAlertTypesResponse:
        wanted = wanted_languages(request.languages)
        found = [self._types[id_] for id_ in batch(request.ids) if id_ in self._types]
        return pb.BatchGetAlertTypesResponse(alert_types=[wire.alert_type(one, wanted) for one in found])

    async def ListAlertTypes(self, request: pb.ListAlertTypesRequest, context: Call) -> pb.ListAlertTypesResponse:
        wanted = wanted_languages(request.languages)
        return pb.ListAlertTypesResponse(alert_types=[wire.alert_type(one, wanted) for one in self._types.values()])

    async def ListAlerts(self, request: pb.ListAlertsRequest, context: Call) -> pb.ListAlertsResponse:
        caller = current_person()
        found, page_info = await lists.page(
            self._alerts,
            self._where(request.filter, caller),
            request.page,
            kind="alerts",
            sort="changed_at",
            position=lambda alert: lists.sortable(alert.changed_at),
        )
        return pb.ListAlertsResponse(alerts=self._shown(found, caller), page_info=page_info)

    async def CreateAlert(self, request: pb.CreateAlertRequest, context: Call) -> pb.CreateAlertResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        kind = self._type(request.type_id)
        values = await self._checked(kind, request.values)
        id_ = command.new_id(ids.ALERT)
        now = self._now()
        new = rules.create(ids.number("AL", now.year, id_), kind, values, party(caller, kind.area, now))
        return await self._alerts.create(
            id_,
            command,
            new,
            [wire.changed(id_, 1, None, new)],
            lambda kept: pb.CreateAlertResponse(alert=self._answer(kept, caller)),
        )

    async def EditAlert(self, request: pb.EditAlertRequest, context: Call) -> pb.EditAlertResponse:
        async def edited(before: Alert, by: Party) -> Alert:
            kind = self._types[before.type_id]
            return rules.edit(before, kind, await self._checked(kind, request.values), by)

        return await self._change(request, edited, pb.EditAlertResponse)

    async def SubmitAlert(self, request: pb.SubmitAlertRequest, context: Call) -> pb.SubmitAlertResponse:
        async def submitted(before: Alert, by: Party) -> Alert:
            kind = self._types[before.type_id]
            after = rules.submit(before, kind, by)
            await self._recipients.require_own_coordinator(kind.module, before.country, before.author_id)
            return after

        return await self._change(request, submitted, pb.SubmitAlertResponse)

    async def ReturnAlert(self, request: pb.ReturnAlertRequest, context: Call) -> pb.ReturnAlertResponse:
        async def returned(before: Alert, by: Party) -> Alert:
            return rules.send_back(before, free_text_from(request.reason, at="reason"), by)

        return await self._change(request, returned, pb.ReturnAlertResponse)

    async def BroadcastAlert(self, request: pb.BroadcastAlertRequest, context: Call) -> pb.BroadcastAlertResponse:
        async def sent(before: Alert, by: Party) -> Alert:
            after = rules.broadcast(before, request.countries, by)
            await self._recipients.require_coordinators(self._types[before.type_id].module, request.countries)
            return after

        return await self._change(request, sent, pb.BroadcastAlertResponse)

    async def AcknowledgeAlert(self, request: pb.AcknowledgeAlertRequest, context: Call) -> pb.AcknowledgeAlertResponse:
        async def acknowledged(before: Alert, by: Party) -> Alert:
            return rules.acknowledge(before, by)

        return await self._change(request, acknowledged, pb.AcknowledgeAlertResponse)

    async def DisseminateAlert(self, request: pb.DisseminateAlertRequest, context: Call) -> pb.DisseminateAlertResponse:
        async def passed_on(before: Alert, by: Party) -> Alert:
            after = rules.disseminate(before, request.authority_ids, by)
            module = self._types[before.type_id].module
            await self._recipients.require_authorities(module, by.country, request.authority_ids)
            return after

        return await self._change(request, passed_on, pb.DisseminateAlertResponse)

    async def AddAlertInformation(
        self, request: pb.AddAlertInformationRequest, context: Call
    ) -> pb.AddAlertInformationResponse:
        id_ = CommandKey.of(request, current_person()).new_id(ids.INFORMATION)

        async def added(before: Alert, by: Party) -> Alert:
            return rules.add_information(before, id_, free_text_from(request.text, at="text"), by)

        return await self._change(request, added, pb.AddAlertInformationResponse)

    async def ApproveAlertInformation(
        self, request: pb.ApproveAlertInformationRequest, context: Call
    ) -> pb.ApproveAlertInformationResponse:
        async def approved(before: Alert, by: Party) -> Alert:
            return rules.approve_information(before, request.information_id, by)

        return await self._change(request, approved, pb.ApproveAlertInformationResponse)

    async def ReadInbox(self, request: pb.ReadInboxRequest, context: Call) -> pb.ReadInboxResponse:
        caller = current_person()
        self._require_reader(caller)
        size = page_size(request.page)
        shown: list[pb.InboxEntry] = []
        after, more = request.page.after, True
        # An entry that this person may not see leaves no gap in the page, and is no reason for another one.
        while more and len(shown) <= size:
            page = await self._inbox.read(caller.authority_id, after, size + 1)
            visible = await self._visible(page.items, caller)
            shown += [
                wire.inbox_entry(entry, cursor)
                for entry, cursor in zip(page.items, page.cursors, strict=True)
                if entry.subject in visible
            ]
            more = page.has_next
            after = page.cursors[-1] if page.cursors else after
        cursors = [entry.cursor for entry in shown[:size]]
        return pb.ReadInboxResponse(
            entries=shown[:size], page_info=common_pb2.PageInfo(cursors=cursors, has_next_page=len(shown) > size)
        )

    async def WatchInbox(self, request: pb.WatchInboxRequest, context: Call) -> AsyncIterator[pb.WatchInboxResponse]:
        caller = current_person()
        self._require_reader(caller)
        async for delivered in self._inbox.watch(caller.authority_id, request.after_cursor):
            message = pb.WatchInboxResponse(cursor=delivered.cursor, at=timestamp(delivered.at))
            entry = delivered.entry
            # An entry the person may not see still moves the cursor on.
            if entry and await self._visible([entry], caller):
                message.entry.CopyFrom(wire.inbox_entry(entry, delivered.cursor))
            yield message

    async def _change(self, message: "_Change", decide: Decide, answer_type: "Callable[..., Answer]") -> Answer:
        caller = current_person()

        async def decided(before: Kept[Alert]) -> tuple[Alert, Sequence[Message]]:
            by = party(caller, before.state.area, self._now())
            if view(before.state, by) is None:
                raise NotFound(f"there is no alert {before.id!r}", field="id")
            after = await decide(before.state, by)
            return after, [wire.changed(before.id, before.revision + 1, before.state, after)]

        return await self._alerts.change(
            message.id,
            CommandKey.of(message, caller),
            decided,
            lambda kept: answer_type(alert=self._answer(kept, caller)),
            answer_type,  # type: ignore[arg-type]
        )

    def _type(self, id_: str) -> AlertType:
        if id_ not in self._types:
            known = ", ".join(self._types)
            raise Invalid(
                f"there is no alert type {id_!r}; there is {known}", field="typeId", reason="UNKNOWN_ALERT_TYPE"
            )
        return self._types[id_]

    async def _checked(self, kind: AlertType, given: Sequence[common_pb2.FieldValue]) -> Mapping[str, Value]:
        """The values of a draft, each of its field's type and referring to something that exists."""
        values = kind.check(field_values_from(given, at="values"), complete=False)
        await self._references.check_form(kind.fields, values, at="values")
        return values

    def _where(self, narrowed: pb.AlertFilter, caller: Caller) -> dict[str, Condition]:
        areas = {kind.area for kind in self._types.values()}
        parties = {area: party(caller, area, self._now()) for area in areas}
        readers = [key for area, who in parties.items() if reads(who) for key in storage.readable(who, area)]
        where: dict[str, Condition] = {"readers": AnyOf(readers)}
        if narrowed.types:
            where["type"] = AnyOf([id_ for index, name in enumerate(narrowed.types) for id_ in self._ids(name, index)])
        if narrowed.statuses:
            where["status"] = AnyOf(
                [
                    wire.STATUS.from_wire(status, field=f"filter.statuses[{index}]")
                    for index, status in enumerate(narrowed.statuses)
                ]
            )
        return where

    def _ids(self, name: str, index: int) -> list[str]:
        found = [kind.id for kind in self._types.values() if name in (kind.id, kind.code)]
        if not found:
            raise Invalid(
                f"there is no alert type {name!r}", field=f"filter.types[{index}]", reason="UNKNOWN_ALERT_TYPE"
            )
        return found

    def _require_reader(self, caller: Caller) -> None:
        """Raises Forbidden unless *caller* has a role in alerts, and their authority a part in them."""
        areas = {kind.area for kind in self._types.values()}
        parties = [party(caller, area, self._now()) for area in areas]
        if not any(who.takes_part and reads(who) for who in parties):
            raise Forbidden("only people with a role in alerts may read their authority's inbox")

    async def _visible(self, entries: Sequence[Entry], caller: Caller) -> set[str]:
        """The alerts of *entries* that *caller* may see."""
        found = await self._alerts.get_many([entry.subject for entry in entries])
        return {alert.id for alert in self._shown(found, caller)}

    def _shown(self, found: Sequence[Kept[Alert]], caller: Caller) -> list[pb.Alert]:
        """What *caller* may see of *found*."""
        shown = []
        for kept in found:
            who = party(caller, kept.state.area, self._now())
            how = view(kept.state, who)
            if how is not None:
                shown.append(self._cut(kept, how, who))
        return shown

    def _answer(self, kept: Kept[Alert], caller: Caller) -> pb.Alert:
        """The answer to a command: the alert as its actor sees it now, or saw it last."""
        who = party(caller, kept.state.area, self._now())
        return self._cut(kept, view(kept.state, who) or View.FULL, who)

    def _cut(self, kept: Kept[Alert], how: View, who: Party) -> pb.Alert:
        state = seen(kept.state, self._types[kept.state.type_id], how, who)
        return wire.alert(Kept(kept.id, kept.revision, state), how)


_Change = (
    pb.EditAlertRequest
    | pb.SubmitAlertRequest
    | pb.ReturnAlertRequest
    | pb.BroadcastAlertRequest
    | pb.AcknowledgeAlertRequest
    | pb.DisseminateAlertRequest
    | pb.AddAlertInformationRequest
    | pb.ApproveAlertInformationRequest
)
