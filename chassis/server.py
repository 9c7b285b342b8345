"""A service's gRPC server: what stands around its methods, its health, a drain that loses no call."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from chassis import calls
from chassis.audit.writing import Audit
from chassis.caller import Verifier
from chassis.guard import Call, CallGuard
from chassis.places import Places
from chassis.security import Security
from chassis.settings import CannotStart
from chassis.sign_ins import SignIns

# A servicer's methods are given a `Call`, whoever stands around them.
__all__ = ["Call", "Server", "serving"]
DRAIN_S = 20.0
# Clients look for replicas that were added when a connection ends; calls and streams on an old one live on.
CONNECTION_AGE_MS = 300_000
MAX_MESSAGE_BYTES = 8 * 1024 * 1024
# What the health of the audit goes by: of all that a service does, the rest may go on without it.
AUDIT = "imi.common.v1.AuditService"


class Server:
    """A running server: the port it got, and its health."""

    def __init__(self, server: aio.Server, guard: CallGuard, health: health_aio.HealthServicer, port: int) -> None:
        self._server = server
        self._guard = guard
        self._health = health
        self.port = port

    async def drain(self) -> None:
        """Say NOT_SERVING, take no new calls, let those under way end."""
        await self._health.enter_graceful_shutdown()
        stopping = asyncio.ensure_future(self._server.stop(DRAIN_S))
        # Once it takes no new calls, or the readers would come straight back.
        await asyncio.sleep(0)
        self._guard.end_watches()
        await stopping


@asynccontextmanager
async def serving(
    register: Callable[[aio.Server], None],
    service_names: Sequence[str],
    address: str,
    verifier: Verifier,
    *,
    security: Security | None = None,
    health_address: str | None = None,
    sign_ins: SignIns | None = None,
    places: Places | None = None,
    audit: Audit | None = None,
) -> AsyncIterator[Server]:
    """Answer at *address* (port 0 takes a free one) for as long as the context lasts, then drain.

    *register* adds the servicers; *service_names* are their full protobuf names, for health and reflection. *sign_ins* lets people and
    systems from outside sign in here, each with so many streams as there are *places*. What they are shown is in the *audit*, whose
    health is that of its own service.
    """
    guard = CallGuard(verifier, security, sign_ins, places, audit)
    server = aio.server(
        interceptors=[guard],
        options=[
            *calls.METADATA_OPTIONS,
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
            ("grpc.max_connection_age_ms", CONNECTION_AGE_MS),
            ("grpc.http2.min_ping_interval_without_data_ms", calls.PING_EVERY_MS // 2),
        ],
    )
    register(server)
    health = health_aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    reflection.enable_server_reflection((*service_names, "grpc.health.v1.Health", reflection.SERVICE_NAME), server)
    port = _bound(server, address, security)
    await server.start()
    serving_status = health_pb2.HealthCheckResponse.SERVING
    for known in ("", *service_names):
        await health.set(known, serving_status)
    running = Server(server, guard, health, port)
    try:
        async with _writing(audit, health), _answering_probes(health, health_address):
            try:
                yield running
            finally:
                await running.drain()
    finally:
        await server.stop(None)  # nothing is left to stop, unless the probes' address is taken


@asynccontextmanager
async def _writing(audit: Audit | None, health: health_aio.HealthServicer) -> AsyncIterator[None]:
    """Have the audit written, until nothing is answered any more, and say whether it can be."""
    if audit is None:
        yield
        return
    statuses = health_pb2.HealthCheckResponse

    async def tell(is_open: bool) -> None:
        await health.set(AUDIT, statuses.SERVING if is_open else statuses.NOT_SERVING)

    audit.tell = tell
    await tell(audit.is_open)
    async with audit.writing():
        yield


@asynccontextmanager
async def _answering_probes(health: health_aio.HealthServicer, address: str | None) -> AsyncIterator[None]:
    """Health in plain text at *address*, if there is one: probes have no certificate to show."""
    if address is None:
        yield
        return
    server = aio.server(options=[("grpc.so_reuseport", 0)])
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    _bound(server, address, None, setting="HEALTH_ADDRESS")
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


def _bound(server: aio.Server, address: str, security: Security | None, setting: str = "LISTEN_ADDRESS") -> int:
    try:
        if security is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, security.for_server())
    except RuntimeError as error:
        # gRPC does not say which of these it is.
        pem = " Or what TLS_CERTIFICATE, TLS_KEY and TLS_AUTHORITY name is no PEM." if security else ""
        raise CannotStart(f"{address} cannot be listened on; is another process there? Set {setting}.{pem}") from error
