"""Files in a folder, each under its hash: ``ab/cdef…``."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from engines.files import CHUNK_BYTES, Stored
from vocabulary.refusals import NotFound, Unavailable

Given = ParamSpec("Given")
Result = TypeVar("Result")


class FolderFiles:
    """See `engines.files.Files`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    async def put(self, content: AsyncIterable[bytes]) -> Stored:
        digest = hashlib.sha256()
        size = 0
        with _in_our_words():
            # On the loop: what a thread makes for somebody who is cancelled meanwhile, nobody would remove.
            descriptor, name = tempfile.mkstemp(dir=self._incoming)
        incoming = Path(name)
        try:
            with open(descriptor, "wb") as file:
                async for chunk in content:
                    digest.update(chunk)
                    size += len(chunk)
                    await _on_disk(file.write, chunk)
                await _on_disk(_sync, file)
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


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    source.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # or the name could be lost although the content is on disk
    finally:
        os.close(folder)
