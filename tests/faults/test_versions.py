"""Two versions of the protocol side by side, as in every upgrade: neither trips over the other, and what must be kept is kept whole.

What an older program cannot keep is said here too: it is lost, or refused, on purpose.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest

from chassis import dead_letters, reactions
from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.dead_letters import replayed
from chassis.inbox import INBOX, Inbox
from chassis.keys import KeyRing
from chassis.outbox import Outbox, topic
from chassis.process import clock, working
from chassis.reactions import dead
from engines.documents import Collection, Document, Documents, open_documents
from engines.events import Event, open_events
from gateway.tokens import DevelopmentTokens
from protos.alerts.v1.events_pb2 import AlertChanged
from protos.repositories.v1 import repositories_pb2 as pb
from protos.repositories.v1.events_pb2 import EntryChanged
from protos.requests.v1 import requests_pb2
from protos.requests.v1.events_pb2 import RequestChanged
from services.requests import wire
from services.requests.domain.requests import Request
from services.requests.domain.views import View
from services.requests.reactions import STREAM, fill_inboxes
from tests.builders import a_handler
from tests.chassis.waiting import until
from tests.faults.errands import ERRANDS, Errand
from tests.faults.newer import ADDED, NUMBER, SAYS, as_newer, speak_newer, with_more
from tests.gateway.clients import TIMEOUT_S, WEBSOCKET, Client, within
from tests.gateway.exchanges import a_request as an_exchange
from tests.gateway.exchanges import an_alert, entry_values
from tests.gateway.running import SERVICES, a_system_of, copy_of, training_data

ANNA = a_handler("IT")
STREAM_OF_ALERTS = "subscription ($after: String) { alertStream(after: $after) { cursor entry { alert { id } } } }"
NOTES = Collection("notes")
TOPIC = topic("requests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a program keeps; its next version keeps a colour as well."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColouredNote(Note):
    colour: str


def an_event(id_: str, message: RequestChanged | AlertChanged | EntryChanged, subject: str) -> Event:
    return Event(
        id=id_,
        type=message.DESCRIPTOR.full_name,
        source="/test",
        subject=subject,
        time=datetime(2026, 1, 1, tzinfo=UTC),
        data=message.SerializeToString(),
    )


def in_a_status_of_the_next_version(kept: Kept[Request], view: View) -> requests_pb2.Request:
    return requests_pb2.Request(id=kept.id, status=NUMBER)  # type: ignore[arg-type]


def sent(request_id: str, action: int = requests_pb2.REQUEST_ACTION_SEND) -> RequestChanged:
    """Something that Italy did, of which both hear."""
    return RequestChanged(
        request_id=request_id,
        action=action,  # type: ignore[arg-type]  # perhaps one that only the next version knows
        to=requests_pb2.REQUEST_STATUS_SENT,
        requester_id="aut_it",
        responder_id="aut_hu",
    )


@asynccontextmanager
async def notes(folder: Path, kind: type[Note] = Note) -> AsyncIterator[tuple[Documents, Aggregates[Note]]]:
    """The notes of a program whose aggregate is *kind*, in the store that its other versions have."""
    async with (
        open_documents(f"sqlite:///{folder}/documents.db", [NOTES]) as documents,
        open_events(f"sqlite:///{folder}/events.db") as events,
    ):
        yield documents, Aggregates(documents, NOTES, kind, lambda _: {}, Outbox("notes", documents, events, clock))


async def test_a_whole_exchange_works_with_services_that_are_a_version_ahead(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gateway and services read answers and events that all have something in them that they do not know, some even actions.

    A status that the gateway does not know it does not guess: the gateway is deployed before the service that has it.
    """
    data = copy_of(await training_data(tmp_path_factory.getbasetemp() / "trained"), tmp_path / "data")
    tokens = DevelopmentTokens(KeyRing(data / "keys"))
    with monkeypatch.context() as ahead:
        speak_newer(ahead.setattr)
        async with a_system_of(data, *SERVICES) as running, httpx.AsyncClient(timeout=TIMEOUT_S) as http:
            italy, hungary, author, coordinator, reader = (
                Client(http, running.url, tokens.issue(user))
                for user in ("it-handler", "hu-handler", "it-alerts", "it-coordinator", "hu-alerts")
            )
            id_ = await an_exchange(italy, hungary, "ANSWERED")
            closed = await italy.do("closeRequest", "request { status responder { name } }", id=id_)
            assert closed["status"] == "CLOSED"
            assert closed["responder"]["name"]
            async with (
                reader.listening(WEBSOCKET, STREAM_OF_ALERTS) as items,
                open_events(f"sqlite:///{data}/events.db") as events,
            ):
                await within(items)
                changed = AlertChanged(alert_id="alr_1", action=NUMBER)  # type: ignore[arg-type]
                await events.publish(topic("alerts"), [an_event("1", with_more(changed), "alr_1")])
                alert = await an_alert(author, coordinator, "HU")
                assert (await within(items))["data"]["alertStream"]["entry"] == {"alert": {"id": alert}}
                entry = await italy.do("createEntry", "entry { id }", repository="registers", values=entry_values())
                altered = EntryChanged(entry_id=entry["id"], action=NUMBER)  # type: ignore[arg-type]
                await events.publish(topic("repositories"), [an_event("2", with_more(altered), entry["id"])])
            await italy.do("publishEntry", "entry { id }", id=entry["id"])

            async def is_found() -> bool:
                document = '{ repositoryEntries(repository: "registers", text: "medici") { edges { node { id } } } }'
                found = (await italy.ask(document))["repositoryEntries"]["edges"]
                return entry["id"] in [edge["node"]["id"] for edge in found]

            await until(is_found)
            ahead.setattr(wire, "request", in_a_status_of_the_next_version)
            await italy.refused("query ($id: ID!) { request(id: $id) { status } }", id=id_)
            assert await italy.ask("query ($id: ID!) { request(id: $id) { id } }", id=id_) == {"request": {"id": id_}}
            async with open_events(f"sqlite:///{data}/events.db") as events:
                for service in ("requests", "alerts", "repositories"):
                    async with events.join("test", [topic(service), dead(topic(service))]) as member:
                        told = await member.poll(limit=1_000)
                    assert {received.topic for received in told} == {topic(service)}
                    # What was there before is said in the version of today.
                    since = [one.event for one in told if one.event.subject in {id_, alert, entry["id"]}]
                    assert since
                    for event in since:
                        assert getattr(as_newer(event.type, event.data), ADDED) == SAYS


