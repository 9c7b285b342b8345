"""What goes out of inboxes by itself, put together: the e-mails and the webhooks that authorities ask for."""

import ssl
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from grpc import aio

from chassis.aggregates import Aggregates
from chassis.calls import Peer
from chassis.egress import Egress, Rules
from chassis.inbox import Entry, Inbox
from chassis.keys import KeyRing
from chassis.lookups import looking_up
from chassis.mailing import mailer
from chassis.outbox import Outbox
from chassis.participants import Participants
from chassis.settings import ServiceSettings
from chassis.timers import Timers
from engines.documents import Documents
from engines.events import Events
from protos.alerts.v1.filters_pb2_grpc import add_FiltersServiceServicer_to_server
from protos.alerts.v1.webhooks_pb2_grpc import add_WebhooksServiceServicer_to_server
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.alerts.domain.alerts import Alert
from services.alerts.domain.filters import FILTERS_LIMIT
from services.alerts.domain.types import AlertType
from services.alerts.domain.webhooks import WEBHOOKS_LIMIT
from services.alerts.filters.rpc import FiltersRpc
from services.alerts.filters.selecting import Selecting
from services.alerts.filters.storage import MAILS, saved_filters
from services.alerts.mailing import Mailing, Wording
from services.alerts.quotas import Quota
from services.alerts.reactions import Told
from services.alerts.webhooks.book import Book
from services.alerts.webhooks.delivering import Delivering
from services.alerts.webhooks.messages import Messages
from services.alerts.webhooks.rpc import WebhooksRpc
from services.alerts.webhooks.signing import NAME, Secrets
from services.alerts.webhooks.storage import webhooks

Loop = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outward:
    """`told` hears what was added to inboxes, `loops` have to run, `register` adds the gRPC services."""

    selecting: Selecting
    told: Told
    loops: Sequence[Loop]
    register: Callable[[aio.Server], None]


@contextmanager
def outward(
    settings: ServiceSettings,
    keys: KeyRing,
    documents: Documents,
    events: Events,
    outbox: Outbox,
    types: Mapping[str, AlertType],
    alerts: Aggregates[Alert],
    participants: Participants,
    inbox: Inbox,
    peer: Peer,
    directory: DirectoryServiceStub,
    now: Callable[[], datetime],
    *,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Outward]:
    """Filters, e-mails and webhooks of the service *alerts* is stored in."""
    saved, hooks = saved_filters(documents, outbox), webhooks(documents, outbox)
    selecting, book = Selecting(types, saved), Book(documents, now)
    signers = Secrets(keys.secret(NAME))
    post = mailer(settings)
    mails = Timers(documents, MAILS, now)
    mailing = Mailing(
        types,
        mails,
        alerts,
        saved,
        hooks,
        participants,
        peer,
        directory,
        post,
        Wording.load(),
        settings.public_url,
        now,
    )
    with looking_up() as resolve:
        egress = Egress(_rules(settings), resolve, tls)
        messages = Messages(egress, signers, settings.public_url, now)
        delivering = Delivering(
            types,
            alerts,
            hooks,
            selecting,
            participants,
            inbox,
            book,
            messages,
            mailing,
            now,
            name=str(uuid.uuid4()),
        )
        filters_quota = Quota(documents, "filters", FILTERS_LIMIT, now)
        hooks_quota = Quota(documents, "webhooks", WEBHOOKS_LIMIT, now)
        filtering = FiltersRpc(types, saved, hooks, filters_quota, now, mails=post is not None)
        hooking = WebhooksRpc(types, hooks, selecting, inbox, book, egress, messages, signers, hooks_quota, now)

        async def told(entries: Mapping[str, Sequence[Entry]]) -> None:
            await mailing.told(entries)
            await delivering.told(entries)

        def register(server: aio.Server) -> None:
            add_FiltersServiceServicer_to_server(filtering, server)
            add_WebhooksServiceServicer_to_server(hooking, server)

        yield Outward(
            selecting=selecting,
            told=told,
            loops=[*mailing.loops, delivering.follow(events).run, delivering.run],
            register=register,
        )


def _rules(settings: ServiceSettings) -> Rules:
    return Rules(
        ports=frozenset(map(int, settings.webhook_ports.split())),
        loopback=settings.webhook_loopback == "allowed",
        proxy=settings.webhook_proxy,
    )
