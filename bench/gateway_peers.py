"""Gateways of others over the same services: Mercurius with its JIT and its loaders (`bench/node/peers`), on Node."""

import asyncio
import hashlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from deploy import servers
from deploy.servers.server import Command, Server

PEERS = Path(__file__).parent / "node/peers"
ROOT = Path(__file__).parent.parent
CACHE = Path.home() / ".cache/imi-bench"
FILES = ("package.json", "package-lock.json", "mercurius.mjs")
PROTOS = (
    "protos/directory/v1/directory.proto",
    "protos/directory/v1/search.proto",
    "protos/requests/v1/requests.proto",
)
# Code for nothing but reading and writing messages.
STATIC = (
    *("-t", "static-module", "-w", "commonjs", "--no-create", "--no-verify", "--no-convert"),
    *("--no-delimited", "--no-typeurl", "--no-service", "--no-comments"),
)


class _Mercurius:
    """The program, with its packages beside a cache and not in the checkout."""

    name = title = "mercurius"

    def __init__(self, source: str) -> None:
        self._source = source

    def fetch(self) -> None:
        """There is nothing to fetch: `installed` has."""

    def command(self, folder: Path, port: int, inner_port: int) -> Command:  # noqa: ARG002
        environment = {"PORT": str(port), "SOURCE": self._source, "NODE_ENV": "production"}
        return Command(["node", str(_home() / "mercurius.mjs")], environment)

    async def answers(self, port: int) -> bool:
        try:
            async with httpx.AsyncClient() as http:
                found = await http.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{ __typename }"})
        except httpx.TransportError:
            return False
        return found.is_success


async def installed() -> bool:
    """Whether Node is there; its packages are then installed, as the lock file has them, and its messages made."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return False
    home = _home()
    if (home / "messages.cjs").exists():
        return True
    home.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(PEERS / name, home / name)
    await _run(home, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    made = home / "messages.made"
    await _run(
        home,
        "npx",
        "--no-install",
        "pbjs",
        *STATIC,
        "-p",
        str(ROOT),
        "-o",
        str(made),
        *(str(ROOT / one) for one in PROTOS),
    )
    made.rename(home / "messages.cjs")
    return True


@asynccontextmanager
async def mercurius(folder: Path, source: str) -> AsyncIterator[Server]:
    """The server, answering."""
    server = Server(_Mercurius(source), folder, next(servers.free_ports(folder)), 0)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


async def _run(home: Path, *program: str) -> None:
    process = await asyncio.create_subprocess_exec(*program, cwd=home, stdout=sys.stderr, env=dict(os.environ))
    if await process.wait():
        raise RuntimeError(f"{' '.join(program[:3])} has failed; its output says why")


def _home() -> Path:
    """Where it is, by what it is: what has changed has another place."""
    parts = [PEERS / name for name in FILES] + [ROOT / name for name in PROTOS]
    return CACHE / f"peers-{hashlib.sha256(b''.join(one.read_bytes() for one in parts)).hexdigest()[:12]}"
