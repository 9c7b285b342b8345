"""Systems for tests: the training data loaded once, and parts put together in any way, all over real sockets."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from grpc import aio

from chassis.server import Server
from chassis.settings import ServiceSettings
from deploy.embedded import system
from gateway.settings import GatewaySettings
from gateway.wiring import gateway
from services.alerts.wiring import alerts
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from services.repositories.wiring import repositories
from services.requests.wiring import requests
from services.translation.wiring import translation
from tests.directory.trained import a_directory, settled
from tests.once import made_once
from tests.ports import a_dead_address

FREE_PORT = "127.0.0.1:0"
SERVICES: dict[str, Callable[[Any], AbstractAsyncContextManager[Server]]] = {
    "directory": directory,
    "requests": requests,
    "alerts": alerts,
    "translation": translation,
    "repositories": repositories,
}


@dataclass(frozen=True, slots=True)
class Running:
    """A system: where its gateway answers and its data are."""

    url: str
    data: Path


async def training_data(folder: Path) -> Path:
    """What a system has some time after its first start, made at the first call. Not to be written to: take a copy."""

    async def made(target: Path) -> None:
        await a_directory(folder.parent, target)
        async with system(target, port=0):
            copies = [f"{service}-participants" for service in ("requests", "alerts", "repositories")]
            await settled(target, [*copies, "repositories-entries"])

    return await made_once(folder, made)


def copy_of(trained: Path, target: Path) -> Path:
    """A folder of its own for one system, with the training data."""
    return Path(shutil.copytree(trained, target))


@asynccontextmanager
async def a_service(name: str, data: Path, address: str = FREE_PORT, **settings: str) -> AsyncIterator[str]:
    """One service; gives where it answers."""
    kind = DirectorySettings if name == "directory" else ServiceSettings
    read = kind.model_validate({"data_dir": data, "listen_address": address, **settings})
    async with SERVICES[name](read) as server:
        yield f"127.0.0.1:{server.port}"


@asynccontextmanager
async def a_gateway(data: Path, **settings: str) -> AsyncIterator[Running]:
    """A gateway; whatever service *settings* do not say where to find is away."""
    away = {f"{name}_address": a_dead_address() for name in SERVICES}
    read = GatewaySettings.model_validate({"data_dir": data, "gateway_port": 0, **away, **settings})
    async with gateway(read) as url:
        yield Running(url, data)


@asynccontextmanager
async def a_system_of(data: Path, *names: str, **settings: str) -> AsyncIterator[Running]:
    """A gateway over some of the services."""
    async with AsyncExitStack() as stack:
        addresses: dict[str, str] = {}
        for name in names:
            service = a_service(name, data, **addresses)
            addresses[f"{name}_address"] = await stack.enter_async_context(service)
        yield await stack.enter_async_context(a_gateway(data, **{**addresses, **settings}))


@dataclass(slots=True)
class Between:
    """Stands between the gateway and a service, passes every call on, and remembers it."""

    address: str
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    def calls(self) -> Mapping[str, int]:
        """How often each method was called."""
        return Counter(method for method, _ in self.asked)

    def messages(self, method: str, kind: Any) -> list[Any]:
        """What *method* was asked."""
        return [kind.FromString(message) for called, message in self.asked if called == method]


@asynccontextmanager
async def between(target: str, held: Callable[[str, bytes], Awaitable[None]] | None = None) -> AsyncIterator[Between]:
    """A gRPC server that passes on every unary call to *target*, byte for byte, and the answer when *held* returns."""
    async with aio.insecure_channel(target) as channel:
        server = aio.server()
        passing = Between(f"127.0.0.1:{server.add_insecure_port(FREE_PORT)}")

        async def passed_on(method: str, request: bytes, context: Any) -> bytes:
            passing.asked.append((method.rpartition("/")[2], request))
            metadata = [pair for pair in context.invocation_metadata() if pair[0] in ("imi-caller", "traceparent")]
            call: Any = channel.unary_unary(method)
            try:
                answer: bytes = await call(request, metadata=metadata)
            except aio.AioRpcError as refused:
                trailers = tuple(refused.trailing_metadata() or ())
                await context.abort(refused.code(), refused.details() or "", trailers)
                raise
            if held is not None:
                await held(method.rpartition("/")[2], request)
            return answer

        server.add_generic_rpc_handlers((_Every(passed_on),))
        await server.start()
        try:
            yield passing
        finally:
            await server.stop(None)


class _Every(grpc.GenericRpcHandler):
    """Handles calls of every method alike."""

    def __init__(self, answer: Callable[[str, bytes, Any], Awaitable[bytes]]) -> None:
        self._answer = answer

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method

        async def answer(request: bytes, context: Any) -> bytes:
            return await self._answer(method, request, context)

        return grpc.unary_unary_rpc_method_handler(answer)


@asynccontextmanager
async def a_faulty_service(code: grpc.StatusCode, details: str) -> AsyncIterator[str]:
    """A service that answers every call with a status of its own and nothing that the chassis would add."""

    async def failed(method: str, request: bytes, context: Any) -> bytes:
        await context.abort(code, details)
        raise AssertionError

    server = aio.server()
    port = server.add_insecure_port(FREE_PORT)
    server.add_generic_rpc_handlers((_Every(failed),))
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


@dataclass(slots=True)
class Slow:
    """A service that answers nobody before it may."""

    address: str
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def a_slow_service() -> AsyncIterator[Slow]:
    """A gRPC server whose every answer, that it is away, waits."""
    server = aio.server()
    slow = Slow(f"127.0.0.1:{server.add_insecure_port(FREE_PORT)}")

    async def waiting(_method: str, _request: bytes, context: Any) -> bytes:
        slow.asked.set()
        try:
            await slow.go_on.wait()
        except asyncio.CancelledError:
            slow.cancelled.set()
            raise
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "not yet")
        raise AssertionError

    server.add_generic_rpc_handlers((_Every(waiting),))
    await server.start()
    try:
        yield slow
    finally:
        await server.stop(None)
