"""Gateways of others over the same services, each as a process: Strawberry as it comes, and on Node Mercurius with its JIT and its
loaders and Hive Gateway with its JIT and batched links (`bench/node`)."""

import asyncio
import hashlib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.streams_servers import Running
from deploy import servers
from deploy.servers.server import Command, Server

NODE = Path(__file__).parent / "node"
ROOT = Path(__file__).parent.parent
CACHE = Path.home() / ".cache/imi-bench"
PROTOS = (
    "protos/common/v1/common.proto",
    "protos/directory/v1/directory.proto",
    "protos/directory/v1/search.proto",
    "protos/requests/v1/requests.proto",
)
# Code for nothing but reading and writing messages.
_STATIC = (
    *("pbjs", "-t", "static-module", "-w", "commonjs", "--no-create", "--no-verify", "--no-convert"),
    *("--no-delimited", "--no-typeurl", "--no-service", "--no-comments", "-p", str(ROOT)),
)
_READ = [str(ROOT / one) for one in PROTOS[1:]]


@dataclass(frozen=True, slots=True)
class Packages:
    """A program for Node in `bench/node`, which is installed beside a cache and not in the checkout: as its lock file has it, and then
    *made* ready by one of its packages."""

    name: str
    files: Sequence[str]
    makes: str
    made: Sequence[str]

    @property
    def home(self) -> Path:
        """Where it is, by what it is: what has changed has another place."""
        parts = [NODE / self.name / one for one in self.files] + [ROOT / one for one in PROTOS]
        return CACHE / f"{self.name}-{hashlib.sha256(b''.join(one.read_bytes() for one in parts)).hexdigest()[:12]}"

    async def install(self) -> None:
        home = self.home
        if (home / self.makes).exists():
            return
        home.mkdir(parents=True, exist_ok=True)
        for one in self.files:
            shutil.copy(NODE / self.name / one, home / one)
        await _run(home, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
        being_made = home / f"made-{self.makes}"
        await _run(home, "npx", "--no-install", *self.made, "-o", str(being_made))
        being_made.rename(home / self.makes)


MERCURIUS = Packages(
    "peers",
    ("package.json", "package-lock.json", "mercurius.mjs", "streams.mjs"),
    "messages.cjs",
    (*_STATIC, *_READ),
)
HIVE = Packages(
    "hive",
    ("package.json", "package-lock.json", "services.proto", "mesh.config.mjs", "gateway.config.mjs"),
    "supergraph.graphql",
    ("mesh-compose", "-c", "mesh.config.mjs"),
)


class _Peer:
    """One of the programs; *arguments* for a port."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = self.title = name
        self._arguments = arguments
        self._environment = {"NODE_ENV": "production", **environment}

    def fetch(self) -> None:
        """There is nothing to fetch: `installed` has."""

    def command(self, folder: Path, port: int, inner_port: int) -> Command:  # noqa: ARG002
        arguments = [one.replace("PORT", str(port)) for one in self._arguments]
        return Command(arguments, {"PORT": str(port), **self._environment})

    async def answers(self, port: int) -> bool:
        try:
            async with httpx.AsyncClient() as http:
                found = await http.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{ __typename }"})
        except httpx.TransportError:
            return False
        return found.is_success


async def installed() -> bool:
    """Whether Node is there; what runs on it is then installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return False
    for one in (MERCURIUS, HIVE):
        await one.install()
    return True


@asynccontextmanager
async def _serving(folder: Path, peer: _Peer) -> AsyncIterator[Server]:
    server = Server(peer, folder, next(servers.free_ports(folder)), 0)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


def strawberry(folder: Path, source: str) -> AbstractAsyncContextManager[Server]:
    """Strawberry as it comes, answering."""
    return _serving(
        folder,
        _Peer(
            "strawberry", [sys.executable, "-m", "bench.gateway_strawberry", source, "PORT"], {"PYTHONPATH": str(ROOT)}
        ),
    )


def mercurius(folder: Path, source: str) -> AbstractAsyncContextManager[Server]:
    """Mercurius, answering."""
    return _serving(folder, _Peer("mercurius", ["node", str(MERCURIUS.home / "mercurius.mjs")], {"SOURCE": source}))


def hive(folder: Path, source: str) -> AbstractAsyncContextManager[Server]:
    """Hive Gateway, answering, in one process."""
    home = HIVE.home
    program = ["node", str(home / "node_modules/.bin/hive-gateway"), "supergraph", str(home / "supergraph.graphql")]
    said = ["--config-path", str(home / "gateway.config.mjs"), "--host", "127.0.0.1", "--port", "PORT", "--fork", "1"]
    return _serving(folder, _Peer("hive", [*program, *said], {"SOURCE": source}))


@asynccontextmanager
async def mercurius_streams(folder: Path) -> AsyncIterator[Running]:
    """Mercurius with live streams, which has everything in its own memory."""
    peer = _Peer("mercurius-streams", ["node", str(MERCURIUS.home / "streams.mjs")], {})
    async with _serving(folder, peer) as server:

        async def tell(events: int, every_s: float) -> None:
            async with httpx.AsyncClient(timeout=None) as http:
                every = {"events": events, "every": round(every_s * 1000)}
                await http.post(f"http://127.0.0.1:{server.port}/emit", params=every)

        yield Running("Mercurius", server.port, server.pid, "", tell)


async def _run(home: Path, *program: str) -> None:
    environment = {**os.environ, "PROTOS": str(ROOT)}
    process = await asyncio.create_subprocess_exec(*program, cwd=home, stdout=sys.stderr, env=environment)
    if await process.wait():
        raise RuntimeError(f"{' '.join(program[:3])} has failed; its output says why")
