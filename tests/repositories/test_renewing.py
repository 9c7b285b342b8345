"""A repository that has a new version: who may not read it any more finds and counts nothing, whoever brought the version."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chassis.caller import Signer
from chassis.calls import open_channel
from chassis.keys import KeyRing
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from services.repositories import storage
from services.repositories.catalogue import SHIPPED, definitions
from services.repositories.renewing import Renewing
from services.repositories.wiring import repositories
from tests.chassis.waiting import until
from tests.directory.trained import a_directory
from tests.repositories.conftest import FREE_PORT, Asking, an_editor
from tests.repositories.registers import a_published
from tests.repositories.test_publishing import a_definition

HUNGARY, OUTSIDER = an_editor("HU"), an_editor("HU", modules=("services/repository",))


@pytest.fixture(scope="module")
async def data(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceSettings]:
    folder = await a_directory(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("renewing"))
    async with directory(DirectorySettings(data_dir=folder, training_data=True, listen_address=FREE_PORT)) as found:
        yield ServiceSettings(data_dir=folder, listen_address=FREE_PORT, directory_address=f"127.0.0.1:{found.port}")


@asynccontextmanager
async def running(settings: ServiceSettings, catalogue: Path) -> AsyncIterator[Asking]:
    async with repositories(settings, catalogue) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        yield Asking(channel, Signer(KeyRing(settings.keys), "gateway"))


async def test_who_reads_by_the_version_of_a_release_is_who_finds(data: ServiceSettings, tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue"
    shutil.copytree(SHIPPED / "registers-v1", catalogue / "registers-v1")

    async def counts(asking: Asking, hungary: int, outsider: int) -> None:
        async def are_so() -> bool:
            found = [
                await asking(who, "SearchEntries", repository="registers", text="Albo") for who in (HUNGARY, OUTSIDER)
            ]
            return [one.total for one in found] == [hungary, outsider]

        await until(are_so)

    async with running(data, catalogue) as asking:
        # What made the index show the first one is over once it shows the second: nothing shows that again.
        for number in (1, 2):
            await a_published(asking)
            await counts(asking, number, number)
    shutil.copytree(SHIPPED / "registers-v1", catalogue / "registers-v2")
    structure = catalogue / "registers-v2/structure.toml"
    written = structure.read_text(encoding="utf-8")
    narrower = written.replace("version = 1", "version = 2").replace('"ALL_IMI"', '"MODULE"')
    structure.write_text(narrower, encoding="utf-8")
    async with running(data, catalogue) as asking:
        await counts(asking, 2, 0)


async def test_an_order_is_given_once_for_each_version_and_again_where_that_failed(tmp_path: Path) -> None:
    given: list[int] = []
    fails = True

    async def give() -> None:
        given.append(len(given))
        if fails:
            raise ConnectionError

    async with open_documents(f"sqlite:///{tmp_path}/d.db", storage.COLLECTIONS) as documents:
        first = dict(definitions())
        known = {one.code: one for one in first.values()}
        renewing = Renewing(documents, known, give)
        await renewing.look()
        assert not given
        known["things"] = a_definition(version=2)
        with pytest.raises(ConnectionError):
            await renewing.look()
        fails = False
        for _ in range(2):
            await renewing.look()
        assert len(given) == 2
        # A process that does not know of it yet takes nothing back.
        await Renewing(documents, {}, give).look()
        await renewing.look()
        assert len(given) == 2
        known["things"] = a_definition(version=3)
        await renewing.look()
        assert len(given) == 3
