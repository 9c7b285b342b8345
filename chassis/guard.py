"""What stands around every method: who asks, until when, in which trace; what is shown is written down, refusals are said alike."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import grpc
import structlog
from grpc import aio
from grpc_status import rpc_status

from chassis import calls, metrics, refusals, telemetry
from chassis.admission import Admission, admitted
from chassis.audit.answering import Answering
from chassis.audit.writing import Audit
from chassis.caller import METADATA_KEY, Verifier, set_current
from chassis.places import Places
from chassis.security import Security, peer_names
from chassis.sign_ins import SignIns
from vocabulary.refusals import Refusal, Unavailable

CALL_LIMIT_S = 30.0
# A file of the largest size, on a slow line.
UPLOAD_LIMIT_S = 600.0
HEARING_OUT_S = 1.0
# How long the reader of a stream that ends by itself may leave a message lying: a file stays in memory until all of it is taken.
TAKEN_WITHIN_S = 60.0

if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
    # What a servicer method is given beside its request.
    Call = aio.ServicerContext[Any, Any]
else:  # generic in the stubs only
    Handler, Call = grpc.RpcMethodHandler, aio.ServicerContext
log = structlog.get_logger(__name__)


class CallGuard(aio.ServerInterceptor):
    """Wraps every method of ours: nothing is answered without a verified caller, and every refusal leaves the same way.

    With *sign_ins*, a call from outside may carry a bearer token instead of a caller token. With an *audit*, no answer leaves before
    it is noted there what it shows.
    """

    def __init__(
        self,
        verifier: Verifier,
        security: Security | None,
        sign_ins: SignIns | None = None,
        places: Places | None = None,
        audit: Audit | None = None,
    ) -> None:
        self._verifier = verifier
        self._security = security
        self._sign_ins = sign_ins
        self._places = places or Places()
        self._audit = audit
        self._watching: set[asyncio.Task[Any]] = set()
        self._ending: set[asyncio.Future[None]] = set()
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
            async with self._around(method, context, request) as (_, answering):
                left = context.time_remaining()
                longest = CALL_LIMIT_S if longest_s is None else longest_s
                limit = longest if left is None else min(left, longest)
                calls.set_deadline(limit)
                async with asyncio.timeout(limit):
                    found = await behaviour(request, context)
                    await answering.given()
                    return found

        return answer

    def _streaming(
        self, behaviour: Callable[..., AsyncGenerator[Any]], method: str
    ) -> Callable[..., AsyncIterator[Any]]:
        async def answer(request: Any, context: Call) -> AsyncIterator[Any]:
            async with self._around(method, context, request) as (admission, answering):
                calls.set_deadline(None)
                with self._watched(method), self._counted(method, admission):
                    async with aclosing(behaviour(request, context)) as messages:
                        async for message in admission.lasting(messages) if admission else messages:
                            await answering.given()
                            with self._taken_in_time(method, context):
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
    def _taken_in_time(self, method: str, context: Call) -> Iterator[None]:
        """While a message of a stream that ends by itself is written: whoever does not take it in time is not waited for."""
        if _never_ends(method):
            yield
            return
        writing = asyncio.current_task()

        def late() -> None:
            ending = asyncio.ensure_future(_unread(writing, context))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

        timer = asyncio.get_running_loop().call_later(TAKEN_WITHIN_S, late)
        try:
            yield
        finally:
            timer.cancel()

    @contextmanager
    def _counted(self, method: str, admission: Admission | None) -> Iterator[None]:
        """Whoever comes from outside has so many streams open. A gateway has one for many, and counts these itself."""
        if admission is None or not _never_ends(method):
            yield
            return
        with self._places.one(admission.caller.user_id):
            yield

    @asynccontextmanager
    async def _around(
        self, method: str, context: Call, request: Any
    ) -> AsyncIterator[tuple[Admission | None, Answering]]:
        metadata = dict(context.invocation_metadata() or ())
        started = time.perf_counter()
        outcome = code = "OK"
        answering = None
        with telemetry.span(telemetry.metadata_value(metadata, telemetry.TRACEPARENT), method=method):
            try:
                if self._security is not None:
                    self._security.require_peer(peer_names(context))
                token = telemetry.metadata_value(metadata, METADATA_KEY)
                admission = None if token else await admitted(self._sign_ins, metadata)
                caller = admission.caller if admission else self._verifier.verify(token)
                set_current(caller)
                answering = Answering(self._audit, method, caller, direct=admission is not None)
                yield admission, answering
            except Refusal as refusal:
                outcome, code = refusal.reason, refusal.code
                if answering is not None:
                    answering.refused(refusal, request)
                if isinstance(refusal, Unavailable):
                    log.warning("unavailable", reason=refusal.reason, cause=repr(refusal.__cause__))
                await context.abort_with_status(rpc_status.to_status(refusals.to_status(refusal)))
            except TimeoutError:
                outcome = code = "DEADLINE_EXCEEDED"
                await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the answer would have come too late")
            except (asyncio.CancelledError, GeneratorExit):
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


async def _unread(writing: asyncio.Task[Any] | None, context: Call) -> None:
    """End a call whose answer nobody reads. A task that writes cannot say so itself: what is written never is."""
    said = asyncio.ensure_future(
        context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "what was answered was not read in time")
    )
    await asyncio.sleep(0)  # it goes out before the call is over
    if writing is not None:
        writing.cancel()
    with suppress(aio.AbortError):
        await said


def _never_ends(method: str) -> bool:
    """Methods called Watch… are the streams that end by themselves never."""
    return method.rpartition("/")[2].startswith("Watch")
