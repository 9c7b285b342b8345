"""Webhooks as clients see them: fields and links, no rules."""

import datetime as dt
from typing import Any, cast

import strawberry

from gateway.batches import ALERTS
from gateway.enums import AttemptOutcome, InboxEntryKind, PauseReason, WebhookStatus
from gateway.readings import given, link, moment, part
from gateway.schema.alert_filters import InboxFilter, InboxFilterInput, inbox_filter
from gateway.schema.alerts import Alert
from gateway.schema.common import Command, GatewayInfo, command
from protos.alerts.v1 import webhooks_pb2 as pb


@strawberry.type(description="One message that was sent once.")
class WebhookAttempt:
    at: dt.datetime | None = moment("at")
    message_id: strawberry.ID = strawberry.field(description="Its `webhook-id`: the same each time it is sent.")
    entry_id: strawberry.ID | None = given("entry_id", "The inbox entry; null for pings and challenges.")
    alert: Alert | None = link(ALERTS, "alert_id")
    kind: InboxEntryKind | None = given("kind")
    outcome: AttemptOutcome
    http_status: int | None = given("http_status", "What it was answered with.")
    duration_ms: int
    number: int = strawberry.field(description="Which attempt of this message it was, from 1.")


@strawberry.type(
    description="An address of the authority's own system, to which its inbox is delivered, in order and at least once."
)
class Webhook:
    id: strawberry.ID
    revision: int
    name: str
    url: str
    filter: InboxFilter | None = part("filter")
    saved_filter_id: strawberry.ID | None = given("saved_filter_id", "The saved filter that it goes by.")
    status: WebhookStatus
    pause_reason: PauseReason | None = given("pause_reason")
    secret: str | None = given("secret", "Shown once: in the answer to the mutation that made it.")
    secret_number: int = strawberry.field(description="Which secret it has, from 1.")
    old_secret_until: dt.datetime | None = moment("old_secret_until", "Until when the secret before it signs too.")
    verified_at: dt.datetime | None = moment("verified_at")
    created_at: dt.datetime | None = moment("created_at")
    changed_at: dt.datetime | None = moment("changed_at")
    cursor: str | None = given("cursor", "Everything up to here is delivered, or was not meant.")
    next_attempt_at: dt.datetime | None = moment("next_attempt_at")
    failing_since: dt.datetime | None = moment("failing_since")
    attempts: list[WebhookAttempt] = strawberry.field(description="The last ones, the newest first.")


@strawberry.type
class WebhooksQueries:
    @strawberry.field(
        description="The webhooks of the signed-in person's authority, by name. For its local data administrators."
    )
    async def webhooks(self, info: GatewayInfo) -> list[Webhook]:
        webhooks = info.context.backends.webhooks
        response = await webhooks.call(webhooks.stub.ListWebhooks, pb.ListWebhooksRequest())
        return cast("list[Webhook]", list(response.webhooks))


@strawberry.input
class RegisterWebhookInput(Command):
    name: str = strawberry.field(description="Unique in the authority.")
    url: str
    filter: InboxFilterInput | None = None
    saved_filter_id: strawberry.ID | None = strawberry.field(
        default=None, description="Instead of `filter`: one whose delivery is WEBHOOK."
    )
    after: str | None = strawberry.field(
        default=None, description="The cursor after which delivery begins; absent: with what is told from now on."
    )


@strawberry.input(description="The parts to change; what is absent stays. Another address has to be verified anew.")
class EditWebhookInput(Command):
    id: strawberry.ID
    name: str | None = None
    url: str | None = None
    filter: InboxFilterInput | None = strawberry.field(
        default=None, description="This or `savedFilterId` takes the place of the one there is."
    )
    saved_filter_id: strawberry.ID | None = None


@strawberry.input
class VerifyWebhookInput(Command):
    id: strawberry.ID


@strawberry.input
class PingWebhookInput(Command):
    id: strawberry.ID


@strawberry.input
class ChangeWebhookSecretInput(Command):
    id: strawberry.ID
    drop_old: bool = strawberry.field(
        default=False, description="The secret before signs no more at once: somebody else may know it."
    )


@strawberry.input
class PauseWebhookInput(Command):
    id: strawberry.ID


@strawberry.input
class ResumeWebhookInput(Command):
    id: strawberry.ID
    after: str | None = strawberry.field(default=None, description="A cursor; absent: where it stopped.")


