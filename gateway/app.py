"""The gateway over HTTP: GraphQL with its subscriptions, files, health and metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.http.websocket_origin import normalize_allowed_origins

from chassis import telemetry
from gateway import alert_files, bulk, drafts, files, reports, repository_files
from gateway.admitting import Admitting
from gateway.backends import Backends, Stubs
from gateway.disconnects import Disconnects
from gateway.errors import INTERNAL, INTERNAL_MESSAGE, as_error, status_of
from gateway.headers import SecurityHeaders
from gateway.imports import KEY_HEADER
from gateway.kept.answers import Kept
from gateway.kept.reading import KeptReading
from gateway.limits.policy import Policy
from gateway.people import People
from gateway.public import PublicReading
from gateway.schema import joined
from gateway.serving.documents import Documents
from gateway.serving.endpoint import Endpoint
from gateway.streams.connections import Speaking
from gateway.streams.events import ENDS, LEFT, Delivery
from gateway.streams.hub import Streams
from gateway.streams.websocket import MAX_SOCKETS, Sockets
from gateway.training import marking
from vocabulary.refusals import (
    Refusal,
)

GRAPHQL = "/graphql"
READY_TIMEOUT_S = 2.0
# Nobody can sign in without it; whatever else is away is refused by name, and the rest goes on.
NEEDED = "directory"

# Part → what it answers besides, as files that come in or go out. The requests service keeps the uploaded ones.
FILES: list[tuple[str, str, Callable[[Request, Backends], Awaitable[Response]], str]] = [
    ("requests", "/files", files.upload, "POST"),
    ("requests", "/files/{id}", files.download, "GET"),
    ("requests", "/requests/{id}/report", reports.give, "GET"),
    ("alerts", "/alerts/{id}/receipt", alert_files.receipt, "GET"),
    ("alerts", "/alerts/{id}/cap", alert_files.cap, "GET"),
    ("alerts", "/receipts/keys", alert_files.keys, "GET"),
    ("directory", "/directory/import", bulk.take, "POST"),
    ("directory", "/directory/export", bulk.give, "GET"),
    ("requests", "/requests/import", drafts.take, "POST"),
    ("repositories", "/repositories/files", files.upload_for_entry, "POST"),
    ("repositories", "/repositories/files/{id}", files.download_of_entry, "GET"),
    ("repositories", "/repositories/{code}/import", repository_files.take, "POST"),
    ("repositories", "/repositories/{code}/export", repository_files.give, "GET"),
]

log = structlog.get_logger(__name__)


def app(
    stubs: Stubs,
    people: People,
    allowed_origins: list[str],
    *,
    explorer: bool,
    streams: Streams | None = None,
    policy: Policy | None = None,
    documents: Documents | None = None,
    max_sockets: int = MAX_SOCKETS,
    planned: bool = True,
    kept: Kept | None = None,
) -> "Application":
    """The gateway as an ASGI application; *explorer* shows browsers a page to try queries on. Without *streams*, every stream is
    read and executed by itself."""
    admitting = Admitting(stubs, people, policy or Policy(), kept)
    known = documents or Documents()

    def signed_in(
        answer: Callable[[Request, Backends], Awaitable[Response]], *, is_import: bool
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            person = await admitting.person(request)
            if is_import:
                request.scope.setdefault(ENDS, []).append(admitting.policy.imports.begin(person.user.id))
            return await answer(request, Backends(stubs, person.token))

        return endpoint

    async def ready(_: Request) -> Response:
        states = dict(zip(stubs.channels, await asyncio.gather(*map(_serving, stubs.channels.values())), strict=True))
        return JSONResponse({"services": states}, status_code=200 if states[NEEDED] else 503)

    async def _serving(channel: Any) -> bool:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=READY_TIMEOUT_S)
        except Exception:  # whatever keeps a service from answering, it is not ready
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    schema = joined(frozenset(stubs.channels), planned=planned)
    graphql = Endpoint(schema, admitting, known, streams, explorer)
    speaking = Speaking(schema, normalize_allowed_origins(allowed_origins), admitting, known, streams)
    cors = Middleware(
        CORSMiddleware,
        allow_origins=allowed_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", "x-requested-with", "traceparent", KEY_HEADER],
    )
    return Application(
        Sockets(speaking, max_sockets),
        training=stubs.training,
        routes=[
            *(
                Route(path, signed_in(answer, is_import=path.endswith("/import")), methods=[method])
                for part, path, answer, method in FILES
                if part in stubs.channels
            ),
            *(_public(stubs, admitting.policy, kept or Kept(0)) if "repositories" in stubs.channels else []),
            Route("/health/live", _live),
            Route("/health/ready", ready),
            Route("/metrics", _metrics),
        ],
        middleware=[
            Middleware(Disconnects),
            Middleware(Traced),
            *([cors] if allowed_origins else []),
            Middleware(Straight, graphql=graphql),
        ],
        exception_handlers={Refusal: _refused, Exception: _failed},
    )


class Application(Starlette):
    """All over HTTP through Starlette; a WebSocket past it, since each layer in between stays in memory as long as the connection. An
    answer that goes on as a stream goes on here, when the layers have returned.
    """

    def __init__(self, sockets: Sockets, *, training: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._sockets = sockets
        # Around all layers: also what none of them could answer.
        self._answering = SecurityHeaders(super().__call__, training=training)
        self._training = training

    async def stop(self) -> None:
        """Say to all who have a WebSocket that it ends, and when to come back."""
        await self._sockets.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"].rstrip("/") == GRAPHQL:
            await self._sockets(scope, receive, marking(send) if self._training else send)
            return
        left: list[Delivery] = []
        ends: list[Callable[[], None]] = []
        scope[LEFT], scope[ENDS] = left, ends
        try:
            await self._answering(scope, receive, send)
            for delivery in left:
                await delivery.go_on(receive, send)
        finally:
            for end in ends:
                end()


class Traced:
    """Answers each request as part of its caller's trace, and lets ``/graphql`` be written with a slash at its end."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._inner(scope, receive, send)
            return
        if scope["path"] == "/graphql/":
            scope["path"] = GRAPHQL
        headers = dict(scope["headers"])
        with telemetry.span(headers.get(b"traceparent", b"").decode("latin-1"), path=scope["path"]):
            await self._inner(scope, receive, send)


