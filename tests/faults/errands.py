"""Work at each of the five services, and everything that must come of it: in its store, its log, its index, in inboxes.

What an undisturbed errand leads to is what every other one must lead to, whatever happens on the way.
"""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis.caller import Caller
from chassis.inbox import INBOX
from chassis.outbox import topic
from chassis.participant_entries import FILLED
from chassis.participants import PARTICIPANTS
from chassis.reactions import once_available
from chassis.settings import ServiceSettings
from engines.documents import Collection, Documents, open_documents, pages
from engines.events import Event, Events, open_events
from engines.search import Everything, Index, NotBuilt, Search, open_search
from protos.alerts.v1 import alerts_pb2
from protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub
from protos.common.v1 import common_pb2
from protos.directory.v1 import registration_pb2
from protos.directory.v1.registration_pb2_grpc import RegistrationServiceStub
from protos.repositories.v1 import repositories_pb2
from protos.repositories.v1.repositories_pb2_grpc import RepositoriesServiceStub
from protos.requests.v1 import requests_pb2
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from protos.translation.v1 import translation_pb2
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.alerts import storage as alerts
from services.directory import storage as directory
from services.directory.search.index import AUTHORITIES
from services.directory.training.authorities import COMMISSION_ID, coordinator_id, national_id
from services.repositories import storage as repositories
from services.repositories.search.contents import ENTRIES
from services.requests import storage as requests
from services.translation import storage as translation
from tests.alerts.dangers import on_wire as a_danger
from tests.builders import a_handler
from tests.chassis.waiting import until
from tests.directory.bodies import a_coordinator, a_registrar, stored
from tests.directory.bodies import a_draft as an_authority
from tests.faults.desk import Desk, Verdict
from tests.repositories.conftest import an_editor
from tests.repositories.registers import on_wire as a_register
from tests.requests.exchanges import a_draft as a_request
from vocabulary.refusals import Unavailable
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

Engine = TypeVar("Engine")
PAGE = 500
LOOK_EVERY_S = 0.5
# What is owed has come within this time: Kafka learns of members that died by ten seconds of silence, of each in turn.
LATEST_S = 120.0
QUIET_S = 3.0
# A copy of the whole directory is there within this time.
FIRST_S = 300.0

Fields = dict[str, Any]
# Who gives a command, which one, and what it says beside its key and, but for the first, the id of the thing it is about.
Command = tuple[Caller, str, Fields]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Commands about one thing of a service; the first makes it, and the last is told to all whom it concerns."""

    service: str
    stub: Callable[[Any], Any]
    messages: Any
    commands: Callable[[], Sequence[Command]]
    # Where the thing's id is in an answer, and where the thing is in the store.
    id_of: Callable[[Any], str]
    collection: Collection
    collections: Sequence[Collection]
    index: Index | None = None
    # What inboxes are told of it at last.
    news: Sequence[str] = ()
    # What must be in a store with no training data.
    beforehand: Callable[[Any], Awaitable[None]] | None = None

    @property
    def reacts(self) -> bool:
        """Whether the service does something about its own events."""
        return self.index is not None or INBOX in self.collections

    async def begun(self, desk: Desk) -> tuple[Caller, str, Message]:
        """Give all commands but the last one, which is returned."""
        id_: Fields = {}
        *before, (caller, method, fields) = self.commands()
        for by, earlier, says in before:
            id_ = {"id": self.id_of(await desk.do(by, earlier, **says, **id_))}
        return caller, method, desk.message(method, **fields, **id_)

    async def done(self, desk: Desk) -> str:
        """Do all of it; gives the thing's id."""
        return self.id_of(await desk.give(*await self.begun(desk)))


def _someone(authority_id: str, role: UserRole, part: WorkflowRole, legislative: LegislativeRole) -> Caller:
    """A person at an authority for alerts about services."""
    return Caller(
        user_id=f"usr_{authority_id}",
        authority_id=authority_id,
        country="IT",
        language="it",
        user_roles={"services/alerts": frozenset({role})},
        workflow_roles={"services/alerts": frozenset({part})},
        legislative_roles={"services": legislative},
    )


