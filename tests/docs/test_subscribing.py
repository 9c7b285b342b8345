"""What the page on subscribing shows is what happens: its commands are run as they stand there, on a running system."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from chassis.keys import KeyRing
from gateway.tokens import DevelopmentTokens
from tests.docs.conftest import ROOT, Running
from tests.foreign.javascript import NODE, packages
from tests.gateway.clients import TIMEOUT_S, Client
from tests.gateway.exchanges import an_alert

PAGE = (ROOT / "docs/subscribing.md").read_text(encoding="utf-8")
PATIENCE_S = 90.0
SETTING = 'TOKEN_FILE="$(mktemp)"'


def block(language: str, containing: str) -> str:
    """The one example of a language that contains something."""
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if containing in text]
    assert len(found) == 1, containing
    return str(found[0])


@dataclass(slots=True)
class Reader:
    """A command of the page, and the lines that it has printed."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def until(self, word: str) -> str:
        """The first line with *word* in it."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while True:
                line = (await self.process.stdout.readline()).decode()
                assert line, self.lines
                self.lines.append(line)
                if word in line:
                    return line


@asynccontextmanager
async def run(running: Running, script: str, *, folder: Path = ROOT) -> AsyncIterator[Reader]:
    """*script* in a shell that has made the settings of the page, at the system's own addresses."""
    whole = f"cd {ROOT}\n{block('sh', SETTING)}\ncd {folder}\n{script}"
    whole = whole.replace("127.0.0.1:8000", running.address).replace("127.0.0.1:50053", running.alerts)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-ec", whole),
        env={**running.environment, "PATH": path, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Reader(process)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, 9)
        await process.communicate()


@asynccontextmanager
async def broadcasting(running: Running) -> AsyncIterator["Broadcaster"]:
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        tokens = DevelopmentTokens(KeyRing(Path(running.environment["DATA_DIR"]) / "keys"))
        url = f"http://{running.address}"
        yield Broadcaster(*(Client(http, url, tokens.issue(user)) for user in ("it-alerts", "it-coordinator")))


@dataclass(frozen=True, slots=True)
class Broadcaster:
    author: Client
    coordinator: Client

    async def alert(self) -> str:
        """An alert to Hungary; gives its id."""
        return await an_alert(self.author, self.coordinator, "HU")

    async def number(self) -> str:
        """The same; gives its number."""
        found = await self.author.ask("query ($id: ID!) { alert(id: $id) { number } }", id=await self.alert())
        return str(found["alert"]["number"])


async def test_a_shell_reads_the_stream(running: Running) -> None:
    async with run(running, block("sh", "curl -sN")) as reader, broadcasting(running) as italy:
        assert '"entry": null' in await reader.until("cursor") or '"entry":null' in reader.lines[-1]
        number = await italy.number()
        heard = await reader.until(number)
    assert "BROADCAST" in heard


async def test_the_program_in_python_reads_from_the_beginning_and_goes_on(running: Running) -> None:
    async with broadcasting(running) as italy:
        before = await italy.number()
        async with run(running, block("sh", "subscribe.py")) as reader:
            await reader.until(before)
            number = await italy.number()
            assert json.loads(await reader.until(number))["kind"] == "BROADCAST"


@pytest.mark.skipif(not NODE, reason="Node and npm are not on the PATH")
async def test_the_program_in_javascript_reads_and_remembers_its_cursor(running: Running, tmp_path: Path) -> None:
    shutil.copytree(packages(), tmp_path, dirs_exist_ok=True)
    program = block("js", "graphql-ws")
    program = program.replace("127.0.0.1:8000", running.address)
    (tmp_path / "alerts.mjs").write_text(program, encoding="utf-8")
    # The page says nothing of when it has begun: its cursor file does.
    script = f'export CURSOR_FILE="{tmp_path}/cursor"\nnode alerts.mjs'
    async with broadcasting(running) as italy:
        async with run(running, script, folder=tmp_path) as reader:
            async with asyncio.timeout(PATIENCE_S):
                while not (tmp_path / "cursor").exists():
                    assert reader.process.returncode is None
                    await asyncio.sleep(0.05)
            number = await italy.number()
            await reader.until(number)
        missed = await italy.number()
        async with run(running, script, folder=tmp_path) as reader:
            await reader.until(missed)


def test_the_codes_are_those_of_the_program() -> None:
    """Each that the table names is raised somewhere."""
    program = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("chassis", "gateway", "vocabulary", "services/alerts")
        for path in sorted((ROOT / folder).rglob("*.py"))
    )
    table = PAGE.partition("| code |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([A-Z_]{4,})`", table)) - {"OUT_OF_RANGE", "PERMISSION_DENIED"}
    assert len(named) >= 6
    assert {name for name in named if f'"{name}"' not in program} == set()


def test_the_headings_that_others_link_to_are_there() -> None:
    assert {"GraphQL", "Python", "gRPC in another language", "Kafka", "Webhooks"} <= set(
        re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    )
    for target, anchor in re.findall(r"\]\(([a-z_]+\.md)?#([a-z-]+)\)", PAGE):
        text = (ROOT / "docs" / (target or "subscribing.md")).read_text(encoding="utf-8")
        headings = {
            re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-")
            for one in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        }
        assert anchor in headings, f"{target}#{anchor}"
