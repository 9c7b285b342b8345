"""Drafts of requests from other systems over HTTP, as JSON Lines. What a line may say is the requests service's to decide."""

import tempfile
from collections.abc import AsyncIterator
from typing import IO, Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.backends import Backends
from gateway.imports import CHUNK_BYTES, IN_MEMORY_BYTES, SWITCH, json_line, lines, one_of, received, refused
from protos.requests.v1 import drafts_pb2 as pb


async def take(request: Request, backends: Backends) -> Response:
    """``POST /requests/import?dryRun=true``: the file as it is. Answers with a line of JSON for each line that is done."""
    header = pb.ImportDraftsHeader(dry_run=one_of(SWITCH, request.query_params.get("dryRun", ""), "dryRun"))
    drafts = backends.drafts
    # Most clients read nothing before they have sent everything: passed on as it comes, the file would wait for its own results.
    file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  # closed when the last line is written
    try:
        await received(request, file)
        results = drafts.exchange(drafts.stub.ImportDrafts, _parts(header, file))
        # What is wrong with the whole is refused before the first line, and can still be the status of the answer.
        first = await anext(results)
    except BaseException:
        file.close()
        raise
    return StreamingResponse(
        lines(first, results, file, _line), media_type="application/x-ndjson", headers={"cache-control": "no-store"}
    )


async def _parts(header: pb.ImportDraftsHeader, file: IO[bytes]) -> AsyncIterator[pb.ImportDraftsRequest]:
    yield pb.ImportDraftsRequest(header=header)
    while chunk := file.read(CHUNK_BYTES):
        yield pb.ImportDraftsRequest(chunk=chunk)


def _line(message: pb.ImportDraftsResponse) -> bytes:
    match message.WhichOneof("part"):
        case "line":
            return json_line(_draft(message.line))
        case "progress":
            progress = message.progress
            return json_line({"progress": {**_counts(progress.counts), "bytes": progress.bytes}})
        case _:
            summary = message.summary
            return json_line({"summary": {**_counts(summary.counts), "dryRun": summary.dry_run}})


def _draft(line: pb.ImportedDraft) -> dict[str, Any]:
    described: dict[str, Any] = {
        "line": line.line,
        "key": line.key,
        "outcome": pb.DraftOutcome.Name(line.outcome).removeprefix("DRAFT_OUTCOME_"),
    }
    if line.request_id:
        described |= {"requestId": line.request_id, "number": line.number}
    if line.warnings:
        described["warnings"] = list(line.warnings)
    if line.HasField("refusal"):
        described["error"] = refused(line.refusal)
    return described


def _counts(counts: pb.ImportDraftsCounts) -> dict[str, int]:
    return {
        "lines": counts.lines,
        "created": counts.created,
        "unchanged": counts.unchanged,
        "refused": counts.refused,
    }
