"""The repositories service with the directory it asks, over real gRPC, in a temporary folder."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from grpc import aio

from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.settings import ServiceSettings
from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from protos.repositories.v1.repositories_pb2_grpc import RepositoriesServiceStub
from protos.repositories.v1.transfer_pb2_grpc import TransferServiceStub
from services.directory.settings import DirectorySettings
from services.directory.training.authorities import coordinator_id
from services.directory.wiring import directory
from services.repositories.wiring import repositories
from tests.builders import QUALIFICATIONS, doctors
from tests.directory.trained import a_directory
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

FREE_PORT = "127.0.0.1:0"
MODULE = f"{QUALIFICATIONS}/repository"


def a_person(country: str, *roles: UserRole, modules: tuple[str, ...] = (MODULE,), authority: str = "") -> Caller:
    """Somebody at an authority that edits the repositories of *modules*, holding *roles* in each."""
    authority = authority or doctors(country)
    return Caller(
        user_id=f"usr_{authority}_{'_'.join(roles)}",
        authority_id=authority,
        country=country,
        language="en",
        user_roles={module: frozenset(roles) for module in modules},
        workflow_roles=dict.fromkeys(modules, frozenset({WorkflowRole.REPOSITORY_EDITOR})),
    )


def an_editor(country: str = "IT", *, modules: tuple[str, ...] = (MODULE,), authority: str = "") -> Caller:
    return a_person(country, UserRole.REPOSITORY_EDITOR, modules=modules, authority=authority)


def an_approver(country: str = "IT") -> Caller:
    """Somebody at the coordinator of qualifications of a country."""
    return replace(
        a_person(country, UserRole.COORDINATOR, authority=coordinator_id(country, QUALIFICATIONS)),
        legislative_roles={QUALIFICATIONS: LegislativeRole.LIMIC},
    )


class Asking:
    """Calls the service for whoever is named."""

    def __init__(self, channel: aio.Channel, signer: Signer) -> None:
        self.channel = channel
        self.stub = RepositoriesServiceStub(channel)
        self.transfer = TransferServiceStub(channel)
        self._signer = signer

    async def __call__(self, caller: Caller | None, method: str, **fields: Any) -> Any:
        message = getattr(pb, f"{method}Request")(**fields)
        return await self.peer(caller).call(getattr(self.stub, method), message)

    def peer(self, caller: Caller | None) -> Peer:
        """The service as *caller* calls it; nobody in particular is the gateway itself."""
        token = self._signer.for_service if caller is None else partial(self._signer.for_person, caller)
        return Peer("repositories", token)

    def watch(self, caller: Caller, repository: str, after: str = "") -> AsyncIterator[Any]:
        """The changes of *repository*, as they come for *caller*."""
        request = pb.WatchRepositoryRequest(repository=repository, after_cursor=after)
        return self.peer(caller).stream(self.stub.WatchRepository, request)

    async def do(self, caller: Caller, method: str, **fields: Any) -> pb.Entry:
        """A command with a key of its own; gives the entry as it is then."""
        entry: pb.Entry = (await self(caller, method, **{"command": command(), **fields})).entry
        return entry

    async def read(self, caller: Caller, id_: str) -> pb.Entry | None:
        found = (await self(caller, "BatchGetEntries", ids=[id_])).entries
        return found[0] if found else None


def command(key: str = "", revision: int | None = None) -> common_pb2.Command:
    return common_pb2.Command(idempotency_key=key or str(uuid.uuid4()), expected_revision=revision)


@pytest.fixture(scope="session")
async def asking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    data = await a_directory(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("repositories"))
    async with directory(DirectorySettings(data_dir=data, training_data=True, listen_address=FREE_PORT)) as found:
        settings = ServiceSettings(data_dir=data, listen_address=FREE_PORT, directory_address=f"127.0.0.1:{found.port}")
        async with repositories(settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
            yield Asking(channel, Signer(KeyRing(settings.keys), "gateway"))
