"""Alerts as systems outside meet them: the service with its directory, and an issuer whose tokens it believes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chassis.outbox import Outbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from imi_client import Client, Entry
from services.directory import storage
from services.directory.domain.users import RoleInModule, User, signin
from services.directory.settings import DirectorySettings
from tests.alerts.cast import COMMISSION_ID, MODULE
from tests.alerts.conftest import Asking, a_directory, running
from tests.gateway.issuer import AUDIENCE, Issuer, an_issuer
from tests.ports import a_dead_address
from vocabulary.roles import UserRole

PATIENCE_S = 30.0
# Who signs in: for which authority, in which role.
PEOPLE = {
    "hungary": ("aut_hu_coordinator", UserRole.COORDINATOR),
    "france": ("aut_fr_coordinator", UserRole.COORDINATOR),
    "viewer": ("aut_fr_coordinator", UserRole.VIEWER),
    "nothing": ("aut_hu_requests", UserRole.REQUEST_HANDLER),
    "commission": (COMMISSION_ID, UserRole.VIEWER),
}


class Memory:
    """A cursor that lives as long as its test, and everything that was saved."""

    def __init__(self, cursor: str = "") -> None:
        self.saved = [cursor]

    async def load(self) -> str:
        return self.saved[-1]

    async def save(self, cursor: str) -> None:
        self.saved.append(cursor)


@dataclass(slots=True)
class Service:
    """The alerts service at one address, where it can be ended and begun again."""

    settings: ServiceSettings
    issuer: Issuer
    address: str
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)
    _asking: Asking | None = None

    @property
    def asking(self) -> Asking:
        """Calls it as the gateway would."""
        assert self._asking is not None
        return self._asking

    async def begin(self) -> None:
        self._asking = await self._running.enter_async_context(running(self.settings))

    async def end(self) -> None:
        await self._running.aclose()
        self._running, self._asking = AsyncExitStack(), None

    def token(self, who: str, **claims: Any) -> Callable[[], Awaitable[str]]:
        """Gives tokens of somebody of `PEOPLE`, or of a stranger."""

        async def issued() -> str:
            return self.issuer.token(who, **claims)

        return issued

    def client(self, who: str = "hungary") -> Client:
        return Client(self.address, self.token(who))


def people(issuer: str) -> list[tuple[str, User, list[Any]]]:
    return [
        (
            f"usr_{name}",
            User(
                authority_id=authority_id,
                name=name,
                language="en",
                signin=signin(issuer, name),
                roles=(RoleInModule(module="*" if authority_id == COMMISSION_ID else MODULE, role=role),),
            ),
            [],
        )
        for name, (authority_id, role) in PEOPLE.items()
    ]


@asynccontextmanager
async def people_of(issuer: Issuer, data: Path) -> AsyncIterator[str]:
    """The directory that knows `PEOPLE` by their sign-ins with *issuer*; gives where it answers."""
    kept = DirectorySettings(data_dir=data)
    async with (
        open_documents(kept.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(kept.events) as events,
    ):
        users = storage.users(documents, Outbox("directory", documents, events, clock))
        await users.load(people(issuer.url))
    async with a_directory(data) as address:
        yield address


@asynccontextmanager
async def a_service(data: Path, **settings: Any) -> AsyncIterator[Service]:
    """The service and all that it needs, in a folder of its own."""
    async with an_issuer() as issuer, people_of(issuer, data) as directory:
        address = a_dead_address()
        service = Service(
            ServiceSettings(
                data_dir=data,
                listen_address=address,
                directory_address=directory,
                oidc_issuer=issuer.url,
                oidc_audience=AUDIENCE,
                **settings,
            ),
            issuer,
            address,
        )
        await service.begin()
        try:
            yield service
        finally:
            await service.end()


@pytest.fixture(scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """One that is never ended."""
    async with a_service(tmp_path_factory.mktemp("outside")) as shared:
        yield shared


async def taken(entries: Any, count: int) -> list[Entry]:
    """The next entries of somebody who reads on."""
    async with asyncio.timeout(PATIENCE_S):
        return [await anext(entries) for _ in range(count)]


@asynccontextmanager
async def reading(inbox: Any) -> AsyncIterator[Any]:
    """Somebody who goes through *inbox*, and stops."""
    entries = aiter(inbox)
    async with contextlib.aclosing(entries):
        yield entries
