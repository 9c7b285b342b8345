"""Calling another service: every call has a deadline, says who asks, continues the trace, and fails in our words.

Commands carry idempotency keys and reads change nothing, so a call that never reached its service is sent again by the channel
itself, within the deadline.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from grpc import aio

from chassis import refusals, telemetry
from chassis.caller import METADATA_KEY
from chassis.security import Security
from vocabulary.parts import NOT_THERE
from vocabulary.refusals import Unavailable

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)

DEFAULT_BUDGET_S = 10.0
# Where nobody can listen.
NOWHERE = "127.0.0.1:0"
# Left of the caller's budget for saying which call was late.
REPORTING_S = 0.02

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)

_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 2,
                # What a server that stops has received and not begun, it cancels.
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
}
# A page of large things is larger than gRPC takes unless told so; what a page holds is limited where it is made.
ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
# What goes beside a message: who asks, with all roles in all modules (6 KB for ten areas), or why something is refused. gRPC itself
# begins to refuse at 8 KB.
METADATA_BYTES_MAX = 64 * 1024
METADATA_OPTIONS = [
    ("grpc.max_metadata_size", METADATA_BYTES_MAX),
    ("grpc.absolute_max_metadata_size", METADATA_BYTES_MAX),
]
# Of a connection on which something is under way: one that answers no ping for so long is dead, whatever TCP still believes. Servers
# bear with pings as often as that (`chassis/server.py`).
PING_EVERY_MS = 20_000
PONG_WITHIN_MS = 10_000
CHANNEL_OPTIONS = [
    *METADATA_OPTIONS,
    ("grpc.max_receive_message_length", ANSWER_LIMIT_BYTES),
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.keepalive_time_ms", PING_EVERY_MS),
    ("grpc.keepalive_timeout_ms", PONG_WITHIN_MS),
    ("grpc.http2.ping_timeout_ms", PONG_WITHIN_MS),
    ("grpc.http2.max_pings_without_data", 0),
]


def set_deadline(seconds_left: float | None) -> None:
    """From here on in this task, outgoing calls end in time for an answer within *seconds_left*."""
    _deadline.set(None if seconds_left is None else asyncio.get_running_loop().time() + seconds_left)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Calls made inside end within *seconds*, and never later than they would have without this."""
    asked = asyncio.get_running_loop().time() + seconds
    before = _deadline.get()
    token = _deadline.set(asked if before is None else min(before, asked))
    try:
        yield
    finally:
        _deadline.reset(token)


def budget() -> float:
    """The seconds an outgoing call may take."""
    deadline = _deadline.get()
    if deadline is None:
        return DEFAULT_BUDGET_S
    return max(0.0, min(DEFAULT_BUDGET_S, deadline - asyncio.get_running_loop().time() - REPORTING_S))


class Peer:
    """A service to call, in the name of whoever *token* speaks for."""

    def __init__(self, name: str, token: Callable[[], str]) -> None:
        self._name = name
        self._token = token

    async def call(self, method: "aio.UnaryUnaryMultiCallable[Request, Response]", request: Request) -> Response:
        """The answer of *method*; raises the service's refusal, or Unavailable if there is no answer in time."""
        seconds = budget()
        if not seconds:
            raise Unavailable(f"there is no time left to ask the {self._name} service", reason="DEADLINE_EXCEEDED")
        call = method(request, timeout=seconds, metadata=self._metadata())
        try:
            return await call
        except aio.AioRpcError as error:
            raise self._refusal(error) from error
        finally:
            call.cancel()

    async def stream(
        self, method: "aio.UnaryStreamMultiCallable[Request, Response]", request: Request
    ) -> AsyncGenerator[Response, None]:
        """The messages of *method*, which has no deadline, until either side ends it. Raises like `call`."""
        call = method(request, metadata=self._metadata())
        try:
            async for message in call:
                yield message
        except aio.AioRpcError as error:
            raise self._refusal(error) from error
        finally:
            # An abandoned call is never collected (grpc#43462).
            call.cancel()

    async def upload(
        self, method: "aio.StreamUnaryMultiCallable[Request, Response]", requests: AsyncIterator[Request]
    ) -> Response:
        """The answer of *method* to a stream of requests. Raises like `call`, and what *requests* raises."""
        call = method(metadata=self._metadata())
        try:
            async for request in requests:
                try:
                    await call.write(request)
                except (asyncio.InvalidStateError, aio.AioRpcError):
                    break  # the service has answered already, with a refusal: the answer has it, the failed write does not
            await call.done_writing()
            return await call
        except aio.AioRpcError as error:
            raise self._refusal(error) from error
        finally:
            call.cancel()

    async def exchange(
        self, method: "aio.StreamStreamMultiCallable[Request, Response]", requests: AsyncIterator[Request]
    ) -> AsyncGenerator[Response, None]:
        """The messages of *method* while *requests* are sent, with no deadline, until either side ends it. Raises like `upload`.

        Whoever does not read holds the sending up: what neither side has taken yet is bounded.
        """
        call = method(metadata=self._metadata())
        sending = asyncio.ensure_future(_sent(call, requests))
        try:
            async for message in call:
                yield message
        except aio.AioRpcError as error:
            raise self._refusal(error) from error
        except asyncio.CancelledError:
            broken = sending.exception() if sending.done() and not sending.cancelled() else None
            if broken is not None:
                raise broken from None
            raise
        finally:
            sending.cancel()
            call.cancel()

    def _metadata(self) -> aio.Metadata:
        return aio.Metadata((METADATA_KEY, self._token()), (telemetry.TRACEPARENT, telemetry.traceparent()))

    def _refusal(self, error: aio.AioRpcError) -> Exception:
        return refusals.from_error(error, self._name) or InternalError(self._name, error.code())


async def _sent(call: "aio.StreamStreamCall[Request, Response]", requests: AsyncIterator[Request]) -> None:
    """Send *requests*, as far as the service wants them; ends the call if they break off."""
    try:
        async for request in requests:
            await call.write(request)
        await call.done_writing()
    except (asyncio.InvalidStateError, aio.AioRpcError):
        return  # the service has answered already: its answer says more than the failed write
    except Exception:
        call.cancel()
        raise


class InternalError(Exception):
    """A fault in a service's code. Its details are in that service's log, under the same trace."""

    def __init__(self, service: str, code: grpc.StatusCode) -> None:
        super().__init__(f"{service} answered {code.name}")


@asynccontextmanager
async def open_channel(address: str, security: Security | None = None) -> AsyncIterator[aio.Channel]:
    """A channel to *address*, connected when first used and again whenever the connection is lost.

    Calls go round the replicas that the address lists (``host:port,host:port``) or that its name stands for. Where the address says
    that there is no such service, every call is refused at once, as by one that is away.
    """
    options: list[tuple[str, Any]] = [*CHANNEL_OPTIONS]
    if address == NOT_THERE:
        address = NOWHERE
    target = f"ipv4:{address}" if "," in address else address
    if security is None:
        channel = aio.insecure_channel(target, options=options)
    else:
        channel = aio.secure_channel(target, security.for_client(), options=options)
    async with channel:
        yield channel
