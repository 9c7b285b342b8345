"""The five services as the gateway calls them: one channel each, in the name of whoever asks.

A service may have several gRPC services, each with a stub of its own on the same channel.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from google.protobuf.message import Message
from grpc import aio

from chassis.calls import Peer, open_channel
from chassis.security import Security
from chassis.settings import Addresses, ProcessSettings
from gateway.texts.asking import Asking
from protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub
from protos.alerts.v1.cap_pb2_grpc import CapServiceStub
from protos.alerts.v1.filters_pb2_grpc import FiltersServiceStub
from protos.alerts.v1.receipts_pb2_grpc import ReceiptsServiceStub
from protos.alerts.v1.related_pb2_grpc import RelatedAlertsServiceStub
from protos.alerts.v1.webhooks_pb2_grpc import WebhooksServiceStub
from protos.directory.v1.bulk_pb2_grpc import BulkServiceStub
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.feedback_pb2_grpc import FeedbackServiceStub
from protos.directory.v1.guidance_pb2_grpc import GuidanceServiceStub
from protos.directory.v1.people_pb2_grpc import PeopleServiceStub
from protos.directory.v1.registration_pb2_grpc import (
    AccessServiceStub,
    InvitationServiceStub,
    RegistrationServiceStub,
)
from protos.directory.v1.search_pb2_grpc import SearchServiceStub
from protos.directory.v1.statistics_pb2_grpc import StatisticsServiceStub
from protos.repositories.v1.repositories_pb2_grpc import RepositoriesServiceStub
from protos.repositories.v1.transfer_pb2_grpc import TransferServiceStub
from protos.requests.v1.drafts_pb2_grpc import DraftsServiceStub
from protos.requests.v1.reports_pb2_grpc import ReportServiceStub
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from protos.requests.v1.routing_pb2_grpc import RoutingServiceStub
from protos.requests.v1.worklists_pb2_grpc import WorkListsServiceStub
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from vocabulary.refusals import Unauthenticated

Stub = TypeVar("Stub")
Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)


def _nobody() -> str:
    raise Unauthenticated("sign in first: send an Authorization header with a bearer token")


class Calls:
    """The calls of one operation: whether one is under way, and what has been answered."""

    def __init__(self) -> None:
        self.answers: list[Message] = []
        self._under_way = 0
        self._none = asyncio.Event()
        self._none.set()

    @property
    def under_way(self) -> bool:
        return self._under_way > 0

    async def none_under_way(self) -> None:
        """Return when every call has been answered."""
        await self._none.wait()

    def begins(self) -> None:
        self._under_way += 1
        self._none.clear()

    def ends(self) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._none.set()


@dataclass(frozen=True, slots=True)
class Stubs:
    """The services' stubs, and the channels of those that there are by name."""

    channels: dict[str, aio.Channel]
    directory: DirectoryServiceStub
    search: SearchServiceStub
    registration: RegistrationServiceStub
    invitations: InvitationServiceStub
    access: AccessServiceStub
    bulk: BulkServiceStub
    people: PeopleServiceStub
    statistics: StatisticsServiceStub
    guidance: GuidanceServiceStub
    feedback: FeedbackServiceStub
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
    transfer: TransferServiceStub
    # Whether they are those of a training system.
    training: bool = False
    # One for all who read through this gateway.
    asking: Asking = field(default_factory=Asking)
    # The gateway's own token, for what is read in nobody's name; see `gateway.public`.
    own: Callable[[], str] = _nobody


class Backend(Peer, Generic[Stub]):
    """One service, called in one caller's name: ``await backend.call(backend.stub.Method, message)``."""

    def __init__(self, name: str, token: Callable[[], str], stub: Stub, calls: Calls | None = None) -> None:
        super().__init__(name, token)
        self.stub = stub
        self._calls = calls

    async def call(self, method: "aio.UnaryUnaryMultiCallable[Request, Response]", request: Request) -> Response:
        if self._calls is None:
            return await super().call(method, request)
        self._calls.begins()
        try:
            response = await super().call(method, request)
        finally:
            self._calls.ends()
        self._calls.answers.append(response)
        return response


class Backends:
    """The five services, called in one caller's name; *calls* is told of every call."""

    def __init__(self, stubs: Stubs, token: Callable[[], str], calls: Calls | None = None) -> None:
        self.directory = Backend("directory", token, stubs.directory, calls)
        self.search = Backend("directory", token, stubs.search, calls)
        self.registration = Backend("directory", token, stubs.registration, calls)
        self.invitations = Backend("directory", token, stubs.invitations, calls)
        self.access = Backend("directory", token, stubs.access, calls)
        self.bulk = Backend("directory", token, stubs.bulk, calls)
        self.people = Backend("directory", token, stubs.people, calls)
        self.statistics = Backend("directory", token, stubs.statistics, calls)
        self.guidance = Backend("directory", token, stubs.guidance, calls)
        self.feedback = Backend("directory", token, stubs.feedback, calls)
        self.requests = Backend("requests", token, stubs.requests, calls)
        self.routing = Backend("requests", token, stubs.routing, calls)
        self.drafts = Backend("requests", token, stubs.drafts, calls)
        self.work_lists = Backend("requests", token, stubs.work_lists, calls)
        self.reports = Backend("requests", token, stubs.reports, calls)
        self.alerts = Backend("alerts", token, stubs.alerts, calls)
        self.alert_filters = Backend("alerts", token, stubs.alert_filters, calls)
        self.webhooks = Backend("alerts", token, stubs.webhooks, calls)
        self.receipts = Backend("alerts", token, stubs.receipts, calls)
        self.related_alerts = Backend("alerts", token, stubs.related_alerts, calls)
        self.cap = Backend("alerts", token, stubs.cap, calls)
        self.translation = Backend("translation", token, stubs.translation, calls)
        self.repositories = Backend("repositories", token, stubs.repositories, calls)
        self.transfer = Backend("repositories", token, stubs.transfer, calls)


@asynccontextmanager
async def connected(
    addresses: Addresses, security: Security | None, own: Callable[[], str] = _nobody
) -> AsyncIterator[Stubs]:
    """Stubs of the services at *addresses*, and the gateway's *own* token.

    Each connects when it is first called. Nobody calls one that is not there."""
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
            {name: one for name, one in channels.items() if name in addresses.running},
            DirectoryServiceStub(channels["directory"]),
            SearchServiceStub(channels["directory"]),
            RegistrationServiceStub(channels["directory"]),
            InvitationServiceStub(channels["directory"]),
            AccessServiceStub(channels["directory"]),
            BulkServiceStub(channels["directory"]),
            PeopleServiceStub(channels["directory"]),
            StatisticsServiceStub(channels["directory"]),
            GuidanceServiceStub(channels["directory"]),
            FeedbackServiceStub(channels["directory"]),
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
            TransferServiceStub(channels["repositories"]),
            own=own,
            training=isinstance(addresses, ProcessSettings) and addresses.training,
        )
