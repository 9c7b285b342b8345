"""The five services as the gateway calls them: one channel each, in the name of whoever asks.

A service may have several gRPC services, each with a stub of its own on the same channel.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

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
from protos.common.v1.audit_pb2_grpc import AuditServiceStub
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


# The field of every request that is a command.
COMMAND = "command"
# The parts that have an audit of reads.
AUDITED = ("directory", "requests", "alerts", "repositories")


def _nobody() -> str:
    raise Unauthenticated("sign in first: send an Authorization header with a bearer token")


class Calls:
    """The calls of one operation: whether one is under way, and what has been answered. After a command, *changed* is called."""

    def __init__(self, changed: Callable[[], None] | None = None) -> None:
        self.answers: list[Message] = []
        self.changed = changed
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
    # Of the parts that show what is audited, those that run.
    audits: dict[str, AuditServiceStub] = field(default_factory=dict)
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
            if self._calls.changed is not None and COMMAND in request.DESCRIPTOR.fields_by_name:
                self._calls.changed()
        self._calls.answers.append(response)
        return response


# Stub → the service that answers it, as refusals call it.
SERVICES = {
    **dict.fromkeys(("directory", "search", "registration", "invitations", "access"), "directory"),
    **dict.fromkeys(("bulk", "people", "statistics", "guidance", "feedback"), "directory"),
    **dict.fromkeys(("requests", "routing", "drafts", "work_lists", "reports"), "requests"),
    **dict.fromkeys(("alerts", "alert_filters", "webhooks", "receipts", "related_alerts", "cap"), "alerts"),
    "translation": "translation",
    **dict.fromkeys(("repositories", "transfer"), "repositories"),
}


class Backends:
    """The five services, called in one caller's name; *calls* is told of every call."""

    directory: Backend[DirectoryServiceStub]
    search: Backend[SearchServiceStub]
    registration: Backend[RegistrationServiceStub]
    invitations: Backend[InvitationServiceStub]
    access: Backend[AccessServiceStub]
    bulk: Backend[BulkServiceStub]
    people: Backend[PeopleServiceStub]
    statistics: Backend[StatisticsServiceStub]
    guidance: Backend[GuidanceServiceStub]
    feedback: Backend[FeedbackServiceStub]
    requests: Backend[RequestsServiceStub]
    routing: Backend[RoutingServiceStub]
    drafts: Backend[DraftsServiceStub]
    work_lists: Backend[WorkListsServiceStub]
    reports: Backend[ReportServiceStub]
    alerts: Backend[AlertsServiceStub]
    alert_filters: Backend[FiltersServiceStub]
    webhooks: Backend[WebhooksServiceStub]
    receipts: Backend[ReceiptsServiceStub]
    related_alerts: Backend[RelatedAlertsServiceStub]
    cap: Backend[CapServiceStub]
    translation: Backend[TranslationServiceStub]
    repositories: Backend[RepositoriesServiceStub]
    transfer: Backend[TransferServiceStub]
    # Who is asked to translate the texts that an answer shows, if it is not who translates for the caller.
    texts: Backend[TranslationServiceStub] | None = None

    def __init__(self, stubs: Stubs, token: Callable[[], str], calls: Calls | None = None) -> None:
        self._stubs = stubs
        self._token = token
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        """The service of that name, made when it is first called: an operation calls few of them."""
        if name not in SERVICES:
            raise AttributeError(name)
        made = Backend(SERVICES[name], self._token, getattr(self._stubs, name), self._calls)
        setattr(self, name, made)
        return made

    def audit(self, part: str) -> Backend[AuditServiceStub] | None:
        """The audit of a part; None where there is none."""
        stub = self._stubs.audits.get(part)
        return Backend(part, self._token, stub, self._calls) if stub else None


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
            audits={name: AuditServiceStub(channels[name]) for name in AUDITED if name in addresses.running},
            own=own,
            training=isinstance(addresses, ProcessSettings) and addresses.training,
        )
