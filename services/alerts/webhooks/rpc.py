"""The RPCs of webhooks. Each one reads, decides, writes, answers; the rules are in domain/webhooks.py.

What is stored as the answer to a command has no secret in it, only its number: it is made when the answer is given.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import current_person
from chassis.egress import Egress
from chassis.inbox import Inbox
from chassis.server import Call
from protos.alerts.v1 import webhooks_pb2 as pb
from protos.alerts.v1.webhooks_pb2_grpc import WebhooksServiceServicer
from services.alerts.domain import webhooks as rules
from services.alerts.domain.filters import EVERYTHING, Member
from services.alerts.domain.types import AlertType
from services.alerts.domain.webhooks import WEBHOOKS_LIMIT, Action, Selection, Status, Webhook
from services.alerts.filters.members import member
from services.alerts.filters.selecting import Selecting
from services.alerts.filters.storage import naming
from services.alerts.quotas import Quota
from services.alerts.webhooks import wire
from services.alerts.webhooks.book import Book
from services.alerts.webhooks.messages import Messages
from services.alerts.webhooks.signing import Secrets
from vocabulary import ids
from vocabulary.addresses import Outcome
from vocabulary.refusals import Conflict, Invalid, NotFound

Answer = TypeVar("Answer", bound=Message)
Shows = TypeVar("Shows", pb.RegisterWebhookResponse, pb.ChangeWebhookSecretResponse)
Decide = Callable[[Webhook, Member], Webhook]
_Selects = pb.RegisterWebhookRequest | pb.EditWebhookRequest


class WebhooksRpc(WebhooksServiceServicer):
    def __init__(
        self,
        types: Mapping[str, AlertType],
        webhooks: Aggregates[Webhook],
        selecting: Selecting,
        inbox: Inbox,
        book: Book,
        egress: Egress,
        messages: Messages,
        signers: Secrets,
        quota: Quota,
        now: Callable[[], datetime],
    ) -> None:
        self._quota = quota
        self._types = types
        self._webhooks = webhooks
        self._selecting = selecting
        self._inbox = inbox
        self._book = book
        self._egress = egress
        self._messages = messages
        self._signers = signers
        self._now = now

    async def ListWebhooks(self, request: pb.ListWebhooksRequest, context: Call) -> pb.ListWebhooksResponse:
        by = self._administrator()
        found = await self._of(by.authority_id)
        progress = await self._book.get_many([kept.id for kept in found])
        shown = []
        for kept in found:
            message = wire.webhook(kept, by.now)
            if kept.id in progress:
                wire.add_progress(message, kept.state, *progress[kept.id])
            shown.append(message)
        return pb.ListWebhooksResponse(webhooks=shown)

    async def RegisterWebhook(self, request: pb.RegisterWebhookRequest, context: Call) -> pb.RegisterWebhookResponse:
        by = self._administrator()
        command = CommandKey.of(request, current_person())
        id_ = command.new_id(ids.WEBHOOK)
        earlier = await self._webhooks.answered(id_, command, pb.RegisterWebhookResponse)
        if earlier is not None:
            return self._with_secret(earlier)
        selection = await self._selection(request, by) or Selection(filter=EVERYTHING)
        start = await self._inbox.cursor(by.authority_id, request.after_cursor)
        async with self._quota.place(by.authority_id, id_, lambda: self._ids(by.authority_id)) as there:
            new = rules.register(request.name, request.url, selection, start, by, there=there)
            await self._egress.check(request.url, asker=by.authority_id)
            with naming():
                answer = await self._webhooks.create(
                    id_,
                    command,
                    new,
                    [_changed(id_, 1, new)],
                    lambda kept: pb.RegisterWebhookResponse(webhook=wire.webhook(kept, by.now)),
                )
        return self._with_secret(answer)

    async def EditWebhook(self, request: pb.EditWebhookRequest, context: Call) -> pb.EditWebhookResponse:
        by = self._administrator()
        command = CommandKey.of(request, current_person())
        # Before anything is looked up that may have changed since.
        earlier = await self._webhooks.answered(request.id, command, pb.EditWebhookResponse)
        if earlier is not None:
            return earlier
        selection = await self._selection(request, by)
        name = request.name if request.HasField("name") else None
        url = request.url if request.HasField("url") else None
        if url is not None:
            await self._egress.check(url, asker=by.authority_id)
        with naming():
            return await self._change(
                request.id,
                command,
                lambda before, now: rules.edit(before, now, name=name, url=url, selection=selection),
                pb.EditWebhookResponse,
            )

    async def VerifyWebhook(self, request: pb.VerifyWebhookRequest, context: Call) -> pb.VerifyWebhookResponse:
        by = self._administrator()
        command = CommandKey.of(request, current_person())
        earlier = await self._webhooks.answered(request.id, command, pb.VerifyWebhookResponse)
        if earlier is not None:
            return earlier
        tried = await self._try(request.id, command, Action.VERIFY, by)
        attempt = await self._messages.challenge(request.id, tried, command.key, secrets.token_urlsafe(32))
        await self._book.note(request.id, by.authority_id, attempt)
        if attempt.outcome is not Outcome.DELIVERED:
            raise Conflict(
                f"the endpoint did not answer the challenge as it must: {attempt.outcome}", reason=attempt.outcome
            )
        return await self._change(
            request.id,
            replace(command, expected_revision=None),
            lambda before, now: rules.verify(before, now, url=tried.url),
            pb.VerifyWebhookResponse,
        )

    async def PingWebhook(self, request: pb.PingWebhookRequest, context: Call) -> pb.PingWebhookResponse:
        by = self._administrator()
        command = CommandKey.of(request, current_person())
        earlier = await self._webhooks.answered(request.id, command, pb.PingWebhookResponse)
        if earlier is not None:
            return earlier
        tried = await self._try(request.id, command, Action.PING, by)
        attempt = await self._messages.ping(request.id, tried, command.key)
        await self._book.note(request.id, by.authority_id, attempt)

        async def noted(before: Kept[Webhook]) -> tuple[Webhook, Sequence[Message]]:
            return before.state, []  # only that this command has been done

        return await self._webhooks.change(
            request.id,
            replace(command, expected_revision=None),
            noted,
            lambda _: pb.PingWebhookResponse(attempt=wire.attempt(attempt)),
            pb.PingWebhookResponse,
        )

    async def ChangeWebhookSecret(
        self, request: pb.ChangeWebhookSecretRequest, context: Call
    ) -> pb.ChangeWebhookSecretResponse:
        command = CommandKey.of(request, current_person())
        answer = await self._change(
            request.id,
            command,
            lambda before, by: rules.change_secret(before, by, drop_old=request.drop_old),
            pb.ChangeWebhookSecretResponse,
        )
        return self._with_secret(answer)

    async def PauseWebhook(self, request: pb.PauseWebhookRequest, context: Call) -> pb.PauseWebhookResponse:
        command = CommandKey.of(request, current_person())
        return await self._change(request.id, command, rules.pause, pb.PauseWebhookResponse)

    async def ResumeWebhook(self, request: pb.ResumeWebhookRequest, context: Call) -> pb.ResumeWebhookResponse:
        by = self._administrator()
        command = CommandKey.of(request, current_person())
        earlier = await self._webhooks.answered(request.id, command, pb.ResumeWebhookResponse)
        if earlier is not None:
            return earlier
        if request.after_cursor:
            await self._inbox.cursor(by.authority_id, request.after_cursor)
        found = await self._book.get_many([request.id])
        progress = found[request.id][0] if request.id in found else None

        def resumed(before: Webhook, now: Member) -> Webhook:
            stands_still = progress is not None and progress.run == before.run and progress.paused is not None
            return rules.resume(before, now, after_cursor=request.after_cursor, stands_still=stands_still)

        return await self._change(request.id, command, resumed, pb.ResumeWebhookResponse)

    async def RemoveWebhook(self, request: pb.RemoveWebhookRequest, context: Call) -> pb.RemoveWebhookResponse:
        command = CommandKey.of(request, current_person())
        return await self._change(request.id, command, rules.remove, pb.RemoveWebhookResponse)

    async def _of(self, authority_id: str) -> list[Kept[Webhook]]:
        return await self._webhooks.find({"authority": authority_id}, sort="sorted_by", limit=2 * WEBHOOKS_LIMIT)

    async def _ids(self, authority_id: str) -> list[str]:
        return [kept.id for kept in await self._of(authority_id)]

    async def _change(self, id_: str, command: CommandKey, decide: Decide, answer_type: type[Answer]) -> Answer:
        """What *decide* makes of a webhook of the caller's authority, told to whoever delivers."""
        by = self._administrator()
        make: Any = answer_type

        async def decided(before: Kept[Webhook]) -> tuple[Webhook, Sequence[Message]]:
            after = decide(_own(before, by), by)
            return after, [_changed(before.id, before.revision + 1, after)]

        def answered(kept: Kept[Webhook]) -> Answer:
            reply: Answer = make(webhook=wire.webhook(kept, by.now))
            return reply

        return await self._webhooks.change(id_, command, decided, answered, answer_type)

    async def _try(self, id_: str, command: CommandKey, action: Action, by: Member) -> Webhook:
        """Note that the endpoint is tried now, each time: a command that is sent again is another knock on its door."""
        found: Webhook | None = None

        async def decided(before: Kept[Webhook]) -> tuple[Webhook, Sequence[Message]]:
            nonlocal found
            found = rules.try_now(_own(before, by), action, by)
            return found, []

        key = secrets.token_hex(16)
        once = CommandKey(key=key, fingerprint=key, expected_revision=command.expected_revision)
        await self._webhooks.change(id_, once, decided, lambda kept: pb.Webhook(id=kept.id), pb.Webhook)
        assert found is not None  # no command has this key but this one
        return found

    async def _selection(self, request: _Selects, by: Member) -> Selection | None:
        """Which entries a request asks for; None if it does not say. Raises Invalid for a filter that cannot be used."""
        if not request.saved_filter_id:
            if not request.HasField("filter"):
                return None
            return Selection(filter=self._selecting.brought(request.filter, at="filter"))
        if request.HasField("filter"):
            raise Invalid("give a filter or a saved one, not both", field="savedFilterId", reason="TWO_FILTERS")
        saved = await self._selecting.saved(request.saved_filter_id, by.authority_id)
        rules.require_for_webhooks(saved, by.authority_id, field="savedFilterId")
        return Selection(saved_filter_id=request.saved_filter_id)

    def _with_secret(self, answer: Shows) -> Shows:
        """*answer*, and the secret that its command made: what is stored has only its number."""
        answer.webhook.secret = self._signers.shown(answer.webhook.id, answer.webhook.secret_number)
        return answer

    def _administrator(self) -> Member:
        """The caller, who must administer an authority that takes part in alerts."""
        by = member(current_person(), self._types.values(), self._now())
        rules.require_administrator(by)
        return by


def _own(before: Kept[Webhook], by: Member) -> Webhook:
    """The webhook; raises NotFound, as for one that there is not, if it is another authority's or was removed."""
    if before.state.status is Status.REMOVED or before.state.authority_id != by.authority_id:
        raise NotFound(f"there is no webhook {before.id!r}", field="id")
    return before.state


def _changed(id_: str, revision: int, webhook: Webhook) -> pb.WebhookChanged:
    return pb.WebhookChanged(webhook_id=id_, authority_id=webhook.authority_id, revision=revision)
