"""Files in and out over HTTP: the content is passed on as it comes, and access is for the service that keeps them to decide."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from gateway.attachments import HEADERS, chunks
from gateway.backends import Backends
from protos.repositories.v1 import repositories_pb2
from protos.requests.v1 import requests_pb2
from vocabulary.refusals import Invalid

CHUNK_BYTES = 64 * 1024
# The service's own limit is 25 MB; this only keeps a multipart body, which is parsed before it is passed on, from filling the disk.
BODY_LIMIT_BYTES = 26 * 1024 * 1024
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Place:
    """Where files are kept: by which service, by which methods, in which messages, and under which path."""

    service: str
    path: str
    upload: str
    download: str
    header: Any
    part: Any
    wanted: Any


REQUESTS = Place(
    "requests",
    "/files",
    "UploadFile",
    "DownloadFile",
    requests_pb2.UploadHeader,
    requests_pb2.UploadFileRequest,
    requests_pb2.DownloadFileRequest,
)
ENTRIES = Place(
    "repositories",
    "/repositories/files",
    "UploadEntryFile",
    "DownloadEntryFile",
    repositories_pb2.UploadEntryFileHeader,
    repositories_pb2.UploadEntryFileRequest,
    repositories_pb2.DownloadEntryFileRequest,
)


async def _upload(place: Place, request: Request, backends: Backends) -> Response:
    """``POST /files``: the raw content with ``?name=`` and perhaps ``&language=``, or a multipart form with a part ``file`` and
    perhaps one ``language``. Answers with the file's id, and what the scanner for malware said.
    """
    if request.headers.get("content-type", "").startswith(MULTIPART):
        return await _multipart(place, request, backends)
    header = place.header(
        name=request.query_params.get("name", ""),
        media_type=request.headers.get("content-type", ""),
        language=request.query_params.get("language", ""),
    )
    return await _passed_on(place, header, request.stream(), backends)


async def _multipart(place: Place, request: Request, backends: Backends) -> Response:
    # A browser sends a form across sites without asking first; it asks before it sends a header of ours.
    if "x-requested-with" not in request.headers:
        raise Invalid("a form upload needs the header X-Requested-With", field="X-Requested-With", reason="HEADER")
    try:
        async with Request(request.scope, _limited(request)).form(max_files=1, max_fields=4) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Invalid("the form has no part `file`", field="file", reason="MISSING_FIELD")
            language = form.get("language", "")
            header = place.header(
                name=file.filename or "",
                media_type=file.content_type or "",
                language=language if isinstance(language, str) else "",
            )
            return await _passed_on(place, header, _chunks(file), backends)
    except HTTPException as error:
        raise Invalid("the form cannot be read", field="file", reason="FORM") from error


async def _passed_on(place: Place, header: Any, content: AsyncIterator[bytes], backends: Backends) -> Response:
    async def parts() -> AsyncIterator[Any]:
        yield place.part(header=header)
        async for piece in content:
            for start in range(0, len(piece), CHUNK_BYTES):
                yield place.part(chunk=piece[start : start + CHUNK_BYTES])

    backend = getattr(backends, place.service)
    answer = await backend.upload(getattr(backend.stub, place.upload), parts())
    file, scan = answer.file, answer.scan
    described = {
        "id": file.id,
        "name": file.name,
        "mediaType": file.media_type,
        "sizeBytes": file.size_bytes,
        "sha256": file.sha256,
        "language": file.language or None,
        "scan": {
            # The states have the same numbers wherever files are kept.
            "state": requests_pb2.ScanState.Name(scan.state).removeprefix("SCAN_STATE_"),
            "at": scan.at.ToJsonString() if scan.HasField("at") else None,
        },
    }
    return JSONResponse(described, status_code=201, headers={"location": f"{place.path}/{file.id}"})


async def _download(place: Place, request: Request, backends: Backends) -> Response:
    """``GET /files/{id}``: the content, always as an attachment."""
    backend = getattr(backends, place.service)
    parts = backend.stream(getattr(backend.stub, place.download), place.wanted(id=request.path_params["id"]))
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


upload, download = partial(_upload, REQUESTS), partial(_download, REQUESTS)
upload_for_entry, download_of_entry = partial(_upload, ENTRIES), partial(_download, ENTRIES)


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
