"""People at work, and a ledger of what was acknowledged to them: after a fault, all of it is there, and none of it twice."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from chassis.caller import Caller, Signer
from chassis.calls import open_channel
from chassis.keys import KeyRing
from deploy.cluster import Cluster
from engines.events import open_events
from protos.requests.v1 import events_pb2
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from services.requests.reactions import STREAM
from tests.builders import a_handler
from tests.faults.desk import Desk, Verdict, at_work
from tests.requests.exchanges import GOOD_ANSWERS, a_draft
from vocabulary import pages

ITALY, HUNGARY = a_handler("IT"), a_handler("HU")
TOPIC = "imi.requests.v1"
# An exchange from its creation to its closure, and who does what.
STEPS: list[tuple[Caller, str, dict[str, Any]]] = [
    (ITALY, "SendRequest", {}),
    (HUNGARY, "AcceptRequest", {}),
    (HUNGARY, "AnswerRequest", {"answers": GOOD_ANSWERS}),
    (ITALY, "CloseRequest", {}),
]
ACTIONS = ["CREATE", "SEND", "ACCEPT", "ANSWER", "CLOSE"]
# What each authority hears of an exchange.
HEARD = {ITALY.authority_id: ACTIONS, HUNGARY.authority_id: ACTIONS[1:]}
# What is owed arrives within this time; nothing more comes once there was silence for that long.
LATEST_S = 45.0
QUIET_S = 3.0
# What the ids of events begin with that no service made.
POISON = "poison-"


class Office(Desk):
    """Two authorities that exchange requests, against all replicas of the service."""

    @classmethod
    @asynccontextmanager
    async def opened(cls, cluster: Cluster) -> AsyncIterator["Office"]:
        address = ",".join(f"127.0.0.1:{one.port}" for one in cluster.parts["requests"])
        async with open_channel(address) as channel:
            yield cls("requests", RequestsServiceStub(channel), pb, Signer(KeyRing(cluster.folder / "keys"), "gateway"))

    @asynccontextmanager
    async def working(self, people: int, pause_s: float = 0.0) -> AsyncIterator[None]:
        """*people* do one exchange after the other for as long as the context lasts; what they began they finish."""
        async with at_work([self.exchange] * people, pause_s):
            yield

    async def exchange(self) -> str:
        """One exchange from its creation to its closure; gives its id."""
        id_ = await self.begun()
        for (caller, method, fields), action in zip(STEPS[1:], ACTIONS[2:], strict=True):
            await self.do(caller, method, id=id_, **fields)
            self.ledger.note(id_, action)
        return id_

    async def begun(self) -> str:
        """An exchange that is on its way to Hungary; gives its id."""
        created = await self.do(ITALY, "CreateRequest", draft=a_draft())
        id_: str = created.request.id
        self.ledger.note(id_, "CREATE")
        await self.do(ITALY, "SendRequest", id=id_)
        self.ledger.note(id_, "SEND")
        return id_

    async def verdict(self, events_url: str) -> Verdict:
        """Compares the ledger with the store, the log and the inboxes."""
        lost, twice = await self._against_store()
        for found_lost, found_twice in (await self._against_log(events_url), await self._against_inboxes()):
            lost, twice = lost + found_lost, twice + found_twice
        return Verdict(lost, twice)

    async def _against_store(self) -> tuple[int, int]:
        lost = twice = 0
        ids = list(self.ledger.acknowledged)
        for start in range(0, len(ids), 100):
            request = pb.BatchGetRequestsRequest(ids=ids[start : start + 100])
            answer = await self.peer(ITALY).call(self.stub.BatchGetRequests, request)
            found = {one.id: one for one in answer.requests}
            for id_ in request.ids:
                history = [_action(entry.action) for entry in found[id_].history] if id_ in found else []
                some_lost, some_twice = _compared(self.ledger.acknowledged[id_], history)
                lost, twice = lost + some_lost, twice + some_twice
        return lost, twice

    async def _against_log(self, url: str) -> tuple[int, int]:
        """Each event is there at least once, and first in its order; a repetition has the same id."""
        first_seen: dict[str, list[str]] = {id_: [] for id_ in self.ledger.acknowledged}
        ids: set[str] = set()
        missing = sum(map(len, self.ledger.acknowledged.values()))
        async with open_events(url) as events, events.join(f"oracle-{uuid.uuid4()}", [TOPIC]) as member:
            idle_since = time.monotonic()
            while missing and time.monotonic() - idle_since < LATEST_S:
                for received in await member.poll(limit=500, wait_s=1.0):
                    if received.event.subject not in first_seen or received.event.id.startswith(POISON):
                        continue
                    message = events_pb2.RequestChanged.FromString(received.event.data)
                    if received.event.id not in ids:
                        ids.add(received.event.id)
                        first_seen[message.request_id].append(_action(message.action))
                        missing -= 1
                        idle_since = time.monotonic()
        compared = [_compared(self.ledger.acknowledged[id_], seen) for id_, seen in first_seen.items()]
        return sum(lost for lost, _ in compared), sum(twice for _, twice in compared)

    async def _against_inboxes(self) -> tuple[int, int]:
        lost = twice = 0
        for caller in (ITALY, HUNGARY):
            expected = {
                id_: [action for action in done if action in HEARD[caller.authority_id]]
                for id_, done in self.ledger.acknowledged.items()
            }
            heard = await self._heard(caller, expected)
            for id_, actions in expected.items():
                some_lost, some_twice = _compared(actions, heard[id_])
                lost, twice = lost + some_lost, twice + some_twice
        return lost, twice

    async def _heard(self, caller: Caller, expected: dict[str, list[str]]) -> dict[str, list[str]]:
        """What *caller*'s stream tells of each request, from its very beginning until it has been quiet for a while."""
        heard: dict[str, list[str]] = {id_: [] for id_ in expected}
        missing = sum(map(len, expected.values()))
        cursor = pages.cursor(STREAM, caller.authority_id, 0)
        stream = self.peer(caller).stream(self.stub.WatchChanges, pb.WatchChangesRequest(after_cursor=cursor))
        try:
            while True:
                async with asyncio.timeout(LATEST_S if missing > 0 else QUIET_S):
                    item = await anext(stream)
                if item.HasField("change") and item.change.request_id in heard:
                    heard[item.change.request_id].append(_action(item.change.action))
                    missing -= 1
        except TimeoutError:
            return heard
        finally:
            await stream.aclose()


def _action(number: int) -> str:
    return pb.RequestAction.Name(number).removeprefix("REQUEST_ACTION_")  # type: ignore[arg-type]


def _compared(expected: list[str], found: list[str]) -> tuple[int, int]:
    """How many of *expected* are not among *found*, and how many of *found* are too many or out of order."""
    missing = Counter(expected) - Counter(found)
    surplus = Counter(found) - Counter(expected)
    out_of_order = 0 if missing or surplus else sum(one != other for one, other in zip(expected, found, strict=True))
    return missing.total(), surplus.total() + out_of_order
