"""The commands an operator types, as processes of their own, beside a service that runs."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis import process, telemetry
from chassis.participants import PARTICIPANTS
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from services.alerts import storage
from services.directory.settings import DirectorySettings
from tests.directory.bodies import an_authority, stored
from tests.faults.processes import Process, running

DIRECTORY = "services.directory"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
async def directory(data: Path) -> AsyncIterator[Process]:
    await stored(DirectorySettings(data_dir=data), {f"aut_{n}": an_authority(f"Ufficio {n}") for n in range(3)})
    environment = {"DATA_DIR": str(data), "LISTEN_ADDRESS": "127.0.0.1:0"}
    async with running(DIRECTORY, log=data / "directory.log", environment=environment) as service:
        await service.port()
        yield service


async def test_a_search_index_is_built_anew_by_the_process_that_serves_it(directory: Process, data: Path) -> None:
    def built() -> list[object]:
        return [line["documents"] for line in directory.log() if line["event"] == "index_built"]

    assert built() == [3]
    log = data / "search.log"
    async with running(DIRECTORY, "rebuild", "search", log=log, environment={"DATA_DIR": str(data)}) as command:
        assert await command.ended() == 0
    assert built() == [3, 3]


async def test_a_copy_of_the_directory_is_read_anew_by_the_command(directory: Process, data: Path) -> None:
    environment = {"DATA_DIR": str(data), "DIRECTORY_ADDRESS": f"127.0.0.1:{await directory.port()}"}
    log = data / "participants.log"
    async with running("services.alerts", "rebuild", "participants", log=log, environment=environment) as command:
        assert await command.ended() == 0
    settings = ServiceSettings(data_dir=data)
    async with open_documents(settings.documents("alerts"), storage.COLLECTIONS) as documents:
        found = await documents.get_many(PARTICIPANTS, ["aut_0", "aut_1", "aut_2", "aut_3"])
    assert [(one.id, one.revision) for one in found] == [("aut_0", 1), ("aut_1", 1), ("aut_2", 1)]


@pytest.mark.parametrize("words", [["rebuild"], ["rebuild", "all"], ["prepare", "search"], ["search"]])
def test_a_command_that_there_is_not_is_refused_with_those_there_are(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def never(_: ServiceSettings) -> None:
        raise AssertionError("it was done")

    monkeypatch.setattr(sys, "argv", ["x", *words])
    with pytest.raises(SystemExit) as ended:
        process.main(ServiceSettings, never, "For a test.", never, {"search": never})  # type: ignore[arg-type]
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"no command '{' '.join(words)}'" in said
    assert "run, prepare, rebuild search" in said


def test_a_command_is_done_with_the_settings_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done: list[Path] = []

    async def rebuild(settings: ServiceSettings) -> None:
        await asyncio.sleep(0)
        done.append(settings.data_dir)

    async def never(_: ServiceSettings) -> None:
        raise AssertionError("it was done")

    monkeypatch.setattr(sys, "argv", ["x", "rebuild", "search"])
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(telemetry, "configure_logging", lambda _: None)
    process.main(ServiceSettings, never, "For a test.", never, {"participants": never, "search": rebuild})  # type: ignore[arg-type]
    assert done == [tmp_path]
