"""The requests service, put together."""

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
from engines.files import open_files
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.requests.v1.requests_pb2 import DESCRIPTOR
from protos.requests.v1.requests_pb2_grpc import add_RequestsServiceServicer_to_server
from services.requests import storage
from services.requests.attachments import Attachments
from services.requests.catalogue import question_sets
from services.requests.reactions import STREAM, fill_inboxes
from services.requests.rpc import RequestsRpc

NAME = "requests"
log = structlog.get_logger(__name__)


@asynccontextmanager
async def requests(settings: ServiceSettings) -> AsyncIterator[Server]:
    """The service, answering for as long as the context lasts."""
    sets = question_sets()
    keys = KeyRing(settings.keys)
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_files(settings.files(NAME)) as contents,
        open_channel(settings.directory_address, Security.of(settings)) as channel,
    ):
        outbox = Outbox(NAME, documents, events, clock)
        inbox = Inbox(documents, STREAM, clock)
        references = References(Peer("directory", Signer(keys, NAME).for_service), DirectoryServiceStub(channel))
        kept = storage.requests(documents, outbox)
        attachments = Attachments(storage.uploads(documents, outbox), kept, contents, clock)
        rpc = RequestsRpc(sets, kept, attachments, references, inbox, clock)
        async with (
            working([outbox.relay, fill_inboxes(events, inbox).run]),
            serving(
                lambda server: add_RequestsServiceServicer_to_server(rpc, server),
                [DESCRIPTOR.services_by_name["RequestsService"].full_name],
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
