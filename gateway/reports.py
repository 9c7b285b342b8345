"""A case as a PDF over HTTP. What is in it, and for whom, is the requests service's to decide."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.attachments import HEADERS, chunks
from gateway.backends import Backends
from protos.requests.v1 import reports_pb2 as pb
from vocabulary.refusals import Invalid

SWITCH = {"": False, "false": False, "true": True}


async def give(request: Request, backends: Backends) -> Response:
    """``GET /requests/{id}/report?language=el&personalData=true&translations=true``: the PDF, as an attachment."""
    asked = request.query_params
    message = pb.RenderReportRequest(
        id=request.path_params["id"],
        language=asked.get("language", ""),
        with_personal_data=switch(asked.get("personalData", ""), "personalData"),
        with_translations=switch(asked.get("translations", ""), "translations"),
    )
    reports = backends.reports
    parts = reports.stream(reports.stub.RenderReport, message)
    header = (await anext(parts)).header

    return StreamingResponse(
        chunks(parts),
        media_type="application/pdf",
        headers={
            "content-length": str(header.size_bytes),
            "content-disposition": f'attachment; filename="{header.file_name}"',
            "etag": f'"{header.sha256}"',
            **HEADERS,
        },
    )


def switch(text: str, field: str) -> bool:
    """What ``true`` or ``false`` in a query says; raises Invalid naming *field* for anything else."""
    if text not in SWITCH:
        raise Invalid("this must be true or false", field=field, reason="UNKNOWN_VALUE")
    return SWITCH[text]
