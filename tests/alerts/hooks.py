"""What delivers to webhooks, in a store of its own and by a clock that tests turn, over the directory of the cast."""

import ssl
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import Signer
from chassis.calls import Peer, open_channel
from chassis.egress import Egress, Rules
from chassis.inbox import Entry, Inbox
from chassis.keys import KeyRing
from chassis.mail import Mailer, Server
from chassis.outbox import Outbox
from chassis.participants import Participants
from chassis.settings import ServiceSettings
from chassis.timers import Timers
from engines.documents import Documents, open_documents
from engines.events import open_events
from protos.alerts.v1 import webhooks_pb2 as pb
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceStub
from services.alerts import storage
from services.alerts.domain.alerts import Alert
from services.alerts.domain.deliveries import Progress
from services.alerts.domain.filters import EVERYTHING, Filter, Member, SavedFilter
from services.alerts.domain.webhooks import Selection, Status, Webhook
from services.alerts.filters.selecting import Selecting
from services.alerts.filters.storage import MAILS, saved_filters
from services.alerts.mailing import Mailing, Wording
from services.alerts.reactions import STREAM
from services.alerts.webhooks.book import Book
from services.alerts.webhooks.delivering import Delivering
from services.alerts.webhooks.messages import Messages
from services.alerts.webhooks.signing import Secrets
from services.alerts.webhooks.storage import webhooks
from services.directory import storage as directory_storage
from services.directory.domain.authorities import Contact
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from tests.alerts.cast import AUTHORITIES
from tests.alerts.dangers import TYPE
from tests.alerts.threads import ruled
from tests.chassis.ticking import START, Clock

HUNGARY = "aut_hu_coordinator"
MAILBOX = "riasztas@hu.example"
PUBLIC = "https://imi.example"
SECRETS = Secrets(b"a key")


@dataclass
class Post:
    """A service's deliveries: the parts that two replicas share, and what makes a replica."""

    documents: Documents
    alerts: Aggregates[Alert]
    webhooks: Aggregates[Webhook]
    saved: Aggregates[SavedFilter]
    participants: Participants
    inbox: Inbox
    book: Book
    mails: Timers
    mailing: Mailing
    clock: Clock
    _parts: Mapping[str, Any]
    told: int = 0
    replicas: int = 0
    numbers: dict[str, str] = field(default_factory=dict)

    def replica(self) -> Delivering:
        self.replicas += 1
        return Delivering(**self._parts, name=f"replica-{self.replicas}")

    async def tell(self, *kinds: str, to: str = HUNGARY, alert: Alert | None = None) -> list[Entry]:
        """Put an entry of each of *kinds* into an inbox, each about an alert of its own, and call those who deliver."""
        entries = []
        for kind in kinds:
            self.told += 1
            id_ = f"alt_{self.told}"
            state = replace(alert or ruled(), number=f"AL-{self.told}")
            await self.alerts.load([(id_, state, [])])
            entries.append(Entry(id=f"evt_{self.told}", subject=id_, kind=kind, at=self.clock()))
        await self.inbox.append(to, *entries)
        await self.mailing.told({to: entries})
        await self.book.call([to])
        return entries

    async def hook(
        self, id_: str, url: str, wanted: Filter = EVERYTHING, *, saved: str = "", to: str = HUNGARY
    ) -> Webhook:
        """A webhook that was verified at once; it delivers what is told from now on."""
        webhook = Webhook(
            authority_id=to,
            name=id_,
            url=url,
            selection=Selection(saved_filter_id=saved) if saved else Selection(filter=wanted),
            status=Status.ACTIVE,
            run=1,
            start=await self.inbox.cursor(to, ""),
            created_by="usr_1",
            created_at=START,
            changed_at=START,
        )
        await self.webhooks.load([(id_, webhook, [])])
        await self.book.begin(id_, webhook)
        return webhook

    async def change(self, id_: str, change: Callable[[Webhook], Webhook], *, tell: bool = True) -> Webhook:
        """Change a webhook, as a command would, and *tell* those who deliver."""

        async def decided(before: Kept[Webhook]) -> tuple[Webhook, list[Message]]:
            return change(before.state), []

        key = str(uuid.uuid4())
        command = CommandKey(key=key, fingerprint=key, expected_revision=None)
        await self.webhooks.change(id_, command, decided, lambda kept: pb.Webhook(id=kept.id), pb.Webhook)
        if tell:
            await self.replica().changed([id_])
        kept = await self.webhooks.get(id_)
        assert kept is not None
        return kept.state

    async def deliver(self, by: Delivering | None = None) -> int:
        """Deliver all that is due now, one after the other; returns how many webhooks that were."""
        due = await self.book.due(100)
        for document in due:
            await (by or self.replica()).deliver(document)
        return len(due)

    async def progress(self, id_: str) -> Progress:
        return (await self.book.get_many([id_]))[id_][0]


