"""What a client asks: an operation as the body of a POST or the query of a GET has it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from starlette.requests import Request

from gateway.limits.refusals import TooLarge
from gateway.serving.negotiation import JSON
from gateway.serving.refusals import UnsupportedType
from vocabulary.refusals import Invalid


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation, by its text or by its document's id."""

    query: str | None
    variables: Mapping[str, Any] | None
    operation_name: str | None
    extensions: Mapping[str, Any] | None
    document_id: str | None


async def asked_by_post(request: Request, limit: int) -> Asked:
    """The operation in the body of *request*. Raises TooLarge over *limit* bytes, UnsupportedType, and Invalid for what is none."""
    _check_type(request.headers.get("content-type", ""))
    return asked_in(_parsed(await _body(request, limit)))


def asked_by_get(request: Request) -> Asked:
    """The operation in the URL of *request*. Raises Invalid for what is none."""
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = _parsed(given[name].encode(errors="replace"), name)
    return asked_in(given)


def asked_in(body: object) -> Asked:
    """The operation that *body* is. Raises Invalid, naming the member at fault, for what is none."""
    if isinstance(body, list):
        raise Invalid("send one operation a request: a list of them is not answered", reason="BATCH")
    if not isinstance(body, dict):
        raise Invalid("send a JSON object with a `query`", reason="BODY")
    return Asked(
        query=_member(body, "query", str, "a string"),
        variables=_member(body, "variables", dict, "an object"),
        operation_name=_member(body, "operationName", str, "a string"),
        extensions=_member(body, "extensions", dict, "an object"),
        document_id=_member(body, "documentId", str, "a string"),
    )


def _member(body: Mapping[str, Any], name: str, kind: type, said: str) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise Invalid(f"`{name}` is {said}, or null", field=name, reason="BODY")
    return value


def _check_type(content_type: str) -> None:
    if content_type == JSON:
        return
    message = Message()
    message["content-type"] = content_type
    charset = (message.get_content_charset() or "utf-8").lower()
    # Without a type, `Message` makes it text.
    if message.get_content_type() != JSON or charset not in ("utf-8", "utf8"):
        raise UnsupportedType("send the operation as application/json in UTF-8")


async def _body(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdigit():
        _check_size(int(announced), limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        _check_size(len(body), limit)
    return bytes(body)


def _check_size(found: int, limit: int) -> None:
    if found > limit:
        message = f"the body has {found} bytes or more; at most {limit} are read: send files to /files, and less in one operation"
        raise TooLarge(message, found=found, limit=limit)


def _parsed(text: bytes, field: str = "") -> Any:
    try:
        return json.loads(text.decode())
    except (ValueError, RecursionError):
        what = f"`{field}`" if field else "the body"
        raise Invalid(f"{what} is not JSON in UTF-8, or is nested too deeply", field=field, reason="NOT_JSON") from None
