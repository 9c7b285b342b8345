"""Each change is told to the two authorities that it concerns, to each what is its to hear, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis.inbox import INBOX, Entry, Inbox
from chassis.process import clock, working
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import Event, Events, open_events
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.events_pb2 import RequestChanged
from services.requests import wire
from services.requests.domain.lifecycle import TRANSITIONS, UNSENT, Action, Status
from services.requests.domain.retention import HIDING
from services.requests.reactions import fill_inboxes, recipients
from tests.builders import QUALIFICATIONS
from tests.cells import cell
from tests.requests.exchanges import HUNGARY, ITALY, Asking, a_request, fields_of

TOPIC = "imi.requests.v1"
AT = datetime(2026, 11, 24, tzinfo=UTC)
REQUESTER, RESPONDER = "aut_requester", "aut_responder"
COORDINATOR = "aut_coordinator"
BOTH = [REQUESTER, COORDINATOR, RESPONDER]
SPECIAL = {
    Action.CREATE,
    Action.EDIT,
    Action.DELETE,
    Action.RETURN,
    Action.ASSIGN,
    Action.SAVE,
    Action.REMIND,
    *HIDING,
    Action.PROVE,
}
# What became of a request by each action, and who hears of it.
HEARD: dict[tuple[Action, Status], list[str]] = {
    (Action.CREATE, Status.DRAFT): [REQUESTER],
    (Action.EDIT, Status.DRAFT): [REQUESTER],
    (Action.DELETE, Status.DELETED): [REQUESTER],
    (Action.SEND, Status.PENDING_SEND_APPROVAL): [REQUESTER, COORDINATOR],
    (Action.RETURN, Status.DRAFT): [REQUESTER, COORDINATOR],
    (Action.RETURN, Status.ACCEPTED): BOTH,
    (Action.ASSIGN, Status.ACCEPTED): [REQUESTER],
    (Action.SAVE, Status.ACCEPTED): [RESPONDER],
    (Action.REMIND, Status.SENT): [RESPONDER],
    (Action.BLOCK, Status.BLOCKED): [],
    (Action.PROVE, Status.BLOCKED): [],
    (Action.ERASE, Status.DELETED): [],
    (Action.INVOLVE_COORDINATORS, Status.PENDING_SEND_APPROVAL): [REQUESTER, COORDINATOR],
    **{
        (action, status): BOTH
        for status, rows in TRANSITIONS.items()
        for action, row in rows.items()
        for status in (row.next,)
        if action not in SPECIAL and status not in UNSENT
    },
}


def a_change(action: Action, to: Status) -> RequestChanged:
    return RequestChanged(
        request_id="req_1",
        action=wire.ACTION.to_wire(action),
        to=wire.STATUS.to_wire(to),
        requester_id=REQUESTER,
        responder_id=RESPONDER,
        authority_id=REQUESTER,
        concerned_ids=[COORDINATOR],
    )


def test_of_every_action_it_is_said_who_hears_of_it() -> None:
    assert {action for action, _ in HEARD} == set(Action)


@pytest.mark.parametrize(("action", "to"), HEARD)
def test_a_change_is_heard_by_those_it_concerns(action: Action, to: Status) -> None:
    assert recipients(a_change(action, to), action) == HEARD[action, to]


@pytest.mark.parametrize("status", sorted(UNSENT))
def test_of_what_is_not_sent_the_responder_hears_nothing_whatever_is_done_to_it(status: Status) -> None:
    for action in sorted(set(Action) - {Action.SAVE, Action.REMIND}):
        with cell(action):
            assert RESPONDER not in recipients(a_change(action, status), action)


def test_who_is_assigned_is_the_business_of_the_authority_that_assigns() -> None:
    assigned = a_change(Action.ASSIGN, Status.ACCEPTED)
    assigned.authority_id = RESPONDER
    assert recipients(assigned, Action.ASSIGN) == [RESPONDER]


def an_event(number: int, message: RequestChanged, kind: str = "") -> Event:
    return Event(
        id=f"evt_{number}",
        type=kind or message.DESCRIPTOR.full_name,
        source="/imi/requests",
        subject=message.request_id,
        time=AT,
        data=message.SerializeToString(),
    )


@asynccontextmanager
async def reacting(settings: ServiceSettings) -> AsyncIterator[tuple[Events, Inbox]]:
    """An event log, and inboxes that are filled from it."""
    async with (
        open_documents(settings.documents("requests"), [INBOX]) as documents,
        open_events(settings.events) as events,
    ):
        inbox = Inbox(documents, "requests", clock)
        async with working([fill_inboxes(events, inbox).run]):
            yield events, inbox


async def told(inbox: Inbox, recipient: str, last: str) -> list[Entry]:
    """All entries of an inbox, as soon as the one with the id *last* is there."""
    async with asyncio.timeout(30):
        while True:
            found = list((await inbox.read(recipient, "", 100)).items)
            if last in {entry.id for entry in found}:
                return found
            await asyncio.sleep(0.01)


async def test_a_change_that_comes_twice_is_told_once(tmp_path: Path) -> None:
    sent, saved = a_change(Action.SEND, Status.SENT), a_change(Action.SAVE, Status.ACCEPTED)
    async with reacting(ServiceSettings(data_dir=tmp_path)) as (events, inbox):
        await events.publish(TOPIC, [an_event(1, sent), an_event(1, sent), an_event(2, saved)])
        await events.publish(TOPIC, [an_event(1, sent), an_event(3, sent)])
        assert [entry.id for entry in await told(inbox, RESPONDER, "evt_3")] == ["evt_1", "evt_2", "evt_3"]
        assert [entry.id for entry in await told(inbox, REQUESTER, "evt_3")] == ["evt_1", "evt_3"]


async def test_an_entry_says_which_request_and_what_happened(tmp_path: Path) -> None:
    async with reacting(ServiceSettings(data_dir=tmp_path)) as (events, inbox):
        await events.publish(TOPIC, [an_event(1, a_change(Action.ANSWER, Status.ANSWERED))])
        entries = await told(inbox, RESPONDER, "evt_1")
    expected = Entry(id="evt_1", subject="req_1", kind="ANSWER", at=AT, status="ANSWERED")
    assert entries == [expected]


async def test_events_of_other_kinds_are_passed_over(tmp_path: Path) -> None:
    sent = a_change(Action.SEND, Status.SENT)
    async with reacting(ServiceSettings(data_dir=tmp_path)) as (events, inbox):
        await events.publish(TOPIC, [an_event(1, sent, "imi.requests.v2.RequestMerged"), an_event(2, sent)])
        assert [entry.id for entry in await told(inbox, RESPONDER, "evt_2")] == ["evt_2"]


async def test_each_change_is_told_to_the_world_by_ids_and_codes(asking: Asking) -> None:
    async with open_events(asking.settings.events) as events, events.join("test", [TOPIC]) as member:
        request = await a_request(asking, Status.DRAFT)
        steps = [
            (ITALY, "EditRequest"),
            (ITALY, "SendRequest"),
            (HUNGARY, "AcceptRequest"),
            (HUNGARY, "SaveAnswers"),
            (HUNGARY, "AnswerRequest"),
            (ITALY, "CloseRequest"),
        ]
        for caller, method in steps:
            await asking.do(caller, method, **fields_of(method, request.id))
        seen: list[RequestChanged] = []
        while len(seen) < 7:
            for received in await member.poll():
                if received.event.subject == request.id:
                    seen.append(RequestChanged.FromString(received.event.data))
                await member.commit(received)
    assert [
        (one.revision, one.action, getattr(one, "from"), one.to) for one in seen
    ] == [
        (1, pb.REQUEST_ACTION_CREATE, pb.REQUEST_STATUS_DRAFT, pb.REQUEST_STATUS_DRAFT),
        (2, pb.REQUEST_ACTION_EDIT, pb.REQUEST_STATUS_DRAFT, pb.REQUEST_STATUS_DRAFT),
        (3, pb.REQUEST_ACTION_SEND, pb.REQUEST_STATUS_DRAFT, pb.REQUEST_STATUS_SENT),
        (4, pb.REQUEST_ACTION_ACCEPT, pb.REQUEST_STATUS_SENT, pb.REQUEST_STATUS_ACCEPTED),
        (5, pb.REQUEST_ACTION_SAVE, pb.REQUEST_STATUS_ACCEPTED, pb.REQUEST_STATUS_ACCEPTED),
        (6, pb.REQUEST_ACTION_ANSWER, pb.REQUEST_STATUS_ACCEPTED, pb.REQUEST_STATUS_ANSWERED),
        (7, pb.REQUEST_ACTION_CLOSE, pb.REQUEST_STATUS_ANSWERED, pb.REQUEST_STATUS_CLOSED),
    ]  # fmt: skip
    for one in seen:
        assert (one.request_id, one.area_code) == (request.id, QUALIFICATIONS)
        assert (one.requester_id, one.responder_id) == (ITALY.authority_id, HUNGARY.authority_id)
    assert "Eszter" not in str(seen)
