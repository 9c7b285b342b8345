"""The example in Go is what a member state could write: generated from the .proto files, built, and run against alerts."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.inboxes import settled
from tests.alerts.threads import an_alert
from tests.chassis.waiting import until
from tests.clients.conftest import Service, a_service
from tests.docs.test_subscribing import block

# What it needs is compiled the first time.
pytestmark = pytest.mark.timeout(900)
ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, generated and built as its page says, in a copy of what it needs."""
    root = tmp_path_factory.mktemp("go")
    for path in (ROOT / "protos").rglob("*.proto"):
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    shutil.copy(ROOT / "buf.yaml", root)
    here = root / "docs/examples/go"
    shutil.copytree(ROOT / "docs/examples/go", here, ignore=shutil.ignore_patterns("generated"))
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    folder, *commands, run = block("sh", "buf generate").splitlines()
    assert (folder, run) == ("cd docs/examples/go", "./subscriber")
    for command in (*commands, "go vet ."):
        done = subprocess.run(
            ["bash", "-ec", command],
            cwd=here,
            env={**os.environ, "PATH": programs},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return here / "subscriber"


@asynccontextmanager
async def subscribing(
    program: Path, folder: Path, address: str, token: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program, which is killed at the end."""
    (folder / "token").write_text(token, encoding="utf-8")
    environment = {
        "ALERTS_ADDRESS": address,
        "TOKEN_FILE": str(folder / "token"),
        "CURSOR_FILE": str(folder / "cursor"),
    }
    process = await asyncio.create_subprocess_exec(
        program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def heard(process: asyncio.subprocess.Process, count: int) -> list[dict[str, Any]]:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        lines = [await process.stdout.readline() for _ in range(count)]
    assert all(lines), "it has ended"
    return [json.loads(line) for line in lines]


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with a_service(tmp_path / "data") as own:
        yield own


async def test_it_reads_alerts_live_and_goes_on_after_it_was_killed_and_the_service_was_away(
    service: Service, program: Path, tmp_path: Path
) -> None:
    token = await service.token("hungary")()
    await settled(service.asking)

    async def begun() -> bool:
        return (tmp_path / "cursor").exists()

    async with subscribing(program, tmp_path, service.address, token) as process:
        await until(begun)
        made = [(await an_alert(service.asking)).id for _ in range(2)]
        events = await heard(process, 2)
        await service.end()
        await service.begin()
        made.append((await an_alert(service.asking)).id)
        events += await heard(process, 1)
    made += [(await an_alert(service.asking)).id for _ in range(2)]
    async with subscribing(program, tmp_path, service.address, token) as process:
        while len({event["id"] for event in events}) < len(made):
            events += await heard(process, 1)
    # Killed before it could save its place, it hears the last one again, with the same id.
    once = list({event["id"]: event for event in events}.values())
    assert [event["alert"] for event in once] == made
    assert {event["kind"] for event in once} == {"BROADCAST"}
    assert len(events) <= len(made) + 1


async def test_it_ends_where_it_is_not_let_in(service: Service, program: Path, tmp_path: Path) -> None:
    for token in ("not.a.token", await service.token("stranger")(), await service.token("nothing")()):
        async with subscribing(program, tmp_path, service.address, token) as process:
            async with asyncio.timeout(PATIENCE_S):
                assert await process.wait() == 1
        assert not (tmp_path / "cursor").exists()
