"""The directory service, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from chassis.caller import Verifier
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.process import clock, working
from chassis.server import Server, serving
from engines.documents import open_documents
from engines.events import open_events
from engines.search import open_search
from protos.directory.v1.directory_pb2 import DESCRIPTOR
from protos.directory.v1.directory_pb2_grpc import add_DirectoryServiceServicer_to_server
from services.directory import storage, training
from services.directory.index import INDEXES, AuthorityIndex
from services.directory.reactions import keep_index, rebuild
from services.directory.reference import Reference
from services.directory.rpc import DirectoryRpc
from services.directory.settings import DirectorySettings

NAME = "directory"
log = structlog.get_logger(__name__)


@asynccontextmanager
async def directory(settings: DirectorySettings) -> AsyncIterator[Server]:
    """The service, answering for as long as the context lasts."""
    reference = Reference.load()
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_search(settings.search(NAME), INDEXES) as search,
    ):
        outbox = Outbox(NAME, documents, events, clock)
        authorities = storage.authorities(documents, outbox)
        users = storage.users(documents, outbox)
        index = AuthorityIndex(search, reference)
        if settings.training_data and not await authorities.find(limit=1):
            await training.load(reference, authorities, users)
        await index.load_concepts()
        if await index.is_empty():
            log.info("building_index")
            await rebuild(authorities, index)
        rpc = DirectoryRpc(reference, authorities, users, index)
        async with (
            working([outbox.relay, keep_index(events, authorities, index).run]),
            serving(
                lambda server: add_DirectoryServiceServicer_to_server(rpc, server),
                DESCRIPTOR.services_by_name["DirectoryService"].full_name,
                settings.listening(NAME),
                Verifier(KeyRing(settings.keys)),
            ) as server,
        ):
            log.info("serving", service=NAME, port=server.port)
            yield server
