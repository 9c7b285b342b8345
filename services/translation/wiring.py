"""The translation service, put together."""

from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime

import structlog

import chassis.prepare
from chassis.caller import Signer, Verifier
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing, key_ring
from chassis.outbox import Outbox
from chassis.process import clock, working
from chassis.removing import Removing
from chassis.security import Security
from chassis.server import Server, serving
from chassis.settings import CannotStart, ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.translation.v1.translation_pb2 import DESCRIPTOR
from protos.translation.v1.translation_pb2_grpc import add_TranslationServiceServicer_to_server
from services.translation import storage
from services.translation.budgets import Budgets
from services.translation.callbacks import Callbacks
from services.translation.chain import Chain, same_language
from services.translation.desk import Desk
from services.translation.detection import Detector
from services.translation.dispatches import Dispatches
from services.translation.jobs import Jobs
from services.translation.machine import Machine
from services.translation.memory import Memory
from services.translation.notices import Notices
from services.translation.providers import open_provider
from services.translation.providers.callbacks import receiving
from services.translation.providers.port import Provider
from services.translation.providers.settings import FaultyProviders, ProviderSettings, read_providers
from services.translation.rendering import Renderer
from services.translation.rpc import TranslationRpc
from services.translation.rpc.commands import Parts
from services.translation.tasks import tasks
from services.translation.terminology import Terminology
from services.translation.vault import Vault
from services.translation.worker import Worker

NAME = "translation"
log = structlog.get_logger(__name__)

Open = Callable[[ProviderSettings], Provider]


@asynccontextmanager
async def translation(
    settings: ServiceSettings, opened: Open = open_provider, now: Callable[[], datetime] = clock
) -> AsyncIterator[Server]:
    """The service, answering for as long as the context lasts; its engines are *opened* from their settings."""
    notices = Notices.load()
    keys = key_ring(settings)
    async with AsyncExitStack() as stack:
        thread = stack.enter_context(ThreadPoolExecutor(1, "detection"))
        documents = await stack.enter_async_context(open_documents(settings.documents(NAME), storage.COLLECTIONS))
        events = await stack.enter_async_context(open_events(settings.events))
        directory = await stack.enter_async_context(open_channel(settings.directory_address, Security.of(settings)))
        outbox = Outbox(NAME, documents, events, now)
        detector = Detector(thread)
        memory = Memory(storage.translations(documents, outbox), storage.imports(documents, outbox))
        peer = Peer("directory", Signer(keys, NAME).for_service)
        terminology = Terminology(peer, DirectoryServiceStub(directory), now)
        jobs = Jobs(documents, outbox, Vault(keys, NAME), now)
        # Before there are tasks: what keeps the service from starting is told as it is, not as a group of errors.
        providers = await _providers(settings, opened, stack)
        going_on = await stack.enter_async_context(tasks())
        budgets, dispatches = Budgets(documents, now), Dispatches(documents, now)
        desks = {one.name: Desk(one, budgets, dispatches, now, going_on) for one in providers}
        worker = Worker(jobs, desks, Renderer(desks, detector, terminology), now, going_on)
        stack.push_async_callback(worker.let_go)
        machine = Machine(jobs, worker, list(desks), now, wait_s=settings.mt_wait_s)
        chain = Chain([same_language(now), terminology.link, memory.recall, machine.link], now)
        parts = Parts(
            chain=chain,
            jobs=jobs,
            worker=worker,
            desks=list(desks.values()),
            budgets=budgets,
            memory=memory,
            reports=storage.reports(documents, outbox),
            terminology=terminology,
            detector=detector,
            notices=notices,
            now=now,
        )
        if settings.mt_callback_address:
            callbacks = Callbacks(desks, dispatches, worker)
            await stack.enter_async_context(receiving(settings.mt_callback_address, callbacks.received))
        removing = Removing(documents, storage.removals(settings), now)
        loops = [outbox.relay, terminology.keep, worker.run, removing.run, *(desk.serve for desk in desks.values())]
        await stack.enter_async_context(working(loops))
        server = await stack.enter_async_context(_answering(TranslationRpc(parts), settings, keys))
        log.info("serving", service=NAME, port=server.port)
        yield server


def _answering(rpc: TranslationRpc, settings: ServiceSettings, keys: KeyRing) -> AbstractAsyncContextManager[Server]:
    """A server for *rpc*."""
    return serving(
        lambda server: add_TranslationServiceServicer_to_server(rpc, server),
        [DESCRIPTOR.services_by_name["TranslationService"].full_name],
        settings.listening(NAME),
        Verifier(keys),
        security=Security.of(settings),
        health_address=settings.health_address,
    )


async def _providers(settings: ServiceSettings, opened: Open, stack: AsyncExitStack) -> Sequence[Provider]:
    """The engines, first choice first; raises CannotStart for a file that cannot be used."""
    if settings.mt_providers is None:
        return []
    try:
        providers = [opened(one) for one in read_providers(settings.mt_providers)]
    except FaultyProviders as faulty:
        raise CannotStart(f"MT_PROVIDERS: {faulty}") from None
    for provider in providers:
        stack.push_async_callback(provider.close)
        if provider.asynchronous and not settings.mt_callback_address:
            raise CannotStart(f"{provider.name} calls back: MT_CALLBACK_ADDRESS says where.")
    return providers


async def prepare(settings: ServiceSettings) -> None:
    """Make this service's engines ready; see `chassis.prepare`."""
    await chassis.prepare.prepare(settings, NAME, storage.COLLECTIONS)
