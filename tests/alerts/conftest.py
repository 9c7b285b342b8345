"""The alerts service with the directory it asks, over real gRPC, in a temporary folder."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from grpc import aio

from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub
from protos.common.v1 import common_pb2
from services.alerts.catalogue import SHIPPED
from services.alerts.wiring import alerts
from services.directory import storage
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from tests.alerts.cast import AUTHORITIES

FREE_PORT = "127.0.0.1:0"


class Asking:
    """Calls the service for whoever is named, a person or a service."""

    def __init__(self, channel: aio.Channel, settings: ServiceSettings) -> None:
        self.channel = channel
        self.stub = AlertsServiceStub(channel)
        self.settings = settings
        self._gateway = Signer(KeyRing(settings.keys), "gateway")

    def peer(self, caller: Caller) -> Peer:
        if caller.service:
            return Peer("alerts", Signer(KeyRing(self.settings.keys), caller.service).for_service)
        return Peer("alerts", lambda: self._gateway.for_person(caller))

    async def __call__(self, caller: Caller, method: str, **fields: Any) -> Any:
        return await self.peer(caller).call(getattr(self.stub, method), getattr(pb, f"{method}Request")(**fields))

    async def do(self, caller: Caller, method: str, **fields: Any) -> pb.Alert:
        """A command with a key of its own; gives the alert as it is then."""
        alert: pb.Alert = (await self(caller, method, **{"command": command(), **fields})).alert
        return alert

    async def read(self, caller: Caller, id_: str) -> pb.Alert | None:
        found = (await self(caller, "BatchGetAlerts", ids=[id_])).alerts
        return found[0] if found else None

    def watch(self, caller: Caller, after: str = "") -> AsyncGenerator[pb.WatchInboxResponse, None]:
        return self.peer(caller).stream(self.stub.WatchInbox, pb.WatchInboxRequest(after_cursor=after))


def command(key: str = "", revision: int | None = None) -> common_pb2.Command:
    return common_pb2.Command(idempotency_key=key or str(uuid.uuid4()), expected_revision=revision)


@asynccontextmanager
async def running(settings: ServiceSettings, catalogue: Path = SHIPPED) -> AsyncIterator[Asking]:
    async with alerts(settings, catalogue) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        yield Asking(channel, settings)


@asynccontextmanager
async def another(asking: Asking, data: Path) -> AsyncIterator[Asking]:
    """A service that nobody else uses, beside *asking*'s directory."""
    async with running(
        asking.settings.model_copy(update={"data_dir": data, "keys_dir": asking.settings.keys})
    ) as alone:
        yield alone


@asynccontextmanager
async def a_directory(data: Path, address: str = FREE_PORT) -> AsyncIterator[str]:
    """The directory of the cast; gives where it answers."""
    settings = DirectorySettings(data_dir=data, listen_address=address)
    async with (
        open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        kept = storage.authorities(documents, Outbox("directory", documents, events, clock))
        await kept.load([(id_, one, []) for id_, one in AUTHORITIES.items()])
    async with directory(settings) as server:
        yield f"127.0.0.1:{server.port}"


@pytest.fixture(scope="session")
async def asking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    data = tmp_path_factory.mktemp("alerts")
    async with a_directory(data) as address:
        settings = ServiceSettings(data_dir=data, listen_address=FREE_PORT, directory_address=address)
        async with running(settings) as answering:
            yield answering