@strawberry.input
class RemoveWebhookInput(Command):
    id: strawberry.ID


@strawberry.type
class RegisterWebhookPayload:
    webhook: Webhook


@strawberry.type
class EditWebhookPayload:
    webhook: Webhook


@strawberry.type
class VerifyWebhookPayload:
    webhook: Webhook


@strawberry.type
class PingWebhookPayload:
    attempt: WebhookAttempt


@strawberry.type
class ChangeWebhookSecretPayload:
    webhook: Webhook


@strawberry.type
class PauseWebhookPayload:
    webhook: Webhook


@strawberry.type
class ResumeWebhookPayload:
    webhook: Webhook


@strawberry.type
class RemoveWebhookPayload:
    webhook: Webhook


async def _done(info: GatewayInfo, method: str, message: Any) -> Any:
    webhooks = info.context.backends.webhooks
    return await webhooks.call(getattr(webhooks.stub, method), message)


@strawberry.type
class WebhooksMutations:
    @strawberry.mutation(description="Nothing is delivered before its address has answered a challenge.")
    async def register_webhook(self, info: GatewayInfo, input: RegisterWebhookInput) -> RegisterWebhookPayload:
        message = pb.RegisterWebhookRequest(
            command=command(input),
            name=input.name,
            url=input.url,
            filter=inbox_filter(input.filter),
            saved_filter_id=input.saved_filter_id or "",
            after_cursor=input.after or "",
        )
        return cast("RegisterWebhookPayload", await _done(info, "RegisterWebhook", message))

    @strawberry.mutation(description="Another address has to answer a challenge before anything is delivered to it.")
    async def edit_webhook(self, info: GatewayInfo, input: EditWebhookInput) -> EditWebhookPayload:
        message = pb.EditWebhookRequest(
            command=command(input),
            id=input.id,
            name=input.name,
            url=input.url,
            filter=inbox_filter(input.filter),
            saved_filter_id=input.saved_filter_id or "",
        )
        return cast("EditWebhookPayload", await _done(info, "EditWebhook", message))

    @strawberry.mutation(
        description="Sends a challenge, which the endpoint must answer with the code that its secret makes."
    )
    async def verify_webhook(self, info: GatewayInfo, input: VerifyWebhookInput) -> VerifyWebhookPayload:
        message = pb.VerifyWebhookRequest(command=command(input), id=input.id)
        return cast("VerifyWebhookPayload", await _done(info, "VerifyWebhook", message))

    @strawberry.mutation(description="Sends a message that tells of nothing, and says what came of it.")
    async def ping_webhook(self, info: GatewayInfo, input: PingWebhookInput) -> PingWebhookPayload:
        message = pb.PingWebhookRequest(command=command(input), id=input.id)
        return cast("PingWebhookPayload", await _done(info, "PingWebhook", message))

    @strawberry.mutation(description="Makes a new secret. The one before it signs too, for a day.")
    async def change_webhook_secret(
        self, info: GatewayInfo, input: ChangeWebhookSecretInput
    ) -> ChangeWebhookSecretPayload:
        message = pb.ChangeWebhookSecretRequest(command=command(input), id=input.id, drop_old=input.drop_old)
        return cast("ChangeWebhookSecretPayload", await _done(info, "ChangeWebhookSecret", message))

    @strawberry.mutation(description="Nothing is delivered until it is resumed; nothing is lost.")
    async def pause_webhook(self, info: GatewayInfo, input: PauseWebhookInput) -> PauseWebhookPayload:
        message = pb.PauseWebhookRequest(command=command(input), id=input.id)
        return cast("PauseWebhookPayload", await _done(info, "PauseWebhook", message))

    @strawberry.mutation(description="Delivers again, from where it stopped or after another cursor.")
    async def resume_webhook(self, info: GatewayInfo, input: ResumeWebhookInput) -> ResumeWebhookPayload:
        message = pb.ResumeWebhookRequest(command=command(input), id=input.id, after_cursor=input.after or "")
        return cast("ResumeWebhookPayload", await _done(info, "ResumeWebhook", message))

    @strawberry.mutation(description="Nothing is delivered any more, for good.")
    async def remove_webhook(self, info: GatewayInfo, input: RemoveWebhookInput) -> RemoveWebhookPayload:
        message = pb.RemoveWebhookRequest(command=command(input), id=input.id)
        return cast("RemoveWebhookPayload", await _done(info, "RemoveWebhook", message))
