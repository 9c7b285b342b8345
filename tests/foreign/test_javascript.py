"""Clients in JavaScript, as their packages are published: what they read is what everybody reads, and they resume without a gap."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.foreign.javascript import NODE, packages
from tests.gateway.clients import Client
from tests.gateway.exchanges import an_alert
from tests.gateway.running import Running

As = Callable[[str], Client]
PROGRAM = Path(__file__).with_name("listen.mjs")
PATIENCE_S = 60.0
WAYS = ["sse", "ws"]

pytestmark = [
    pytest.mark.skipif(not NODE, reason="Node and npm are not on the PATH"),
    # The packages are fetched when they are first used.
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program beside its packages, outside of the checkout."""
    folder = Path(shutil.copytree(packages(), tmp_path_factory.mktemp("javascript"), dirs_exist_ok=True))
    return Path(shutil.copy(PROGRAM, folder))


@dataclass(slots=True)
class Listener:
    """A process that prints what it hears."""

    process: asyncio.subprocess.Process

    async def item(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self.process.stdout.readline()
        assert line, await self.complaint()
        item: dict[str, Any] = json.loads(line)
        return item

    async def entry(self) -> dict[str, Any]:
        """The next item that is not a watermark."""
        while not (item := await self.item())["entry"]:
            pass
        return item

    async def complaint(self) -> str:
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            return (await self.process.stderr.read()).decode()


@asynccontextmanager
async def listening(program: Path, way: str, client: Client, after: str = "") -> AsyncIterator[Listener]:
    """The program, which is killed at the end: a break that nobody is told of."""
    environment = {**os.environ, "URL": f"{client.url}/graphql", "TOKEN": client.token, "AFTER": after}
    process = await asyncio.create_subprocess_exec(
        *("node", program, way), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield Listener(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("way", WAYS)
async def test_it_hears_every_alert_and_resumes_after_a_break(as_: As, program: Path, way: str) -> None:
    hungary, author, coordinator = as_("hu-alerts"), as_("it-alerts"), as_("it-coordinator")
    made: list[str] = []
    async with listening(program, way, hungary) as listener:
        opened = await listener.item()
        assert opened["entry"] is None
        made += [await an_alert(author, coordinator, "HU") for _ in range(3)]
        heard = [await listener.entry() for _ in range(2)]
    # One that it was sent and did not read, and two while it was away.
    made += [await an_alert(author, coordinator, "HU") for _ in range(2)]
    async with listening(program, way, hungary, heard[-1]["cursor"]) as listener:
        heard += [await listener.entry() for _ in range(3)]
        made.append(await an_alert(author, coordinator, "HU"))
        heard.append(await listener.entry())
    assert [item["entry"]["alert"]["id"] for item in heard] == made
    assert len({item["entry"]["id"] for item in heard}) == len(made)
    assert {item["entry"]["alert"]["country"]["name"] for item in heard} == {"Olaszország"}
    everybodys = await hungary.ask(
        """query ($after: String) { inbox(after: $after, first: 10, language: HU) {
          edges { cursor node { id kind alert { id number country { name } type { title } } } } } }""",
        after=opened["cursor"],
    )
    assert [(edge["cursor"], edge["node"]) for edge in everybodys["inbox"]["edges"]] == [
        (item["cursor"], item["entry"]) for item in heard
    ]


@pytest.mark.parametrize("way", WAYS)
async def test_a_refusal_arrives_with_its_code(as_: As, running: Running, program: Path, way: str) -> None:
    async with listening(program, way, as_("hu-alerts"), after="nonsense") as listener:
        said = await listener.complaint()
        assert await listener.process.wait() == 1
    (error,) = json.loads(said.splitlines()[0])
    assert error["extensions"] == {"code": "INVALID", "reason": "CURSOR", "field": "after"}
