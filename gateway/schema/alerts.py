"""Alerts as clients see them: fields and links, no rules."""

from datetime import date, datetime
from typing import Any, cast

import strawberry

from gateway.batches import (
    ALERT_ACTIONS,
    ALERT_TYPES,
    ALERTS,
    AREAS,
    AUTHORITIES,
    COUNTRIES,
    RECEIPT_HEADS,
    RELATED_ALERTS,
)
from gateway.enums import AlertSeverity, AlertStatus, AlertView, InboxEntryKind, Language
from gateway.readings import day, is_message, link, moment, part, speak
from gateway.schema.alert_filters import InboxFilterInput, inbox_filter
from gateway.schema.alert_parts import (
    AddressedCountry,
    AlertClosure,
    AlertComment,
    AlertHistoryEntry,
    AlertInformation,
    AlertProof,
    AlertType,
    AlertVersion,
    PossibleAlertAction,
    form_values,
)
from gateway.schema.alert_receipts import AlertReceipt
from gateway.schema.common import Connection, FreeText, GatewayInfo, Node, connection, page
from gateway.schema.directory import Area, Authority, Country
from gateway.schema.translation_whole import PlacedText, translations
from gateway.schema.values import FieldValue
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1 import related_pb2


async def _actions(root: Any, info: GatewayInfo) -> Any:
    found: pb.AlertActions | None = await info.context.load(ALERT_ACTIONS, root.id)
    return found.actions if found else []


async def _related(root: Any, info: GatewayInfo) -> "list[Alert]":
    found: related_pb2.RelatedAlerts | None = await info.context.load(RELATED_ALERTS, root.id)
    loading = [info.context.load(ALERTS, id_) for id_ in found.alert_ids] if found else []
    return [alert for one in loading if (alert := await one) is not None]


def _severity(root: Any) -> Any:
    return root.severity or None


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
    area: Area | None = link(AREAS, "area_code")
    severity: AlertSeverity | None = strawberry.field(resolver=_severity, description="Null where it does not say.")
    version: int = strawberry.field(description="Of `values`: 1 until they are replaced.")
    versions: list[AlertVersion] = strawberry.field(description="What it said before, the oldest first.")
    values: list[FieldValue] = strawberry.field(resolver=form_values)
    countries: list[AddressedCountry]
    information: list[AlertInformation]
    history: list[AlertHistoryEntry]
    return_reason: FreeText | None = part("return_reason")
    translations: list[PlacedText] = translations()
    created_at: datetime | None = moment("created_at")
    changed_at: datetime | None = moment("changed_at")
    broadcast_at: datetime | None = moment("broadcast_at")
    late: bool = strawberry.field(
        description="Sent later after the decision than the law allows; of what is not sent yet, that it would be."
    )
    appeal_pending: bool = strawberry.field(description="Whether an appeal against the decision is pending.")
    expires_at: datetime | None = moment("expires_at", "When it ends by itself.")
    closure: AlertClosure | None = part("closure")
    earlier_closures: list[AlertClosure] = strawberry.field(
        description="The proposals to close it before that, each of which an objection blocked; the oldest first."
    )
    comments: list[AlertComment]
    comments_until: datetime | None = moment("comments_until", "When the time for comments ends.")
    standstill_until: date | None = day(
        "standstill_until", "The last day on which the measure that is notified may not be taken yet."
    )
    end_reason: FreeText | None = part("end_reason", "Why it was withdrawn, or closed by hand.")
    proofs: list[AlertProof] = strawberry.field(
        description="Who has read it since it is blocked; shown to their own country's coordinators."
    )
    actions: list[PossibleAlertAction] = strawberry.field(
        resolver=_actions, description="What the reader may do now; and of all else, why not."
    )
    related: "list[Alert]" = strawberry.field(
        resolver=_related,
        description="For whoever writes or approves it: others about the same person or provider, as far as they see those too.",
    )
    receipt: AlertReceipt | None = link(
        RECEIPT_HEADS, "id", "What was done with it and whom it reached, to be verified."
    )


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
    areas: list[str] = strawberry.field(default_factory=list, description="Codes of areas of legislation.")
    severities: list[AlertSeverity] = strawberry.field(default_factory=list)
    countries: list[str] = strawberry.field(
        default_factory=list, description="Codes of the countries that alerts come from."
    )


@strawberry.type
class AlertsQueries:
    @strawberry.field(description="The kinds of alerts there are.")
    async def alert_types(self, info: GatewayInfo, language: Language | None = None) -> list[AlertType]:
        speak(info, language)
        alerts = info.context.backends.alerts
        request = pb.ListAlertTypesRequest(languages=info.context.languages)
        response = await alerts.call(alerts.stub.ListAlertTypes, request)
        return cast("list[AlertType]", response.alert_types)

    @strawberry.field(description="Null for an alert that the reader may not know of.")
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
            filter=pb.AlertFilter(
                statuses=[one.value for one in narrowed.statuses],
                types=narrowed.types,
                areas=narrowed.areas,
                severities=[one.value for one in narrowed.severities],
                countries=narrowed.countries,
            ),
            page=page(first, after),
        )
        response = await alerts.call(alerts.stub.ListAlerts, request)
        return cast("Connection[Alert]", connection(response.alerts, response.page_info, after))

    @strawberry.field(
        description="What the authority has been told, the oldest first. Its cursors resume `alertStream`. With a filter, a page may "
        "be short though there is a next one: `endCursor` is where reading ended."
    )
    async def inbox(
        self,
        info: GatewayInfo,
        after: str | None = None,
        first: int | None = None,
        filter: InboxFilterInput | None = None,
        saved_filter: strawberry.ID | None = None,
        language: Language | None = None,
    ) -> Connection[InboxEntry]:
        speak(info, language)
        alerts = info.context.backends.alerts
        request = pb.ReadInboxRequest(
            page=page(first, after), filter=inbox_filter(filter), saved_filter_id=saved_filter or ""
        )
        response = await alerts.call(alerts.stub.ReadInbox, request)
        found = connection(response.entries, response.page_info, after)
        # Past what did not match: whoever goes on from here looks at nothing twice.
        found.page_info.end_cursor = response.end_cursor or None
        return cast("Connection[InboxEntry]", found)
