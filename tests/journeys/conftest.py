"""The training data, loaded once; and the engines that journeys go over."""

import uuid
from pathlib import Path

import pytest

from deploy.parts import prepare
from deploy.servers import Servers
from services.directory.settings import DirectorySettings
from tests.gateway.running import copy_of, training_data


@pytest.fixture(scope="session")
async def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The training data, to be copied."""
    return await training_data(tmp_path_factory.getbasetemp() / "trained")


@pytest.fixture
def data(trained: Path, tmp_path: Path) -> Path:
    """The training data, for a system of the test's own."""
    return copy_of(trained, tmp_path / "data")


@pytest.fixture(autouse=True)
async def engines(servers: Servers | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a run on real servers, every journey goes over them, in databases, topics and indexes of its own."""
    if servers is None:
        return
    name = f"t{uuid.uuid4().hex[:12]}"
    urls = {key: url.replace("imi-", f"{name}-") for key, url in servers.settings.items()}
    urls["EVENTS_URL"] += f"&prefix={name}."
    for key, url in urls.items():
        monkeypatch.setenv(key, url)
    await prepare(DirectorySettings(data_dir=tmp_path))
