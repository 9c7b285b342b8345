"""One connection of graphql-transport-ws: its operations, and the streams on it.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. A stream, once it is joined to the others, costs a `Subscriber` and no
task at all where the server lends its transport (`gateway/streams/transport.py`), and one task where it does not.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from starlette.requests import HTTPConnection
from starlette.types import Receive, Send
from strawberry.schema import Schema
from strawberry.types.execution import ExecutionResult, PreExecutionError

from chassis import telemetry
from chassis.bearers import LEEWAY_S
from gateway.admitting import Admitting
from gateway.errors import as_error, told
from gateway.limits.refusals import RateLimited
from gateway.serving.documents import Documents
from gateway.streams.following import Offer, Wanted
from gateway.streams.framing import Frames, Lines, as_json
from gateway.streams.hub import Streams
from gateway.streams.messages import TRY_AGAIN_LATER, Closing, Gone, parsed
from gateway.streams.subscribers import Subscriber
from gateway.streams.writers import Writer
from gateway.training import marked
from vocabulary.refusals import Refusal, Unavailable

PATH = "/graphql"
INIT_TIMEOUT_S = 10.0
SUBSCRIPTIONS_PER_CONNECTION = 20
# What a client still reads after its stream has been ended for its slowness; then its connection is cut.
GRACE_S = 10.0
LONGEST_S = 14 * 24 * 3600.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Speaking:
    """What every connection needs: the schema, who may open one, and who signs in on it."""

    schema: Schema
    origins: frozenset[str]
    admitting: Admitting
    documents: Documents
    streams: Streams | None


class _Operation:
    """A query, a mutation or a stream that has not ended."""

    __slots__ = ("id", "one", "task")

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.task: asyncio.Task[None] | None = None
        self.one: Subscriber | None = None


class Connection:
    """One client."""

    __slots__ = (
        "_context",
        "_cutting",
        "_ending",
        "_expiring",
        "_operations",
        "_receive",
        "_send",
        "_speaking",
        "_traceparent",
        "_writer",
    )

    def __init__(
        self, speaking: Speaking, opened: HTTPConnection, receive: Receive, send: Send, writer: Writer | None
    ) -> None:
        self._speaking = speaking
        self._context = speaking.admitting.greet(opened)
        self._traceparent = opened.headers.get(telemetry.TRACEPARENT, "")
        self._receive = receive
        self._send = send
        self._writer = writer
        self._operations: dict[str, _Operation] = {}
        # Under way since a stream was ended that could not be written to.
        self._cutting: asyncio.TimerHandle | None = None
        # Goes off when the token has run out that the connection was opened with; then what closes it.
        self._expiring: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Answer until either side closes; leaves nothing running."""
        if self._writer is not None:
            self._writer.on_writable = self._on_writable
        try:
            await self._introduced()
            while True:
                await self._handle(await self._message())
        except Closing as closing:
            # Nothing is said after the end.
            await self._cleaned_up()
            with suppress(OSError):
                await self._send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})
        except (Gone, OSError):
            pass
        finally:
            await self._cleaned_up()

    async def _introduced(self) -> None:
        """Until the client has said who it is, it may do nothing else."""
        try:
            async with asyncio.timeout(INIT_TIMEOUT_S) as waiting:
                while (message := await self._message())["type"] != "connection_init":
                    if message["type"] == "subscribe":
                        raise Closing(4401, "Unauthorized")
                    await self._handle(message)
                waiting.reschedule(None)
        except TimeoutError:
            raise Closing(4408, "Connection initialisation timeout") from None
        payload = message.get("payload") or {}
        if not isinstance(payload, dict):
            raise Closing(4400, "Invalid connection init payload")
        try:
            await self._speaking.admitting.connection(self._context, payload.get("authorization", ""))
        except (Unavailable, RateLimited):
            # The same token may be good in a moment.
            raise Closing(TRY_AGAIN_LATER, "Try again later") from None
        except Refusal:
            raise Closing(4403, "Forbidden") from None
        await self._say({"type": "connection_ack"})
        if self._context.sign_in is not None:
            left = self._context.sign_in.bearer.expires_at + LEEWAY_S - time.time()
            # A timer takes no more than some weeks; a token that lasts as long is a test's.
            self._expiring = asyncio.get_running_loop().call_later(min(left, LONGEST_S), self._expire)

    def _expire(self) -> None:
        """A connection does not stay open in the name of somebody who would have to sign in again."""
        closing = {"type": "websocket.close", "code": 4403, "reason": "The token has expired; sign in again"}
        self._ending = asyncio.ensure_future(self._close(closing))

    async def _close(self, closing: Mapping[str, Any]) -> None:
        with suppress(Exception):  # a client that is gone needs no telling
            await self._send(dict(closing))

    async def _message(self) -> Mapping[str, Any]:
        return parsed(await self._receive())

    async def _handle(self, message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "subscribe":
                await self._subscribe(message["id"], message["payload"])
            case "complete":
                await self._complete(message["id"])
            case "ping":
                await self._say({"type": "pong"})
            case "pong":
                pass
            case "connection_init":
                raise Closing(4429, "Too many initialisation requests")
            case _:
                raise Closing(4400, "Unknown message type")

    async def _subscribe(self, id_: str, payload: Mapping[str, Any]) -> None:
        if id_ in self._operations:
            raise Closing(4409, f"Subscriber for {id_[:50]} already exists")
        if len(self._operations) >= SUBSCRIPTIONS_PER_CONNECTION:
            await self._say({"id": id_, "type": "error", "payload": [{"message": "Subscription limit reached"}]})
            return
        operation = self._operations[id_] = _Operation(id_)
        operation.task = asyncio.create_task(self._operate(operation, payload))
        operation.task.add_done_callback(partial(_done, operation))

    async def _complete(self, id_: str) -> None:
        operation = self._operations.pop(id_, None)
        if operation is not None:
            _stop(operation)

    async def _operate(self, operation: _Operation, payload: Mapping[str, Any]) -> None:
        with telemetry.span(self._traceparent, path=PATH):
            await self._carry_out(operation, payload)

    async def _carry_out(self, operation: _Operation, payload: Mapping[str, Any]) -> None:
        try:
            offer = Offer() if self._speaking.streams is not None else None
            if not await self._answered(operation, payload, offer):
                return
            if offer is not None and offer.wanted is not None:
                await self._follow(operation, offer.wanted)
            else:
                self._forget(operation)
                await self._say({"id": operation.id, "type": "complete"})
        except OSError:
            return  # the client has gone in the middle; who receives learns it too
        except Exception:  # of ours: the others on the connection go on
            log.exception("fault")
            self._forget(operation)
            await self._say({"id": operation.id, "type": "complete"})

    async def _answered(self, operation: _Operation, payload: Mapping[str, Any], offer: Offer | None) -> bool:
        """Send what the operation answers; False if it cannot even begin, which has been said."""
        context = self._context.offering(offer)
        try:
            # A connection lives long: who opened it may have become another, or nobody, since.
            await self._speaking.admitting.operation(context)
            query = self._speaking.documents.text(
                payload.get("query"),
                payload.get("documentId"),
                payload.get("extensions"),
                keeps=context.person is not None,
            )
        except Refusal as refusal:
            self._forget(operation)
            await self._say({"id": operation.id, "type": "error", "payload": [as_error(refusal)]})
            return False
        results = await self._speaking.schema.stream(
            query,
            variable_values=payload.get("variables"),
            context_value=context,
            operation_name=payload.get("operationName"),
        )
        async with aclosing(results):
            async for result in results:
                assert isinstance(result, ExecutionResult)  # there is no incremental delivery
                errors = told(result.errors or [])
                if isinstance(result, PreExecutionError):
                    self._forget(operation)
                    await self._say({"id": operation.id, "type": "error", "payload": errors})
                    return False
                body = {"data": result.data, **({"errors": errors} if errors else {})}
                await self._say({"id": operation.id, "type": "next", "payload": marked(body, context.training)})
        return True

    async def _follow(self, operation: _Operation, wanted: Wanted) -> None:
        streams, sign_in = self._speaking.streams, wanted.context.sign_in
        assert streams is not None
        assert sign_in is not None
        if self._writer is not None:
            operation.one = Subscriber(sign_in, Frames(operation.id), partial(self._pump, operation))
            await streams.follow(wanted, operation.one)
            return
        more = asyncio.Event()
        one = operation.one = Subscriber(sign_in, Lines(operation.id), more.set)
        following = asyncio.create_task(streams.follow(wanted, one))
        try:
            while not one.finished:
                more.clear()
                for line in one.take().splitlines():
                    await self._send({"type": "websocket.send", "text": line.decode()})
                if not one.outstanding and not one.finished:
                    await more.wait()
            self._forget(operation)
        finally:
            one.leave()
            following.cancel()
            await asyncio.wait({following})

    def _pump(self, operation: _Operation) -> None:
        """Write what there is for a stream, as far as the client reads."""
        writer, one = self._writer, operation.one
        assert writer is not None
        assert one is not None
        try:
            while (writer.can_write or one.ended) and (frames := one.take()):
                writer.write_frames(frames)
        except Exception:  # of this connection: whoever wakes it wakes others too
            log.exception("fault")
            writer.cut()
        if one.finished:
            self._forget(operation)
            if not writer.can_write and self._cutting is None:
                self._cutting = asyncio.get_running_loop().call_later(GRACE_S, writer.cut)

    def _on_writable(self) -> None:
        self._spare()
        for operation in list(self._operations.values()):
            if operation.one is not None:
                self._pump(operation)

    def _spare(self) -> None:
        """The client reads again, or is gone: there is nothing to cut."""
        if self._cutting is not None:
            self._cutting.cancel()
            self._cutting = None

    def _forget(self, operation: _Operation) -> None:
        """Its id is free from now on."""
        if self._operations.get(operation.id) is operation:
            del self._operations[operation.id]

    async def _say(self, message: Mapping[str, Any]) -> None:
        await self._send({"type": "websocket.send", "text": as_json(message).decode()})

    async def _cleaned_up(self) -> None:
        if self._writer is not None:
            self._writer.on_writable = None
        self._spare()
        if self._expiring is not None:
            self._expiring.cancel()
        operations = list(self._operations.values())
        self._operations.clear()
        for operation in operations:
            _stop(operation)
        tasks = [operation.task for operation in operations if operation.task is not None]
        if tasks:
            await asyncio.wait(tasks)


def _stop(operation: _Operation) -> None:
    if operation.one is not None:
        operation.one.leave()
    if operation.task is not None:
        operation.task.cancel()


def _done(operation: _Operation, task: "asyncio.Task[None]") -> None:
    operation.task = None
    if not task.cancelled():
        task.exception()
