"""Delivers inboxes to webhooks: every entry that is meant, in order, at least once; the cursor moves on after it was taken.

Each replica takes up what is due and nobody holds, many at a time, so that an endpoint that is slow or away holds up its own
entries only. A replica that dies leaves its leases to run out, and another goes on after the last cursor that was written: what was
sent and not yet noted is sent again, under the same id.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from chassis.aggregates import Aggregates, Kept
from chassis.inbox import Entry, Inbox
from chassis.outbox import topic
from chassis.participants import Participants
from chassis.reactions import Reactions, once_available
from engines.documents import Document
from engines.events import Event, Events
from protos.alerts.v1 import webhooks_pb2
from services.alerts.domain.alerts import Alert
from services.alerts.domain.deliveries import PauseReason, Progress, begun, delivered, failed, passed, stopped
from services.alerts.domain.filters import Delivery, Filter
from services.alerts.domain.types import AlertType
from services.alerts.domain.webhooks import Status, Webhook
from services.alerts.filters.members import on_its_own, takes_part
from services.alerts.filters.selecting import Selecting, meant
from services.alerts.mailing import Mailing
from services.alerts.webhooks.book import LOOK_AGAIN, Book, Held
from services.alerts.webhooks.messages import Messages
from vocabulary.addresses import Outcome
from vocabulary.refusals import CursorExpired, Invalid, Unavailable

AT_ONCE = 128
READ_AT_ONCE = 32
# After so long another one's turn has come, if others wait.
TURN_S = 20.0
LOOK_EVERY_S = 1.0
AWAY_PAUSE = timedelta(seconds=5)

log = structlog.get_logger(__name__)


class Delivering:
    """Delivers to the webhooks of all authorities. *name* is this replica's alone."""

    def __init__(
        self,
        types: Mapping[str, AlertType],
        alerts: Aggregates[Alert],
        webhooks: Aggregates[Webhook],
        selecting: Selecting,
        participants: Participants,
        inbox: Inbox,
        book: Book,
        messages: Messages,
        mailing: Mailing,
        now: Callable[[], datetime],
        name: str,
    ) -> None:
        self._types = types
        self._alerts = alerts
        self._webhooks = webhooks
        self._selecting = selecting
        self._participants = participants
        self._inbox = inbox
        self._book = book
        self._messages = messages
        self._mailing = mailing
        self._now = now
        self._name = name
        self._claims = 0
        self._work = asyncio.Event()

    def follow(self, events: Events) -> Reactions:
        """Begin and end deliveries as webhooks change; doing it again has no effect."""

        async def changed(seen: Sequence[Event]) -> None:
            told = (webhooks_pb2.WebhookChanged.FromString(event.data).webhook_id for event in seen)
            await self.changed(list(dict.fromkeys(told)))

        kind = webhooks_pb2.WebhookChanged.DESCRIPTOR.full_name
        return Reactions(events, "alerts-webhooks", [topic("alerts")], {kind: changed})

    async def changed(self, ids: Sequence[str]) -> None:
        """Begin or end the deliveries of these webhooks, by what they are now."""
        for kept in await self._webhooks.get_many(ids):
            webhook = kept.state
            if webhook.status is Status.ACTIVE:
                await self._book.begin(kept.id, webhook)
            else:
                await self._book.end(kept.id, webhook)
        self._work.set()

    async def told(self, entries: Mapping[str, Sequence[Entry]]) -> None:
        """Something new is in the inboxes of these authorities."""
        if await self._book.call(entries):
            self._work.set()

    async def run(self) -> None:
        """Deliver what is due, for ever."""
        busy: set[str] = set()

        def ended(id_: str, _: asyncio.Task[None]) -> None:
            busy.discard(id_)
            self._work.set()

        async with asyncio.TaskGroup() as group:
            while True:
                self._work.clear()
                # While the store is away, what is under way goes on.
                for document in await once_available(lambda: self._book.due(AT_ONCE)):
                    if document.id not in busy and len(busy) < AT_ONCE:
                        busy.add(document.id)
                        group.create_task(self.deliver(document)).add_done_callback(partial(ended, document.id))
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._work.wait()
                except TimeoutError:
                    continue

    async def deliver(self, document: Document) -> None:
        """Deliver to one webhook until there is nothing more, it fails, or another one's turn has come."""
        try:
            await self._deliver(document)
        except Unavailable as away:
            # The lease runs out by itself.
            log.warning("webhook_waits", webhook=document.id, reason=away.reason, away=away.message)
        except Exception:
            log.exception("webhook_delivery_failed", webhook=document.id)

    async def _deliver(self, document: Document) -> None:
        self._claims += 1
        held = await self._book.claim(document, f"{self._name}:{self._claims}")
        if held is None:
            return
        clock = asyncio.get_running_loop().time
        ends = clock() + TURN_S
        try:
            while await self._go_on(held, ends):
                if clock() >= ends:
                    await self._book.release(held, held.progress, self._now())
                    return
        except Unavailable:
            await self._book.release(held, held.progress, self._now() + AWAY_PAUSE)
            raise
        except asyncio.CancelledError:
            # This replica stops: another goes on at once.
            await self._book.release(held, held.progress, self._now())
            raise

    async def _go_on(self, held: Held, ends: float) -> bool:
        """Deal with what comes next, until *ends*; whether it is still held, and was not let go."""
        kept = await self._webhooks.get(held.id)
        if kept is None or kept.state.status is not Status.ACTIVE:
            await self._book.release(held, held.progress, None)
            return False
        webhook, progress = kept.state, held.progress
        if webhook.run > progress.run:
            progress = begun(progress, webhook)
        authority = await self._participants.get(webhook.authority_id)
        if authority is None or not takes_part(authority, self._types.values(), self._now()):
            # Whoever reads its inbox is refused now. What it was told before is for when it takes part again.
            await self._book.release(held, progress, self._now() + LOOK_AGAIN)
            return False
        wanted = await self._wanted(webhook)
        if wanted is None:
            return await self._stop(held, kept, stopped(progress, PauseReason.FILTER_REMOVED))
        try:
            page = await self._inbox.read(webhook.authority_id, progress.cursor, READ_AT_ONCE)
        except (CursorExpired, Invalid):
            return await self._stop(held, kept, stopped(progress, PauseReason.CURSOR_EXPIRED))
        if not page.items:
            return await self._book.rest(held, progress)
        alerts = {one.id: one.state for one in await self._alerts.get_many([entry.subject for entry in page.items])}
        own = meant(wanted, page.items, alerts, self._types, partial(on_its_own, authority, now=self._now()))
        for entry, cursor in zip(page.items, page.cursors, strict=True):
            if entry.id not in own:
                progress = passed(progress, cursor)
                continue
            # Whatever was changed meanwhile counts for the next message.
            if asyncio.get_running_loop().time() >= ends or await self._is_changed(kept):
                break
            if not await self._send(held, kept, progress, entry, cursor, alerts[entry.subject].number):
                return False
            progress = held.progress
        return progress == held.progress or await self._book.hold(held, progress)

    async def _send(
        self, held: Held, kept: Kept[Webhook], progress: Progress, entry: Entry, cursor: str, alert_number: str
    ) -> bool:
        """Send one message and note what came of it; whether the delivery goes on."""
        attempt, answer = await self._messages.entry(
            held.id, kept.state, entry, cursor, alert_number, number=progress.attempts + 1
        )
        if attempt.outcome is Outcome.DELIVERED:
            return await self._book.hold(held, delivered(progress, attempt, cursor))
        asked = timedelta(seconds=answer.retry_after_s)
        after = failed(progress, attempt, spread=random.random(), retry_after=asked)  # noqa: S311
        log.info("webhook_failed", webhook=held.id, outcome=attempt.outcome, http_status=attempt.http_status)
        if after.paused:
            return await self._stop(held, kept, after)
        await self._book.release(held, after, after.next_at)
        return False

    async def _is_changed(self, kept: Kept[Webhook]) -> bool:
        there = await self._webhooks.get(kept.id)
        return there is None or there.revision != kept.revision

    async def _stop(self, held: Held, kept: Kept[Webhook], progress: Progress) -> bool:
        """The delivery stands still, and the authority is told: before that is noted, so that it is told in any case."""
        webhook = kept.state
        log.warning("webhook_paused", webhook=held.id, why=progress.paused)
        since = progress.failing_since or webhook.changed_at
        await self._mailing.tell_of_pause(held.id, webhook.authority_id, webhook.run, since)
        await self._book.release(held, progress, None)
        return False

    async def _wanted(self, webhook: Webhook) -> Filter | None:
        """The filter it goes by; None if that is gone, or is no longer for webhooks."""
        if webhook.selection.filter is not None:
            return webhook.selection.filter
        saved = await self._selecting.saved(webhook.selection.saved_filter_id, webhook.authority_id)
        return saved.filter if saved and saved.delivery is Delivery.WEBHOOK else None
