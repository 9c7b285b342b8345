"""The engines of a system at scale, run from this machine without containers: for tests against the real ones and `make up-cluster`.

Apache Kafka and Elasticsearch are what production has; for MongoDB a compatible server stands in. Apertium, for machine translation,
comes from Debian's packages. Java 21 or newer and Maven have to be there, and apt; the rest is fetched once into the cache
(`deploy.servers.cache`)::

    async with running(folder) as servers:
        ...  # servers.documents_url, servers.events_url, servers.search_url, servers.files_url
        await servers.kafka.kill()
        await servers.kafka.start()

This is for development and tests: nothing is protected, all listens on this machine only.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from deploy.servers.apertium import Apertium
from deploy.servers.elasticsearch import Elasticsearch
from deploy.servers.kafka import Kafka
from deploy.servers.maven import NotFetched, ToolMissing
from deploy.servers.mongo import Mongo
from deploy.servers.server import NotStarted, Program, Server

__all__ = [
    "ALL_KINDS",
    "KINDS",
    "NotFetched",
    "NotStarted",
    "Server",
    "Servers",
    "ToolMissing",
    "fetch",
    "free_ports",
    "running",
]

_ENGINES: tuple[Program, ...] = (Kafka(), Mongo(), Elasticsearch())
# Apertium translates: the system runs without it, so it is started only where it is asked for.
_PROGRAMS: dict[str, Program] = {program.name: program for program in (*_ENGINES, Apertium())}
KINDS = tuple(program.name for program in _ENGINES)
ALL_KINDS = tuple(_PROGRAMS)
# Below the ports that systems give to outgoing connections: one of those could take a server's port while it is down, and a client
# that keeps trying could even connect to itself.
_PORTS = range(20_000, 32_000)


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers that run, by their kind, and where they are. Asking for one that was not started is a KeyError."""

    by_kind: Mapping[str, Server]

    @property
    def kafka(self) -> Server:
        return self.by_kind["kafka"]

    @property
    def mongo(self) -> Server:
        return self.by_kind["mongo"]

    @property
    def elasticsearch(self) -> Server:
        return self.by_kind["elasticsearch"]

    @property
    def apertium_url(self) -> str:
        return f"http://127.0.0.1:{self.by_kind['apertium'].port}"

    @property
    def settings(self) -> dict[str, str]:
        """The settings that make a process use these servers."""
        return {
            "DOCUMENTS_URL": self.documents_url,
            "EVENTS_URL": self.events_url,
            "SEARCH_URL": self.search_url,
            "FILES_URL": self.files_url,
        }

    @property
    def documents_url(self) -> str:
        return f"mongodb://127.0.0.1:{self.mongo.port}/imi-{{service}}"

    @property
    def files_url(self) -> str:
        return f"gridfs://127.0.0.1:{self.mongo.port}/imi-{{service}}"

    @property
    def events_url(self) -> str:
        """There is one broker, so a topic has one replica."""
        return f"kafka://127.0.0.1:{self.kafka.port}?replication=1&partitions=6"

    @property
    def search_url(self) -> str:
        return f"elasticsearch://127.0.0.1:{self.elasticsearch.port}/imi-{{service}}?replicas=0"


def fetch(kinds: Iterable[str] = ALL_KINDS) -> None:
    """Download and build what *kinds* need, or return at once. Raises ToolMissing or NotFetched."""
    for kind in kinds:
        _PROGRAMS[kind].fetch()


@asynccontextmanager
async def running(folder: Path, kinds: Iterable[str] = KINDS) -> AsyncIterator[Servers]:
    """The servers of *kinds*, with data and logs in *folder*; they are stopped at the end and their data stays.

    The same folder gets the same ports whenever they are free. Raises ToolMissing or NotFetched, and a group of NotStarted.
    """
    kinds = tuple(kinds)
    folder = folder.resolve()
    await asyncio.to_thread(fetch, kinds)
    ports = free_ports(folder)
    servers = {kind: Server(_PROGRAMS[kind], folder, next(ports), next(ports)) for kind in kinds}
    async with AsyncExitStack() as stack:
        for server in servers.values():
            stack.push_async_callback(server.stop)
        async with asyncio.TaskGroup() as starting:
            for server in servers.values():
                starting.create_task(server.start())
        yield Servers(servers)


def free_ports(folder: Path) -> Iterator[int]:
    """Ports that nothing listens on, for what has its data in *folder*: whenever they are free, the same ones."""
    first = int.from_bytes(sha256(str(folder).encode()).digest()[:4])
    for step in range(len(_PORTS)):
        port = _PORTS[(first + step) % len(_PORTS)]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port
