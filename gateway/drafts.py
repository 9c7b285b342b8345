"""Drafts of requests from other systems over HTTP, as JSON Lines. What a line may say is the requests service's to decide."""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.backends import Backends
from gateway.imports import SWITCH, answered, one_of, refused
from protos.requests.v1 import drafts_pb2 as pb


async def take(request: Request, backends: Backends) -> Response:
    """``POST /requests/import?dryRun=true``: the file as it is. Answers with a line of JSON for each line that is done."""
    header = pb.ImportDraftsHeader(dry_run=one_of(SWITCH, request.query_params.get("dryRun", ""), "dryRun"))
    drafts = backends.drafts
    return await answered(
        request,
        partial(drafts.exchange, drafts.stub.ImportDrafts),
        pb.ImportDraftsRequest,
        header,
        _draft,
    )


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
