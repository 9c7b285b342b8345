"""Entries of a repository in and out over HTTP, as a file. What is in it, and whose it is, is that service's to decide."""

import uuid
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.attachments import exported
from gateway.backends import Backends
from gateway.imports import KEY_HEADER, SWITCH, answered, one_of, refused
from gateway.public_entries import filter_of, sort_of
from protos.common.v1 import common_pb2
from protos.repositories.v1 import transfer_pb2 as pb

FORMATS = {
    "csv": pb.TRANSFER_FORMAT_CSV,
    "jsonl": pb.TRANSFER_FORMAT_JSON_LINES,
    "xlsx": pb.TRANSFER_FORMAT_XLSX,
}


async def take(request: Request, backends: Backends) -> Response:
    """``POST /repositories/{code}/import?format=csv&dryRun=true``: the file as it is; also ``allOrNothing``, ``publish`` and
    ``language``. Answers with a line of JSON for each row that is done.
    """
    asked = request.query_params
    header = pb.EntryImportHeader(
        command=common_pb2.Command(idempotency_key=request.headers.get(KEY_HEADER) or str(uuid.uuid4())),
        repository=request.path_params["code"],
        format=one_of(FORMATS, asked.get("format", ""), "format"),
        dry_run=one_of(SWITCH, asked.get("dryRun", ""), "dryRun"),
        all_or_nothing=one_of(SWITCH, asked.get("allOrNothing", ""), "allOrNothing"),
        publish=one_of(SWITCH, asked.get("publish", ""), "publish"),
        language=asked.get("language", ""),
    )
    transfer = backends.transfer
    return await answered(
        request,
        partial(transfer.exchange, transfer.stub.ImportEntries),
        pb.ImportEntriesRequest,
        header,
        _row,
    )


async def give(request: Request, backends: Backends) -> Response:
    """``GET /repositories/{code}/export?format=xlsx``: what a search finds, as an attachment; see `public_entries.filter_of`."""
    asked = request.query_params
    message = pb.ExportEntriesRequest(
        repository=request.path_params["code"],
        format=one_of(FORMATS, asked.get("format", ""), "format"),
        separator=asked.get("separator", ""),
        text=asked.get("text", ""),
        filter=filter_of(asked),
        sort=sort_of(asked),
        language=asked.get("language", ""),
    )
    transfer = backends.transfer
    return await exported(transfer.stream(transfer.stub.ExportEntries, message))


def _row(row: pb.ImportedEntry) -> dict[str, Any]:
    described: dict[str, Any] = {
        "row": row.row,
        "line": row.line,
        "entryId": row.entry_id or None,
        "outcome": pb.EntryImportOutcome.Name(row.outcome).removeprefix("ENTRY_IMPORT_OUTCOME_"),
    }
    if row.refusals:
        described["errors"] = [refused(one) for one in row.refusals]
    return described
