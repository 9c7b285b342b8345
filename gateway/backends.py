"""The five services as the gateway calls them: one channel each, in the name of whoever asks.

A service may have several gRPC services, each with a stub of its own on the same channel.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from grpc import aio

from chassis.calls import Peer, open_channel
from chassis.security import Security
from chassis.settings import Addresses
from protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub
from protos.alerts.v1.cap_pb2_grpc import CapServiceStub
from protos.alerts.v1.filters_pb2_grpc import FiltersServiceStub
from protos.alerts.v1.receipts_pb2_grpc import ReceiptsServiceStub
from protos.alerts.v1.related_pb2_grpc import RelatedAlertsServiceStub
from protos.alerts.v1.webhooks_pb2_grpc import WebhooksServiceStub
from protos.directory.v1.bulk_pb2_grpc import BulkServiceStub
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.people_pb2_grpc import PeopleServiceStub
from protos.directory.v1.registration_pb2_grpc import (
    AccessServiceStub,
    InvitationServiceStub,
    RegistrationServiceStub,
)
from protos.directory.v1.search_pb2_grpc import SearchServiceStub
from protos.directory.v1.statistics_pb2_grpc import StatisticsServiceStub
from protos.repositories.v1.repositories_pb2_grpc import RepositoriesServiceStub
from protos.requests.v1.drafts_pb2_grpc import DraftsServiceStub
from protos.requests.v1.reports_pb2_grpc import ReportServiceStub
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from protos.requests.v1.routing_pb2_grpc import RoutingServiceStub
from protos.requests.v1.worklists_pb2_grpc import WorkListsServiceStub
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub

Stub = TypeVar("Stub")


@dataclass(frozen=True, slots=True)
class Stubs:
    """The services' stubs, and their channels by name."""

    channels: dict[str, aio.Channel]
    directory: DirectoryServiceStub
    search: SearchServiceStub
    registration: RegistrationServiceStub
    invitations: InvitationServiceStub
    access: AccessServiceStub
    bulk: BulkServiceStub
    people: PeopleServiceStub
    statistics: StatisticsServiceStub
    requests: RequestsServiceStub
    routing: RoutingServiceStub
    drafts: DraftsServiceStub
    work_lists: WorkListsServiceStub
    reports: ReportServiceStub
    alerts: AlertsServiceStub
    alert_filters: FiltersServiceStub
    webhooks: WebhooksServiceStub
    receipts: ReceiptsServiceStub
    related_alerts: RelatedAlertsServiceStub
    cap: CapServiceStub
    translation: TranslationServiceStub
    repositories: RepositoriesServiceStub


class Backend(Peer, Generic[Stub]):
    """One service, called in one caller's name: ``await backend.call(backend.stub.Method, message)``."""

    def __init__(self, name: str, token: Callable[[], str], stub: Stub) -> None:
        super().__init__(name, token)
        self.stub = stub


class Backends:
    """The five services, called in one caller's name."""

    def __init__(self, stubs: Stubs, token: Callable[[], str]) -> None:
        self.directory = Backend("directory", token, stubs.directory)
        self.search = Backend("directory", token, stubs.search)
        self.registration = Backend("directory", token, stubs.registration)
        self.invitations = Backend("directory", token, stubs.invitations)
        self.access = Backend("directory", token, stubs.access)
        self.bulk = Backend("directory", token, stubs.bulk)
        self.people = Backend("directory", token, stubs.people)
        self.statistics = Backend("directory", token, stubs.statistics)
        self.requests = Backend("requests", token, stubs.requests)
        self.routing = Backend("requests", token, stubs.routing)
        self.drafts = Backend("requests", token, stubs.drafts)
        self.work_lists = Backend("requests", token, stubs.work_lists)
        self.reports = Backend("requests", token, stubs.reports)
        self.alerts = Backend("alerts", token, stubs.alerts)
        self.alert_filters = Backend("alerts", token, stubs.alert_filters)
        self.webhooks = Backend("alerts", token, stubs.webhooks)
        self.receipts = Backend("alerts", token, stubs.receipts)
        self.related_alerts = Backend("alerts", token, stubs.related_alerts)
        self.cap = Backend("alerts", token, stubs.cap)
        self.translation = Backend("translation", token, stubs.translation)
        self.repositories = Backend("repositories", token, stubs.repositories)


@asynccontextmanager
async def connected(addresses: Addresses, security: Security | None) -> AsyncIterator[Stubs]:
    """Stubs of the services at *addresses*; each connects when it is first called."""
    async with AsyncExitStack() as stack:

        async def channel(address: str) -> aio.Channel:
            return await stack.enter_async_context(open_channel(address, security))

        channels = {
            "directory": await channel(addresses.directory_address),
            "requests": await channel(addresses.requests_address),
            "alerts": await channel(addresses.alerts_address),
            "translation": await channel(addresses.translation_address),
            "repositories": await channel(addresses.repositories_address),
        }
        yield Stubs(
            channels,
            DirectoryServiceStub(channels["directory"]),
            SearchServiceStub(channels["directory"]),
            RegistrationServiceStub(channels["directory"]),
            InvitationServiceStub(channels["directory"]),
            AccessServiceStub(channels["directory"]),
            BulkServiceStub(channels["directory"]),
            PeopleServiceStub(channels["directory"]),
            StatisticsServiceStub(channels["directory"]),
            RequestsServiceStub(channels["requests"]),
            RoutingServiceStub(channels["requests"]),
            DraftsServiceStub(channels["requests"]),
            WorkListsServiceStub(channels["requests"]),
            ReportServiceStub(channels["requests"]),
            AlertsServiceStub(channels["alerts"]),
            FiltersServiceStub(channels["alerts"]),
            WebhooksServiceStub(channels["alerts"]),
            ReceiptsServiceStub(channels["alerts"]),
            RelatedAlertsServiceStub(channels["alerts"]),
            CapServiceStub(channels["alerts"]),
            TranslationServiceStub(channels["translation"]),
            RepositoriesServiceStub(channels["repositories"]),
        )
