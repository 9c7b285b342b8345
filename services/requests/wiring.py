"""The requests service, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import structlog
from grpc import aio

import chassis.prepare
import chassis.rebuilding
from chassis.audit.keeping import NAMES as AUDIT_SERVICES
from chassis.audit.keeping import Audited
from chassis.caller import Signer, Verifier
from chassis.calls import Peer, open_channel
from chassis.forgetting import forget_translations
from chassis.inbox import Inbox
from chassis.keys import key_ring
from chassis.outbox import Outbox
from chassis.participants import Participants
from chassis.process import clock, working
from chassis.removing import Removing
from chassis.security import Security
from chassis.server import Server, serving
from chassis.settings import ServiceSettings
from chassis.timers import Timers
from engines.documents import open_documents
from engines.events import open_events
from engines.files import open_files
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceStub
from protos.requests.v1 import counting_pb2, drafts_pb2, events_pb2, reports_pb2, routing_pb2, worklists_pb2
from protos.requests.v1.counting_pb2_grpc import add_CountingServiceServicer_to_server
from protos.requests.v1.drafts_pb2_grpc import add_DraftsServiceServicer_to_server
from protos.requests.v1.reports_pb2_grpc import add_ReportServiceServicer_to_server
from protos.requests.v1.requests_pb2 import DESCRIPTOR
from protos.requests.v1.requests_pb2_grpc import add_RequestsServiceServicer_to_server
from protos.requests.v1.routing_pb2_grpc import add_RoutingServiceServicer_to_server
from protos.requests.v1.worklists_pb2_grpc import add_WorkListsServiceServicer_to_server
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.requests import readers, storage, wire
from services.requests.attachments import attaching
from services.requests.catalogue import question_sets
from services.requests.coordinators import Coordinators
from services.requests.limits import limits
from services.requests.lists import Lists
from services.requests.mailing import sending
from services.requests.question_sets import QuestionSets
from services.requests.reactions import STREAM, fill_inboxes, split_off
from services.requests.report import wording
from services.requests.report.translations import Translator
from services.requests.routing import Routing
from services.requests.routing_reference import RoutingReference
from services.requests.rpc import RequestsRpc
from services.requests.rpc.counting import CountingRpc
from services.requests.rpc.drafts import DraftsRpc
from services.requests.rpc.reporting import ReportingRpc
from services.requests.rpc.routing import RoutingRpc
from services.requests.rpc.worklists import WorkListsRpc
from services.requests.timing import Timing

NAME = "requests"
SERVICES = [
    service.full_name
    for file in (
        DESCRIPTOR,
        *(one.DESCRIPTOR for one in (counting_pb2, drafts_pb2, reports_pb2, routing_pb2, worklists_pb2)),
    )
    for service in file.services_by_name.values()
] + AUDIT_SERVICES
log = structlog.get_logger(__name__)


@asynccontextmanager
async def requests(settings: ServiceSettings) -> AsyncIterator[Server]:
    """The service, answering for as long as the context lasts."""
    shipped = question_sets()
    limits()  # a fault in them is said now
    wording.tables()
    keys = key_ring(settings)
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_files(settings.files(NAME)) as stored,
        open_channel(settings.directory_address, Security.of(settings)) as channel,
        open_channel(settings.translation_address, Security.of(settings)) as translation,
    ):
        outbox = Outbox(NAME, documents, events, clock)
        inbox = Inbox(documents, STREAM, clock)
        peer = Peer("directory", Signer(keys, NAME).for_service)
        participants = Participants(documents, peer, ParticipantsServiceStub(channel))
        coordinators = Coordinators(participants, peer, DirectoryServiceStub(channel))
        kept = storage.requests(documents, outbox)
        sets = QuestionSets(shipped, storage.question_sets(documents, outbox))
        reference = RoutingReference(peer, DirectoryServiceStub(channel))
        routing = Routing(participants, reference, kept, sets, clock)
        attachments, filing = attaching(settings, documents, outbox, kept, stored, clock)
        rpc = RequestsRpc(sets, kept, attachments, coordinators, inbox, clock)
        translating = Peer("translation", Signer(keys, NAME).for_service)
        translator = Translator(translating, TranslationServiceStub(translation))
        timing = Timing(kept, Timers(documents, storage.TIMERS, clock), participants, attachments, clock)
        loops = [outbox.relay, fill_inboxes(events, inbox).run, split_off(events, kept).run]
        loops += [timing.follow(events, NAME).run, timing.run, *filing]
        loops += [Removing(documents, storage.removals(settings), clock).run]
        if "translation" in settings.running:
            forgetting = translating, TranslationServiceStub(translation)
            loops += [forget_translations(events, NAME, *forgetting, events_pb2.RequestChanged, wire.silenced).run]
        loops += sending(settings, documents, events, kept, peer, DirectoryServiceStub(channel), clock)

        audited = Audited.of(NAME, settings, keys, documents, clock)

        def register(server: aio.Server) -> None:
            audited.register(server, readers.knowing(kept))
            add_RequestsServiceServicer_to_server(rpc, server)
            add_CountingServiceServicer_to_server(CountingRpc(kept), server)
            add_ReportServiceServicer_to_server(ReportingRpc(kept, sets, participants, translator), server)
            add_DraftsServiceServicer_to_server(DraftsRpc(rpc, kept), server)
            add_WorkListsServiceServicer_to_server(WorkListsRpc(Lists(kept, clock)), server)
            add_RoutingServiceServicer_to_server(RoutingRpc(routing), server)

        async with (
            working(
                [
                    *loops,
                    partial(sets.hear, events),
                    sets.look,
                    participants.keep,
                    participants.follow(events, NAME).run,
                ]
            ),
            serving(
                register,
                SERVICES,
                settings.listening(NAME),
                Verifier(keys),
                security=Security.of(settings),
                health_address=settings.health_address,
                audit=audited.audit,
            ) as server,
        ):
            log.info("serving", service=NAME, port=server.port)
            yield server


async def prepare(settings: ServiceSettings) -> None:
    """Make this service's engines ready; see `chassis.prepare`."""
    await chassis.prepare.prepare(settings, NAME, storage.COLLECTIONS, follows=["directory"])


async def rebuild_timers(settings: ServiceSettings) -> None:
    """Arrange anew what each request waits for, while it is used."""
    peer = Peer("directory", Signer(key_ring(settings), NAME).for_service)
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_files(settings.files(NAME)) as stored,
        open_channel(settings.directory_address, Security.of(settings)) as channel,
    ):
        outbox = Outbox(NAME, documents, events, clock)
        kept = storage.requests(documents, outbox)
        participants = Participants(documents, peer, ParticipantsServiceStub(channel))
        attachments, _ = attaching(settings, documents, outbox, kept, stored, clock)
        timing = Timing(kept, Timers(documents, storage.TIMERS, clock), participants, attachments, clock)
        count = await timing.rebuild()
    log.info("timers_rebuilt", requests=count)


async def rebuild_participants(settings: ServiceSettings) -> None:
    """Read this service's copy of the directory anew; see `chassis.rebuilding`."""
    await chassis.rebuilding.rebuild_participants(settings, NAME)
