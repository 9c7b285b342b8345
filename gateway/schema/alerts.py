"""Alerts as clients see them: fields and links, no rules."""

from datetime import datetime
from typing import Any, cast

import strawberry

from gateway.batches import ALERT_TYPES, ALERTS, AREAS, AUTHORITIES, COUNTRIES
from gateway.enums import AlertAction, AlertStatus, AlertView, InboxEntryKind, InformationStatus, Language
from gateway.readings import is_message, link, links, localized, moment, part, speak
from gateway.schema.common import (
    Command,
    Connection,
    FieldValueInput,
    FormField,
    FreeText,
    FreeTextInput,
    GatewayInfo,
    Node,
    command,
    connection,
    field_values,
    filled,
    free_text,
    page,
)
from gateway.schema.directory import Area, Authority, Country
from gateway.schema.values import FieldValue
from protos.alerts.v1 import alerts_pb2 as pb


@strawberry.type(description="A kind of alert: on which act it rests, and what its form asks.")
class AlertType:
    id: strawberry.ID
    code: str
    version: int
    act: str
    title: str = localized("title")
    area: Area | None = link(AREAS, "area_code")
    fields: list[FormField]


@strawberry.type(description="An addressed country: when it acknowledged, and whom it told.")
class AddressedCountry:
    country: Country | None = link(COUNTRIES, "country_code")
    acknowledged_at: datetime | None = moment("acknowledged_at")
    acknowledged_by: Authority | None = link(AUTHORITIES, "acknowledged_by_id")
    disseminated_to: list[Authority] = links(AUTHORITIES, "disseminated_to_ids", "Shown to the country's own readers.")


@strawberry.type(description="Something a recipient knows about the matter.")
class AlertInformation:
    id: strawberry.ID
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    status: InformationStatus
    text: FreeText | None = part("text")
    at: datetime | None = moment("at")


@strawberry.type(description="One change of an alert. Never altered, never removed.")
class AlertHistoryEntry:
    at: datetime | None = moment("at")
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    action: AlertAction
    from_: AlertStatus | None = strawberry.field(name="from", resolver=lambda root: getattr(root, "from") or None)
    to: AlertStatus


async def _values(root: Any, info: GatewayInfo) -> Any:
    kind: pb.AlertType = await info.context.load(ALERT_TYPES, root.type_id)
    return filled(root.values, kind.fields)


@strawberry.type(description="A warning to other countries. What the reader may not see is absent.")
class Alert(Node):
    is_type_of = is_message(pb.Alert)

    revision: int
    number: str = strawberry.field(description="What people call it.")
    status: AlertStatus
    view: AlertView
    type: AlertType | None = link(ALERT_TYPES, "type_id")
    author: Authority | None = link(AUTHORITIES, "author_id")
    coordinator: Authority | None = link(AUTHORITIES, "coordinator_id", "The one that broadcast it.")
    country: Country | None = link(COUNTRIES, "country_code", "Where it comes from.")
    values: list[FieldValue] = strawberry.field(resolver=_values)
    countries: list[AddressedCountry]
    information: list[AlertInformation]
    history: list[AlertHistoryEntry]
    return_reason: FreeText | None = part("return_reason")
    created_at: datetime | None = moment("created_at")
    changed_at: datetime | None = moment("changed_at")
    broadcast_at: datetime | None = moment("broadcast_at")


@strawberry.type(description="Something an authority is told about an alert.")
class InboxEntry:
    id: strawberry.ID = strawberry.field(description="An entry that comes twice has the same id.")
    kind: InboxEntryKind
    at: datetime | None = moment("at")
    alert: Alert | None = link(ALERTS, "alert_id")


@strawberry.type(description="An inbox entry; or without one, a sign that nothing has been missed.")
class AlertStreamItem:
    cursor: str = strawberry.field(description="Resume with this. Comes at least every 30 seconds.")
    at: datetime | None = moment("at")
    entry: InboxEntry | None = part("entry")


@strawberry.input(description="Each list narrows; an empty one does not.")
class AlertFilter:
    statuses: list[AlertStatus] = strawberry.field(default_factory=list)
    types: list[str] = strawberry.field(default_factory=list, description="Codes or ids of alert types.")