@pytest.mark.parametrize("errand", ERRANDS, ids=lambda errand: errand.service)
def test_a_command_that_says_more_is_the_same_command_to_both_versions(errand: Errand) -> None:
    """Sent again, it may come to a replica of the other version: that must know it again, and not take it for another one."""
    for caller, method, fields in errand.commands():
        message = getattr(errand.messages, f"{method}Request")(**fields)
        message.command.idempotency_key = "key"
        more = with_more(message)
        newer = as_newer(more.DESCRIPTOR.full_name, more.SerializeToString())
        older_key, newer_key = CommandKey.of(more, caller), CommandKey.of(newer, caller)
        assert older_key == newer_key
        assert older_key != CommandKey.of(message, caller)
        assert older_key.fingerprint == hashlib.sha256(newer.SerializeToString(deterministic=True)).hexdigest()[:32]


async def test_an_answer_of_a_newer_replica_is_given_again_whole_by_an_older_one(tmp_path: Path) -> None:
    command = CommandKey(key="key", fingerprint="fingerprint", expected_revision=None)

    def answered(kept: Kept[Note]) -> pb.EditEntryResponse:
        return pb.EditEntryResponse(entry=pb.Entry(id=kept.id, revision=kept.revision))

    async with notes(tmp_path) as (_, kept):
        first = await kept.create("n", command, Note(text="t"), [], lambda kept: with_more(answered(kept)))
        again = await kept.create("n", command, Note(text="t"), [], answered)
    assert again.SerializeToString() == first.SerializeToString()
    assert getattr(as_newer(again.DESCRIPTOR.full_name, again.SerializeToString()).entry, ADDED) == SAYS


