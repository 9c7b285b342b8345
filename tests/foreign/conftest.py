"""The whole system, for clients that know nothing of it but its address."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from chassis.keys import KeyRing
from deploy.embedded import system
from gateway.tokens import DevelopmentTokens
from tests.gateway.clients import TIMEOUT_S, Client
from tests.gateway.running import Running, copy_of, training_data

As = Callable[[str], Client]


@pytest.fixture(scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    trained = await training_data(tmp_path_factory.getbasetemp() / "trained")
    folder = copy_of(trained, tmp_path_factory.mktemp("foreign") / "data")
    async with system(folder, port=0) as url:
        yield Running(url, folder)


@pytest.fixture(scope="session")
async def as_(running: Running) -> AsyncIterator[As]:
    """A client of our own, signed in as a sample user."""
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        tokens = DevelopmentTokens(KeyRing(running.data / "keys"))
        yield lambda user: Client(http, running.url, tokens.issue(user))
