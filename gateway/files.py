"""Files in and out over HTTP: the content is passed on as it comes, and access is the requests service's to decide."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from gateway.attachments import HEADERS, chunks
from gateway.backends import Backends
from protos.requests.v1 import requests_pb2 as pb
from vocabulary.refusals import Invalid

CHUNK_BYTES = 64 * 1024
# The service's own limit is 25 MB; this only keeps a multipart body, which is parsed before it is passed on, from filling the disk.
BODY_LIMIT_BYTES = 26 * 1024 * 1024
MULTIPART = "multipart/form-data"


async def upload(request: Request, backends: Backends) -> Response:
    """``POST /files``: the raw content with ``?name=`` and perhaps ``&language=``, or a multipart form with a part ``file`` and
    perhaps one ``language``. Answers with the file's id, and what the scanner for malware said.
    """
    if request.headers.get("content-type", "").startswith(MULTIPART):
        return await _multipart(request, backends)
    header = pb.UploadHeader(
        name=request.query_params.get("name", ""),
        media_type=request.headers.get("content-type", ""),
        language=request.query_params.get("language", ""),
    )
    return await _passed_on(header, request.stream(), backends)


async def _multipart(request: Request, backends: Backends) -> Response:
    # A browser sends a form across sites without asking first; it asks before it sends a header of ours.
    if "x-requested-with" not in request.headers:
        raise Invalid("a form upload needs the header X-Requested-With", field="X-Requested-With", reason="HEADER")
    try:
        async with Request(request.scope, _limited(request)).form(max_files=1, max_fields=4) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Invalid("the form has no part `file`", field="file", reason="MISSING_FIELD")
            language = form.get("language", "")
            header = pb.UploadHeader(
                name=file.filename or "",
                media_type=file.content_type or "",
                language=language if isinstance(language, str) else "",
            )
            return await _passed_on(header, _chunks(file), backends)
    except HTTPException as error:
        raise Invalid("the form cannot be read", field="file", reason="FORM") from error


async def _passed_on(header: pb.UploadHeader, content: AsyncIterator[bytes], backends: Backends) -> Response:
    async def parts() -> AsyncIterator[pb.UploadFileRequest]:
        yield pb.UploadFileRequest(header=header)
        async for piece in content:
            for start in range(0, len(piece), CHUNK_BYTES):
                yield pb.UploadFileRequest(chunk=piece[start : start + CHUNK_BYTES])

    requests = backends.requests
    answer = await requests.upload(requests.stub.UploadFile, parts())
    file, scan = answer.file, answer.scan
    described = {
        "id": file.id,
        "name": file.name,
        "mediaType": file.media_type,
        "sizeBytes": file.size_bytes,
        "sha256": file.sha256,
        "language": file.language or None,
        "scan": {
            "state": pb.ScanState.Name(scan.state).removeprefix("SCAN_STATE_"),
            "at": scan.at.ToJsonString() if scan.HasField("at") else None,
        },
    }
    return JSONResponse(described, status_code=201, headers={"location": f"/files/{file.id}"})


async def download(request: Request, backends: Backends) -> Response:
    """``GET /files/{id}``: the content, always as an attachment."""
    requests = backends.requests
    message = pb.DownloadFileRequest(id=request.path_params["id"])
    parts = requests.stream(requests.stub.DownloadFile, message)
    header = (await anext(parts)).header

    return StreamingResponse(
        chunks(parts),
        media_type=header.media_type,
        headers={
            "content-length": str(header.size_bytes),
            "content-disposition": f"attachment; filename*=UTF-8''{quote(header.name, safe='')}",
            **HEADERS,
        },
    )


def _limited(request: Request):  # type: ignore[no-untyped-def]  # Starlette's receive, which ends a body that is too long
    received = 0

    async def receive():  # type: ignore[no-untyped-def]
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > BODY_LIMIT_BYTES:
            raise Invalid("a file has at most 25 MB", field="file", reason="FILE_TOO_LARGE")
        return message

    return receive


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK_BYTES):
        yield chunk
