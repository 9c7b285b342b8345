"""The alerts service, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

import chassis.prepare
from chassis.caller import Signer, Verifier
from chassis.calls import Peer, open_channel
from chassis.inbox import Inbox
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.process import clock, working
from chassis.references import References
from chassis.security import Security
from chassis.server import Server, serving
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from protos.alerts.v1.alerts_pb2 import DESCRIPTOR
from protos.alerts.v1.alerts_pb2_grpc import add_AlertsServiceServicer_to_server
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.alerts import storage
from services.alerts.catalogue import alert_types
from services.alerts.reactions import STREAM, deliver
from services.alerts.recipients import Recipients
from services.alerts.rpc import AlertsRpc

NAME = "alerts"
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
        recipients = Recipients(peer, directory)
        kept = storage.alerts(documents, outbox)
        rpc = AlertsRpc(types, kept, References(peer, directory), recipients, inbox, clock)
        async with (
            working([outbox.relay, deliver(events, kept, types, recipients, inbox).run]),
            serving(
                lambda server: add_AlertsServiceServicer_to_server(rpc, server),
                [DESCRIPTOR.services_by_name["AlertsService"].full_name],
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
    await chassis.prepare.prepare(settings, NAME, storage.COLLECTIONS)
