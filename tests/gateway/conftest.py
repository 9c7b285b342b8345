"""The whole system, once; and everybody who can sign in to it."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from chassis.keys import KeyRing
from deploy.embedded import system
from gateway.tokens import DevelopmentTokens
from tests.gateway.clients import TIMEOUT_S, Client
from tests.gateway.lines import App, Lines, served
from tests.gateway.running import Running, copy_of, training_data


@pytest.fixture(scope="module", autouse=True)
def plain_logs() -> Iterator[None]:
    """Only what goes wrong is logged, and without the values of every variable, which takes seconds."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[*structlog.get_config()["processors"][:-1], renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
async def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The training data, to be copied."""
    return await training_data(tmp_path_factory.getbasetemp() / "trained")


@pytest.fixture
def data(trained: Path, tmp_path: Path) -> Path:
    """The training data, for a system of the test's own."""
    return copy_of(trained, tmp_path / "data")


@pytest.fixture(scope="session")
async def running(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = copy_of(trained, tmp_path_factory.mktemp("system") / "data")
    async with system(folder, port=0) as url:
        yield Running(url, folder)


@pytest.fixture(scope="session")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
        yield client


@pytest.fixture(scope="session")
def at(http: httpx.AsyncClient) -> Callable[[Running, str], Client]:
    """Signs a sample user in to a system; nobody, for the empty name."""

    def client(where: Running, user: str) -> Client:
        token = DevelopmentTokens(KeyRing(where.data / "keys")).issue(user) if user else ""
        return Client(http, where.url, token)

    return client


@pytest.fixture(scope="session")
def as_(running: Running, at: Callable[[Running, str], Client]) -> Callable[[str], Client]:
    """A client of the system, signed in as a sample user; as nobody, for the empty name."""
    return lambda user: at(running, user)


@pytest.fixture
def app() -> App:
    """An application that answers with what it was told."""
    return App()


@pytest.fixture
async def line(app: App) -> AsyncIterator[Lines]:
    """Opens connections to a server of *app*."""
    async with served(app) as opened:
        yield opened
