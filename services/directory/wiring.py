"""The directory service, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from grpc import aio

import chassis.prepare
from chassis.caller import Verifier
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.process import clock, working
from chassis.projection import Projection
from chassis.security import Security
from chassis.server import Server, serving
from engines.documents import open_documents
from engines.events import open_events
from engines.search import open_search
from protos.directory.v1 import directory_pb2, registration_pb2, search_pb2
from protos.directory.v1.directory_pb2_grpc import add_DirectoryServiceServicer_to_server
from protos.directory.v1.events_pb2 import AuthorityChanged
from protos.directory.v1.registration_pb2_grpc import add_RegistrationServiceServicer_to_server
from protos.directory.v1.search_pb2_grpc import add_SearchServiceServicer_to_server
from services.directory import storage, training
from services.directory.reference import Reference
from services.directory.rpc.reading import DirectoryRpc
from services.directory.rpc.registering import RegistrationRpc
from services.directory.rpc.searching import SearchRpc
from services.directory.search.explanation import Explanations
from services.directory.search.index import AUTHORITIES, INDEXES, AuthorityIndex, shown
from services.directory.search.places import Gazetteer
from services.directory.search.question import Questions
from services.directory.search.suggestions import Suggestions
from services.directory.search.vocabulary import vocabularies
from services.directory.settings import DirectorySettings

NAME = "directory"
CHANGED = AuthorityChanged.DESCRIPTOR.full_name
SERVICES = [
    service.full_name
    for file in (directory_pb2, search_pb2, registration_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
]
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
        gazetteer, spoken = Gazetteer(reference), vocabularies(reference)
        questions, suggestions = Questions(spoken, gazetteer), Suggestions(reference, spoken, gazetteer)
        explanations = Explanations(reference, gazetteer)
        projection = Projection(search, AUTHORITIES, authorities, shown(reference, gazetteer))
        await projection.ensure()

        def register(server: aio.Server) -> None:
            add_DirectoryServiceServicer_to_server(DirectoryRpc(reference, authorities, users), server)
            add_SearchServiceServicer_to_server(
                SearchRpc(reference, authorities, index, questions, suggestions, explanations), server
            )
            add_RegistrationServiceServicer_to_server(RegistrationRpc(reference, authorities, clock), server)

        async with (
            working([outbox.relay, projection.keep, projection.follow(events, NAME, CHANGED).run]),
            serving(
                register,
                SERVICES,
                settings.listening(NAME),
                Verifier(KeyRing(settings.keys)),
                security=Security.of(settings),
                health_address=settings.health_address,
            ) as server,
        ):
            log.info("serving", service=NAME, port=server.port)
            yield server


async def prepare(settings: DirectorySettings) -> None:
    """Make this service's engines ready; see `chassis.prepare`."""
    await chassis.prepare.prepare(settings, NAME, storage.COLLECTIONS, INDEXES)
