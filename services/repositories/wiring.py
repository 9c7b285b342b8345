"""The repositories service, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import structlog

import chassis.prepare
import chassis.rebuilding
from chassis.caller import Signer, Verifier
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.participants import Participants
from chassis.process import clock, working
from chassis.projection import Projection
from chassis.rebuilding import Order
from chassis.references import References
from chassis.security import Security
from chassis.server import Server, serving
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from engines.search import open_search
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceStub
from protos.repositories.v1.events_pb2 import EntryChanged
from protos.repositories.v1.repositories_pb2 import DESCRIPTOR
from protos.repositories.v1.repositories_pb2_grpc import add_RepositoriesServiceServicer_to_server
from services.repositories import storage
from services.repositories.definitions import definitions
from services.repositories.index import ENTRIES, INDEXES, EntryIndex
from services.repositories.rpc import RepositoriesRpc
from services.repositories.subjects import Subjects

NAME = "repositories"
CHANGED = EntryChanged.DESCRIPTOR.full_name
log = structlog.get_logger(__name__)


@asynccontextmanager
async def repositories(settings: ServiceSettings) -> AsyncIterator[Server]:
    """The service, answering for as long as the context lasts."""
    known = definitions()
    keys = KeyRing(settings.keys)
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_search(settings.search(NAME), INDEXES) as search,
        open_channel(settings.directory_address, Security.of(settings)) as channel,
    ):
        outbox = Outbox(NAME, documents, events, clock)
        peer, directory = Peer("directory", Signer(keys, NAME).for_service), DirectoryServiceStub(channel)
        participants = Participants(documents, peer, ParticipantsServiceStub(channel))
        subjects = Subjects(peer, directory)
        entries = storage.entries(documents, outbox)
        index = EntryIndex(search, known, subjects)
        # Names of concepts come from the directory: the index is built when that answers, and nothing else waits for it.
        projection = Projection(search, ENTRIES, entries, index.shown)
        rpc = RepositoriesRpc(known, entries, index, References(peer, directory, participants), subjects, clock)
        obeyed = partial(Order(documents, ENTRIES, clock).obey, projection.rebuild)
        following = [projection.follow(events, NAME, CHANGED).run, participants.follow(events, NAME).run]
        async with (
            working([outbox.relay, projection.keep, participants.keep, *following, obeyed]),
            serving(
                lambda server: add_RepositoriesServiceServicer_to_server(rpc, server),
                [DESCRIPTOR.services_by_name["RepositoriesService"].full_name],
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
    await chassis.prepare.prepare(settings, NAME, storage.COLLECTIONS, INDEXES, follows=["directory"])


async def rebuild_participants(settings: ServiceSettings) -> None:
    """Read this service's copy of the directory anew; see `chassis.rebuilding`."""
    await chassis.rebuilding.rebuild_participants(settings, NAME)


async def rebuild_search(settings: ServiceSettings) -> None:
    """Have the search index built anew; see `chassis.rebuilding`."""
    await chassis.rebuilding.rebuild_index(settings, NAME, ENTRIES)
