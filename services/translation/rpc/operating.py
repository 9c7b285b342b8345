"""Erasing what came of texts, and how the engines are."""

import asyncio

from chassis.aggregates import CommandKey, Kept
from chassis.caller import current_caller, current_person
from chassis.server import Call
from protos.translation.v1 import events_pb2
from protos.translation.v1 import translation_pb2 as pb
from services.translation import wire
from services.translation.desk import Desk
from services.translation.domain import reports as reporting
from services.translation.domain.reports import Report
from services.translation.rpc.commands import IDS_LIMIT, Part, check_count
from vocabulary import ids
from vocabulary.refusals import Forbidden, Invalid

READ_AT_ONCE = 100


class Operating(Part):
    """The RPCs for services and for the Commission."""

    async def ForgetTexts(self, request: pb.ForgetTextsRequest, context: Call) -> pb.ForgetTextsResponse:
        caller = current_caller()
        if not caller.service:
            raise Forbidden("only the services that texts belong to have them forgotten")
        check_count(request.source_ids, "sourceIds", IDS_LIMIT)
        for index, source_id in enumerate(request.source_ids):
            if not source_id:
                raise Invalid("there is no id", field=f"sourceIds[{index}]", reason="EMPTY")
        # A second time there is nothing left to forget; the key is the command's all the same.
        command = CommandKey.of(request, caller)
        forgotten = 0
        for source_id in dict.fromkeys(request.source_ids):
            forgotten += await self.parts.jobs.forget(source_id)
            forgotten += await self._forget_reports(source_id, command)
        return pb.ForgetTextsResponse(forgotten=forgotten)

    async def ListProviders(self, request: pb.ListProvidersRequest, context: Call) -> pb.ListProvidersResponse:
        if not current_person().is_commission():
            raise Forbidden("only the Commission sees how the engines are")
        return pb.ListProvidersResponse(providers=await asyncio.gather(*map(self._state, self.parts.desks)))

    async def _state(self, desk: Desk) -> pb.ProviderState:
        described = desk.described()
        return pb.ProviderState(
            name=desk.name,
            kind=desk.provider.settings.kind,
            data_class_max=wire.data_class(described.data_class_max),
            breaker=wire.BREAKER.to_wire(desk.breaker.state(self.parts.now())),
            characters_this_month=await self.parts.budgets.spent(desk.name),
            characters_per_month=desk.provider.settings.characters_per_month,
            pairs=len(described.capabilities or {}),
            pending=desk.waiting,
            healthy=await desk.is_healthy(),
        )

    async def _forget_reports(self, source_id: str, command: CommandKey) -> int:
        count = 0
        while found := await self.parts.reports.find({"source_id": source_id}, limit=READ_AT_ONCE):
            for kept in found:
                await self._empty(kept.id, command)
                count += 1
        return count

    async def _empty(self, id_: str, command: CommandKey) -> None:
        async def emptied(before: Kept[Report]) -> tuple[Report, list[events_pb2.TranslationReported]]:
            return reporting.emptied(before.state, self.parts.now()), []

        key = CommandKey(ids.derived("forget", command.key, id_), command.fingerprint, None)
        await self.parts.reports.change(
            id_,
            key,
            emptied,
            lambda kept: pb.ResolveReportResponse(report_id=kept.id),
            pb.ResolveReportResponse,
            forget=True,
        )
