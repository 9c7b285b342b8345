"""The training data, loaded once; and the engines that journeys go over."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.servers import Servers
from tests.gateway.running import copy_of, training_data
from tests.journeys.staging import prepared_engines


@pytest.fixture(scope="session")
async def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The training data, to be copied."""
    return await training_data(tmp_path_factory.getbasetemp() / "trained")


@pytest.fixture
def data(trained: Path, tmp_path: Path) -> Path:
    """The training data, for a system of the test's own."""
    return copy_of(trained, tmp_path / "data")


@pytest.fixture(autouse=True)
async def engines(servers: Servers | None, tmp_path: Path) -> AsyncIterator[None]:
    """In a run on real servers, every journey goes over them, in databases, topics and indexes of its own.

    A module with one system for all of its journeys has a fixture of this name and of its own scope instead.
    """
    async with prepared_engines(servers, tmp_path):
        yield
