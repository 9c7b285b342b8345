"""Everything in one process: the services and the gateway, on the embedded engines, with the training data.

The calls between them are the same gRPC as anywhere else. ``make up`` runs this; no setting is needed. ``make up ONLY=alerts`` runs
some of the services, and always the directory, which signs people in: the others are as if there were none.
"""

import argparse
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

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
from vocabulary import parts
from vocabulary.refusals import Invalid

FREE_PORT = "127.0.0.1:0"


# How the services that follow the directory are begun, in this order.
FOLLOWING: dict[str, Callable[[ServiceSettings], AbstractAsyncContextManager[Server]]] = {
    "requests": requests,
    "alerts": alerts,
    "translation": translation,
    "repositories": repositories,
}


@asynccontextmanager
async def system(
    data: Path, *, port: int, alerts_address: str = "", running: frozenset[str] = parts.ALL, training: bool = False
) -> AsyncIterator[str]:
    """The *running* parts with their data in *data*, the gateway on *port* (0 takes a free one); gives the gateway's address.

    Alerts answer at *alerts_address* for systems that read their streams there; without one, on a free port. It is a *training* system
    if this says so, or the environment does.
    """
    async with AsyncExitStack() as stack:
        # The directory is first, and yet has to know where it will find those that it calls: their ports are held for them.
        held = {name: stack.enter_context(_held_port()) for name in ("requests", "alerts") if name in running}
        addresses = {f"{name}_address": parts.NOT_THERE for name in parts.SERVICES if name not in running}
        addresses |= {f"{name}_address": _address(port) for name, port in held.items()}
        if alerts_address and "alerts" in running:
            addresses["alerts_address"] = alerts_address
        said: dict[str, Any] = {"data_dir": data, **({"training": True} if training else {})}

        def started(name: str, server: Server) -> None:
            if name not in held:
                addresses[f"{name}_address"] = f"127.0.0.1:{server.port}"

        async def begun(service: Callable[[], AbstractAsyncContextManager[Server]]) -> Server:
            """The service, once the engines that it needs are there: an engine may be busy, as in a process of its own."""
            return await once_available(lambda: stack.enter_async_context(service()))

        def on_its_port(name: str) -> ServiceSettings:
            if name not in held:
                return settings
            held[name].close()
            return settings.model_copy(update={"listen_address": addresses[f"{name}_address"]})

        first = DirectorySettings.model_validate(
            {**said, "training_data": True, "listen_address": FREE_PORT, **addresses}
        )
        await once_available(lambda: prepare(first, running))
        started("directory", await begun(lambda: directory(first)))
        settings = ServiceSettings.model_validate(
            {**said, "training_data": True, "listen_address": FREE_PORT, **addresses}
        )
        for name, service in FOLLOWING.items():
            if name in running:
                started(name, await begun(partial(service, on_its_port(name))))
        front = GatewaySettings.model_validate({**said, "gateway_port": port, **addresses})
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
async def _announced(settings: GatewaySettings, running: frozenset[str]) -> AsyncIterator[None]:
    console = Console()
    console.print(f"Starting {', '.join(name for name in parts.SERVICES if name in running)} and the gateway …")
    given = settings.alerts_address if "alerts_address" in settings.model_fields_set else ""
    async with system(
        settings.data_dir.resolve(),
        port=settings.gateway_port,
        alerts_address=given,
        running=running,
        training=settings.training,
    ) as address:
        announce(console, address, settings)
        yield
        console.print("Stopping: calls under way are let through …")
    console.print("Stopped.")


def main() -> None:
    """Run everything until Ctrl-C, or the directory and those services that --only names."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--only", default="", metavar="PARTS", help=f"parts with commas between: {', '.join(parts.SERVICES)}"
    )
    try:
        running = parts.chosen(parser.parse_args().only.split(","))
    except Invalid as refused:
        parser.error(refused.message)
    settings = read(GatewaySettings)
    read(DirectorySettings)  # those of all services: what is wrong with them is said now
    telemetry.configure_logging("warning" if settings.log_level == "info" else settings.log_level)
    process.run(lambda: _announced(settings, running))


if __name__ == "__main__":
    main()
