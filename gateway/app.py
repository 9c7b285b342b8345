"""The gateway over HTTP: GraphQL with its subscriptions, files, health and metrics."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler

from chassis import telemetry
from gateway import bulk, drafts, files, reports
from gateway.backends import Backends, Stubs
from gateway.context import Context
from gateway.disconnects import Disconnects
from gateway.errors import INTERNAL, INTERNAL_MESSAGE, as_error
from gateway.people import People
from gateway.schema import schema
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

INIT_TIMEOUT = timedelta(seconds=10)
SUBSCRIPTIONS_PER_CONNECTION = 20
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


class Messages(BaseGraphQLTransportWSHandler[Context, None]):
    """Strawberry's graphql-transport-ws, which would fall over messages of the wrong shape."""

    async def handle_message(self, message: Any) -> None:
        if _well_formed(message):
            await super().handle_message(message)
        else:
            await self.handle_invalid_message("Failed to parse message")


def _well_formed(message: Any) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] in ("subscribe", "complete") and not isinstance(message.get("id"), str):
        return False
    if message["type"] != "subscribe":
        return True
    payload = message.get("payload")
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
    )


class Gateway(GraphQL[Context, None]):
    """Strawberry's ASGI view, with our sign-in."""

    graphql_transport_ws_handler_class = Messages

    def __init__(self, stubs: Stubs, people: People, allowed_origins: list[str], *, explorer: bool) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if explorer else None,
            allow_queries_via_get=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            connection_init_wait_timeout=INIT_TIMEOUT,
            max_subscriptions_per_connection=SUBSCRIPTIONS_PER_CONNECTION,
            allowed_origins=allowed_origins,
        )
        self._stubs = stubs
        self._people = people

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        context = Context(self._stubs, None, request.headers.get("accept-language", ""))
        context.bearer = bearer(request)
        if context.bearer and isinstance(request, Request):
            context.sign_in = await self._people.verify(context.bearer)
        return context

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

    async def on_ws_connect(self, context: Context) -> Any:
        """On a WebSocket, where a browser cannot set headers, the token comes with connection_init, or in the header after all."""
        token = _token((context.connection_params or {}).get("authorization", "")) or context.bearer
        if token:
            try:
                sign_in = await self._people.verify(token)
                # A stranger has two operations, and needs no connection that stays.
                sign_in.require_person()
                context.sign_in = sign_in
            except Refusal as refusal:
                raise ConnectionRejectionError(as_error(refusal)) from refusal
        return await super().on_ws_connect(context)


def bearer(connection: HTTPConnection) -> str:
    """The bearer token of a request (RFC 6750); empty if there is none."""
    return _token(connection.headers.get("authorization", ""))


def _token(authorization: object) -> str:
    if not isinstance(authorization, str):
        return ""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def app(stubs: Stubs, people: People, allowed_origins: list[str], *, explorer: bool) -> Starlette:
    """The gateway as an ASGI application; *explorer* shows browsers a page to try queries on."""

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

    graphql = Gateway(stubs, people, allowed_origins, explorer=explorer)
    cors = Middleware(
        CORSMiddleware,
        allow_origins=allowed_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", "x-requested-with", "traceparent", bulk.KEY_HEADER],
    )
    return Starlette(
        routes=[
            Route("/files", signed_in(files.upload), methods=["POST"]),
            Route("/files/{id}", signed_in(files.download), methods=["GET"]),
            Route("/requests/{id}/report", signed_in(reports.give), methods=["GET"]),
            Route("/directory/import", signed_in(bulk.take), methods=["POST"]),
            Route("/directory/export", signed_in(bulk.give), methods=["GET"]),
            Route("/requests/import", signed_in(drafts.take), methods=["POST"]),
            Route("/health/live", _live),
            Route("/health/ready", ready),
            Route("/metrics", _metrics),
            Route("/graphql", graphql),
            WebSocketRoute("/graphql", graphql),
        ],
        middleware=[Middleware(Disconnects), Middleware(Traced), *([cors] if allowed_origins else [])],
        exception_handlers={Refusal: _refused, Exception: _failed},
    )


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
