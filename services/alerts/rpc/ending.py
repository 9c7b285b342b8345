"""What becomes of an alert that is out: replaced by another version, withdrawn, closed, revoked, expired."""

from chassis.server import Call
from chassis.wire import free_text_from
from protos.alerts.v1 import alerts_pb2 as pb
from services.alerts.domain import contents
from services.alerts.domain import ending as rules
from services.alerts.domain.alerts import Alert, Party
from services.alerts.domain.lifecycle import Action
from services.alerts.domain.types import AlertType
from services.alerts.rpc.commands import Commands, Decide, simply

_Replacing = pb.CorrectAlertRequest | pb.AmendAlertRequest | pb.ModifyAlertRequest


class Ending(Commands):
    async def CorrectAlert(self, request: pb.CorrectAlertRequest, context: Call) -> pb.CorrectAlertResponse:
        return await self._change(request, pb.CorrectAlertResponse, self._replaced(request, Action.CORRECT))

    async def AmendAlert(self, request: pb.AmendAlertRequest, context: Call) -> pb.AmendAlertResponse:
        return await self._change(request, pb.AmendAlertResponse, self._replaced(request, Action.AMEND))

    async def ModifyAlert(self, request: pb.ModifyAlertRequest, context: Call) -> pb.ModifyAlertResponse:
        return await self._change(request, pb.ModifyAlertResponse, self._replaced(request, Action.MODIFY))

    async def WithdrawAlert(self, request: pb.WithdrawAlertRequest, context: Call) -> pb.WithdrawAlertResponse:
        withdrawn = simply(
            lambda before, kind, by: rules.withdraw(before, kind, free_text_from(request.reason, at="reason"), by)
        )
        return await self._change(request, pb.WithdrawAlertResponse, withdrawn)

    async def ProposeAlertClosure(
        self, request: pb.ProposeAlertClosureRequest, context: Call
    ) -> pb.ProposeAlertClosureResponse:
        return await self._change(request, pb.ProposeAlertClosureResponse, simply(rules.propose_closure))

    async def ObjectToAlertClosure(
        self, request: pb.ObjectToAlertClosureRequest, context: Call
    ) -> pb.ObjectToAlertClosureResponse:
        objected = simply(
            lambda before, kind, by: rules.object_to_closure(
                before, kind, free_text_from(request.reason, at="reason"), by
            )
        )
        return await self._change(request, pb.ObjectToAlertClosureResponse, objected)

    async def WithdrawAlertObjection(
        self, request: pb.WithdrawAlertObjectionRequest, context: Call
    ) -> pb.WithdrawAlertObjectionResponse:
        return await self._change(request, pb.WithdrawAlertObjectionResponse, simply(rules.withdraw_objection))

    async def CloseAlert(self, request: pb.CloseAlertRequest, context: Call) -> pb.CloseAlertResponse:
        closed = simply(
            lambda before, kind, by: rules.close(before, kind, free_text_from(request.reason, at="reason"), by)
        )
        return await self._change(request, pb.CloseAlertResponse, closed)

    async def RevokeAlert(self, request: pb.RevokeAlertRequest, context: Call) -> pb.RevokeAlertResponse:
        return await self._change(request, pb.RevokeAlertResponse, simply(rules.revoke))

    async def ExpireAlert(self, request: pb.ExpireAlertRequest, context: Call) -> pb.ExpireAlertResponse:
        return await self._change(request, pb.ExpireAlertResponse, simply(rules.expire))

    async def NoteAlertAppeal(self, request: pb.NoteAlertAppealRequest, context: Call) -> pb.NoteAlertAppealResponse:
        noted = simply(lambda before, kind, by: rules.note_appeal(before, kind, request.pending, by))
        return await self._change(request, pb.NoteAlertAppealResponse, noted)

    def _replaced(self, request: _Replacing, action: Action) -> Decide:
        async def replaced(before: Alert, kind: AlertType, by: Party) -> Alert:
            # What the form asks first: whoever may not replace it, or not now, learns nothing of their values.
            contents.require_replaceable(before, kind, action, by)
            values = await self._checked(kind, request.values)
            reason = None
            if not isinstance(request, pb.AmendAlertRequest) and request.HasField("reason"):
                reason = free_text_from(request.reason, at="reason")
            return contents.replaced(before, kind, action, values, reason, by)

        return replaced
