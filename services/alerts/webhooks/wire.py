"""Webhooks ↔ protobuf, and nothing else."""

from collections.abc import Sequence
from datetime import datetime

from chassis.aggregates import Kept
from chassis.wire import EnumOnWire, timestamp
from protos.alerts.v1 import alerts_pb2
from protos.alerts.v1 import webhooks_pb2 as pb
from services.alerts.domain.alerts import News
from services.alerts.domain.deliveries import ATTEMPTS_KEPT, Attempt, PauseReason, Progress, begun
from services.alerts.domain.webhooks import Status, Webhook
from services.alerts.filters.wire import inbox_filter
from services.alerts.wire import NEWS
from vocabulary.addresses import Outcome

STATUS = EnumOnWire(Status, pb.WebhookStatus)
PAUSE_REASON = EnumOnWire(PauseReason, pb.PauseReason)
OUTCOME = EnumOnWire(Outcome, pb.AttemptOutcome)


def webhook(kept: Kept[Webhook], now: datetime) -> pb.Webhook:
    """The webhook as it was registered, without how far it has delivered, and without its secret."""
    state = kept.state
    overlaps = len(state.secrets(now)) > 1
    return pb.Webhook(
        id=kept.id,
        revision=kept.revision,
        name=state.name,
        url=state.url,
        filter=None if state.selection.filter is None else inbox_filter(state.selection.filter),
        saved_filter_id=state.selection.saved_filter_id,
        status=STATUS.to_wire(state.status),
        pause_reason=pb.PAUSE_REASON_BY_HAND if state.status is Status.PAUSED else pb.PAUSE_REASON_UNSPECIFIED,
        old_secret_until=timestamp(state.old_secret_until) if overlaps else None,
        verified_at=timestamp(state.verified_at),
        created_at=timestamp(state.created_at),
        changed_at=timestamp(state.changed_at),
        cursor=state.start,
        secret_number=state.secret,
    )


def add_progress(message: pb.Webhook, state: Webhook, progress: Progress, tries: Sequence[Attempt]) -> None:
    """Say in *message* how far the delivery of its webhook is."""
    attempts = sorted((*progress.recent, *tries), key=lambda one: one.at, reverse=True)
    message.attempts.extend(map(attempt, attempts[:ATTEMPTS_KEPT]))
    if progress.run < state.run or not progress.run:
        message.cursor = begun(progress, state).cursor
        return  # it begins in a moment
    message.cursor = progress.cursor
    if message.status == pb.WEBHOOK_STATUS_ACTIVE and progress.paused:
        message.status = pb.WEBHOOK_STATUS_PAUSED
        message.pause_reason = PAUSE_REASON.to_wire(progress.paused)
    for name, at in (("next_attempt_at", progress.next_at), ("failing_since", progress.failing_since)):
        if at is not None:
            getattr(message, name).FromDatetime(at)


def attempt(one: Attempt) -> pb.WebhookAttempt:
    return pb.WebhookAttempt(
        at=timestamp(one.at),
        message_id=one.message_id,
        entry_id=one.entry_id,
        alert_id=one.alert_id,
        kind=NEWS.to_wire(News(one.kind)) if one.kind else alerts_pb2.INBOX_ENTRY_KIND_UNSPECIFIED,
        outcome=OUTCOME.to_wire(one.outcome),
        http_status=one.http_status,
        duration_ms=one.duration_ms,
        number=one.number,
    )
