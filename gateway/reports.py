"""A case as a PDF over HTTP. What is in it, and for whom, is the requests service's to decide."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.attachments import rendered
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
    return await rendered(reports.stream(reports.stub.RenderReport, message), "application/pdf")


def switch(text: str, field: str) -> bool:
    """What ``true`` or ``false`` in a query says; raises Invalid naming *field* for anything else."""
    if text not in SWITCH:
        raise Invalid("this must be true or false", field=field, reason="UNKNOWN_VALUE")
    return SWITCH[text]
