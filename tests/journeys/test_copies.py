"""What changes in the directory reaches the copies of the services that keep one, and they can do without it from then on."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from chassis.outbox import Outbox
from chassis.participants import PARTICIPANTS
from chassis.process import clock
from chassis.rebuilding import rebuild_participants
from chassis.server import Server
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from services.alerts.wiring import alerts
from services.directory import storage
from services.directory.rpc.participants import COPYING
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from services.repositories.wiring import repositories
from services.requests.wiring import requests
from tests.chassis.copies import Directory
from tests.chassis.waiting import until
from tests.deploy import program
from tests.directory.bodies import an_authority, stored

SERVICES = {"alerts": alerts, "requests": requests, "repositories": repositories}
FREE_PORT = "127.0.0.1:0"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("copies")


@pytest.fixture(scope="module")
async def address(data: Path, engines: None) -> AsyncIterator[str]:
    """Where a directory answers in which two authorities are registered."""
    settings = DirectorySettings(data_dir=data, listen_address=FREE_PORT)
    await stored(settings, {"aut_a": an_authority(), "aut_b": an_authority()})
    async with directory(settings) as server:
        yield f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("name", SERVICES)
async def test_each_copy_is_filled_at_the_first_start_and_follows(name: str, data: Path, address: str) -> None:
    settings = ServiceSettings(data_dir=data, listen_address=FREE_PORT, directory_address=address)
    service: AbstractAsyncContextManager[Server] = SERVICES[name](settings)
    source = DirectorySettings(data_dir=data)
    async with (
        service,
        open_documents(settings.documents(name), [PARTICIPANTS]) as copied,
        open_documents(source.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        outbox = Outbox("directory", documents, events, clock)
        truth = Directory(data, storage.authorities(documents, outbox), outbox, events)

        async def is_level() -> bool:
            found = await copied.get_many(PARTICIPANTS, ["aut_a", "aut_b"])
            return {one.id: one.body["revision"] for one in found} == await truth.revisions()

        await until(is_level)
        for _ in range(3):
            await truth.change("aut_a")
        await until(is_level)
        await rebuild_participants(settings, name)
        assert await is_level()


def test_every_service_that_may_copy_does() -> None:
    assert set(COPYING) == set(SERVICES)


@pytest.mark.parametrize("part", program.SERVICES)
def test_whoever_follows_the_directory_makes_its_topic_ready(part: str) -> None:
    wiring = program.wiring_of(part)
    assert ("participants.follow(" in wiring) is ('follows=["directory"]' in wiring) is (part in SERVICES)
