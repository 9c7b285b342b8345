"""What becomes of alerts that are out: inputs and mutations, no rules."""

from typing import cast

import strawberry

from gateway.enums import ProofGround
from gateway.schema.alerts import Alert
from gateway.schema.common import Command, FieldValueInput, FreeTextInput, GatewayInfo, command, field_values, free_text
from protos.alerts.v1 import alerts_pb2 as pb


@strawberry.input
class CorrectAlertInput(Command):
    id: strawberry.ID
    values: list[FieldValueInput] = strawberry.field(description="Replace the values as a whole.")
    reason: FreeTextInput | None = strawberry.field(default=None, description="Why, in words.")


@strawberry.input
class AmendAlertInput(Command):
    id: strawberry.ID
    values: list[FieldValueInput] = strawberry.field(description="Replace the values as a whole.")


@strawberry.input
class ModifyAlertInput(Command):
    id: strawberry.ID
    values: list[FieldValueInput] = strawberry.field(description="Replace the values as a whole.")
    reason: FreeTextInput | None = strawberry.field(default=None, description="Why, in words.")


@strawberry.input
class WithdrawAlertInput(Command):
    id: strawberry.ID
    reason: FreeTextInput


@strawberry.input
class ProposeAlertClosureInput(Command):
    id: strawberry.ID


@strawberry.input
class ObjectToAlertClosureInput(Command):
    id: strawberry.ID
    reason: FreeTextInput


@strawberry.input
class WithdrawAlertObjectionInput(Command):
    id: strawberry.ID


@strawberry.input
class CloseAlertInput(Command):
    id: strawberry.ID
    reason: FreeTextInput


@strawberry.input
class RevokeAlertInput(Command):
    id: strawberry.ID


@strawberry.input
class ExpireAlertInput(Command):
    id: strawberry.ID


@strawberry.input
class ProveAlertInput(Command):
    id: strawberry.ID
    ground: ProofGround
    reason: FreeTextInput = strawberry.field(description="What has to be proved.")


@strawberry.input
class NoteAlertAppealInput(Command):
    id: strawberry.ID
    pending: bool = strawberry.field(description="Whether an appeal is pending now.")


@strawberry.type
class CorrectAlertPayload:
    alert: Alert


@strawberry.type
class AmendAlertPayload:
    alert: Alert


@strawberry.type
class ModifyAlertPayload:
    alert: Alert


@strawberry.type
class WithdrawAlertPayload:
    alert: Alert


@strawberry.type
class ProposeAlertClosurePayload:
    alert: Alert


@strawberry.type
class ObjectToAlertClosurePayload:
    alert: Alert


@strawberry.type
class WithdrawAlertObjectionPayload:
    alert: Alert


@strawberry.type
class CloseAlertPayload:
    alert: Alert


@strawberry.type
class RevokeAlertPayload:
    alert: Alert


@strawberry.type
class ExpireAlertPayload:
    alert: Alert


@strawberry.type
class ProveAlertPayload:
    alert: Alert = strawberry.field(description="With what it says.")


@strawberry.type
class NoteAlertAppealPayload:
    alert: Alert


