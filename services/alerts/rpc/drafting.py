"""An alert until it is on its way: written, deleted, submitted, sent back, broadcast; and to which countries."""

from chassis.aggregates import CommandKey
from chassis.caller import current_person
from chassis.server import Call
from chassis.wire import free_text_from
from protos.alerts.v1 import alerts_pb2 as pb
from services.alerts import wire
from services.alerts.domain import sending as rules
from services.alerts.domain.alerts import Alert, Party
from services.alerts.domain.types import AlertType
from services.alerts.readers import party
from services.alerts.rpc.commands import Commands, simply
from vocabulary import ids
from vocabulary.refusals import Invalid


class Drafting(Commands):
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
        async def edited(before: Alert, kind: AlertType, by: Party) -> Alert:
            return rules.edit(before, kind, await self._checked(kind, request.values), by)

        return await self._change(request, pb.EditAlertResponse, edited)

    async def DeleteAlertDraft(self, request: pb.DeleteAlertDraftRequest, context: Call) -> pb.DeleteAlertDraftResponse:
        return await self._change(request, pb.DeleteAlertDraftResponse, simply(rules.delete), forget=True)

    async def SubmitAlert(self, request: pb.SubmitAlertRequest, context: Call) -> pb.SubmitAlertResponse:
        async def submitted(before: Alert, kind: AlertType, by: Party) -> Alert:
            after = rules.submit(before, kind, by)
            await self._recipients.require_own_coordinator(kind.module, before.country, before.author_id)
            return after

        return await self._change(request, pb.SubmitAlertResponse, submitted)

    async def ReturnAlert(self, request: pb.ReturnAlertRequest, context: Call) -> pb.ReturnAlertResponse:
        async def returned(before: Alert, kind: AlertType, by: Party) -> Alert:
            return rules.send_back(before, kind, free_text_from(request.reason, at="reason"), by)

        return await self._change(request, pb.ReturnAlertResponse, returned)

    async def BroadcastAlert(self, request: pb.BroadcastAlertRequest, context: Call) -> pb.BroadcastAlertResponse:
        async def sent(before: Alert, kind: AlertType, by: Party) -> Alert:
            after = rules.broadcast(before, kind, request.countries, by)
            await self._recipients.require_coordinators(kind.module, request.countries)
            return after

        return await self._change(request, pb.BroadcastAlertResponse, sent)

    async def AddAlertCountries(
        self, request: pb.AddAlertCountriesRequest, context: Call
    ) -> pb.AddAlertCountriesResponse:
        async def added(before: Alert, kind: AlertType, by: Party) -> Alert:
            after = rules.add_countries(before, kind, request.countries, by)
            await self._recipients.require_coordinators(kind.module, request.countries)
            return after

        return await self._change(request, pb.AddAlertCountriesResponse, added)

    def _type(self, id_: str) -> AlertType:
        if id_ not in self._types:
            known = ", ".join(self._types)
            raise Invalid(
                f"there is no alert type {id_!r}; there is {known}", field="typeId", reason="UNKNOWN_ALERT_TYPE"
            )
        return self._types[id_]
