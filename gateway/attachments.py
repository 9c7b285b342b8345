"""Content that a service streams, as an attachment over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

# No browser guesses what it is or keeps it.
HEADERS = {"x-content-type-options": "nosniff", "cache-control": "no-store"}


async def chunks(parts: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """The content of *parts*, each of which has a chunk of it."""
    async for part in parts:
        yield part.chunk
