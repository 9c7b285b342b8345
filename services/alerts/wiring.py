"""The alerts service, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from grpc import aio

import chassis.prepare
import chassis.rebuilding
from chassis.caller import Signer, Verifier
from chassis.calls import Peer, open_channel
from chassis.inbox import Inbox
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.participants import Participants
from chassis.process import clock, working
from chassis.references import References
from chassis.security import Security
from chassis.server import Server, serving
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from protos.alerts.v1 import counting_pb2
from protos.alerts.v1.alerts_pb2 import DESCRIPTOR
from protos.alerts.v1.alerts_pb2_grpc import add_AlertsServiceServicer_to_server
from protos.alerts.v1.counting_pb2_grpc import add_CountingServiceServicer_to_server
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceStub
from services.alerts import storage
from services.alerts.catalogue import alert_types
from services.alerts.reactions import STREAM, deliver
from services.alerts.recipients import Recipients
from services.alerts.rpc import AlertsRpc
from services.alerts.rpc_counting import CountingRpc

NAME = "alerts"
SERVICES = [
    service.full_name for file in (DESCRIPTOR, counting_pb2.DESCRIPTOR) for service in file.services_by_name.values()
]
log = structlog.get_logger(__name__)


@asynccontextmanager
async def alerts(settings: ServiceSettings) -> AsyncIterator[Server]:
    """The service, answering for as long as the context lasts."""
    types = alert_types()
    keys = KeyRing(settings.keys)
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_channel(settings.directory_address, Security.of(settings)) as channel,
    ):
        outbox = Outbox(NAME, documents, events, clock)
        inbox = Inbox(documents, STREAM, clock)
        peer, directory = Peer("directory", Signer(keys, NAME).for_service), DirectoryServiceStub(channel)
        participants = Participants(documents, peer, ParticipantsServiceStub(channel))
        recipients = Recipients(participants, peer, directory)
        kept = storage.alerts(documents, outbox)
        rpc = AlertsRpc(types, kept, References(peer, directory, participants), recipients, inbox, clock)
        loops = [outbox.relay, deliver(events, kept, types, recipients, inbox).run]

        def register(server: aio.Server) -> None:
            add_AlertsServiceServicer_to_server(rpc, server)
            add_CountingServiceServicer_to_server(CountingRpc(types, kept), server)

        async with (
            working([*loops, participants.keep, participants.follow(events, NAME).run]),
            serving(
                register,
                SERVICES,
                settings.listening(NAME),
                Verifier(keys),
                security=Security.of(settings),
                health_address=settings.health_address,
            ) as server,
        ):
            log.info("serving", service=NAME, port=server.port)
            yield server


async def prepare(settings: ServiceSettings) -> None:
    """Make this service's engines ready; see `chassis.prepare`."""
    await chassis.prepare.prepare(settings, NAME, storage.COLLECTIONS, follows=["directory"])


async def rebuild_participants(settings: ServiceSettings) -> None:
    """Read this service's copy of the directory anew; see `chassis.rebuilding`."""
    await chassis.rebuilding.rebuild_participants(settings, NAME)
