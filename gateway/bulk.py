"""The authorities of a country in and out over HTTP, as a file. What is in it, and whose it is, is the directory's to decide."""

import uuid
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.attachments import exported
from gateway.backends import Backends
from gateway.imports import KEY_HEADER, SWITCH, answered, one_of, refused
from protos.common.v1 import common_pb2
from protos.directory.v1 import bulk_pb2 as pb
from protos.directory.v1 import directory_pb2

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
    return await answered(
        request,
        partial(bulk.exchange, bulk.stub.ImportAuthorities),
        pb.ImportAuthoritiesRequest,
        header,
        _row,
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
    return await exported(bulk.stream(bulk.stub.ExportAuthorities, message))


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
