"""An alert at those who are warned: acknowledged, passed on, added to, commented."""

from chassis.aggregates import CommandKey
from chassis.caller import current_person
from chassis.server import Call
from chassis.wire import free_text_from
from protos.alerts.v1 import alerts_pb2 as pb
from services.alerts.domain import receiving as rules
from services.alerts.domain.alerts import Alert, Party
from services.alerts.domain.types import AlertType
from services.alerts.rpc.commands import Commands, simply
from vocabulary import ids


class Receiving(Commands):
    async def AcknowledgeAlert(self, request: pb.AcknowledgeAlertRequest, context: Call) -> pb.AcknowledgeAlertResponse:
        acknowledged = simply(rules.acknowledge)
        return await self._change(request, pb.AcknowledgeAlertResponse, acknowledged)

    async def DisseminateAlert(self, request: pb.DisseminateAlertRequest, context: Call) -> pb.DisseminateAlertResponse:
        async def passed_on(before: Alert, kind: AlertType, by: Party) -> Alert:
            after = rules.disseminate(before, kind, request.authority_ids, by)
            await self._recipients.require_authorities(kind.module, by.country, request.authority_ids)
            return after

        return await self._change(request, pb.DisseminateAlertResponse, passed_on)

    async def AddAlertInformation(
        self, request: pb.AddAlertInformationRequest, context: Call
    ) -> pb.AddAlertInformationResponse:
        id_ = CommandKey.of(request, current_person()).new_id(ids.INFORMATION)
        added = simply(
            lambda before, kind, by: rules.add_information(
                before, kind, id_, free_text_from(request.text, at="text"), by
            )
        )
        return await self._change(request, pb.AddAlertInformationResponse, added)

    async def ApproveAlertInformation(
        self, request: pb.ApproveAlertInformationRequest, context: Call
    ) -> pb.ApproveAlertInformationResponse:
        approved = simply(lambda before, kind, by: rules.approve_information(before, kind, request.information_id, by))
        return await self._change(request, pb.ApproveAlertInformationResponse, approved)

    async def RejectAlertInformation(
        self, request: pb.RejectAlertInformationRequest, context: Call
    ) -> pb.RejectAlertInformationResponse:
        rejected = simply(
            lambda before, kind, by: rules.reject_information(
                before, kind, request.information_id, free_text_from(request.reason, at="reason"), by
            )
        )
        return await self._change(request, pb.RejectAlertInformationResponse, rejected)

    async def CommentAlert(self, request: pb.CommentAlertRequest, context: Call) -> pb.CommentAlertResponse:
        id_ = CommandKey.of(request, current_person()).new_id(ids.COMMENT)
        said = simply(
            lambda before, kind, by: rules.comment(before, kind, id_, free_text_from(request.text, at="text"), by)
        )
        return await self._change(request, pb.CommentAlertResponse, said)
