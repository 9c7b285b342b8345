"""The alerts service, put together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog
from grpc import aio

import chassis.prepare
import chassis.rebuilding
from chassis.audit.keeping import NAMES as AUDIT_SERVICES
from chassis.audit.keeping import Audited
from chassis.bearers import bearer_tokens
from chassis.caller import Signer, Verifier
from chassis.calls import Peer, open_channel
from chassis.forgetting import forget_translations
from chassis.inbox import Inbox
from chassis.keys import key_ring
from chassis.outbox import Outbox
from chassis.participants import Participants
from chassis.places import Places
from chassis.process import clock, working
from chassis.references import References
from chassis.removing import Removing
from chassis.security import Security
from chassis.server import Server, serving
from chassis.settings import ServiceSettings
from chassis.sign_ins import SignIns
from chassis.timers import Timers
from engines.documents import open_documents
from engines.events import open_events
from protos.alerts.v1 import (
    cap_pb2,
    counting_pb2,
    events_pb2,
    filters_pb2,
    receipts_pb2,
    related_pb2,
    webhooks_pb2,
)
from protos.alerts.v1.alerts_pb2 import DESCRIPTOR
from protos.alerts.v1.alerts_pb2_grpc import add_AlertsServiceServicer_to_server
from protos.alerts.v1.counting_pb2_grpc import add_CountingServiceServicer_to_server
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceStub
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.alerts import readers, storage, wire
from services.alerts.beside import beside
from services.alerts.catalogue import SHIPPED, alert_types
from services.alerts.country_topics import TOPICS, tell_countries
from services.alerts.hints.identity import Identities
from services.alerts.hints.index import RelatedAlerts
from services.alerts.outward import outward
from services.alerts.reach import Reach
from services.alerts.reactions import STREAM, deliver
from services.alerts.recipients import Recipients
from services.alerts.rpc import AlertsRpc
from services.alerts.rpc.counting import CountingRpc
from services.alerts.timing import Timing

NAME = "alerts"
SERVICES = [
    service.full_name
    for file in (
        DESCRIPTOR,
        *(one.DESCRIPTOR for one in (cap_pb2, counting_pb2, filters_pb2, receipts_pb2, related_pb2, webhooks_pb2)),
    )
    for service in file.services_by_name.values()
] + AUDIT_SERVICES
log = structlog.get_logger(__name__)


@asynccontextmanager
async def alerts(settings: ServiceSettings, catalogue: Path = SHIPPED) -> AsyncIterator[Server]:
    """The service with the alert types of *catalogue*, answering for as long as the context lasts."""
    types = alert_types(catalogue)
    keys = key_ring(settings)
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_channel(settings.directory_address, Security.of(settings)) as channel,
        AsyncExitStack() as stack,
    ):
        outbox = Outbox(NAME, documents, events, clock)
        inbox = Inbox(documents, STREAM, clock)
        signer = Signer(keys, NAME)
        peer, directory = Peer("directory", signer.for_service), DirectoryServiceStub(channel)
        participants = Participants(documents, peer, ParticipantsServiceStub(channel))
        recipients = Recipients(participants, peer, directory)
        kept = storage.alerts(documents, outbox)
        out = stack.enter_context(
            outward(settings, keys, documents, events, outbox, types, kept, participants, inbox, peer, directory, clock)
        )
        more = beside(settings, keys, documents, events, types, kept, participants, peer, directory, clock)
        references = References(peer, directory, participants)
        rpc = AlertsRpc(types, kept, references, recipients, inbox, out.selecting, clock)
        reach = Reach(recipients, participants)
        delivering = deliver(events, kept, types, reach, inbox, out.told, more.record)
        loops = [outbox.relay, delivering.run, *out.loops, *more.loops]
        loops += [tell_countries(events, kept, types, reach).run]
        if "translation" in settings.running:
            texts = await stack.enter_async_context(open_channel(settings.translation_address, Security.of(settings)))
            translation = Peer("translation", signer.for_service), TranslationServiceStub(texts)
            loops += [forget_translations(events, NAME, *translation, events_pb2.AlertChanged, wire.silenced).run]
        timing = Timing(kept, types, Timers(documents, storage.TIMERS, clock), clock)
        loops += [timing.follow(events, NAME).run, timing.run]
        loops += [Removing(documents, storage.removals(settings), clock).run]
        sign_ins = SignIns(bearer_tokens(settings, keys), peer, directory)
        loops += [lambda: sign_ins.forget_on_change(events)]

        audited = Audited.of(NAME, settings, keys, documents, clock)

        def register(server: aio.Server) -> None:
            audited.register(server, readers.knowing(kept, clock))
            add_AlertsServiceServicer_to_server(rpc, server)
            add_CountingServiceServicer_to_server(CountingRpc(types, kept), server)
            out.register(server)
            more.register(server)

        async with (
            working([*loops, participants.keep, participants.follow(events, NAME).run]),
            serving(
                register,
                SERVICES,
                settings.listening(NAME),
                Verifier(keys),
                security=Security.of(settings),
                health_address=settings.health_address,
                audit=audited.audit,
                sign_ins=sign_ins,
                places=Places(settings.streams_per_person),
            ) as server,
        ):
            log.info("serving", service=NAME, port=server.port)
            yield server


async def prepare(settings: ServiceSettings) -> None:
    """Make this service's engines ready; see `chassis.prepare`."""
    await chassis.prepare.prepare(settings, NAME, storage.COLLECTIONS, follows=["directory"], tells=TOPICS)


async def rebuild_participants(settings: ServiceSettings) -> None:
    """Read this service's copy of the directory anew; see `chassis.rebuilding`."""
    await chassis.rebuilding.rebuild_participants(settings, NAME)


async def rebuild_timers(settings: ServiceSettings, catalogue: Path = SHIPPED) -> None:
    """Arrange anew what each alert waits for, while it is used."""
    types = alert_types(catalogue)
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        kept = storage.alerts(documents, Outbox(NAME, documents, events, clock))
        count = await Timing(kept, types, Timers(documents, storage.TIMERS, clock), clock).rebuild()
    log.info("timers_rebuilt", alerts=count)


async def rebuild_related(settings: ServiceSettings, catalogue: Path = SHIPPED) -> None:
    """Make what related alerts are found under anew, with the key of today, while it is used."""
    types = alert_types(catalogue)
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        kept = storage.alerts(documents, Outbox(NAME, documents, events, clock))
        count = await RelatedAlerts(documents, types, Identities.of(key_ring(settings))).rebuild(kept)
    log.info("related_rebuilt", alerts=count)
