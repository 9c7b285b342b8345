"""What belongs to an alert: its type, its countries, what is added to it, its versions and steps. Fields and links, no rules."""

from datetime import datetime
from typing import Any

import strawberry

from gateway.batches import ALERT_TYPES, AREAS, AUTHORITIES, COUNTRIES
from gateway.enums import AlertAction, AlertStatus, InformationStatus, ProofGround
from gateway.readings import given, link, links, localized, moment, part
from gateway.schema.common import FormField, FreeText, GatewayInfo, filled
from gateway.schema.directory import Area, Authority, Country
from gateway.schema.values import FieldValue
from protos.alerts.v1 import alerts_pb2 as pb


async def form_values(root: Any, info: GatewayInfo) -> Any:
    kind: pb.AlertType = await info.context.load(ALERT_TYPES, root.type_id)
    return filled(root.values, kind.fields)


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
    addressed_at: datetime | None = moment("addressed_at")
    escalated_at: datetime | None = moment(
        "escalated_at", "When its national coordinator was told that it has not acknowledged in time."
    )


@strawberry.type(description="Something a recipient knows about the matter.")
class AlertInformation:
    id: strawberry.ID
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    status: InformationStatus
    text: FreeText | None = part("text")
    at: datetime | None = moment("at")
    rejection_reason: FreeText | None = part("rejection_reason", "Why its coordinator does not share it.")


@strawberry.type(description="That what a blocked alert says was read, to prove that it was exchanged.")
class AlertProof:
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    country: Country | None = link(COUNTRIES, "country_code")
    ground: ProofGround
    reason: FreeText | None = part("reason", "What had to be proved.")
    at: datetime | None = moment("at")


@strawberry.type(description="One change of an alert. Never altered, never removed.")
class AlertHistoryEntry:
    at: datetime | None = moment("at")
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    action: AlertAction
    from_: AlertStatus | None = strawberry.field(name="from", resolver=lambda root: getattr(root, "from") or None)
    to: AlertStatus


@strawberry.type(description="Something that can be done to an alert, and whether the reader may do it now.")
class PossibleAlertAction:
    action: AlertAction
    possible: bool
    code: str | None = given("code", "Why not: the code that the refusal would have; null if it is possible.")
    reason: str | None = given("reason", "Why not: the reason that the refusal would have.")
    message: str | None = given("message", "Why not, in words.")


@strawberry.type(description="What an alert said before it was corrected, amended or modified.")
class AlertVersion:
    number: int
    values: list[FieldValue] = strawberry.field(resolver=form_values)
    replaced_at: datetime | None = moment("replaced_at")
    replaced_by: Authority | None = link(AUTHORITIES, "replaced_by_id")
    action: AlertAction = strawberry.field(description="What replaced it.")
    reason: FreeText | None = part("reason", "Why it was replaced.")


@strawberry.type(description="Why a country does not want an alert closed.")
class AlertObjection:
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    country: Country | None = link(COUNTRIES, "country_code")
    reason: FreeText | None = part("reason")
    at: datetime | None = moment("at")
    withdrawn_at: datetime | None = moment("withdrawn_at", "Null while it stands.")


@strawberry.type(description="The proposal to close an alert that stands, or stood last.")
class AlertClosure:
    proposed_by: Authority | None = link(AUTHORITIES, "proposed_by_id")
    country: Country | None = link(COUNTRIES, "country_code")
    proposed_at: datetime | None = moment("proposed_at")
    until: datetime | None = moment("until", "When the time for objections ends.")
    objections: list[AlertObjection]


@strawberry.type(description="What a country says about a notification.")
class AlertComment:
    id: strawberry.ID
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    country: Country | None = link(COUNTRIES, "country_code")
    text: FreeText | None = part("text")
    at: datetime | None = moment("at")
