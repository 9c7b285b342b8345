"""Content that a service streams, as an attachment over HTTP."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from starlette.responses import Response, StreamingResponse

# No browser guesses what it is or keeps it.
HEADERS = {"x-content-type-options": "nosniff", "cache-control": "no-store"}


async def exported(parts: AsyncGenerator[Any, None]) -> Response:
    """A file that is written as it goes out: the header says its name and type, and nobody knows its size yet."""
    header = (await anext(parts)).header
    return StreamingResponse(
        chunks(parts),
        headers={
            "content-type": header.media_type,
            "content-disposition": f'attachment; filename="{header.file_name}"',
            **HEADERS,
        },
    )


async def rendered(parts: AsyncGenerator[Any, None], media_type: str) -> Response:
    """A document that was made for this answer: the header says its name, size and hash."""
    header = (await anext(parts)).header
    return StreamingResponse(
        chunks(parts),
        media_type=media_type,
        headers={
            "content-length": str(header.size_bytes),
            "content-disposition": f'attachment; filename="{header.file_name}"',
            "etag": f'"{header.sha256}"',
            **HEADERS,
        },
    )


async def chunks(parts: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """The content of *parts*, each of which has a chunk of it."""
    async for part in parts:
        yield part.chunk
