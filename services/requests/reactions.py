"""What requests do about their own events: each change is told to those it concerns, and what was split off comes to be."""

from collections.abc import Sequence

from chassis.aggregates import Aggregates, Kept
from chassis.inbox import Entry, Inbox
from chassis.outbox import topic
from chassis.reactions import Reactions
from engines.events import Event, Events
from protos.requests.v1 import events_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests import wire
from services.requests.domain import forwarding
from services.requests.domain.lifecycle import UNSENT, Action
from services.requests.domain.requests import Request
from services.requests.domain.retention import HIDING

STREAM = "requests"
_CHANGED = events_pb2.RequestChanged.DESCRIPTOR.full_name
# What only those hear of who do it: their authority.
_OWN = frozenset({Action.CREATE, Action.EDIT, Action.DELETE, Action.ASSIGN})
# What nobody hears of: what becomes of its content, and who reads it, years later.
_UNHEARD = HIDING | {Action.PROVE}
# What only the responder hears of.
_RESPONDERS_OWN = frozenset({Action.SAVE, Action.REMIND})


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

    return Reactions(events, "requests-inbox", [topic("requests")], {_CHANGED: changed})


def recipients(message: events_pb2.RequestChanged, action: Action) -> list[str]:
    """The authorities that hear of a change: of what becomes of its content years later, nobody."""
    if action in _UNHEARD:
        return []
    if action in _OWN:
        return [message.authority_id or message.requester_id]
    if action in _RESPONDERS_OWN:
        return [message.responder_id]
    found = [message.requester_id, *message.concerned_ids]
    if wire.STATUS.from_wire(message.to, field="to") not in UNSENT:
        found.append(message.responder_id)
    return list(dict.fromkeys(found))


def split_off(events: Events, requests: Aggregates[Request]) -> Reactions:
    """Make the requests that were split off, where they are not there yet; doing it again has no effect."""

    async def changed(seen: Sequence[Event]) -> None:
        for event in seen:
            message = events_pb2.RequestChanged.FromString(event.data)
            if message.action == pb.REQUEST_ACTION_SPLIT:
                parent = await requests.get(message.request_id)
                if parent is not None:
                    await requests.load(children(parent))

    return Reactions(events, "requests-children", [topic("requests")], {_CHANGED: changed})


def children(parent: Kept[Request]) -> list[tuple[str, Request, Sequence[events_pb2.RequestChanged]]]:
    """The requests that were split off *parent*, each with the event that tells of it."""
    found: list[tuple[str, Request, Sequence[events_pb2.RequestChanged]]] = []
    for record in parent.state.children:
        born = forwarding.born(parent.id, parent.state, record)
        found.append((record.id, born, [wire.changed(record.id, 1, None, born)]))
    return found
