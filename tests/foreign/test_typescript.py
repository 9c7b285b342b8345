"""The TypeScript client is what the schema says, and does its work in a real browser, from a page of another origin."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.keys import KeyRing
from gateway.tokens import DevelopmentTokens
from tests.builders import doctors
from tests.foreign.javascript import NODE, packages
from tests.gateway.clients import TIMEOUT_S, Client
from tests.gateway.exchanges import SET, an_alert
from tests.gateway.running import Running, a_gateway, a_service, copy_of, training_data

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "typescript"
BROWSER = Path(__file__).parent / "browser"
PATIENCE_S = 60.0

pytestmark = [
    pytest.mark.skipif(not NODE, reason="Node and npm are not on the PATH"),
    # The packages are fetched when they are first used.
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client beside its packages and the schema, outside of the checkout."""
    root = tmp_path_factory.mktemp("typescript")
    (root / "gateway").mkdir()
    shutil.copy(ROOT / "gateway" / "schema.graphql", root / "gateway")
    folder = root / "clients" / "typescript"
    shutil.copytree(CLIENT, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (folder / "node_modules").symlink_to(packages(CLIENT) / "node_modules")
    return folder


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(["npx", "--no-install", *command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_generated_of_the_schema_is_up_to_date_and_its_types_fit(workshop: Path) -> None:
    run(workshop, "graphql-codegen", "--config", "codegen.json")
    generated = Path("src/generated.ts")
    assert (workshop / generated).read_text() == (CLIENT / generated).read_text(), "npm run generate"
    run(workshop, "tsc", "--noEmit")


def test_a_stream_that_the_system_ends_is_resumed_and_one_that_is_ended_here_leaves_nothing(workshop: Path) -> None:
    run(workshop, "esbuild", "src/index.ts", "--bundle", "--format=esm", "--target=es2022", "--outfile=dist/index.js")
    program = shutil.copy(BROWSER.with_name("stream.mjs"), workshop)
    bundle = (workshop / "dist" / "index.js").as_uri()
    done = subprocess.run(["node", program, bundle], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"asked": [None, "1", "2", "3"], "seen": ["1", "2", "3", "4"], "listening": 0}


class Page:
    """The page, as far as it tells what happens in it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def told(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self._process.stdout.readline()
        assert line, await self._complaint()
        found: dict[str, Any] = json.loads(line)
        return found

    async def _complaint(self) -> str:
        assert self._process.stderr is not None
        return (await self._process.stderr.read()).decode()


@asynccontextmanager
async def opened(workshop: Path, **environment: str) -> AsyncIterator[Page]:
    run(workshop, "esbuild", "src/index.ts", "--bundle", "--format=esm", "--target=es2022", "--outfile=dist/index.js")
    folder = workshop.parent / "browser"
    if not folder.exists():
        folder.mkdir()
        (folder / "node_modules").symlink_to(packages(BROWSER) / "node_modules")
    program = shutil.copy(BROWSER / "browser.mjs", folder)
    process = await asyncio.create_subprocess_exec(
        "node",
        program,
        str(workshop / "dist" / "index.js"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Page(process)
    finally:
        # Told to end, it ends the browser too, which is no part of its group.
        process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        await process.wait()


async def test_a_browser_asks_commands_uploads_and_resumes_a_stream_without_a_gap(
    workshop: Path, tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: Callable[[], int]
) -> None:
    trained = await training_data(tmp_path_factory.getbasetemp() / "trained")
    data = copy_of(trained, tmp_path_factory.mktemp("browser") / "data")
    tokens = DevelopmentTokens(KeyRing(data / "keys"))
    async with AsyncExitStack() as stack:
        addresses: dict[str, str] = {}
        for name in ("directory", "requests", "alerts"):
            addresses[f"{name}_address"] = await stack.enter_async_context(a_service(name, data, **addresses))
        # Alerts are sent through another gateway, so that they are sent while the page's is away.
        other = await stack.enter_async_context(a_gateway(data, **addresses))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT_S))
        author, coordinator = (Client(http, other.url, tokens.issue(user)) for user in ("it-alerts", "it-coordinator"))
        site, port = unused_tcp_port_factory(), unused_tcp_port_factory()
        settings = {**addresses, "gateway_port": str(port), "allowed_origins": f"http://127.0.0.1:{site}"}
        gateway = AsyncExitStack()
        running: Running = await gateway.enter_async_context(a_gateway(data, **settings))
        page = await stack.enter_async_context(
            opened(
                workshop,
                PORT=str(site),
                URL=running.url,
                ITALY=tokens.issue("it-handler"),
                HUNGARY=tokens.issue("hu-alerts"),
                RESPONDER=doctors("HU"),
                SET=SET,
            )
        )
        assert (await page.told())["viewer"]["name"] == "Request handler, Italy"
        assert (await page.told())["found"] == 3
        first, second = (await page.told())["request"], (await page.told())["request"]
        assert first == second
        assert first["status"] == "DRAFT"
        assert [file["name"] for file in first["files"]] == ["laurea.pdf"]
        assert await page.told() == {"refused": True, "code": "INVALID", "field": "draft.questionSetId"}
        assert (await page.told())["entry"] is None
        sent = [await an_alert(author, coordinator, "HU")]
        assert (await page.told())["entry"] == sent[0]
        await gateway.aclose()
        assert await page.told() == {"connection": "lost"}
        sent += [await an_alert(author, coordinator, "HU") for _ in range(3)]
        await stack.enter_async_context(a_gateway(data, **settings))
        heard: list[str] = []
        while len(heard) < 3:
            told = await page.told()
            heard += [told["entry"]] if told.get("entry") else []
        assert heard == sent[1:]