_INSPECTOR = _someone(
    national_id("IT", "services", "electrician"),
    UserRole.ALERT_HANDLER,
    WorkflowRole.ALERT_AUTHORITY,
    LegislativeRole.COMPETENT_AUTHORITY,
)
_COORDINATOR = _someone(
    coordinator_id("IT", "services"), UserRole.COORDINATOR, WorkflowRole.ALERT_COORDINATOR, LegislativeRole.LIMIC
)
_COMMISSION = Caller(
    user_id="usr_commission",
    authority_id=COMMISSION_ID,
    country="EU",
    language="en",
    legislative_roles={"*": LegislativeRole.COMMISSION},
)


def _public(text: str, language: str) -> common_pb2.FreeText:
    return common_pb2.FreeText(text=text, language=language, data_class=common_pb2.DATA_CLASS_PUBLIC)


# Who registers is a coordinator that the directory knows.
REGISTRAR = replace(a_registrar(LegislativeRole.LIMIC), authority_id=coordinator_id("IT", "services"))

ERRANDS = [
    Errand(
        service="directory",
        stub=RegistrationServiceStub,
        messages=registration_pb2,
        commands=lambda: [(REGISTRAR, "RegisterAuthority", {"authority": an_authority()})],
        id_of=attrgetter("authority.id"),
        collection=directory.AUTHORITIES,
        collections=directory.COLLECTIONS,
        index=AUTHORITIES,
        beforehand=lambda settings: stored(settings, {REGISTRAR.authority_id: a_coordinator(LegislativeRole.LIMIC)}),
    ),
    Errand(
        service="requests",
        stub=RequestsServiceStub,
        messages=requests_pb2,
        commands=lambda: [
            (a_handler("IT"), "CreateRequest", {"draft": a_request()}),
            (a_handler("IT"), "SendRequest", {}),
        ],
        id_of=attrgetter("request.id"),
        collection=requests.REQUESTS,
        collections=requests.COLLECTIONS,
        news=("CREATE", "SEND"),
    ),
    Errand(
        service="alerts",
        stub=AlertsServiceStub,
        messages=alerts_pb2,
        commands=lambda: [
            (_INSPECTOR, "CreateAlert", {"type_id": "services:1", "values": a_danger()}),
            (_INSPECTOR, "SubmitAlert", {}),
            (_COORDINATOR, "BroadcastAlert", {"countries": ["HU", "FR"]}),
        ],
        id_of=attrgetter("alert.id"),
        collection=alerts.ALERTS,
        collections=alerts.COLLECTIONS,
        news=("SUBMITTED", "BROADCAST"),
    ),
    Errand(
        service="translation",
        stub=TranslationServiceStub,
        messages=translation_pb2,
        commands=lambda: [
            (
                _COMMISSION,
                "ApproveTranslation",
                {"source": _public(f"Titolo {uuid.uuid4()}", "it"), "target": _public("Oklevél", "hu")},
            )
        ],
        id_of=attrgetter("memory_id"),
        collection=translation.TRANSLATIONS,
        collections=translation.COLLECTIONS,
    ),
    Errand(
        service="repositories",
        stub=RepositoriesServiceStub,
        messages=repositories_pb2,
        commands=lambda: [
            (an_editor("IT"), "CreateEntry", {"repository": "registers", "values": a_register()}),
            (an_editor("IT"), "PublishEntry", {}),
        ],
        id_of=attrgetter("entry.id"),
        collection=repositories.ENTRIES,
        collections=repositories.COLLECTIONS,
        index=ENTRIES,
    ),
]


