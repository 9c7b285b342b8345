"""A service's gRPC server: who asks, until when, in which trace; refusals said alike; a drain that loses no call."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import structlog
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from chassis import calls, refusals, telemetry
from chassis.caller import METADATA_KEY, Verifier, set_current
from vocabulary.refusals import Refusal, Unavailable

CALL_LIMIT_S = 30.0
DRAIN_S = 20.0
MAX_MESSAGE_BYTES = 8 * 1024 * 1024

if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
    # What a servicer method is given beside its request.
    Call = aio.ServicerContext[Any, Any]
else:  # generic in the stubs only
    Handler, Call = grpc.RpcMethodHandler, aio.ServicerContext
log = structlog.get_logger(__name__)


class CallGuard(aio.ServerInterceptor):
    """Wraps every method of ours: nothing is answered without a verified caller, and every refusal leaves the same way."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith("/imi."):
            return handler
        return self._guarded(handler, method)

    def _guarded(self, handler: Any, method: str) -> Handler:
        coders = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(self._single(handler.unary_unary, method), **coders)
        if handler.stream_unary:
            return grpc.stream_unary_rpc_method_handler(self._single(handler.stream_unary, method), **coders)
        return grpc.unary_stream_rpc_method_handler(self._streaming(handler.unary_stream, method), **coders)

    def _single(self, behaviour: Callable[..., Awaitable[Any]], method: str) -> Callable[..., Awaitable[Any]]:
        async def answer(request: Any, context: Call) -> Any:
            async with self._around(method, context):
                left = context.time_remaining()
                limit = CALL_LIMIT_S if left is None else min(left, CALL_LIMIT_S)
                calls.set_deadline(limit)
                async with asyncio.timeout(limit):
                    return await behaviour(request, context)

        return answer

    def _streaming(
        self, behaviour: Callable[..., AsyncGenerator[Any]], method: str
    ) -> Callable[..., AsyncIterator[Any]]:
        async def answer(request: Any, context: Call) -> AsyncIterator[Any]:
            async with self._around(method, context):
                calls.set_deadline(None)
                async with aclosing(behaviour(request, context)) as messages:
                    async for message in messages:
                        yield message

        return answer

    @asynccontextmanager
    async def _around(self, method: str, context: Call) -> AsyncIterator[None]:
        metadata = dict(context.invocation_metadata() or ())
        started = time.perf_counter()
        outcome = "OK"
        with telemetry.span(telemetry.metadata_value(metadata, telemetry.TRACEPARENT), method=method):
            try:
                set_current(self._verifier.verify(telemetry.metadata_value(metadata, METADATA_KEY)))
                yield
            except Refusal as refusal:
                outcome = refusal.reason
                if isinstance(refusal, Unavailable):
                    log.warning("unavailable", reason=refusal.reason, cause=repr(refusal.__cause__))
                await context.abort_with_status(rpc_status.to_status(refusals.to_status(refusal)))
            except TimeoutError:
                outcome = "DEADLINE_EXCEEDED"
                await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the answer would have come too late")
            except asyncio.CancelledError:
                outcome = "CANCELLED"
                raise
            except Exception:
                outcome = "INTERNAL"
                log.exception("fault")
                await context.abort_with_status(rpc_status.to_status(refusals.internal()))
            finally:
                log.info("call", outcome=outcome, ms=round((time.perf_counter() - started) * 1000, 2))


class Server:
    """A running server: the port it got, and its health."""

    def __init__(self, server: aio.Server, health: health_aio.HealthServicer, port: int) -> None:
        self._server = server
        self._health = health
        self.port = port

    async def drain(self) -> None:
        """Say NOT_SERVING, take no new calls, let those under way end."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(DRAIN_S)


@asynccontextmanager
async def serving(
    register: Callable[[aio.Server], None], service_name: str, address: str, verifier: Verifier
) -> AsyncIterator[Server]:
    """Answer at *address* (port 0 takes a free one) for as long as the context lasts, then drain.

    *register* adds the servicer; *service_name* is its full protobuf name, for health and reflection.
    """
    server = aio.server(
        interceptors=[CallGuard(verifier)],
        options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES), ("grpc.so_reuseport", 0)],
    )
    register(server)
    health = health_aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    reflection.enable_server_reflection((service_name, "grpc.health.v1.Health", reflection.SERVICE_NAME), server)
    port = server.add_insecure_port(address)
    await server.start()
    serving_status = health_pb2.HealthCheckResponse.SERVING
    for name in ("", service_name):
        await health.set(name, serving_status)
    running = Server(server, health, port)
    try:
        yield running
    finally:
        await running.drain()
