"""A program that reads alerts is killed at the worst moment, and misses nothing."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.threads import an_alert
from tests.clients.conftest import PATIENCE_S, Service, a_service

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = (ROOT / "docs/examples/subscribe.py").read_text(encoding="utf-8")
# Between dealing with an entry and asking for the next.
DEALT_WITH = "print(json.dumps(said), flush=True)"
KILLED = EXAMPLE.replace(DEALT_WITH, f"{DEALT_WITH}; os.kill(os.getpid(), 9)")


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with a_service(tmp_path / "data") as own:
        yield own


@asynccontextmanager
async def subscribing(program: str, folder: Path, service: Service) -> AsyncIterator[asyncio.subprocess.Process]:
    (folder / "token").write_text(await service.token("hungary")(), encoding="utf-8")
    environment = {
        **os.environ,
        "ALERTS_ADDRESS": service.address,
        "TOKEN_FILE": str(folder / "token"),
        "CURSOR_FILE": str(folder / "cursor"),
        "PYTHONPATH": str(ROOT / "clients/python"),
    }
    # Outside of the checkout, so that the package stands alone.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), cwd=folder, env=environment, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def heard(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        line = await process.stdout.readline()
    assert line, "it has ended"
    event: dict[str, Any] = json.loads(line)
    return event


async def test_an_entry_is_dealt_with_again_when_the_program_died_before_it_asked_for_the_next(
    service: Service, tmp_path: Path
) -> None:
    assert KILLED != EXAMPLE
    made = [(await an_alert(service.asking)).id for _ in range(3)]
    died: list[dict[str, Any]] = []
    for _ in range(2):
        async with subscribing(KILLED, tmp_path, service) as process:
            died.append(await heard(process))
            async with asyncio.timeout(PATIENCE_S):
                assert await process.wait() == -9
    async with subscribing(EXAMPLE, tmp_path, service) as process:
        events = [await heard(process) for _ in range(3)]
    assert died == [events[0]] * 2
    assert [event["alert"] for event in events] == made
    assert all(event["number"].startswith("AL-") for event in events)
    made.append((await an_alert(service.asking)).id)
    async with subscribing(EXAMPLE, tmp_path, service) as process:
        again = await heard(process)
        # The third was dealt with; whether that was noted before the program was killed, nobody can know.
        if again["alert"] == made[2]:
            assert again == events[2]
            again = await heard(process)
        assert again["alert"] == made[3]
