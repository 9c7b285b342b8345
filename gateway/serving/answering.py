"""How an operation's answer becomes an HTTP response: its media type, its status, what caches may do with it."""

import hashlib
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from strawberry.types.execution import ExecutionResult, PreExecutionError

from gateway.errors import as_error, status_of, told
from gateway.serving.negotiation import JSON, RESULT
from gateway.streams.framing import as_json
from gateway.training import marked
from vocabulary.refusals import Refusal

# Whoever keeps an answer asks whether it still holds, and gives it to nobody else.
REVALIDATED = "private, no-cache"
VARIES = "accept, accept-language, authorization"


def body_of(result: ExecutionResult) -> dict[str, Any]:
    """*result* as clients get it: without `data` if the operation was never executed (GraphQL, 7.1)."""
    body: dict[str, Any] = {} if is_request_error(result) else {"data": result.data}
    if result.errors:
        body["errors"] = told(result.errors)
    if result.extensions:
        body["extensions"] = result.extensions
    return body


def is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing was executed: not even the variables were what they had to be."""
    if isinstance(result, PreExecutionError):
        return True
    return result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())


def content_of(result: ExecutionResult, *, training: bool = False) -> bytes:
    """*result* as it is sent."""
    return as_json(marked(body_of(result), training))


def answered(request: Request, kind: str, result: ExecutionResult, content: bytes) -> Response:
    """The response to *request*. As `application/json` whatever is well formed is 200; as the newer type, the status says more."""
    status = 200
    if kind == RESULT and is_request_error(result):
        code = (result.errors or [])[0].extensions or {}
        status = 401 if code.get("code") == "UNAUTHENTICATED" else 400
    tag = tag_of(content) if request.method == "GET" and status == 200 and not result.errors else ""
    return given(request, kind, content, tag, status)


def tag_of(content: bytes) -> str:
    """What tells *content* from any other (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def given(request: Request, kind: str, content: bytes, tag: str, status: int = 200) -> Response:
    """*content* as the response to *request*; to a GET, with a *tag*, that nothing has changed if the client has it."""
    if request.method != "GET":
        return _response(content, kind, status, {"cache-control": "no-store"})
    headers = {"cache-control": REVALIDATED, "vary": VARIES}
    if tag:
        headers["etag"] = tag
        if tag in (one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=headers)
    return _response(content, kind, status, headers)


def refused(kind: str, refusal: Refusal) -> Response:
    """The response to what is refused before any operation is read."""
    status, headers = status_of(refusal)
    return _response(as_json({"errors": [as_error(refusal)]}), kind, status, {"cache-control": "no-store", **headers})


def _response(content: bytes, kind: str, status: int, headers: Mapping[str, str]) -> Response:
    named = RESULT if kind == RESULT else JSON
    return Response(content, status_code=status, headers={**headers, "content-type": f"{named}; charset=utf-8"})
