"""The requests service with the directory it asks, over real gRPC, in a temporary folder."""

from collections.abc import AsyncIterator

import pytest

from chassis.settings import ServiceSettings
from protos.requests.v1 import requests_pb2 as pb
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from services.requests.domain.lifecycle import Status
from tests.directory.trained import a_directory
from tests.requests.exchanges import ALL_QUESTIONS, FREE_PORT, WALKED, Asking, a_request, running


@pytest.fixture(scope="session")
async def asking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    data = await a_directory(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("requests"))
    async with directory(DirectorySettings(data_dir=data, training_data=True, listen_address=FREE_PORT)) as found:
        settings = ServiceSettings(data_dir=data, listen_address=FREE_PORT, directory_address=f"127.0.0.1:{found.port}")
        async with running(settings) as answering:
            yield answering


@pytest.fixture(scope="session")
async def standing(asking: Asking) -> dict[Status, pb.Request]:
    """A request in each status, for tests of what is refused: they change nothing."""
    return {status: await a_request(asking, status, questions=ALL_QUESTIONS) for status in WALKED}
