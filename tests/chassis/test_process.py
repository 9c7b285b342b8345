"""A process stops when it is told to, and works on when a part of it fails."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis import process
from chassis.process import working
from chassis.settings import ProcessSettings, ServiceSettings
from tests.faults.processes import running

TRANSLATION = "services.translation"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_service_that_is_told_to_stop_stops_with_exit_code_zero(tmp_path: Path, number: signal.Signals) -> None:
    environment = {"DATA_DIR": str(tmp_path), "LISTEN_ADDRESS": "127.0.0.1:0"}
    async with running(TRANSLATION, log=tmp_path / "log", environment=environment) as service:
        await service.port()
        assert await service.stop(number) == 0
        events = [line["event"] for line in service.log()]
    assert events[-1] == "stopping"
    assert "Traceback" not in (tmp_path / "log").read_text()


@asynccontextmanager
async def never(_: ProcessSettings) -> AsyncIterator[None]:
    raise AssertionError("it was started")
    yield


def test_a_process_with_wrong_settings_does_not_start_and_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["x"])
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(SystemExit) as ended:
        process.main(ProcessSettings, never, "For a test.")
    assert ended.value.code == 78
    assert "LOG_LEVEL='loud'" in capsys.readouterr().err


def test_help_says_the_purpose_and_lists_every_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "--help"])
    with pytest.raises(SystemExit) as ended:
        process.main(ServiceSettings, never, "For a test.")
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "For a test." in said
    for name, field in ServiceSettings.model_fields.items():
        assert name.upper() in said
        assert str(field.description) in said


async def test_a_loop_that_fails_or_ends_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PAUSE_AFTER_FAULT_S", 0.001)
    begun = 0
    enough = asyncio.Event()

    async def fails() -> None:
        nonlocal begun
        begun += 1
        if begun == 2:
            return
        if begun == 4:
            enough.set()
            await asyncio.Event().wait()
        raise RuntimeError("the log is away")

    with capture_logs() as lines:
        async with asyncio.timeout(10), working([fails]):
            await enough.wait()
    assert [line["event"] for line in lines] == ["loop_ended"] * 2
    assert all(line["log_level"] == "error" and "fails" in line["loop"] for line in lines)


async def test_a_loop_that_fails_does_not_disturb_the_others_or_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PAUSE_AFTER_FAULT_S", 0.001)
    failed, worked = asyncio.Event(), asyncio.Event()

    async def fails() -> None:
        failed.set()
        raise RuntimeError

    async def works() -> None:
        await failed.wait()
        worked.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(10), working([fails, works]):
        await worked.wait()


async def test_a_loop_that_is_cancelled_by_its_own_driver_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody told it to stop: a driver let the cancellation of a request of its own out."""
    monkeypatch.setattr(process, "PAUSE_AFTER_FAULT_S", 0.001)
    begun = 0
    again = asyncio.Event()

    async def loses_its_connection() -> None:
        nonlocal begun
        begun += 1
        if begun == 2:
            again.set()
            await asyncio.Event().wait()
        request = asyncio.get_running_loop().create_future()
        request.cancel()
        await request

    with capture_logs() as lines:
        async with asyncio.timeout(10), working([loses_its_connection]):
            await again.wait()
    assert [line["event"] for line in lines] == ["loop_cancelled_by_itself"]


async def test_loops_end_with_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def works() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with asyncio.timeout(10):
        async with working([works]):
            await begun.wait()
            assert not ended.is_set()
    assert ended.is_set()


def test_the_clock_knows_its_zone() -> None:
    now = process.clock()
    assert now.utcoffset() is not None
    assert now <= process.clock()


def test_a_process_runs_on_uvloop_and_where_there_is_none_on_the_loop_of_asyncio(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[str] = []

    async def work() -> None:
        ran.append(type(asyncio.get_running_loop()).__module__.partition(".")[0])

    process.run_loop(work())
    with monkeypatch.context() as elsewhere:
        elsewhere.setitem(sys.modules, "uvloop", None)
        assert process.loop_factory() is None
        process.run_loop(work())
    assert ran == ["uvloop", "asyncio"]


async def test_a_service_works_and_stops_on_the_loop_of_asyncio_too(tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "uvloop.py").write_text("raise ImportError('there is none for this system')")
    environment = {
        "DATA_DIR": str(tmp_path),
        "LISTEN_ADDRESS": "127.0.0.1:0",
        "PYTHONPATH": str(tmp_path / "without"),
    }
    async with running(TRANSLATION, log=tmp_path / "log", environment=environment) as service:
        await service.port()
        assert await service.stop(signal.SIGTERM) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()