@strawberry.type
class AlertsQueries:
    @strawberry.field(description="The kinds of alerts there are.")
    async def alert_types(self, info: GatewayInfo, language: Language | None = None) -> list[AlertType]:
        speak(info, language)
        alerts = info.context.backends.alerts
        request = pb.ListAlertTypesRequest(languages=info.context.languages)
        response = await alerts.call(alerts.stub.ListAlertTypes, request)
        return cast("list[AlertType]", response.alert_types)

    @strawberry.field
    async def alert(self, info: GatewayInfo, id: strawberry.ID, language: Language | None = None) -> Alert | None:
        speak(info, language)
        return cast("Alert | None", await info.context.load(ALERTS, id))

    @strawberry.field(
        description="The alerts that the signed-in person's authority has a part in, the last changed first."
    )
    async def alerts(
        self,
        info: GatewayInfo,
        filter: AlertFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        language: Language | None = None,
    ) -> Connection[Alert]:
        speak(info, language)
        alerts = info.context.backends.alerts
        narrowed = filter or AlertFilter()
        request = pb.ListAlertsRequest(
            filter=pb.AlertFilter(statuses=[one.value for one in narrowed.statuses], types=narrowed.types),
            page=page(first, after),
        )
        response = await alerts.call(alerts.stub.ListAlerts, request)
        return cast("Connection[Alert]", connection(response.alerts, response.page_info, after))

    @strawberry.field(
        description="What the authority has been told, the oldest first. Its cursors resume `alertStream`."
    )
    async def inbox(
        self,
        info: GatewayInfo,
        after: str | None = None,
        first: int | None = None,
        language: Language | None = None,
    ) -> Connection[InboxEntry]:
        speak(info, language)
        alerts = info.context.backends.alerts
        request = pb.ReadInboxRequest(page=page(first, after))
        response = await alerts.call(alerts.stub.ReadInbox, request)
        return cast("Connection[InboxEntry]", connection(response.entries, response.page_info, after))


@strawberry.input
class CreateAlertInput(Command):
    type_id: strawberry.ID
    values: list[FieldValueInput] = strawberry.field(default_factory=list)


@strawberry.input
class EditAlertInput(Command):
    id: strawberry.ID
    values: list[FieldValueInput] = strawberry.field(description="Replace the values as a whole.")


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
    countries: list[str] = strawberry.field(description="Codes of the countries to warn.")


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


@strawberry.type
class CreateAlertPayload:
    alert: Alert


@strawberry.type
class EditAlertPayload:
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
class AlertsMutations:
    @strawberry.mutation
    async def create_alert(self, info: GatewayInfo, input: CreateAlertInput) -> CreateAlertPayload:
        alerts = info.context.backends.alerts
        values = field_values(input.values)
        message = pb.CreateAlertRequest(command=command(input), type_id=input.type_id, values=values)
        return cast("CreateAlertPayload", await alerts.call(alerts.stub.CreateAlert, message))

    @strawberry.mutation
    async def edit_alert(self, info: GatewayInfo, input: EditAlertInput) -> EditAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.EditAlertRequest(command=command(input), id=input.id, values=field_values(input.values))
        return cast("EditAlertPayload", await alerts.call(alerts.stub.EditAlert, message))

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
        description="The own coordinator approves it and sends it to the coordinators of other countries."
    )
    async def broadcast_alert(self, info: GatewayInfo, input: BroadcastAlertInput) -> BroadcastAlertPayload:
        alerts = info.context.backends.alerts
        message = pb.BroadcastAlertRequest(command=command(input), id=input.id, countries=input.countries)
        return cast("BroadcastAlertPayload", await alerts.call(alerts.stub.BroadcastAlert, message))

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

    @strawberry.mutation
    async def approve_alert_information(
        self, info: GatewayInfo, input: ApproveAlertInformationInput
    ) -> ApproveAlertInformationPayload:
        alerts = info.context.backends.alerts
        message = pb.ApproveAlertInformationRequest(
            command=command(input), id=input.id, information_id=input.information_id
        )
        response = await alerts.call(alerts.stub.ApproveAlertInformation, message)
        return cast("ApproveAlertInformationPayload", response)
