"""The translation service, put together."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import structlog

import chassis.prepare
from chassis.caller import Verifier
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.process import clock, working
from chassis.security import Security
from chassis.server import Server, serving
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from protos.translation.v1.translation_pb2 import DESCRIPTOR
from protos.translation.v1.translation_pb2_grpc import add_TranslationServiceServicer_to_server
from services.translation import storage
from services.translation.chain import Chain, same_language
from services.translation.detection import Detector
from services.translation.memory import Memory
from services.translation.notices import Notices
from services.translation.rpc import TranslationRpc

NAME = "translation"
log = structlog.get_logger(__name__)


@asynccontextmanager
async def translation(settings: ServiceSettings) -> AsyncIterator[Server]:
    """The service, answering for as long as the context lasts."""
    notices = Notices.load()
    with ThreadPoolExecutor(1, "detection") as thread:
        async with (
            open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
            open_events(settings.events) as events,
        ):
            outbox = Outbox(NAME, documents, events, clock)
            memory = Memory(storage.translations(documents, outbox))
            chain = Chain([same_language(clock), memory.recall], clock)
            rpc = TranslationRpc(chain, memory, Detector(thread), notices, clock)
            async with (
                working([outbox.relay]),
                serving(
                    lambda server: add_TranslationServiceServicer_to_server(rpc, server),
                    [DESCRIPTOR.services_by_name["TranslationService"].full_name],
                    settings.listening(NAME),
                    Verifier(KeyRing(settings.keys)),
                    security=Security.of(settings),
                    health_address=settings.health_address,
                ) as server,
            ):
                log.info("serving", service=NAME, port=server.port)
                yield server


async def prepare(settings: ServiceSettings) -> None:
    """Make this service's engines ready; see `chassis.prepare`."""
    await chassis.prepare.prepare(settings, NAME, storage.COLLECTIONS)
