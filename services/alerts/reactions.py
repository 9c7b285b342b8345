"""What alerts do about their own events: each delivery that a change makes due goes into the inboxes of those it concerns."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from chassis.aggregates import Aggregates
from chassis.inbox import Entry, Inbox
from chassis.outbox import topic
from chassis.reactions import Reactions
from engines.events import Event, Events
from protos.alerts.v1 import events_pb2
from services.alerts.domain.alerts import Alert
from services.alerts.domain.types import AlertType
from services.alerts.reach import Reach
from services.alerts.receipts.recording import Reached

STREAM = "alerts"
# Each may be due to thousands: so many take less time than a broker waits for.
AT_ONCE = 20
# Hears which entries are in whose inboxes now.
Told = Callable[[Mapping[str, Sequence[Entry]]], Awaitable[None]]
# Hears of every step, and of the authorities whose inboxes have it.
Record = Callable[[Sequence[Reached]], Awaitable[None]]


def deliver(
    events: Events,
    alerts: Aggregates[Alert],
    types: Mapping[str, AlertType],
    reach: Reach,
    inbox: Inbox,
    told: Told,
    record: Record,
) -> Reactions:
    """Tell whom a change concerns, then *told* and *record* of it. Doing it again has no effect: an entry goes by its event's id."""

    async def changed(seen: Sequence[Event]) -> None:
        entries: dict[str, list[Entry]] = {}
        reached: list[Reached] = []
        messages = [events_pb2.AlertChanged.FromString(event.data) for event in seen]
        kept = {one.id: one for one in await alerts.get_many([message.alert_id for message in messages])}
        for event, message in zip(seen, messages, strict=True):
            alert = kept.get(message.alert_id)
            if alert is None:
                # Alerts are never removed: the store is older than the log. What is due to somebody is kept among the dead letters.
                if message.delivery_id:
                    raise LookupError(f"there is no alert {message.alert_id} to tell of")
                continue
            to: Mapping[str, str] = {}
            if message.delivery_id:
                due = alert.state.delivery(message.delivery_id)
                to = await reach.of(alert.id, due, types[alert.state.type_id].module)
                entry = Entry(id=event.id, subject=alert.id, kind=due.news, at=event.time)
                for recipient in to:
                    entries.setdefault(recipient, []).append(entry)
            reached.append(Reached(event=event.id, alert=alert, revision=message.revision, recipients=to))
        await inbox.append_all(entries)
        await told(entries)
        await record(reached)

    by_type = {events_pb2.AlertChanged.DESCRIPTOR.full_name: changed}
    return Reactions(events, "alerts-inbox", [topic("alerts")], by_type, at_once=AT_ONCE)
