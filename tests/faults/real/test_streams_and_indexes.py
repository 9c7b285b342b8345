"""Live streams whose gateway dies, an index that is deleted, members of a group that come and go."""

import asyncio
import json
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from chassis.inbox import BUCKET, INBOX, Entry, Inbox
from chassis.keys import KeyRing
from chassis.process import clock
from chassis.reactions import Reactions
from deploy.cluster import Cluster
from deploy.demo.client import key, signed_in
from deploy.servers import Servers
from engines.documents import open_documents, prepare_documents
from engines.events import Event, open_events, prepare_events
from engines.mongo import open_database
from gateway.tokens import DevelopmentTokens
from tests.chassis.waiting import until
from tests.faults.real.conftest import RUNS, Figures
from vocabulary.refusals import CursorExpired

pytestmark = pytest.mark.timeout(600)
# Enough to share buckets, loops and channels; `make faults` opens as many as a replica is made for.
STREAMS = 1_000 if RUNS > 10 else 100
ALERTS = 6
SUBSCRIBE = "subscription ($after: String) { alertStream(after: $after) { cursor entry { id alert { id } } } }"
VALUES: list[dict[str, Any]] = [
    {"code": "subject", "value": {"text": {"text": "Ponteggio instabile", "language": "IT"}}},
    {"code": "activity", "value": {"references": ["construction"]}},
    {"code": "danger", "value": {"codes": ["SAFETY"]}},
    {"code": "risk", "value": {"codes": ["HIGH"]}},
    {"code": "facts", "value": {"text": {"text": "Verificato.", "language": "IT"}}},
]


class Listener:
    """A member state's system: it remembers its cursor, and comes back when its connection breaks."""

    def __init__(self, urls: list[str], token: str) -> None:
        self._urls = [f"{url.replace('http', 'ws', 1)}/graphql" for url in urls]
        self._token = token
        self.cursor: str | None = None
        self.heard: dict[str, str] = {}
        self.repeated = 0
        self.lives = 0
        self.opened = asyncio.Event()

    async def listen(self) -> None:
        """For ever, on whichever gateway answers."""
        while True:
            try:
                await self._once(self._urls[self.lives % len(self._urls)])
            except (OSError, WebSocketException, TimeoutError):
                self.lives += 1
                await asyncio.sleep(0.2)

    async def _once(self, url: str) -> None:
        async with connect(url, subprotocols=["graphql-transport-ws"], open_timeout=20) as socket:  # type: ignore[list-item]
            await socket.send(
                json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {self._token}"}})
            )
            await socket.recv()
            payload = {"query": SUBSCRIBE, "variables": {"after": self.cursor}}
            await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
            async for frame in socket:
                message = json.loads(frame)
                if message["type"] == "next":
                    self._take(message["payload"]["data"]["alertStream"])
                elif message["type"] in ("error", "complete"):
                    return

    def _take(self, item: dict[str, Any]) -> None:
        self.cursor = item["cursor"]
        self.opened.set()
        if entry := item["entry"]:
            self.repeated += entry["id"] in self.heard
            self.heard[entry["id"]] = entry["alert"]["id"]


async def test_gateway_killed(system: Cluster, figures: Figures) -> None:
    """A gateway is killed with live streams; each resumes on the other without a gap (F9)."""
    tokens = DevelopmentTokens(KeyRing(system.folder / "keys"))
    listeners = [Listener(system.urls, tokens.issue("hu-alerts")) for _ in range(STREAMS)]
    sent: list[str] = []
    async with (
        signed_in(system.urls[1], tokens.issue("it-alerts")) as author,
        signed_in(system.urls[1], tokens.issue("it-coordinator")) as coordinator,
    ):

        async def warn() -> None:
            created = await author.ask(
                "mutation ($input: CreateAlertInput!) { createAlert(input: $input) { alert { id } } }",
                input={"idempotencyKey": key(), "typeId": "services:1", "values": VALUES},
            )
            id_ = created["createAlert"]["alert"]["id"]
            for who, name, extra in ((author, "submit", {}), (coordinator, "broadcast", {"countries": ["HU"]})):
                kind = f"{name.title()}AlertInput"
                await who.ask(
                    f"mutation ($input: {kind}!) {{ {name}Alert(input: $input) {{ alert {{ id }} }} }}",
                    input={"idempotencyKey": key(), "id": id_, **extra},
                )
            sent.append(id_)

        tasks = [asyncio.create_task(listener.listen()) for listener in listeners]
        async with asyncio.timeout(120):
            await asyncio.gather(*(listener.opened.wait() for listener in listeners))
        for number in range(ALERTS):
            if number == ALERTS // 2:
                await system.parts["gateway"][0].kill()
                began = time.monotonic()
            await warn()

        async def have_heard() -> bool:
            return all(set(sent) <= set(listener.heard.values()) for listener in listeners)

        with suppress(TimeoutError):
            await until(have_heard, 120)
            figures.recovery_s.append(time.monotonic() - began)
        for task in tasks:
            task.cancel()
    await system.parts["gateway"][0].start()
    figures.runs = 1
    figures.acknowledged = len(sent) * STREAMS
    figures.retried = sum(listener.lives for listener in listeners)
    figures.lost = sum(len(set(sent) - set(listener.heard.values())) for listener in listeners)
    # An alert that is told twice has two ids: one entry that comes twice is allowed.
    figures.duplicated = sum(len(listener.heard) - len(set(listener.heard.values())) for listener in listeners)
    assert figures.retried >= STREAMS
    assert (figures.lost, figures.duplicated) == (0, 0)


