"""The messages that webhooks get: an inbox entry, a challenge, a ping. Ids, codes and a link; nothing of what an alert says."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from chassis.egress import WHOLE_S, Answer, Egress
from chassis.inbox import Entry
from services.alerts.domain.deliveries import Attempt
from services.alerts.domain.webhooks import Webhook
from services.alerts.webhooks import signing
from services.alerts.webhooks.signing import CHALLENGE, Secrets
from vocabulary import ids
from vocabulary.addresses import Outcome

ENTRY = "inbox.entry"
PING = "webhook.ping"
# Somebody waits for what comes of a ping or a challenge.
TRY_S = 7.0


class Messages:
    """Makes messages, signs and sends them. `public_url` is where people open the system; empty: messages have no link."""

    def __init__(self, egress: Egress, secrets: Secrets, public_url: str, now: Callable[[], datetime]) -> None:
        self._egress = egress
        self._secrets = secrets
        self._public_url = public_url
        self._now = now

    async def entry(
        self, id_: str, webhook: Webhook, entry: Entry, cursor: str, alert_number: str, *, number: int
    ) -> tuple[Attempt, Answer]:
        """Tell of *entry*, for the *number*th time."""
        data = {
            "cursor": cursor,
            "entryId": entry.id,
            "kind": entry.kind,
            "alertId": entry.subject,
            "number": alert_number,
            "link": f"{self._public_url}/alerts/{entry.subject}" if self._public_url else None,
        }
        # The same entry has the same id, however often it is sent: so its receiver knows it again.
        message_id = ids.derived(ids.MESSAGE, id_, entry.id)
        attempt, answer = await self._send(id_, webhook, message_id, ENTRY, data, entry.at)
        return replace(attempt, number=number, entry_id=entry.id, alert_id=entry.subject, kind=entry.kind), answer

    async def challenge(self, id_: str, webhook: Webhook, key: str, challenge: str) -> Attempt:
        """Ask the endpoint for the code that its secret makes of *challenge*."""
        message_id = ids.derived(ids.MESSAGE, id_, key)
        data = {"challenge": challenge}
        attempt, answer = await self._send(id_, webhook, message_id, CHALLENGE, data, self._now(), within_s=TRY_S)
        right = signing.answers(answer.body, challenge, self._signers(id_, webhook))
        if attempt.outcome is Outcome.DELIVERED and not right:
            return replace(attempt, outcome=Outcome.CHALLENGE_FAILED)
        return attempt

    async def ping(self, id_: str, webhook: Webhook, key: str) -> Attempt:
        message_id = ids.derived(ids.MESSAGE, id_, key)
        attempt, _ = await self._send(id_, webhook, message_id, PING, {}, self._now(), within_s=TRY_S)
        return attempt

    async def _send(
        self,
        id_: str,
        webhook: Webhook,
        message_id: str,
        kind: str,
        data: Mapping[str, str | None],
        told_at: datetime,
        *,
        within_s: float = WHOLE_S,
    ) -> tuple[Attempt, Answer]:
        now = self._now()
        # The instant is that of what is told; when it was sent is in the head.
        content = {"type": kind, "timestamp": told_at.isoformat(), "data": data}
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        head = signing.headers(message_id, now, body, self._signers(id_, webhook))
        answer = await self._egress.post(webhook.url, head, body, asker=webhook.authority_id, within_s=within_s)
        attempt = Attempt(
            at=now,
            message_id=message_id,
            outcome=answer.outcome,
            http_status=answer.http_status,
            duration_ms=answer.duration_ms,
        )
        return attempt, answer

    def _signers(self, id_: str, webhook: Webhook) -> list[bytes]:
        return [self._secrets.of(id_, number) for number in webhook.secrets(self._now())]
