"""The directory service, put together."""

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
from chassis.keys import key_ring
from chassis.outbox import Outbox
from chassis.process import clock, working
from chassis.projection import Projection
from chassis.rebuilding import Order
from chassis.removing import Removing
from chassis.security import Security
from chassis.server import Server, serving
from engines.documents import open_documents
from engines.events import open_events
from engines.search import open_search
from protos.directory.v1 import (
    bulk_pb2,
    directory_pb2,
    feedback_pb2,
    guidance_pb2,
    participants_pb2,
    people_pb2,
    registration_pb2,
    search_pb2,
    statistics_pb2,
)
from protos.directory.v1.bulk_pb2_grpc import add_BulkServiceServicer_to_server
from protos.directory.v1.directory_pb2_grpc import add_DirectoryServiceServicer_to_server
from protos.directory.v1.events_pb2 import AuthorityChanged
from protos.directory.v1.feedback_pb2_grpc import add_FeedbackServiceServicer_to_server
from protos.directory.v1.guidance_pb2_grpc import add_GuidanceServiceServicer_to_server
from protos.directory.v1.participants_pb2_grpc import add_ParticipantsServiceServicer_to_server
from protos.directory.v1.people_pb2_grpc import add_PeopleServiceServicer_to_server
from protos.directory.v1.registration_pb2_grpc import (
    add_AccessServiceServicer_to_server,
    add_InvitationServiceServicer_to_server,
    add_RegistrationServiceServicer_to_server,
)
from protos.directory.v1.search_pb2_grpc import add_SearchServiceServicer_to_server
from protos.directory.v1.statistics_pb2_grpc import add_StatisticsServiceServicer_to_server
from services.directory import mailing, storage, training
from services.directory.applicants import Applicants
from services.directory.auditing import knowing
from services.directory.exchanges import open_exchanges
from services.directory.forgetting import Forgetting
from services.directory.guidance import Guidance
from services.directory.reference import Reference
from services.directory.rpc.bulk import BulkRpc
from services.directory.rpc.changing import Changing
from services.directory.rpc.feedback import FeedbackRpc
from services.directory.rpc.granting import AccessRpc
from services.directory.rpc.guiding import GuidanceRpc
from services.directory.rpc.inviting import InvitationRpc
from services.directory.rpc.participants import ParticipantsRpc
from services.directory.rpc.people import PeopleRpc
from services.directory.rpc.reading import DirectoryRpc
from services.directory.rpc.registering import RegistrationRpc
from services.directory.rpc.searching import SearchRpc
from services.directory.rpc.statistics import StatisticsRpc
from services.directory.search.explanation import Explanations
from services.directory.search.index import AUTHORITIES, INDEXES, AuthorityIndex, shown
from services.directory.search.places import Gazetteer
from services.directory.search.question import Questions
from services.directory.search.suggestions import Suggestions
from services.directory.search.vocabulary import vocabularies
from services.directory.settings import DirectorySettings
from services.directory.tallies import Tallies
from vocabulary import countries

NAME = "directory"
CHANGED = AuthorityChanged.DESCRIPTOR.full_name
SERVICES = [
    service.full_name
    for file in (
        directory_pb2,
        participants_pb2,
        search_pb2,
        registration_pb2,
        people_pb2,
        statistics_pb2,
        bulk_pb2,
        guidance_pb2,
        feedback_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
] + AUDIT_SERVICES
log = structlog.get_logger(__name__)


@asynccontextmanager
async def directory(settings: DirectorySettings) -> AsyncIterator[Server]:
    """The service, answering for as long as the context lasts."""
    reference, keys = Reference.load(), key_ring(settings)
    token, security = Signer(keys, NAME).for_service, Security.of(settings)
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_search(settings.search(NAME), INDEXES) as search,
        open_exchanges(token, settings.requests_address, settings.alerts_address, security) as exchanges,
    ):
        outbox = Outbox(NAME, documents, events, clock)
        authorities = storage.authorities(documents, outbox)
        users = storage.users(documents, outbox)
        feedback, guidance = storage.feedback(documents, outbox), Guidance.load()
        index = AuthorityIndex(search, reference)
        if settings.training_data and not await authorities.find(limit=1):
            chosen = settings.training_countries.split(",") if settings.training_countries else countries.ALL
            await training.load(reference, authorities, users, chosen)
        gazetteer, spoken = Gazetteer(reference), vocabularies(reference)
        questions, suggestions = Questions(spoken, gazetteer), Suggestions(reference, spoken, gazetteer)
        explanations = Explanations(reference, gazetteer)
        projection = Projection(search, AUTHORITIES, authorities, shown(reference, gazetteer))
        await projection.ensure()
        tallies = Tallies(reference, authorities, users)
        changing, applicants = Changing(reference, authorities, clock), Applicants(authorities, users)

        audited = Audited.of(NAME, settings, keys, documents, clock)

        def register(server: aio.Server) -> None:
            add_DirectoryServiceServicer_to_server(DirectoryRpc(reference, authorities, users), server)
            add_ParticipantsServiceServicer_to_server(ParticipantsRpc(authorities), server)
            add_SearchServiceServicer_to_server(
                SearchRpc(reference, authorities, index, questions, suggestions, explanations), server
            )
            add_RegistrationServiceServicer_to_server(RegistrationRpc(changing, applicants, exchanges), server)
            add_InvitationServiceServicer_to_server(InvitationRpc(changing, applicants, keys.secret(NAME)), server)
            add_AccessServiceServicer_to_server(AccessRpc(changing), server)
            add_PeopleServiceServicer_to_server(PeopleRpc(reference, authorities, users, clock), server)
            add_StatisticsServiceServicer_to_server(StatisticsRpc(reference, authorities, tallies, clock), server)
            add_BulkServiceServicer_to_server(
                BulkRpc(reference, authorities, clock, training=settings.training), server
            )
            add_GuidanceServiceServicer_to_server(GuidanceRpc(guidance, settings.running), server)
            add_FeedbackServiceServicer_to_server(FeedbackRpc(authorities, feedback, guidance, clock), server)
            audited.register(server, knowing(users))

        async with (
            working(
                [
                    outbox.relay,
                    projection.keep,
                    projection.follow(events, NAME, CHANGED).run,
                    applicants.follow(events).run,
                    lambda: tallies.follow(events),
                    *mailing.sending(settings, documents, events, authorities, clock),
                    Removing(documents, storage.removals(settings), clock).run,
                    Forgetting(authorities, applicants, settings.done_retention, clock).run,
                    partial(Order(documents, AUTHORITIES, clock).obey, projection.rebuild),
                ]
            ),
            serving(
                register,
                SERVICES,
                settings.listening(NAME),
                Verifier(keys),
                security=security,
                health_address=settings.health_address,
                audit=audited.audit,
            ) as server,
        ):
            log.info("serving", service=NAME, port=server.port)
            yield server


async def prepare(settings: DirectorySettings) -> None:
    """Make this service's engines ready; see `chassis.prepare`."""
    await chassis.prepare.prepare(settings, NAME, storage.COLLECTIONS, INDEXES)


async def rebuild_search(settings: DirectorySettings) -> None:
    """Have the search index built anew; see `chassis.rebuilding`."""
    await chassis.rebuilding.rebuild_index(settings, NAME, AUTHORITIES)