async def test_index_deleted(system: Cluster, servers: Servers, figures: Figures) -> None:
    """The search index is deleted: searches are refused by name until it is built again, whole (F8)."""
    tokens = DevelopmentTokens(KeyRing(system.folder / "keys"))
    document = '{ searchAuthorities(filter: { countries: ["IT", "HU"] }) { totalCount } }'
    headers = {"authorization": f"Bearer {tokens.issue('it-handler')}"}
    async with httpx.AsyncClient(headers=headers, timeout=30) as http:

        async def asked() -> tuple[int, str]:
            answer = (await http.post(f"{system.urls[0]}/graphql", json={"query": document})).json()
            if errors := answer.get("errors"):
                return 0, errors[0]["extensions"]["reason"]
            return answer["data"]["searchAuthorities"]["totalCount"], ""

        before, _ = await asked()
        assert before > 0
        engine = f"http://127.0.0.1:{servers.elasticsearch.port}"
        there = (await http.get(f"{engine}/imi-directory-authorities-*/_alias")).json()
        for name in there:
            (await http.delete(f"{engine}/{name}")).raise_for_status()
        began = time.monotonic()
        assert (await asked()) == (0, "INDEX_REBUILDING")
        async with asyncio.timeout(120):
            while True:
                found, reason = await asked()
                if not reason:
                    break
                assert reason == "INDEX_REBUILDING"
                await asyncio.sleep(0.1)
        figures.recovery_s.append(time.monotonic() - began)
        figures.runs = 1
        figures.acknowledged, figures.lost = before, before - found
    assert found == before


async def test_members_come_and_go(servers: Servers, figures: Figures) -> None:
    """A consumer group is rebalanced all the time while it works (F16)."""
    name = f"t{uuid.uuid4().hex[:12]}"
    events_url, documents_url = f"{servers.events_url}&prefix={name}.", servers.documents_url.replace("{service}", name)
    await prepare_events(events_url, ["things", "things.dead"])
    await prepare_documents(documents_url, [INBOX])
    count, subjects = 60 * RUNS, 8
    async with open_events(events_url) as events, open_documents(documents_url, [INBOX]) as documents:
        inbox = Inbox(documents, "things", clock)

        async def react(seen: Any) -> None:
            for event in seen:
                await inbox.append(event.subject, Entry(id=event.id, subject=event.id, kind="K", at=event.time))

        async def member() -> None:
            await Reactions(events, "group", ["things"], {"thing": react}).run()

        async def unsteady(lives_s: float) -> None:
            while True:
                try:
                    async with asyncio.timeout(lives_s):
                        await member()
                except TimeoutError:
                    continue

        members = [asyncio.create_task(one) for one in (member(), unsteady(3.0), unsteady(4.0))]
        began = time.monotonic()
        for number in range(count):
            made = Event(
                id=f"{number:05}",
                type="thing",
                source="/t",
                subject=f"s{number % subjects}",
                time=datetime.now(UTC),
                data=b"",
            )
            await events.publish("things", [made])
            await asyncio.sleep(0.05)

        async def heard(subject: str) -> list[str]:
            found: list[str] = []
            after = ""
            while True:
                page = await inbox.read(subject, after, 100)
                found += [entry.id for entry in page.items]
                if not page.has_next:
                    return found
                after = page.cursors[-1]

        expected = {f"s{one}": [f"{n:05}" for n in range(count) if n % subjects == one] for one in range(subjects)}

        async def all_heard() -> bool:
            return sum([len(await heard(subject)) for subject in expected]) >= count

        await until(all_heard, 120)
        figures.recovery_s.append(time.monotonic() - began)
        for task in members:
            task.cancel()
        await asyncio.gather(*members, return_exceptions=True)
        got = {subject: await heard(subject) for subject in expected}
    figures.runs, figures.acknowledged = 1, count
    figures.lost = sum(len(set(expected[subject]) - set(got[subject])) for subject in expected)
    figures.duplicated = sum(len(found) - len(set(found)) for found in got.values())
    assert (figures.lost, figures.duplicated) == (0, 0)
    assert got == expected


async def test_cursor_older_than_what_is_kept(servers: Servers, figures: Figures) -> None:
    """A cursor is older than what is kept: it is refused by name, never skipped (F10)."""
    url = servers.documents_url.replace("{service}", f"t{uuid.uuid4().hex[:12]}")
    await prepare_documents(url, [INBOX])
    async with open_documents(url, [INBOX]) as documents, open_database(url) as database:
        inbox = Inbox(documents, "things", clock)
        entries = [Entry(id=str(n), subject=str(n), kind="K", at=clock()) for n in range(3 * BUCKET)]
        await inbox.append("aut_1", *entries)
        page = await inbox.read("aut_1", "", 100)
        old, kept = page.cursors[5], page.cursors[BUCKET + 5]
        # What retention will do.
        await database["inbox"].delete_one({"_id": "aut_1:0"})
        for reading in (inbox.read("aut_1", old, 10), anext(inbox.watch("aut_1", old))):
            with pytest.raises(CursorExpired):
                await reading
        after = await inbox.read("aut_1", kept, 100)
        assert [entry.id for entry in after.items] == [entry.id for entry in entries[BUCKET + 6 :][:100]]
    figures.runs, figures.acknowledged = 1, len(entries)
