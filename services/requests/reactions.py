"""What requests do about their own events: each change goes into the inboxes of the two authorities it concerns."""

from collections.abc import Sequence

from chassis.inbox import Entry, Inbox
from chassis.outbox import topic
from chassis.reactions import Reactions
from engines.events import Event, Events
from protos.requests.v1 import events_pb2
from services.requests import wire
from services.requests.domain.lifecycle import Action, Status

STREAM = "requests"
# What the responder does not hear of, and what the requester does not.
_REQUESTERS_OWN = frozenset({Action.CREATE, Action.EDIT})
_RESPONDERS_OWN = frozenset({Action.SAVE})


def fill_inboxes(events: Events, inbox: Inbox) -> Reactions:
    """Append each change to the inboxes of those it concerns; doing it again has no effect."""

    async def changed(seen: Sequence[Event]) -> None:
        due: dict[str, list[Entry]] = {}
        for event in seen:
            message = events_pb2.RequestChanged.FromString(event.data)
            action = wire.ACTION.from_wire(message.action, field="action")
            entry = Entry(
                id=event.id,
                subject=message.request_id,
                kind=action,
                at=event.time,
                status=wire.STATUS.from_wire(message.to, field="to"),
            )
            for recipient in recipients(message, action):
                due.setdefault(recipient, []).append(entry)
        await inbox.append_all(due)

    return Reactions(
        events, "requests-inbox", [topic("requests")], {events_pb2.RequestChanged.DESCRIPTOR.full_name: changed}
    )


def recipients(message: events_pb2.RequestChanged, action: Action) -> list[str]:
    """The authorities that hear of a change."""
    found = [] if action in _RESPONDERS_OWN else [message.requester_id]
    if action not in _REQUESTERS_OWN and wire.STATUS.from_wire(message.to, field="to") is not Status.DRAFT:
        found.append(message.responder_id)
    return found