CHIEF = Member(user_id="usr_chief", authority_id=HUNGARY, reads=False, administers=True, now=START)


@asynccontextmanager
async def a_directory_with_mailboxes(folder: Path) -> AsyncIterator[ServiceSettings]:
    """The cast's directory, in which Hungary's coordinator has a mailbox and reads Hungarian; what a service needs to ask it."""
    settings = DirectorySettings(data_dir=folder, listen_address="127.0.0.1:0")
    reached = replace(AUTHORITIES[HUNGARY], contact=Contact(email=MAILBOX), languages=("hu",))
    async with (
        open_documents(settings.documents("directory"), directory_storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        kept = directory_storage.authorities(documents, Outbox("directory", documents, events, Clock()))
        await kept.load([(id_, one, []) for id_, one in {**AUTHORITIES, HUNGARY: reached}.items()])
    async with directory(settings) as server:
        yield ServiceSettings(data_dir=folder, directory_address=f"127.0.0.1:{server.port}")


@asynccontextmanager
async def a_post(
    settings: ServiceSettings, folder: Path, tls: ssl.SSLContext, smtp_port: int | None = None
) -> AsyncIterator[Post]:
    """Deliveries that may go to this machine, in *folder*, over the directory that *settings* name."""
    keys, settings = settings.keys, settings.model_copy(update={"data_dir": folder})
    clock = Clock()

    async def here(host: str) -> list[str]:
        return ["127.0.0.1"]

    async with (
        open_documents(settings.documents("alerts"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_channel(settings.directory_address) as channel,
    ):
        outbox = Outbox("alerts", documents, events, clock)
        peer = Peer("directory", Signer(KeyRing(keys), "alerts").for_service)
        participants = Participants(documents, peer, ParticipantsServiceStub(channel))
        alerts, hooks, saved = (
            storage.alerts(documents, outbox),
            webhooks(documents, outbox),
            saved_filters(documents, outbox),
        )
        inbox, book, mails = Inbox(documents, STREAM, clock), Book(documents, clock), Timers(documents, MAILS, clock)
        mailer = None if smtp_port is None else Mailer(Server.of(f"smtp://127.0.0.1:{smtp_port}"), "imi@imi.example")
        types = {TYPE.id: TYPE}
        mailing = Mailing(
            types, mails, alerts, saved, hooks, participants, peer, DirectoryServiceStub(channel), mailer,
            Wording.load(), PUBLIC, clock,
        )  # fmt: skip
        rules = Rules(ports=frozenset(range(1, 2**16)), loopback=True)
        parts = {
            "types": types,
            "alerts": alerts,
            "webhooks": hooks,
            "selecting": Selecting(types, saved),
            "participants": participants,
            "inbox": inbox,
            "book": book,
            "messages": Messages(Egress(rules, here, tls), SECRETS, PUBLIC, clock),
            "mailing": mailing,
            "now": clock,
        }
        yield Post(documents, alerts, hooks, saved, participants, inbox, book, mails, mailing, clock, parts)
