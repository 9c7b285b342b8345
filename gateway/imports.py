"""Files of many things over HTTP: taken whole, passed on in chunks, answered with a line of JSON for each thing."""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import IO, Any, TypeVar

import structlog
from google.protobuf.message import Message
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.errors import INTERNAL, INTERNAL_MESSAGE, as_error
from vocabulary.refusals import Invalid, Refusal

CHUNK_BYTES = 64 * 1024
IN_MEMORY_BYTES = 1024 * 1024
# The services' own limit is the same; this keeps the rest of a body from filling the disk.
BODY_LIMIT_BYTES = 64 * 1024 * 1024

# Of a file that is sent again: it has no second effect.
KEY_HEADER = "idempotency-key"
SWITCH = {"": False, "false": False, "true": True}

Result = TypeVar("Result", bound=Message)
Sent = TypeVar("Sent", bound=Message)
log = structlog.get_logger(__name__)


def one_of(known: dict[str, Any], text: str, field: str) -> Any:
    """What *text* stands for; raises Invalid naming *field* if it stands for nothing."""
    if text not in known:
        names = ", ".join(name for name in known if name)
        raise Invalid(f"this must be one of {names}", field=field, reason="UNKNOWN_VALUE")
    return known[text]


async def answered(
    request: Request,
    exchange: Callable[[AsyncIterator[Sent]], AsyncGenerator[Result, None]],
    sent: Callable[..., Sent],
    header: Message,
    described: Callable[[Any], dict[str, Any]],
) -> Response:
    """Pass the body of *request* on, as messages that are *sent* behind their *header*; answers with a line of JSON for each result:
    an item as *described*, how far it has come, and at the end what came of all.
    """
    # Most clients read nothing before they have sent everything: passed on as it comes, the file would wait for its own results.
    file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  # closed when the last line is written
    is_there = asyncio.Event()
    results = exchange(_parts(sent, header, file, is_there))
    try:
        # What is wrong with the whole is refused before the first result, and can still be the status of the answer.
        first = await _first(results, _received(request, file), is_there)
    except BaseException:
        await results.aclose()
        file.close()
        raise
    return StreamingResponse(
        _lines(first, results, file, described),
        media_type="application/x-ndjson",
        headers={"cache-control": "no-store"},
    )


async def _first(
    results: AsyncGenerator[Result, None], receiving: Coroutine[Any, Any, None], is_there: asyncio.Event
) -> Result:
    """The first of *results*, which come when all *is_there*. Whom the service refuses by the header is not received to the end."""
    answered, received = asyncio.ensure_future(anext(results)), asyncio.ensure_future(receiving)
    try:
        await asyncio.wait({answered, received}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done() or answered.exception() is None:
            await received
            is_there.set()
        return await answered
    finally:
        answered.cancel()
        received.cancel()
        await asyncio.gather(answered, received, return_exceptions=True)


async def _received(request: Request, file: IO[bytes]) -> None:
    """Keep the body of *request* in *file*; raises Invalid for one that is too large."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > BODY_LIMIT_BYTES:
            limit = BODY_LIMIT_BYTES // 1024 // 1024
            raise Invalid(f"a file has at most {limit} MB", field="file", reason="FILE_TOO_LARGE")
        file.write(piece)
    file.seek(0)


async def _parts(
    sent: Callable[..., Sent], header: Message, file: IO[bytes], is_there: asyncio.Event
) -> AsyncIterator[Sent]:
    yield sent(header=header)
    await is_there.wait()
    while chunk := file.read(CHUNK_BYTES):
        yield sent(chunk=chunk)


async def _lines(
    first: Result,
    results: AsyncGenerator[Result, None],
    file: IO[bytes],
    described: Callable[[Any], dict[str, Any]],
) -> AsyncIterator[bytes]:
    """A line for each message; the last one is the summary, or the errors that ended the import."""
    try:
        yield _line(first, described)
        async for message in results:
            yield _line(message, described)
    except Refusal as refusal:
        yield json_line({"errors": [as_error(refusal)]})
    except Exception as error:
        log.error("fault", exc_info=error)
        yield json_line({"errors": [{"message": INTERNAL_MESSAGE, "extensions": {"code": INTERNAL}}]})
    finally:
        await results.aclose()
        file.close()


def _line(message: Any, described: Callable[[Any], dict[str, Any]]) -> bytes:
    part = message.WhichOneof("part")
    match part:
        case "progress":
            progress = message.progress
            return json_line({"progress": {**_counts(progress.counts), "bytes": progress.bytes}})
        case "summary":
            summary = message.summary
            return json_line({"summary": {**_counts(summary.counts), "dryRun": summary.dry_run}})
        case _:
            return json_line(described(getattr(message, part)))


def _counts(counts: Message) -> dict[str, int]:
    return {field.name: getattr(counts, field.name) for field in counts.DESCRIPTOR.fields}


def refused(refusal: Any) -> dict[str, Any]:
    """Why a row or a line was refused, in the words of every other error."""
    extensions = {"code": refusal.code, "reason": refusal.reason}
    if refusal.field:
        extensions["field"] = refusal.field
    return {"message": refusal.message, "extensions": extensions}


def json_line(found: dict[str, Any]) -> bytes:
    return json.dumps(found, ensure_ascii=False).encode() + b"\n"
