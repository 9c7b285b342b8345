"""The directory over real gRPC, in temporary folders: one with the training data to read, a small one to write in."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from grpc import aio

from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from protos.common.v1 import audit_pb2, common_pb2
from protos.common.v1.audit_pb2_grpc import AuditServiceStub
from protos.directory.v1 import (
    directory_pb2,
    feedback_pb2,
    guidance_pb2,
    participants_pb2,
    people_pb2,
    registration_pb2,
    search_pb2,
    statistics_pb2,
)
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.feedback_pb2_grpc import FeedbackServiceStub
from protos.directory.v1.guidance_pb2_grpc import GuidanceServiceStub
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceStub
from protos.directory.v1.people_pb2_grpc import PeopleServiceStub
from protos.directory.v1.registration_pb2_grpc import (
    AccessServiceStub,
    InvitationServiceStub,
    RegistrationServiceStub,
)
from protos.directory.v1.search_pb2_grpc import SearchServiceStub
from protos.directory.v1.statistics_pb2_grpc import StatisticsServiceStub
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from services.directory.settings import DirectorySettings
from services.directory.training.authorities import authorities
from services.directory.wiring import directory
from tests.directory.bodies import a_coordinator, a_user, an_access, an_authority, stored
from tests.directory.trained import a_directory
from vocabulary.participants import Level, Status
from vocabulary.roles import LegislativeRole, WorkflowRole

FREE_PORT = "127.0.0.1:0"


class Asking:
    """Calls the service for whoever is named: a person, or a service by its name."""

    def __init__(self, channel: aio.Channel, settings: DirectorySettings) -> None:
        self._stubs = [
            (directory_pb2, DirectoryServiceStub(channel)),
            (search_pb2, SearchServiceStub(channel)),
            (registration_pb2, RegistrationServiceStub(channel)),
            (registration_pb2, InvitationServiceStub(channel)),
            (registration_pb2, AccessServiceStub(channel)),
            (participants_pb2, ParticipantsServiceStub(channel)),
            (people_pb2, PeopleServiceStub(channel)),
            (statistics_pb2, StatisticsServiceStub(channel)),
            (guidance_pb2, GuidanceServiceStub(channel)),
            (feedback_pb2, FeedbackServiceStub(channel)),
            (audit_pb2, AuditServiceStub(channel)),
        ]
        self.settings = settings
        self._keys = KeyRing(settings.keys)
        self._gateway = Signer(self._keys, "gateway")

    async def __call__(self, caller: Caller | str, method: str, **fields: Any) -> Any:
        messages, stub = next((file, stub) for file, stub in self._stubs if hasattr(stub, method))
        message = getattr(messages, f"{method}Request")(**fields)
        return await self._peer(caller).call(getattr(stub, method), message)

    async def do(self, caller: Caller | str, method: str, **fields: Any) -> directory_pb2.Authority:
        """A command with a key of its own; gives the authority as it is then."""
        answer = await self(caller, method, **{"command": command(), **fields})
        authority: directory_pb2.Authority = answer.authority
        return authority

    async def read(self, *ids: str) -> list[directory_pb2.Authority]:
        return list((await self("gateway", "BatchGetAuthorities", ids=ids)).authorities)

    async def seen(self, caller: Caller, *ids: str) -> list[directory_pb2.Authority]:
        """What somebody sees of authorities."""
        return list((await self(caller, "BatchGetAuthorities", ids=ids)).authorities)

    def _peer(self, caller: Caller | str) -> Peer:
        if isinstance(caller, str):
            return Peer("directory", Signer(self._keys, caller).for_service)
        return Peer("directory", lambda: self._gateway.for_person(caller))


def command(key: str = "", revision: int | None = None) -> common_pb2.Command:
    return common_pb2.Command(idempotency_key=key or str(uuid.uuid4()), expected_revision=revision)


@asynccontextmanager
async def running(settings: DirectorySettings) -> AsyncIterator[Asking]:
    async with directory(settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        yield Asking(channel, settings)


@pytest.fixture(scope="session")
def reference() -> Reference:
    return Reference.load()


@pytest.fixture(scope="session")
def training(reference: Reference) -> dict[str, Authority]:
    return authorities(reference)


@pytest.fixture(scope="session")
async def asking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """The directory with the training data; nobody writes in it."""
    data = await a_directory(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("directory"))
    async with running(DirectorySettings(data_dir=data, training_data=True, listen_address=FREE_PORT)) as found:
        yield found


@pytest.fixture(scope="module")
async def small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """A directory of some authorities, one of them suspended, and their people."""
    settings = DirectorySettings(data_dir=tmp_path_factory.mktemp("small"), listen_address=FREE_PORT)
    nimic = an_access("services/requests", LegislativeRole.NIMIC, WorkflowRole.REQUEST_PARTNER)
    limic = an_access("services/alerts", LegislativeRole.LIMIC, WorkflowRole.ALERT_COORDINATOR)
    office = an_authority("Ufficio lanterna", concepts=("electrician",), administrators=("usr_two", "usr_admin"))
    bodies = {
        "aut_nimic": an_authority("Coordinatore nazionale", access=(nimic,)),
        "aut_limic": an_authority("Coordinatore servizi", access=(limic,)),
        "aut_dimic": a_coordinator(LegislativeRole.DIMIC),
        "aut_sdimic": a_coordinator(LegislativeRole.SDIMIC),
        "aut_eu": a_coordinator(LegislativeRole.COMMISSION),
        "aut_limic_hu": a_coordinator(LegislativeRole.LIMIC, country="HU"),
        "aut_office": office,
        "aut_suspended": replace(office, status=Status.SUSPENDED),
        "aut_applicant": replace(office, status=Status.REQUESTED),
        "aut_hungary": replace(office, country="HU", official_name={"hu": "Világítótorony Hivatal"}),
        "aut_region": replace(office, level=Level.REGIONAL, region="IT-62", official_name={"it": "Regione Lazio"}),
    }
    users = {
        "usr_one": a_user("aut_office", "one"),
        "usr_two": a_user("aut_office", "two"),
        "usr_hungary": a_user("aut_hungary", "hungary"),
        "usr_suspended": a_user("aut_suspended", "suspended"),
        "usr_former": replace(a_user("aut_office", "former"), active=False),
        "usr_lost": a_user("aut_gone", "lost"),
    }
    await stored(settings, bodies, users)
    async with running(settings) as found:
        yield found
