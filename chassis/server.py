"""A service's gRPC server: who asks, until when, in which trace; refusals said alike; a drain that loses no call."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import grpc
import structlog
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from chassis import calls, metrics, refusals, telemetry
from chassis.admission import Admission, admitted
from chassis.caller import METADATA_KEY, Verifier, set_current
from chassis.places import Places
from chassis.security import Security, peer_names
from chassis.settings import CannotStart
from chassis.sign_ins import SignIns
from vocabulary.refusals import Refusal, Unavailable

CALL_LIMIT_S = 30.0
# A file of the largest size, on a slow line.
UPLOAD_LIMIT_S = 600.0
DRAIN_S = 20.0
HEARING_OUT_S = 1.0
# Clients look for replicas that were added when a connection ends; calls and streams on an old one live on.
CONNECTION_AGE_MS = 300_000
MAX_MESSAGE_BYTES = 8 * 1024 * 1024

if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
    # What a servicer method is given beside its request.
    Call = aio.ServicerContext[Any, Any]
else:  # generic in the stubs only
    Handler, Call = grpc.RpcMethodHandler, aio.ServicerContext
log = structlog.get_logger(__name__)


class CallGuard(aio.ServerInterceptor):
    """Wraps every method of ours: nothing is answered without a verified caller, and every refusal leaves the same way.

    With *sign_ins*, a call from outside may carry a bearer token instead of a caller token.
    """

    def __init__(
        self,
        verifier: Verifier,
        security: Security | None,
        sign_ins: SignIns | None = None,
        places: Places | None = None,
    ) -> None:
        self._verifier = verifier
        self._security = security
        self._sign_ins = sign_ins
        self._places = places or Places()
        self._watching: set[asyncio.Task[Any]] = set()
        self._draining = False

    def end_watches(self) -> None:
        """End the streams that would never end by themselves; their readers resume on another replica, or on this one later."""
        self._draining = True
        for task in self._watching:
            task.cancel()

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
            return grpc.stream_unary_rpc_method_handler(
                self._single(_hearing_out(handler.stream_unary), method, UPLOAD_LIMIT_S), **coders
            )
        if handler.stream_stream:
            return grpc.stream_stream_rpc_method_handler(
                self._streaming(_hearing_out_while_answering(handler.stream_stream), method), **coders
            )
        return grpc.unary_stream_rpc_method_handler(self._streaming(handler.unary_stream, method), **coders)

    def _single(
        self, behaviour: Callable[..., Awaitable[Any]], method: str, longest_s: float | None = None
    ) -> Callable[..., Awaitable[Any]]:
        async def answer(request: Any, context: Call) -> Any:
            async with self._around(method, context):
                left = context.time_remaining()
                longest = CALL_LIMIT_S if longest_s is None else longest_s
                limit = longest if left is None else min(left, longest)
                calls.set_deadline(limit)
                async with asyncio.timeout(limit):
                    return await behaviour(request, context)

        return answer

    def _streaming(
        self, behaviour: Callable[..., AsyncGenerator[Any]], method: str
    ) -> Callable[..., AsyncIterator[Any]]:
        async def answer(request: Any, context: Call) -> AsyncIterator[Any]:
            async with self._around(method, context) as admission:
                calls.set_deadline(None)
                with self._watched(method), self._counted(method, admission):
                    async with aclosing(behaviour(request, context)) as messages:
                        async for message in admission.lasting(messages) if admission else messages:
                            yield message

        return answer

    @contextmanager
    def _watched(self, method: str) -> Iterator[None]:
        task = asyncio.current_task()
        if task is None or not _never_ends(method):
            yield
            return
        self._watching.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if self._draining and not task.cancelling() > 1:
                raise Unavailable("this replica stops; resume after the last cursor", reason="DRAINING") from None
            raise
        finally:
            self._watching.discard(task)

    @contextmanager
    def _counted(self, method: str, admission: Admission | None) -> Iterator[None]:
        """Whoever comes from outside has so many streams open. A gateway has one for many, and counts these itself."""
        if admission is None or not _never_ends(method):
            yield
            return
        with self._places.one(admission.caller.user_id):
            yield

    @asynccontextmanager
    async def _around(self, method: str, context: Call) -> AsyncIterator[Admission | None]:
        metadata = dict(context.invocation_metadata() or ())
        started = time.perf_counter()
        outcome = code = "OK"
        with telemetry.span(telemetry.metadata_value(metadata, telemetry.TRACEPARENT), method=method):
            try:
                if self._security is not None:
                    self._security.require_peer(peer_names(context))
                token = telemetry.metadata_value(metadata, METADATA_KEY)
                admission = None if token else await admitted(self._sign_ins, metadata)
                set_current(admission.caller if admission else self._verifier.verify(token))
                yield admission
            except Refusal as refusal:
                outcome, code = refusal.reason, refusal.code
                if isinstance(refusal, Unavailable):
                    log.warning("unavailable", reason=refusal.reason, cause=repr(refusal.__cause__))
                await context.abort_with_status(rpc_status.to_status(refusals.to_status(refusal)))
            except TimeoutError:
                outcome = code = "DEADLINE_EXCEEDED"
                await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the answer would have come too late")
            except asyncio.CancelledError:
                outcome = code = "CANCELLED"
                raise
            except Exception:
                outcome = code = "INTERNAL"
                log.exception("fault")
                await context.abort_with_status(rpc_status.to_status(refusals.internal()))
            finally:
                took = time.perf_counter() - started
                metrics.CALLS.labels(method, code).inc()
                if not _never_ends(method):
                    metrics.CALL_SECONDS.labels(method).observe(took)
                log.info("call", outcome=outcome, ms=round(took * 1000, 2))


def _hearing_out(behaviour: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """*behaviour*, whose refusal waits until the client has sent everything.

    A grpc.aio client that is still writing when the status arrives may see its failed write instead of the status.
    """

    async def answer(requests: Any, context: Call) -> Any:
        try:
            return await behaviour(requests, context)
        except Refusal:
            async for _ in requests:
                pass
            raise

    return answer


def _hearing_out_while_answering(behaviour: Callable[..., AsyncGenerator[Any]]) -> Callable[..., AsyncGenerator[Any]]:
    """The same for *behaviour*, which answers while the client sends. A client that falls silent may be waiting for the answer."""

    async def answer(requests: Any, context: Call) -> AsyncGenerator[Any]:
        try:
            async with aclosing(behaviour(requests, context)) as messages:
                async for message in messages:
                    yield message
        except Refusal:
            with suppress(TimeoutError, StopAsyncIteration):
                while True:
                    await asyncio.wait_for(anext(requests), HEARING_OUT_S)
            raise

    return answer


def _never_ends(method: str) -> bool:
    """Methods called Watch… are the streams that end by themselves never."""
    return method.rpartition("/")[2].startswith("Watch")


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
) -> AsyncIterator[Server]:
    """Answer at *address* (port 0 takes a free one) for as long as the context lasts, then drain.

    *register* adds the servicers; *service_names* are their full protobuf names, for health and reflection. *sign_ins* lets people and
    systems from outside sign in here, each with so many streams as there are *places*.
    """
    guard = CallGuard(verifier, security, sign_ins, places)
    server = aio.server(
        interceptors=[guard],
        options=[
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
    async with _answering_probes(health, health_address):
        try:
            yield running
        finally:
            await running.drain()


@asynccontextmanager
async def _answering_probes(health: health_aio.HealthServicer, address: str | None) -> AsyncIterator[None]:
    """Health in plain text at *address*, if there is one: probes have no certificate to show."""
    if address is None:
        yield
        return
    server = aio.server(options=[("grpc.so_reuseport", 0)])
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    _bound(server, address, None)
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


def _bound(server: aio.Server, address: str, security: Security | None) -> int:
    try:
        if security is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, security.for_server())
    except RuntimeError as error:
        raise CannotStart(f"{address} cannot be listened on; is another process there? Set LISTEN_ADDRESS.") from error
