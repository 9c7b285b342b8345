"""The system as processes on real engines: what member states run, without containers.

``make up-cluster`` runs this: Kafka, Elasticsearch and a MongoDB-compatible server, then each service and the gateway as a process
of its own, in as many replicas as asked for. Tests of faults and measurements use `cluster`, whose processes they can kill.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from grpc_health.v1 import health_pb2, health_pb2_grpc
from rich.console import Console

from chassis import process, telemetry
from chassis.calls import open_channel
from chassis.settings import read
from deploy import servers
from deploy.announce import announce
from deploy.parts import prepare
from deploy.servers.server import Command, Server
from gateway.settings import GatewaySettings
from services.directory.settings import DirectorySettings
from vocabulary.parts import SERVICES

ANSWER_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Part:
    """One replica of a service, or of the gateway."""

    name: str
    title: str
    module: str
    environment: Mapping[str, str]

    def fetch(self) -> None:
        """There is nothing to fetch."""

    def command(self, folder: Path, port: int, inner_port: int) -> Command:  # noqa: ARG002
        own = {"LISTEN_ADDRESS": f"127.0.0.1:{port}", "GATEWAY_PORT": str(port)}
        root = Path(__file__).resolve().parents[1]
        return Command([sys.executable, "-m", self.module], {**self.environment, **own, "PYTHONPATH": str(root)})

    async def answers(self, port: int) -> bool:
        if self.module == "gateway":
            return await _is_ready(f"http://127.0.0.1:{port}")
        return await _is_serving(f"127.0.0.1:{port}")


@dataclass(frozen=True, slots=True)
class Cluster:
    """The processes that run, by part."""

    folder: Path
    parts: Mapping[str, list[Server]]

    @property
    def urls(self) -> list[str]:
        """Where the gateways are."""
        return [f"http://127.0.0.1:{one.port}" for one in self.parts["gateway"]]


@asynccontextmanager
async def cluster(
    folder: Path, engines: Mapping[str, str], *, replicas: int = 1, gateway_port: int = 0
) -> AsyncIterator[Cluster]:
    """*replicas* processes of each part on the *engines* (settings by name), with logs and keys in *folder*.

    The training data are loaded if there is no authority yet.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    ports = servers.free_ports(folder)
    by_part = {name: [next(ports) for _ in range(replicas)] for name in (*SERVICES, "gateway")}
    if gateway_port:
        by_part["gateway"][0] = gateway_port
    addresses = {
        f"{name.upper()}_ADDRESS": ",".join(f"127.0.0.1:{port}" for port in by_part[name]) for name in SERVICES
    }
    environment = {**engines, **addresses, "DATA_DIR": str(folder), "TRAINING_DATA": "true"}
    # Other parts' settings may be among them.
    own = {name.lower(): value for name, value in environment.items() if name.lower() in DirectorySettings.model_fields}
    await prepare(DirectorySettings.model_validate(own))

    def part(name: str, number: int) -> Part:
        module = "gateway" if name == "gateway" else f"services.{name}"
        return Part(f"{name}-{number}", f"{name} {number}", module, environment)

    running = {
        name: [Server(part(name, number), folder, port, 0) for number, port in enumerate(ports_of, 1)]
        for name, ports_of in by_part.items()
    }
    async with AsyncExitStack() as stack:
        for name in (*SERVICES, "gateway"):
            for server in running[name]:
                stack.push_async_callback(server.stop)
            async with asyncio.TaskGroup() as starting:
                for server in running[name]:
                    starting.create_task(server.start())
        yield Cluster(folder, running)


async def _is_serving(address: str) -> bool:
    async with open_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=ANSWER_WITHIN_S)
        except Exception:  # whatever keeps it from answering, it does not
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def _is_ready(url: str) -> bool:
    async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S) as http:
        try:
            return (await http.get(f"{url}/health/ready")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@asynccontextmanager
async def _announced(settings: GatewaySettings, replicas: int) -> AsyncIterator[None]:
    console = Console()
    async with (
        servers.running(settings.data_dir / "servers") as engines,
        cluster(settings.data_dir, engines.settings, replicas=replicas, gateway_port=settings.gateway_port) as running,
    ):
        announce(console, running.urls[0], settings)
        yield
        console.print("Stopping: calls under way are let through …")
    console.print("Stopped.")


def main(
    replicas: Annotated[int, typer.Option(help="how many processes of each part", min=1, max=5)] = 1,
) -> None:
    """Start real engines and each part as a process of its own, print sample sign-ins, stop on Ctrl-C."""
    settings = read(GatewaySettings)
    read(DirectorySettings)  # those of all services: what is wrong with them is said now
    telemetry.configure_logging("warning" if settings.log_level == "info" else settings.log_level)
    try:
        process.run(lambda: _announced(settings, replicas))
    except* (servers.ToolMissing, servers.NotFetched, servers.NotStarted) as group:
        print(*group.exceptions, sep="\n", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
