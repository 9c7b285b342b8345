"""The repositories service, put together."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from grpc import aio

import chassis.prepare
import chassis.rebuilding
from chassis.aggregates import Aggregates, Kept
from chassis.audit.keeping import NAMES as AUDIT_SERVICES
from chassis.audit.keeping import Audited
from chassis.caller import Signer, Verifier
from chassis.calls import Peer, open_channel
from chassis.egress import Egress, Rules
from chassis.forgetting import forget_translations
from chassis.inbox import Inbox
from chassis.keys import KeyRing, key_ring
from chassis.lookups import looking_up
from chassis.outbox import Outbox
from chassis.participants import Participants
from chassis.process import clock, working
from chassis.projection import Projection
from chassis.reactions import Reactions
from chassis.rebuilding import Order
from chassis.references import References
from chassis.removing import Removing
from chassis.security import Security
from chassis.server import Server, serving
from chassis.settings import ServiceSettings
from chassis.timers import Timers
from engines.documents import open_documents
from engines.events import Events, open_events
from engines.files import open_files
from engines.search import Search, SearchDocument, open_search
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceStub
from protos.repositories.v1 import repositories_pb2, transfer_pb2
from protos.repositories.v1.events_pb2 import EntryChanged
from protos.repositories.v1.repositories_pb2_grpc import add_RepositoriesServiceServicer_to_server
from protos.repositories.v1.transfer_pb2_grpc import add_TransferServiceServicer_to_server
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.repositories import readers, storage, training, wire
from services.repositories.catalogue import SHIPPED
from services.repositories.catalogue import definitions as catalogue_of
from services.repositories.changes import STREAM, Seal, tell
from services.repositories.definitions import Definitions
from services.repositories.domain.entries import Entry
from services.repositories.files import filing
from services.repositories.index import INDEXES, EntryIndex
from services.repositories.links.keeping import LinkChecks
from services.repositories.links.looking import Looking
from services.repositories.renewing import Renewing
from services.repositories.rpc import RepositoriesRpc
from services.repositories.search.answering import Searching
from services.repositories.search.contents import ENTRIES
from services.repositories.subjects import Subjects
from services.repositories.timing import Timing
from services.repositories.transfer.rpc import TransferRpc

NAME = "repositories"
SERVICES = [
    repositories_pb2.DESCRIPTOR.services_by_name["RepositoriesService"].full_name,
    transfer_pb2.DESCRIPTOR.services_by_name["TransferService"].full_name,
    *AUDIT_SERVICES,
]
CHANGED = EntryChanged.DESCRIPTOR.full_name
log = structlog.get_logger(__name__)


@asynccontextmanager
async def repositories(settings: ServiceSettings, catalogue: Path = SHIPPED) -> AsyncIterator[Server]:
    """The service with the repositories of *catalogue*, answering for as long as the context lasts."""
    shipped, keys = catalogue_of(catalogue), key_ring(settings)
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_search(settings.search(NAME), INDEXES) as search,
        open_files(settings.files(NAME)) as stored,
        open_channel(settings.directory_address, Security.of(settings)) as channel,
        AsyncExitStack() as stack,
    ):
        outbox = Outbox(NAME, documents, events, clock)
        known = Definitions(shipped, storage.published(documents, outbox))
        await known.refresh()
        peer, directory = Peer("directory", Signer(keys, NAME).for_service), DirectoryServiceStub(channel)
        participants = Participants(documents, peer, ParticipantsServiceStub(channel))
        subjects = Subjects(peer, directory)
        entries = storage.entries(documents, outbox, known)
        if settings.training_data and not await entries.find(limit=1):
            await training.load(entries, known, clock())
        index = EntryIndex(search, known, subjects)
        projection = _projection(search, entries, known, index)
        order, inbox = Order(documents, ENTRIES, clock), Inbox(documents, STREAM, clock)
        searching, references = Searching(index, entries, subjects), References(peer, directory, participants)
        transfer = TransferRpc(known, entries, index, searching, references, clock)
        links = LinkChecks(entries, documents, stack.enter_context(_looking(settings)), clock)
        files, filed = filing(settings, documents, outbox, entries, known, stored, clock)
        parts = (known, entries, searching, links, references, files, subjects, inbox)
        timing = Timing(entries, known, Timers(documents, storage.TIMERS, clock), files, clock)
        # Who reads is in the index.
        renewing = Renewing(documents, known, order.give)
        rpc = RepositoriesRpc(*parts, Seal.of(keys, NAME), renewing.look, clock)
        followed: list[Reactions] = [
            *(projection.follow(events, NAME, CHANGED), participants.follow(events, NAME), tell(events, inbox)),
            *(timing.follow(events, NAME), timing.follow_definitions(events, NAME)),
            # What was known of addresses goes with them, also where none is looked at any more.
            links.follow(events, NAME),
            *await _forgetting(settings, keys, events, stack),
        ]
        loops: list[Callable[[], Coroutine[Any, Any, None]]] = [
            *(outbox.relay, *(one.run for one in followed), *filed),
            *(partial(known.hear, events), known.look, timing.run, renewing.keep),
            Removing(documents, storage.removals(settings), clock).run,
            *((links.run,) if settings.link_checks == "on" else ()),
            *(projection.keep, participants.keep, partial(order.obey, partial(_rebuilt, known, projection))),
        ]
        audited = Audited.of(NAME, settings, keys, documents, clock)
        register = partial(_register, rpc, transfer, audited, entries)
        async with working(loops), _serving(settings, keys, register, audited) as server:
            log.info("serving", service=NAME, port=server.port)
            yield server


def _serving(
    settings: ServiceSettings, keys: KeyRing, register: Callable[[aio.Server], None], audited: Audited
) -> AbstractAsyncContextManager[Server]:
    return serving(
        register,
        SERVICES,
        settings.listening(NAME),
        Verifier(keys),
        security=Security.of(settings),
        health_address=settings.health_address,
        audit=audited.audit,
    )


def _projection(search: Search, entries: Aggregates[Entry], known: Definitions, index: EntryIndex) -> Projection[Entry]:
    """What keeps the index in step with the store.

    Names of concepts come from the directory: the index is built when that answers, and nothing else waits for it.
    """

    async def projected(found: Sequence[Kept[Entry]]) -> list[SearchDocument]:
        await known.ensure_for(kept.state for kept in found)
        return await index.shown(found)

    return Projection(search, ENTRIES, entries, projected)


async def _rebuilt(known: Definitions, projection: Projection[Entry]) -> None:
    # Another process may have ordered it for a definition that this one has not heard of yet.
    await known.refresh()
    await projection.rebuild()


async def _forgetting(
    settings: ServiceSettings, keys: KeyRing, events: Events, stack: AsyncExitStack
) -> list[Reactions]:
    """What has translations forgotten of what is erased, if there is a translation service."""
    if "translation" not in settings.running:
        return []
    texts = await stack.enter_async_context(open_channel(settings.translation_address, Security.of(settings)))
    peer, stub = Peer("translation", Signer(keys, NAME).for_service), TranslationServiceStub(texts)
    return [forget_translations(events, NAME, peer, stub, EntryChanged, wire.silenced)]


@contextmanager
def _looking(settings: ServiceSettings) -> Iterator[Looking | None]:
    """What looks at addresses on the public web, if this is wanted."""
    if settings.link_checks == "off":
        yield None
        return
    loopback, ports = settings.webhook_loopback == "allowed", frozenset(map(int, settings.link_ports.split()))
    rules = Rules(ports=ports, loopback=loopback, plain=True, proxy=settings.webhook_proxy)
    with looking_up() as resolve:
        yield Looking(Egress(rules, resolve))


def _register(
    rpc: RepositoriesRpc, transfer: TransferRpc, audited: Audited, entries: Aggregates[Entry], server: aio.Server
) -> None:
    add_RepositoriesServiceServicer_to_server(rpc, server)
    add_TransferServiceServicer_to_server(transfer, server)
    audited.register(server, readers.knowing(entries))


async def prepare(settings: ServiceSettings) -> None:
    """Make this service's engines ready; see `chassis.prepare`."""
    await chassis.prepare.prepare(settings, NAME, storage.COLLECTIONS, INDEXES, follows=["directory"])


async def rebuild_participants(settings: ServiceSettings) -> None:
    """Read this service's copy of the directory anew; see `chassis.rebuilding`."""
    await chassis.rebuilding.rebuild_participants(settings, NAME)


async def rebuild_search(settings: ServiceSettings) -> None:
    """Have the search index built anew; see `chassis.rebuilding`."""
    await chassis.rebuilding.rebuild_index(settings, NAME, ENTRIES)


async def rebuild_timers(settings: ServiceSettings, catalogue: Path = SHIPPED) -> None:
    """Arrange anew what each entry waits for, while it is used."""
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_files(settings.files(NAME)) as stored,
    ):
        outbox = Outbox(NAME, documents, events, clock)
        known = Definitions(catalogue_of(catalogue), storage.published(documents, outbox))
        await known.refresh()
        entries = storage.entries(documents, outbox, known)
        files, _ = filing(settings, documents, outbox, entries, known, stored, clock)
        count = await Timing(entries, known, Timers(documents, storage.TIMERS, clock), files, clock).rebuild()
    log.info("timers_rebuilt", entries=count)
