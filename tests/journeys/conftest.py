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


@pytest.fixture(scope="module", autouse=True)
async def engines(
    servers: Servers | None, trained: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    """In a run on real servers, the journeys of a module go over them, in databases, topics and indexes of their own.

    Filling those takes longer than a journey, so the systems of a module follow one another there on the same data: no journey may
    need what another one of its module has used up. On embedded engines each has data of its own.
    """
    assert trained.exists()  # made on embedded engines: before the settings say otherwise
    async with prepared_engines(servers, tmp_path_factory.mktemp("prepared")):
        yield
