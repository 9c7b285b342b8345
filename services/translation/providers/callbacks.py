"""Where asynchronous engines call back: a small HTTP port of the translation service, beside its own.

The only thing that speaks for a caller is the token in the path, which was made for one job and told to one engine. A token that is
not known is answered like a path that does not exist. Nothing that comes in is logged.

    POST <address>/translations/<token>          a result: fields of a form or of the query, or a document as the body
    POST <address>/translations/<token>/error    that there will be none

The first part of the path is left out by a way in from outside that cuts it off.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import parse_qsl

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.settings import CannotStart
from services.translation.providers.port import Callback, Rejected
from vocabulary.refusals import NotFound, Unavailable

BODY_LIMIT = 1024 * 1024
BODY_WITHIN_S = 20.0
AT_ONCE = 64
FIELDS_LIMIT = 50
ERROR = "/error"

# What the service does about a callback, once: it is stored when this returns. A token that is not open any more, or never was, is
# NotFound; what says nothing is Rejected; a store that is away is Unavailable. One that comes twice is taken twice.
Take = Callable[[str, Callback], Awaitable[None]]

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,128}")
_FORM = "application/x-www-form-urlencoded"

log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the process has those."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def app(take: Take) -> Starlette:
    """The application that hands callbacks to *take*."""

    async def called_back(request: Request) -> Response:
        token = request.path_params["token"]
        if not _TOKEN.fullmatch(token):
            return Response(status_code=404)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        try:
            callback = _callback(request, body)
        except ValueError:
            return Response(status_code=400)
        return Response(status_code=await _taken(take, token, callback))

    # The path alone says whether it is an error: an engine cannot turn one into the other.
    paths = [f"{first}/{{token}}{last}" for first in ("", "/translations") for last in ("", ERROR)]
    return Starlette(routes=[Route(path, called_back, methods=["POST"]) for path in paths])


async def _taken(take: Take, token: str, callback: Callback) -> int:
    """The status that *callback* is answered with once *take* has dealt with it."""
    try:
        await take(token, callback)
    except NotFound:
        return 404
    except Rejected:
        return 400
    except Unavailable:
        return 503
    except Exception as error:
        # With its traceback go the values that it was about: a text, and a token that still counts.
        log.error("callback_failed", error=type(error).__name__)
        return 500
    return 200


@asynccontextmanager
async def receiving(address: str, take: Take) -> AsyncIterator[str]:
    """Callbacks come in at *address* (``host:port``) as long as the context lasts; gives where that is, such as ``http://[::]:8081``."""
    host, _, port = address.rpartition(":")
    with _listener(host.strip("[]"), int(port)) as listener:
        config = uvicorn.Config(
            app(take),
            log_config=None,
            access_log=False,
            lifespan="off",
            limit_concurrency=AT_ONCE,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=5,
            # The one that limits the head of a request by itself.
            http="h11",
            h11_max_incomplete_event_size=16 * 1024,
            server_header=False,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


def _listener(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CannotStart(f"Callbacks cannot be received at {host}:{port} ({error.strerror}).") from error


async def _body(request: Request) -> bytes | None:
    """What was sent; none if it is too much, or does not come."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_LIMIT:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return bytes(body)


def _callback(request: Request, body: bytes) -> Callback:
    """What was called back with; raises ValueError for a form that is none."""
    fields = dict(request.query_params)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
        given = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_LIMIT, errors="strict")
        fields |= dict(given)
        body = b""
    return Callback(fields=fields, body=body, is_error=request.url.path.endswith(ERROR))
