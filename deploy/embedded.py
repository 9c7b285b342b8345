"""Everything in one process: five services and the gateway, on the embedded engines, with the training data.

The calls between them are the same gRPC as anywhere else. ``make up`` runs this; no setting is needed.
"""

import argparse
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from rich.console import Console

from chassis import process, telemetry
from chassis.reactions import once_available
from chassis.server import Server
from chassis.settings import ServiceSettings, read
from deploy.announce import announce
from deploy.parts import prepare
from gateway.settings import GatewaySettings
from gateway.wiring import gateway
from services.alerts.wiring import alerts
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from services.repositories.wiring import repositories
from services.requests.wiring import requests
from services.translation.wiring import translation

FREE_PORT = "127.0.0.1:0"


@asynccontextmanager
async def system(data: Path, *, port: int, alerts_address: str = "") -> AsyncIterator[str]:
    """All parts with their data in *data*, the gateway on *port* (0 takes a free one); gives the gateway's address.

    Alerts answer at *alerts_address* for systems that read their streams there; without one, on a free port.
    """
    async with AsyncExitStack() as stack:
        # The directory is first, and yet has to know where it will find those that it calls: their ports are held for them.
        held = {name: stack.enter_context(_held_port()) for name in ("requests", "alerts")}
        addresses = {f"{name}_address": _address(port) for name, port in held.items()}
        if alerts_address:
            addresses["alerts_address"] = alerts_address

        def started(name: str, server: Server) -> None:
            addresses[f"{name}_address"] = f"127.0.0.1:{server.port}"

        async def begun(service: Callable[[], AbstractAsyncContextManager[Server]]) -> Server:
            """The service, once the engines that it needs are there: an engine may be busy, as in a process of its own."""
            return await once_available(lambda: stack.enter_async_context(service()))

        def on_its_port(name: str) -> ServiceSettings:
            held[name].close()
            return settings.model_copy(update={"listen_address": addresses[f"{name}_address"]})

        first = DirectorySettings.model_validate(
            {"data_dir": data, "training_data": True, "listen_address": FREE_PORT, **addresses}
        )
        await once_available(lambda: prepare(first))
        started("directory", await begun(lambda: directory(first)))
        settings = ServiceSettings.model_validate(
            {"data_dir": data, "training_data": True, "listen_address": FREE_PORT, **addresses}
        )
        await begun(lambda: requests(on_its_port("requests")))
        await begun(lambda: alerts(on_its_port("alerts")))
        started("translation", await begun(lambda: translation(settings)))
        started("repositories", await begun(lambda: repositories(settings)))
        front = GatewaySettings.model_validate({"data_dir": data, "gateway_port": port, **addresses})
        yield await stack.enter_async_context(gateway(front))


def _held_port() -> socket.socket:
    """A port that nobody else gets until it is closed; nobody listens on it."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held


def _address(held: socket.socket) -> str:
    host, port = held.getsockname()
    return f"{host}:{port}"


@asynccontextmanager
async def _announced(settings: GatewaySettings) -> AsyncIterator[None]:
    console = Console()
    console.print("Starting the five services and the gateway …")
    given = settings.alerts_address if "alerts_address" in settings.model_fields_set else ""
    async with system(settings.data_dir.resolve(), port=settings.gateway_port, alerts_address=given) as address:
        announce(console, address, settings)
        yield
        console.print("Stopping: calls under way are let through …")
    console.print("Stopped.")


def main() -> None:
    """Run everything until Ctrl-C."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.parse_args()
    settings = read(GatewaySettings)
    telemetry.configure_logging("warning" if settings.log_level == "info" else settings.log_level)
    process.run(lambda: _announced(settings))


if __name__ == "__main__":
    main()
