"""The gateway over HTTP: GraphQL with its subscriptions, files, health and metrics."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http.websocket_origin import normalize_allowed_origins
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL

from chassis import telemetry
from gateway import alert_files, bulk, drafts, files, reports
from gateway.backends import Backends, Stubs
from gateway.context import Context
from gateway.disconnects import Disconnects
from gateway.errors import INTERNAL, INTERNAL_MESSAGE, as_error
from gateway.people import People, SignIn
from gateway.schema import schema
from gateway.streams.connections import Speaking
from gateway.streams.events import EventStream
from gateway.streams.following import Offer
from gateway.streams.hub import Streams
from gateway.streams.websocket import Sockets
from vocabulary.refusals import (
    Conflict,
    CursorExpired,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Unauthenticated,
    Unavailable,
)

READY_TIMEOUT_S = 2.0
# Nobody can sign in without it; whatever else is away is refused by name, and the rest goes on.
NEEDED = "directory"

HTTP_STATUS: dict[type[Refusal], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Invalid: 400,
    Conflict: 409,
    CursorExpired: 410,
    Unavailable: 503,
}

log = structlog.get_logger(__name__)


class Gateway(GraphQL[Context, None]):
    """Strawberry's ASGI view for HTTP, with our sign-in; and the connections of graphql-transport-ws."""

    def __init__(
        self, stubs: Stubs, people: People, streams: Streams | None, allowed_origins: list[str], *, explorer: bool
    ) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if explorer else None,
            allow_queries_via_get=False,
            subscription_protocols=(GRAPHQL_SSE_PROTOCOL,),
        )
        self._stubs = stubs
        self._people = people
        self._streams = streams
        origins = normalize_allowed_origins(allowed_origins)
        self.sockets = Sockets(Speaking(schema, origins, self._greet, self._sign_in, self._still, streams))

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        context = self._greet(request.headers)
        if context.bearer:
            context.sign_in = await self._people.verify(context.bearer)
        if self._streams is not None:
            request.state.offer = context.offer = Offer()
        return context

    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        if self._streams is None:
            return await super().create_streaming_response(request, stream, sub_response, headers)
        return EventStream(stream, headers, request.state.offer, self._streams)

    def decode_json(self, data: str | bytes) -> object:
        try:
            return super().decode_json(data)
        except (RecursionError, UnicodeDecodeError) as error:
            raise json.JSONDecodeError("nested too deeply, or not UTF-8", "", 0) from error

    def parse_json(self, data: str | bytes) -> Any:
        body = super().parse_json(data)
        if not isinstance(body, dict | list):
            raise Invalid("send a JSON object with a `query`", reason="BODY")
        return body

    def _greet(self, headers: Headers) -> Context:
        """The context of a connection on which nobody has signed in yet."""
        context = Context(self._stubs, None, headers.get("accept-language", ""))
        context.bearer = _token(headers.get("authorization", ""))
        return context

    async def _sign_in(self, context: Context, authorization: object) -> None:
        """On a WebSocket, where a browser cannot set headers, the token comes with connection_init, or in the header after all."""
        token = _token(authorization) or context.bearer
        if token:
            sign_in = await self._people.verify(token)
            # A stranger has two operations, and needs no connection that stays.
            sign_in.require_person()
            context.sign_in = sign_in

    async def _still(self, sign_in: SignIn) -> SignIn:
        return await self._people.again(sign_in)


def bearer(connection: HTTPConnection) -> str:
    """The bearer token of a request (RFC 6750); empty if there is none."""
    return _token(connection.headers.get("authorization", ""))


def _token(authorization: object) -> str:
    if not isinstance(authorization, str):
        return ""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def app(
    stubs: Stubs, people: People, allowed_origins: list[str], *, explorer: bool, streams: Streams | None = None
) -> Starlette:
    """The gateway as an ASGI application; *explorer* shows browsers a page to try queries on. Without *streams*, every stream is
    read and executed by itself."""

    def signed_in(
        answer: Callable[[Request, Backends], Awaitable[Response]],
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            token = bearer(request)
            if not token:
                raise Unauthenticated("send an Authorization header with a bearer token")
            person = await people.sign_in(token)
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

    graphql = Gateway(stubs, people, streams, allowed_origins, explorer=explorer)
    cors = Middleware(
        CORSMiddleware,
        allow_origins=allowed_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", "x-requested-with", "traceparent", bulk.KEY_HEADER],
    )
    return Application(
        graphql.sockets,
        routes=[
            Route("/files", signed_in(files.upload), methods=["POST"]),
            Route("/files/{id}", signed_in(files.download), methods=["GET"]),
            Route("/requests/{id}/report", signed_in(reports.give), methods=["GET"]),
            Route("/alerts/{id}/receipt", signed_in(alert_files.receipt), methods=["GET"]),
            Route("/alerts/{id}/cap", signed_in(alert_files.cap), methods=["GET"]),
            Route("/receipts/keys", signed_in(alert_files.keys), methods=["GET"]),
            Route("/directory/import", signed_in(bulk.take), methods=["POST"]),
            Route("/directory/export", signed_in(bulk.give), methods=["GET"]),
            Route("/requests/import", signed_in(drafts.take), methods=["POST"]),
            Route("/health/live", _live),
            Route("/health/ready", ready),
            Route("/metrics", _metrics),
            Route("/graphql", graphql),
        ],
        middleware=[Middleware(Disconnects), Middleware(Traced), *([cors] if allowed_origins else [])],
        exception_handlers={Refusal: _refused, Exception: _failed},
    )


class Application(Starlette):
    """All over HTTP through Starlette; a WebSocket past it, since each layer in between stays in memory as long as the connection."""

    def __init__(self, sockets: ASGIApp, **options: Any) -> None:
        super().__init__(**options)
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"].rstrip("/") == "/graphql":
            await self._sockets(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class Traced:
    """Answers each request as part of its caller's trace, and lets ``/graphql`` be written with a slash at its end."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._inner(scope, receive, send)
            return
        if scope["path"] == "/graphql/":
            scope["path"] = "/graphql"
        headers = dict(scope["headers"])
        with telemetry.span(headers.get(b"traceparent", b"").decode("latin-1"), path=scope["path"]):
            await self._inner(scope, receive, send)


async def _live(_: Request) -> Response:
    return JSONResponse({"live": True})


async def _metrics(_: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    status = next(HTTP_STATUS[kind] for kind in type(refusal).__mro__ if kind in HTTP_STATUS)
    headers = {"www-authenticate": 'Bearer error="invalid_token"'} if status == 401 else {}
    return JSONResponse({"errors": [as_error(refusal)]}, status_code=status, headers=headers)


async def _failed(_: Request, error: Exception) -> Response:
    log.error("fault", exc_info=error)
    body = {"errors": [{"message": INTERNAL_MESSAGE, "extensions": {"code": INTERNAL}}]}
    return JSONResponse(body, status_code=500)