async def test_an_event_of_a_newer_replica_is_published_whole_by_an_older_one(tmp_path: Path) -> None:
    event = an_event("1", with_more(sent("req_1")), "req_1")
    async with (
        open_documents(f"sqlite:///{tmp_path}/documents.db", [NOTES]) as documents,
        open_events(f"sqlite:///{tmp_path}/events.db") as events,
        events.join("test", [TOPIC]) as member,
        working([Outbox("requests", documents, events, clock).relay]),
    ):
        await documents.insert(NOTES, Document("n", {}), [event])
        assert [received.event for received in await member.poll()] == [event]


async def test_an_action_that_a_reader_does_not_know_is_set_aside_whole_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events before and behind it are dealt with, and so is this one when the next version replays it."""
    monkeypatch.setattr(reactions, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(dead_letters, "WAIT_S", 0.1)
    url = f"sqlite:///{tmp_path}/events.db"
    unknown = an_event("2", with_more(sent("req_1", NUMBER)), "req_1")
    told = [an_event("1", sent("req_1"), "req_1"), unknown, an_event("3", with_more(sent("req_1")), "req_1")]
    async with (
        open_documents(f"sqlite:///{tmp_path}/documents.db", [INBOX]) as documents,
        open_events(url) as events,
    ):
        inbox = Inbox(documents, STREAM, clock)

        async def heard(who: str) -> list[str]:
            return [entry.id for entry in (await inbox.read(who, "", 100)).items]

        async def has_heard_the_last() -> bool:
            return "3" in await heard("aut_it") and "3" in await heard("aut_hu")

        async with working([fill_inboxes(events, inbox).run]):
            await events.publish(TOPIC, told)
            await until(has_heard_the_last)
            assert await heard("aut_it") == await heard("aut_hu") == ["1", "3"]
        async with events.join("test", [dead(TOPIC)]) as member:
            assert [received.event for received in await member.poll()] == [unknown]
        assert await replayed(url, TOPIC) == 1
        async with events.join("next version", [TOPIC]) as member:
            assert [received.event for received in await member.poll()] == [*told, unknown]


async def test_what_the_next_version_keeps_besides_is_lost_when_this_one_writes(tmp_path: Path) -> None:
    """A stored thing is its program's own dataclass. A field that is to stay is first read, and written in the release after."""
    command = CommandKey(key="key", fingerprint="fingerprint", expected_revision=None)

    async def rewritten(before: Kept[Note]) -> tuple[Note, Sequence[EntryChanged]]:
        return replace(before.state, text="changed"), []

    async with notes(tmp_path, ColouredNote) as (documents, newer):
        await newer.load([("n", ColouredNote(text="t", colour="red"), [])])
        async with notes(tmp_path) as (_, older):
            kept = await older.get("n")
            assert kept is not None
            assert kept.state == Note(text="t")
            await older.change("n", command, rewritten, lambda _: pb.EditEntryResponse(), pb.EditEntryResponse)
        document = await documents.get(NOTES, "n")
        assert document is not None
        assert document.body["state"] == {"text": "changed"}


async def test_a_state_that_this_version_cannot_read_stays_as_it_is(tmp_path: Path) -> None:
    command = CommandKey(key="key", fingerprint="fingerprint", expected_revision=None)

    async def rewritten(before: Kept[Note]) -> tuple[Note, Sequence[EntryChanged]]:
        return before.state, []

    async with notes(tmp_path) as (documents, kept):
        stored = await documents.insert(NOTES, Document("n", {"state": {"text": ["in", "lines"]}, "answered": []}))
        with pytest.raises(msgspec.ValidationError):
            await kept.change("n", command, rewritten, lambda _: pb.EditEntryResponse(), pb.EditEntryResponse)
        assert await documents.get(NOTES, "n") == stored
