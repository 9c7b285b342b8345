"""What alerts do about their own events: each delivery that a change makes due goes into the inboxes of those it concerns."""

from collections.abc import Mapping, Sequence

from chassis.aggregates import Aggregates
from chassis.inbox import Entry, Inbox
from chassis.outbox import topic
from chassis.reactions import Reactions
from engines.events import Event, Events
from protos.alerts.v1 import events_pb2
from services.alerts.domain.alerts import Alert, Delivery
from services.alerts.domain.types import AlertType
from services.alerts.recipients import Recipients

STREAM = "alerts"


def deliver(
    events: Events, alerts: Aggregates[Alert], types: Mapping[str, AlertType], recipients: Recipients, inbox: Inbox
) -> Reactions:
    """Tell whom a change concerns; doing it again has no effect, since an entry goes by its event's id."""

    async def changed(seen: Sequence[Event]) -> None:
        entries: dict[str, list[Entry]] = {}
        for event in seen:
            message = events_pb2.AlertChanged.FromString(event.data)
            if not message.delivery_id:
                continue
            kept = await alerts.get(message.alert_id)
            assert kept is not None  # alerts are never removed
            alert = kept.state
            due = alert.delivery(message.delivery_id)
            entry = Entry(id=event.id, subject=kept.id, kind=due.news, at=event.time)
            for recipient in await _recipients(due, types[alert.type_id].module, recipients):
                entries.setdefault(recipient, []).append(entry)
        await inbox.append_all(entries)

    return Reactions(events, "alerts-inbox", [topic("alerts")], {events_pb2.AlertChanged.DESCRIPTOR.full_name: changed})


async def _recipients(due: Delivery, module: str, recipients: Recipients) -> list[str]:
    by_country = await recipients.coordinators(module, due.countries, besides=due.besides)
    coordinators = (id_ for ids in by_country.values() for id_ in ids)
    return list(dict.fromkeys((*due.authority_ids, *coordinators)))
