"""What clients can do to alerts until they are on their way: inputs and mutations, no rules."""

from typing import cast

import strawberry

from gateway.schema.alerts import Alert
from gateway.schema.common import Command, FieldValueInput, FreeTextInput, GatewayInfo, command, field_values, free_text
from protos.alerts.v1 import alerts_pb2 as pb


@strawberry.input
class CreateAlertInput(Command):
    type_id: strawberry.ID
    values: list[FieldValueInput] = strawberry.field(default_factory=list)


@strawberry.input
class EditAlertInput(Command):
    id: strawberry.ID
    values: list[FieldValueInput] = strawberry.field(description="Replace the values as a whole.")


@strawberry.input
class DeleteAlertDraftInput(Command):
    id: strawberry.ID


@strawberry.input
class SubmitAlertInput(Command):
    id: strawberry.ID


@strawberry.input
class ReturnAlertInput(Command):
    id: strawberry.ID
    reason: FreeTextInput


@strawberry.input
class BroadcastAlertInput(Command):
    id: strawberry.ID
    countries: list[str] = strawberry.field(
        default_factory=list,
        description="Codes of the countries to warn; none where the type says that every other one is.",
    )


@strawberry.input
class AddAlertCountriesInput(Command):
    id: strawberry.ID
    countries: list[str] = strawberry.field(description="Codes of more countries to warn.")


@strawberry.type
class CreateAlertPayload:
    alert: Alert


@strawberry.type
class EditAlertPayload:
    alert: Alert


@strawberry.type
class DeleteAlertDraftPayload:
    alert: Alert


@strawberry.type
class SubmitAlertPayload:
    alert: Alert


@strawberry.type
class ReturnAlertPayload:
    alert: Alert


@strawberry.type
class BroadcastAlertPayload:
    alert: Alert


@strawberry.type
class AddAlertCountriesPayload:
    alert: Alert


@strawberry.type
class AlertDraftMutations:
    @strawberry.mutation(description="A draft, which may be incomplete; nobody but its own authority sees it.")
    async def create_alert(self, info: GatewayInfo, input: CreateAlertInput) -> CreateAlertPayload:
        alerts = info.context.backends.alerts
        values = field_values(input.values)
        message = pb.CreateAlertRequest(command=command(input), type_id=input.type_id, values=values)
        return cast("CreateAlertPayload", await alerts.call(alerts.stub.CreateAlert, message))

    @strawberry.mutation(description="Replaces what a draft says.")
    async def edit_alert(self, info: GatewayInfo, input: EditAlertInput) -> EditAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.EditAlertRequest(command=command(input), id=input.id, values=field_values(input.values))
        return cast("EditAlertPayload", await alerts.call(alerts.stub.EditAlert, message))

    @strawberry.mutation(description="Leaves only that there was one, which nobody is shown.")
    async def delete_alert_draft(self, info: GatewayInfo, input: DeleteAlertDraftInput) -> DeleteAlertDraftPayload:
        alerts = info.context.backends.alerts
        message = pb.DeleteAlertDraftRequest(command=command(input), id=input.id)
        return cast("DeleteAlertDraftPayload", await alerts.call(alerts.stub.DeleteAlertDraft, message))

    @strawberry.mutation(description="Puts it before the own country's alert coordinator.")
    async def submit_alert(self, info: GatewayInfo, input: SubmitAlertInput) -> SubmitAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.SubmitAlertRequest(command=command(input), id=input.id)
        return cast("SubmitAlertPayload", await alerts.call(alerts.stub.SubmitAlert, message))

    @strawberry.mutation(description="The own coordinator sends it back to its author.")
    async def return_alert(self, info: GatewayInfo, input: ReturnAlertInput) -> ReturnAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.ReturnAlertRequest(command=command(input), id=input.id, reason=free_text(input.reason))
        return cast("ReturnAlertPayload", await alerts.call(alerts.stub.ReturnAlert, message))

    @strawberry.mutation(
        description="The own coordinator approves it and sends it to other countries; its author does, where nobody approves."
    )
    async def broadcast_alert(self, info: GatewayInfo, input: BroadcastAlertInput) -> BroadcastAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.BroadcastAlertRequest(command=command(input), id=input.id, countries=input.countries)
        return cast("BroadcastAlertPayload", await alerts.call(alerts.stub.BroadcastAlert, message))

    @strawberry.mutation(description="Later recipients: more countries that are warned from now on.")
    async def add_alert_countries(self, info: GatewayInfo, input: AddAlertCountriesInput) -> AddAlertCountriesPayload:
        alerts = info.context.backends.alerts
        message = pb.AddAlertCountriesRequest(command=command(input), id=input.id, countries=input.countries)
        return cast("AddAlertCountriesPayload", await alerts.call(alerts.stub.AddAlertCountries, message))
