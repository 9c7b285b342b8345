"""Whoever starts something that cannot start is told what to do, in a sentence and with the exit code that docs/settings.md names."""

import asyncio
import socket
from pathlib import Path

import pytest

from chassis import process
from chassis.settings import CannotStart
from tests.cells import cell
from tests.docs.conftest import Running
from tests.journeys.processes import a_process

EMBEDDED, TRANSLATION = "deploy.embedded", "services.translation"
PATIENCE_S = 90.0


async def test_what_keeps_a_process_from_starting_is_said_in_a_sentence(running: Running, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    file, nothing = str(tmp_path / "file"), str(tmp_path / "nothing")
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = f"127.0.0.1:{busy.getsockname()[1]}"
        cases = {
            # A second `make up` beside the first.
            "is another process's": (EMBEDDED, running.environment),
            f"{taken} cannot be listened on": (TRANSLATION, {"LISTEN_ADDRESS": taken}),
            "Set HEALTH_ADDRESS": (TRANSLATION, {"HEALTH_ADDRESS": taken}),
            "see TLS_CERTIFICATE": (
                TRANSLATION,
                dict.fromkeys(("TLS_CERTIFICATE", "TLS_KEY", "TLS_AUTHORITY"), nothing),
            ),
            "is no PEM": (TRANSLATION, dict.fromkeys(("TLS_CERTIFICATE", "TLS_KEY", "TLS_AUTHORITY"), file)),
            "or set KEYS_DIR": (TRANSLATION, {"KEYS_DIR": file}),
            "cannot be made": (TRANSLATION, {"DATA_DIR": file}),
            "partitions=many: write a number": (TRANSLATION, {"EVENTS_URL": "kafka://127.0.0.1:9092?partitions=many"}),
        }

        async def said(number: int, module: str, environment: dict[str, str]) -> tuple[int, str]:
            own = {"DATA_DIR": str(tmp_path / str(number)), "LISTEN_ADDRESS": "127.0.0.1:0"}
            async with a_process(module, tmp_path / f"output-{number}", **{**own, **environment}) as started:
                return await started.ended(PATIENCE_S), started.said()

        ended = await asyncio.gather(*(said(number, *case) for number, case in enumerate(cases.values())))
    for expected, (code, output) in zip(cases, ended, strict=True):
        with cell(expected):
            assert expected in output
            assert "Traceback" not in output
            assert code == 78, output


def test_what_ends_a_system_that_runs_already_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The gateway comes last: when its port is taken, the loops of five services end with it, each in a group of its own."""

    def work() -> None:
        raise ExceptionGroup("loops", [ExceptionGroup("loops", [CannotStart("Port 8000 is not free.")])])

    with pytest.raises(SystemExit) as ended:
        process._in_words(work)
    assert ended.value.code == 78
    assert capsys.readouterr().err == "Port 8000 is not free.\n"


def test_a_fault_beside_it_is_not_hidden() -> None:
    def work() -> None:
        raise ExceptionGroup("loops", [CannotStart("Port 8000 is not free."), ZeroDivisionError()])

    with pytest.raises(BaseExceptionGroup) as ended:
        process._in_words(work)
    assert ended.value.subgroup(ZeroDivisionError)
