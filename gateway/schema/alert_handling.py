"""What those who are warned can do with an alert: inputs and mutations, no rules."""

from typing import cast

import strawberry

from gateway.schema.alerts import Alert
from gateway.schema.common import Command, FreeTextInput, GatewayInfo, command, free_text
from protos.alerts.v1 import alerts_pb2 as pb


@strawberry.input
class AcknowledgeAlertInput(Command):
    id: strawberry.ID


@strawberry.input
class DisseminateAlertInput(Command):
    id: strawberry.ID
    authority_ids: list[strawberry.ID]


@strawberry.input
class AddAlertInformationInput(Command):
    id: strawberry.ID
    text: FreeTextInput


@strawberry.input
class ApproveAlertInformationInput(Command):
    id: strawberry.ID
    information_id: strawberry.ID


@strawberry.input
class RejectAlertInformationInput(Command):
    id: strawberry.ID
    information_id: strawberry.ID
    reason: FreeTextInput


@strawberry.input
class CommentAlertInput(Command):
    id: strawberry.ID
    text: FreeTextInput


@strawberry.type
class AcknowledgeAlertPayload:
    alert: Alert


@strawberry.type
class DisseminateAlertPayload:
    alert: Alert


@strawberry.type
class AddAlertInformationPayload:
    alert: Alert


@strawberry.type
class ApproveAlertInformationPayload:
    alert: Alert


@strawberry.type
class RejectAlertInformationPayload:
    alert: Alert


@strawberry.type
class CommentAlertPayload:
    alert: Alert


@strawberry.type
class AlertHandlingMutations:
    @strawberry.mutation(description="An addressed country says that it has the alert.")
    async def acknowledge_alert(self, info: GatewayInfo, input: AcknowledgeAlertInput) -> AcknowledgeAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.AcknowledgeAlertRequest(command=command(input), id=input.id)
        return cast("AcknowledgeAlertPayload", await alerts.call(alerts.stub.AcknowledgeAlert, message))

    @strawberry.mutation(description="An addressed country passes it on to its own authorities.")
    async def disseminate_alert(self, info: GatewayInfo, input: DisseminateAlertInput) -> DisseminateAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.DisseminateAlertRequest(command=command(input), id=input.id, authority_ids=input.authority_ids)
        return cast("DisseminateAlertPayload", await alerts.call(alerts.stub.DisseminateAlert, message))

    @strawberry.mutation(description="A recipient adds what it knows; its coordinator approves before others see it.")
    async def add_alert_information(
        self, info: GatewayInfo, input: AddAlertInformationInput
    ) -> AddAlertInformationPayload:
        alerts = info.context.backends.alerts
        message = pb.AddAlertInformationRequest(command=command(input), id=input.id, text=free_text(input.text))
        return cast("AddAlertInformationPayload", await alerts.call(alerts.stub.AddAlertInformation, message))

    @strawberry.mutation(description="Its coordinator shares it with everybody who has the alert.")
    async def approve_alert_information(
        self, info: GatewayInfo, input: ApproveAlertInformationInput
    ) -> ApproveAlertInformationPayload:
        alerts = info.context.backends.alerts
        message = pb.ApproveAlertInformationRequest(
            command=command(input), id=input.id, information_id=input.information_id
        )
        response = await alerts.call(alerts.stub.ApproveAlertInformation, message)
        return cast("ApproveAlertInformationPayload", response)

    @strawberry.mutation(description="Its coordinator does not share it, and tells who proposed it why.")
    async def reject_alert_information(
        self, info: GatewayInfo, input: RejectAlertInformationInput
    ) -> RejectAlertInformationPayload:
        alerts = info.context.backends.alerts
        message = pb.RejectAlertInformationRequest(
            command=command(input), id=input.id, information_id=input.information_id, reason=free_text(input.reason)
        )
        response = await alerts.call(alerts.stub.RejectAlertInformation, message)
        return cast("RejectAlertInformationPayload", response)

    @strawberry.mutation(
        description="A country says what it thinks of a notification; everybody who has it reads that."
    )
    async def comment_alert(self, info: GatewayInfo, input: CommentAlertInput) -> CommentAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.CommentAlertRequest(command=command(input), id=input.id, text=free_text(input.text))
        return cast("CommentAlertPayload", await alerts.call(alerts.stub.CommentAlert, message))
