"""The file store: contents by their hash, so that the same content is kept once.

The promises, which `tests/engines/test_files.py` holds every engine to: a file is there whole or not at all, what is read has the
hash it was stored under, storing the same content again changes nothing, and removing what is not there does nothing.
"""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from engines import UnknownEngine, file_path

CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """A content in the store. The hash is SHA-256, hexadecimal."""

    sha256: str
    size_bytes: int


class Files(Protocol):
    """A file store."""

    async def put(self, content: AsyncIterable[bytes]) -> Stored:
        """Store *content*; what *content* raises leaves nothing behind. Raises Unavailable if there is no room."""
        ...

    def read(self, sha256: str) -> AsyncIterator[bytes]:
        """The content in chunks of at most 64 KiB; raises NotFound if there is none with this hash."""
        ...

    async def remove(self, sha256: str) -> None:
        """Have no content with this hash. It is the caller's to know that nobody is storing it again at this moment."""
        ...


@asynccontextmanager
async def open_files(url: str) -> AsyncIterator[Files]:
    """The store that *url* names: ``folder:///path`` or ``gridfs://host:port/database``."""
    scheme = urlsplit(url).scheme
    if scheme == "folder":
        from engines.files.folder import FolderFiles

        yield FolderFiles(file_path(url))
    elif scheme == "gridfs":
        from engines.files.gridfs import GridFsFiles

        async with GridFsFiles.opened(url) as files:
            yield files
    else:
        raise UnknownEngine("files", url, ["folder", "gridfs"])
