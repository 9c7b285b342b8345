"""The two servers whose live streams are compared, each as a process: our gateway, and a bare one on Node."""

import asyncio
import hashlib
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.streams_source import source
from chassis.keys import KeyRing
from deploy import servers
from deploy.cluster import Part
from deploy.servers.server import Command, Server
from gateway.tokens import DevelopmentTokens

NODE = Path(__file__).parent / "node"
CACHE = Path.home() / ".cache/imi-bench"


# One person listens in the place of thousands.
ONE_FOR_ALL = {"STREAMS_PER_PERSON": "100000", "CONNECTIONS_PER_ADDRESS": "0"}


@dataclass(frozen=True, slots=True)
class Running:
    """A server with streams: where it is, who may listen, and how it is made to tell something."""

    name: str
    port: int
    pid: int
    token: str
    tell: Callable[[int, float], Awaitable[None]]


@asynccontextmanager
async def gateway(folder: Path, settings: Mapping[str, str]) -> AsyncIterator[Running]:
    """Our gateway, over an inbox in memory."""
    async with source() as (tell, addresses):
        environment = {**addresses, **ONE_FOR_ALL, **settings, "DATA_DIR": str(folder)}
        part = Part("gateway-1", "gateway", "gateway", environment)
        server = Server(part, folder, next(servers.free_ports(folder)), 0)
        token = DevelopmentTokens(KeyRing(folder / "keys")).issue("listener")
        try:
            await server.start()
            yield Running("gateway", server.port, server.pid, token, tell)
        finally:
            await server.stop()


class _Node:
    """The program of the Node server, with its packages beside a cache and not in the checkout."""

    name = title = "node"

    def fetch(self) -> None:
        """There is nothing to fetch: `installed` has."""

    def command(self, folder: Path, port: int, inner_port: int) -> Command:  # noqa: ARG002
        return Command(["node", str(_home() / "server.mjs")], {"PORT": str(port)})

    async def answers(self, port: int) -> bool:
        try:
            async with httpx.AsyncClient() as http:
                return (await http.post(f"http://127.0.0.1:{port}/emit")).is_success
        except httpx.TransportError:
            return False


@asynccontextmanager
async def node(folder: Path) -> AsyncIterator[Running]:
    """A bare graphql-ws server, which has everything in its own memory."""
    server = Server(_Node(), folder, next(servers.free_ports(folder)), 0)

    async def tell(events: int, every_s: float) -> None:
        async with httpx.AsyncClient(timeout=None) as http:
            every = {"events": events, "every": round(every_s * 1000)}
            await http.post(f"http://127.0.0.1:{server.port}/emit", params=every)

    try:
        await server.start()
        yield Running("Node", server.port, server.pid, "", tell)
    finally:
        await server.stop()


async def installed() -> bool:
    """Whether Node is there; its packages are then installed, as the lock file has them."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return False
    home = _home()
    if not (home / "node_modules").exists():
        home.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "server.mjs"):
            shutil.copy(NODE / name, home / name)
        process = await asyncio.create_subprocess_exec(
            "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=home, stdout=sys.stderr
        )
        if await process.wait():
            shutil.rmtree(home)
            raise RuntimeError("npm ci has failed; its output says why")
    return True


def _home() -> Path:
    """Where the packages are, by what they are: a changed lock file has another place."""
    content = b"".join((NODE / name).read_bytes() for name in ("package.json", "package-lock.json", "server.mjs"))
    return CACHE / hashlib.sha256(content).hexdigest()[:16]