@strawberry.type
class AlertEndMutations:
    @strawberry.mutation(description="The sender replaces what a services alert says; the old version is kept.")
    async def correct_alert(self, info: GatewayInfo, input: CorrectAlertInput) -> CorrectAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.CorrectAlertRequest(
            command=command(input), id=input.id, values=field_values(input.values), reason=free_text(input.reason)
        )
        return cast("CorrectAlertPayload", await alerts.call(alerts.stub.CorrectAlert, message))

    @strawberry.mutation(description="The sender replaces what a professional alert says.")
    async def amend_alert(self, info: GatewayInfo, input: AmendAlertInput) -> AmendAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.AmendAlertRequest(command=command(input), id=input.id, values=field_values(input.values))
        return cast("AmendAlertPayload", await alerts.call(alerts.stub.AmendAlert, message))

    @strawberry.mutation(
        description="The sender changes what is notified, also after it was closed; it is commented anew."
    )
    async def modify_alert(self, info: GatewayInfo, input: ModifyAlertInput) -> ModifyAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.ModifyAlertRequest(
            command=command(input), id=input.id, values=field_values(input.values), reason=free_text(input.reason)
        )
        return cast("ModifyAlertPayload", await alerts.call(alerts.stub.ModifyAlert, message))

    @strawberry.mutation(description="It should not have been sent. That a risk is over is said by closing.")
    async def withdraw_alert(self, info: GatewayInfo, input: WithdrawAlertInput) -> WithdrawAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.WithdrawAlertRequest(command=command(input), id=input.id, reason=free_text(input.reason))
        return cast("WithdrawAlertPayload", await alerts.call(alerts.stub.WithdrawAlert, message))

    @strawberry.mutation(
        description="The risk is over, says the country where the provider is established; others may object."
    )
    async def propose_alert_closure(
        self, info: GatewayInfo, input: ProposeAlertClosureInput
    ) -> ProposeAlertClosurePayload:
        alerts = info.context.backends.alerts
        message = pb.ProposeAlertClosureRequest(command=command(input), id=input.id)
        return cast("ProposeAlertClosurePayload", await alerts.call(alerts.stub.ProposeAlertClosure, message))

    @strawberry.mutation(description="Another country does not want it closed.")
    async def object_to_alert_closure(
        self, info: GatewayInfo, input: ObjectToAlertClosureInput
    ) -> ObjectToAlertClosurePayload:
        alerts = info.context.backends.alerts
        message = pb.ObjectToAlertClosureRequest(command=command(input), id=input.id, reason=free_text(input.reason))
        return cast("ObjectToAlertClosurePayload", await alerts.call(alerts.stub.ObjectToAlertClosure, message))

    @strawberry.mutation(description="The own country no longer objects.")
    async def withdraw_alert_objection(
        self, info: GatewayInfo, input: WithdrawAlertObjectionInput
    ) -> WithdrawAlertObjectionPayload:
        alerts = info.context.backends.alerts
        message = pb.WithdrawAlertObjectionRequest(command=command(input), id=input.id)
        return cast("WithdrawAlertObjectionPayload", await alerts.call(alerts.stub.WithdrawAlertObjection, message))

    @strawberry.mutation(description="Closed by hand, where nobody has a time to object in.")
    async def close_alert(self, info: GatewayInfo, input: CloseAlertInput) -> CloseAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.CloseAlertRequest(command=command(input), id=input.id, reason=free_text(input.reason))
        return cast("CloseAlertPayload", await alerts.call(alerts.stub.CloseAlert, message))

    @strawberry.mutation(description="The decision that a professional alert tells of is no longer in force.")
    async def revoke_alert(self, info: GatewayInfo, input: RevokeAlertInput) -> RevokeAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.RevokeAlertRequest(command=command(input), id=input.id)
        return cast("RevokeAlertPayload", await alerts.call(alerts.stub.RevokeAlert, message))

    @strawberry.mutation(description="The decision has run out, where the alert does not say when it does.")
    async def expire_alert(self, info: GatewayInfo, input: ExpireAlertInput) -> ExpireAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.ExpireAlertRequest(command=command(input), id=input.id)
        return cast("ExpireAlertPayload", await alerts.call(alerts.stub.ExpireAlert, message))

    @strawberry.mutation(
        description="Reads what a blocked alert says, for a coordinator who has to prove that it was exchanged. Each reading is "
        "written down."
    )
    async def prove_alert(self, info: GatewayInfo, input: ProveAlertInput) -> ProveAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.ProveAlertRequest(
            command=command(input), id=input.id, ground=input.ground.value, reason=free_text(input.reason)
        )
        return cast("ProveAlertPayload", await alerts.call(alerts.stub.ProveAlert, message))

    @strawberry.mutation(description="Whether an appeal against the decision is pending.")
    async def note_alert_appeal(self, info: GatewayInfo, input: NoteAlertAppealInput) -> NoteAlertAppealPayload:
        alerts = info.context.backends.alerts
        message = pb.NoteAlertAppealRequest(command=command(input), id=input.id, pending=input.pending)
        return cast("NoteAlertAppealPayload", await alerts.call(alerts.stub.NoteAlertAppeal, message))