@dataclass(slots=True)
class Traces:
    """What has come of errands at one service, by the thing's id."""

    _errand: Errand
    _documents: Documents
    _search: Search | None
    # Each event as it was first read; and those that were read again as something else.
    events: dict[str, Event] = field(default_factory=dict)
    _otherwise: list[Event] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def opened(cls, errand: Errand, settings: ServiceSettings) -> AsyncIterator["Traces"]:
        """Looks into the engines that *settings* name, for as long as the context lasts; waits for those that are busy."""
        async with AsyncExitStack() as entered:

            async def opened(engine: Callable[[], AbstractAsyncContextManager[Engine]]) -> Engine:
                return await once_available(lambda: entered.enter_async_context(engine()))

            store = settings.documents(errand.service)
            traces = cls(errand, await opened(lambda: open_documents(store, errand.collections)), None)
            if errand.index is not None:
                index = errand.index
                traces._search = await opened(lambda: open_search(settings.search(errand.service), [index]))
            events = await opened(lambda: open_events(settings.events))
            group = await entered.enter_async_context(asyncio.TaskGroup())
            listening = group.create_task(traces._listen(events))
            try:
                yield traces
            finally:
                listening.cancel()

    async def _listen(self, events: Events) -> None:
        group = f"oracle-{uuid.uuid4()}"
        while True:
            with suppress(Unavailable):
                async with events.join(group, [topic(self._errand.service)]) as member:
                    while True:
                        for received in await member.poll(limit=PAGE, wait_s=1.0):
                            event = received.event
                            if self.events.setdefault(event.id, event) != event:
                                self._otherwise.append(event)

    async def all(self) -> Mapping[str, Counter[str]]:
        """How often each thing was changed, told, shown, and put into whose inbox as what."""
        found: dict[str, Counter[str]] = {}
        async for page in pages(self._documents, self._errand.collection, size=PAGE):
            found.update((one.id, Counter({"changed": one.revision})) for one in page)
        for event in self.events.values():
            found.setdefault(event.subject, Counter())["told"] += 1
        for event in self._otherwise:
            found.setdefault(event.subject, Counter())["told otherwise"] += 1
        if self._search is not None and self._errand.index is not None:
            with suppress(NotBuilt):
                for hit in (await self._search.find(self._errand.index, Everything(), limit=PAGE * 18)).hits:
                    found.setdefault(hit.id, Counter())["shown"] += 1
        elif INBOX in self._errand.collections:
            async for buckets in pages(self._documents, INBOX, size=PAGE):
                for bucket in buckets:
                    entries: Any = bucket.body["entries"]
                    for entry in entries:
                        found.setdefault(entry["subject"], Counter())[
                            f"{bucket.body['recipient']} {entry['kind']}"
                        ] += 1
        return found

    async def undisturbed(self, desk: Desk) -> Counter[str]:
        """What comes of an errand when nothing goes wrong; what waits for a copy of the directory included."""
        if PARTICIPANTS in self._errand.collections:
            await until(self._has_copy, FIRST_S)
        id_ = await self._errand.done(desk)
        found, since = Counter[str](), time.monotonic()
        async with asyncio.timeout(LATEST_S):
            while self._lacks(found) or time.monotonic() - since < QUIET_S:
                now = (await once_available(self.all)).get(id_, Counter())
                if now != found:
                    found, since = now, time.monotonic()
                await asyncio.sleep(LOOK_EVERY_S)
        assert found["changed"] == found["told"] == len(self._errand.commands())
        return found

    def _lacks(self, found: Counter[str]) -> bool:
        """Whether something of an errand is still to come for certain."""
        told = {key.rpartition(" ")[2] for key in found}
        return len(found) < 2 + self._errand.reacts or not told.issuperset(self._errand.news)

    async def _has_copy(self) -> bool:
        await asyncio.sleep(LOOK_EVERY_S)  # the store has enough to do
        noted = await once_available(lambda: self._documents.get(PARTICIPANTS, FILLED))
        return noted is not None and bool(noted.body["done"])

    async def verdict(self, expected: Counter[str], ids: Iterable[str]) -> Verdict:
        """Compares what has come of each of *ids* with what is *expected*, once it is complete or should have been."""
        latest = time.monotonic() + LATEST_S
        while True:
            traces = await once_available(self.all)
            found = [traces.get(id_, Counter()) for id_ in ids]
            lost = sum((expected - one).total() for one in found)
            if not lost or time.monotonic() > latest:
                return Verdict(lost, sum((one - expected).total() for one in found))
            await asyncio.sleep(LOOK_EVERY_S)
