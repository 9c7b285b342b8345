"""The authorities of a country in and out over HTTP, as a file. What is in it, and whose it is, is the directory's to decide."""

import tempfile
import uuid
from collections.abc import AsyncIterator
from typing import IO, Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.backends import Backends
from gateway.imports import CHUNK_BYTES, IN_MEMORY_BYTES, SWITCH, json_line, lines, one_of, received, refused
from protos.common.v1 import common_pb2
from protos.directory.v1 import bulk_pb2 as pb
from protos.directory.v1 import directory_pb2

KEY_HEADER = "idempotency-key"

FORMATS = {"csv": pb.BULK_FORMAT_CSV, "jsonl": pb.BULK_FORMAT_JSON_LINES}
STATUS_PREFIX = "AUTHORITY_STATUS_"
STATUSES = {
    name.removeprefix(STATUS_PREFIX): number
    for name, number in directory_pb2.AuthorityStatus.items()
    if number != directory_pb2.AUTHORITY_STATUS_UNSPECIFIED
}


async def take(request: Request, backends: Backends) -> Response:
    """``POST /directory/import?format=csv&dryRun=true``: the file as it is. Answers with a line of JSON for each row that is done."""
    asked = request.query_params
    header = pb.ImportHeader(
        command=common_pb2.Command(idempotency_key=request.headers.get(KEY_HEADER) or str(uuid.uuid4())),
        format=one_of(FORMATS, asked.get("format", ""), "format"),
        dry_run=one_of(SWITCH, asked.get("dryRun", ""), "dryRun"),
        language=asked.get("language", ""),
    )
    bulk = backends.bulk
    # Most clients read nothing before they have sent everything: passed on as it comes, the file would wait for its own results.
    file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  # closed when the last line is written
    try:
        await received(request, file)
        results = bulk.exchange(bulk.stub.ImportAuthorities, _parts(header, file))
        # What is wrong with the whole is refused before the first row, and can still be the status of the answer.
        first = await anext(results)
    except BaseException:
        file.close()
        raise
    return StreamingResponse(
        lines(first, results, file, _line), media_type="application/x-ndjson", headers={"cache-control": "no-store"}
    )


async def give(request: Request, backends: Backends) -> Response:
    """``GET /directory/export?format=csv``: the file, as an attachment."""
    asked = request.query_params
    message = pb.ExportAuthoritiesRequest(
        format=one_of(FORMATS, asked.get("format", ""), "format"),
        separator=asked.get("separator", ""),
        statuses=[
            one_of(STATUSES, status, f"statuses[{index}]") for index, status in enumerate(asked.getlist("statuses"))
        ],
        area_codes=asked.getlist("areaCodes"),
    )
    bulk = backends.bulk
    parts = bulk.stream(bulk.stub.ExportAuthorities, message)
    header = (await anext(parts)).header

    async def content() -> AsyncIterator[bytes]:
        async for part in parts:
            yield part.chunk

    return StreamingResponse(
        content(),
        headers={
            "content-type": header.media_type,
            "content-disposition": f'attachment; filename="{header.file_name}"',
            "x-content-type-options": "nosniff",
            "cache-control": "no-store",
        },
    )


async def _parts(header: pb.ImportHeader, file: IO[bytes]) -> AsyncIterator[pb.ImportAuthoritiesRequest]:
    yield pb.ImportAuthoritiesRequest(header=header)
    while chunk := file.read(CHUNK_BYTES):
        yield pb.ImportAuthoritiesRequest(chunk=chunk)


def _line(message: pb.ImportAuthoritiesResponse) -> bytes:
    match message.WhichOneof("part"):
        case "row":
            return json_line(_row(message.row))
        case "progress":
            progress = message.progress
            return json_line({"progress": {**_counts(progress.counts), "bytes": progress.bytes}})
        case _:
            summary = message.summary
            return json_line({"summary": {**_counts(summary.counts), "dryRun": summary.dry_run}})


def _row(row: pb.ImportedRow) -> dict[str, Any]:
    described: dict[str, Any] = {
        "row": row.row,
        "line": row.line,
        "externalId": row.external_id,
        "authorityId": row.authority_id or None,
        "name": row.name,
        "outcome": pb.ImportOutcome.Name(row.outcome).removeprefix("IMPORT_OUTCOME_"),
    }
    if row.changed:
        described["changed"] = list(row.changed)
    if row.HasField("refusal"):
        described["error"] = refused(row.refusal)
    return described


def _counts(counts: pb.ImportCounts) -> dict[str, int]:
    return {
        "rows": counts.rows,
        "created": counts.created,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "refused": counts.refused,
    }