class Straight:
    """Brings operations to where they are answered: past routes, of which they need none, and what catches refusals for those."""

    def __init__(self, inner: ASGIApp, graphql: ASGIApp) -> None:
        self._inner = inner
        self._graphql = graphql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_operation = scope["type"] == "http" and scope["path"] == GRAPHQL
        await (self._graphql if is_operation else self._inner)(scope, receive, send)


def _public(stubs: Stubs, policy: Policy, kept: Kept) -> list[Route]:
    reading, keeping = PublicReading(stubs, policy), KeptReading(kept, policy)
    return [
        Route("/public/repositories", keeping.of(reading.repositories)),
        Route("/public/repositories/{code}", keeping.of(reading.repository)),
        Route("/public/repositories/{code}/entries", keeping.of(reading.entries)),
        Route("/public/repositories/{code}/entries/{id}", keeping.of(reading.entry)),
    ]


async def _live(_: Request) -> Response:
    return JSONResponse({"live": True})


async def _metrics(_: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    status, headers = status_of(refusal)
    return JSONResponse({"errors": [as_error(refusal)]}, status_code=status, headers=headers)


async def _failed(_: Request, error: Exception) -> Response:
    log.error("fault", exc_info=error)
    body = {"errors": [{"message": INTERNAL_MESSAGE, "extensions": {"code": INTERNAL}}]}
    return JSONResponse(body, status_code=500)
