"""Files in a folder, each under its hash: ``ab/cdef…``. What is on its way in stands in a folder of its own."""

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import ParamSpec, TypeVar

from engines import make_folder
from engines.files import CHUNK_BYTES, Stored
from vocabulary.refusals import NotFound, Unavailable

Given = ParamSpec("Given")
Result = TypeVar("Result")

# What has not been written to for so long was on its way in when its process died: an upload ends within minutes.
BROKEN_OFF_AFTER_S = 3600.0


class FolderFiles:
    """See `engines.files.Files`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        make_folder(self._incoming)

    async def put(self, content: AsyncIterable[bytes]) -> Stored:
        digest = hashlib.sha256()
        size = 0
        await _on_disk(self._remove_broken_off)
        with _in_our_words():
            # On the loop: what a thread makes for somebody who is cancelled meanwhile, nobody would remove.
            descriptor, name = tempfile.mkstemp(dir=self._incoming)
        incoming = Path(name)
        try:
            # Without a buffer, which would be written once more when it is closed, outside of our words.
            with open(descriptor, "wb", buffering=0) as file:
                async for chunk in content:
                    digest.update(chunk)
                    size += len(chunk)
                    await _on_disk(_write, file, chunk)
                await _on_disk(os.fsync, file.fileno())
            await _on_disk(_move, incoming, self._path(digest.hexdigest()))
        finally:
            incoming.unlink(missing_ok=True)
        return Stored(digest.hexdigest(), size)

    async def read(self, sha256: str) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread(self._path(sha256).open, "rb")
        except FileNotFoundError as error:
            raise NotFound("there is no such content") from error
        with file:
            while chunk := await _on_disk(file.read, CHUNK_BYTES):
                yield chunk

    async def remove(self, sha256: str) -> None:
        await _on_disk(self._path(sha256).unlink, missing_ok=True)

    def _remove_broken_off(self) -> None:
        """Remove what processes that were killed had on its way in."""
        for path in self._incoming.iterdir():
            with suppress(FileNotFoundError):  # it arrives, or another process removes it
                if time.time() - path.stat().st_mtime > BROKEN_OFF_AFTER_S:
                    path.unlink()

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256[2:]


async def _on_disk(work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Run *work* off the loop; what the disk refuses becomes Unavailable, what a sender's stream raises does not."""
    with _in_our_words():
        return await asyncio.to_thread(work, *args, **kwargs)


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("the file store cannot be used now; try again later", reason="STORE_UNAVAILABLE") from error


def _write(file: FileIO, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    source.replace(target)
    # Or the name could be lost although the content is on disk; and with the name of a new folder, what is in it.
    for folder in (target.parent, target.parent.parent):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
