"""Files in MongoDB's GridFS, each named by its hash.

A content goes in under a name of no meaning and gets its hash when it is complete: until then nobody can find it.
"""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from gridfs.errors import NoFile
from motor.motor_asyncio import AsyncIOMotorGridFSBucket

from engines.files import CHUNK_BYTES, Stored
from engines.mongo import Database, in_our_words, open_database
from vocabulary.refusals import NotFound

INCOMING = "incoming"


class GridFsFiles:
    """See `engines.files.Files`."""

    def __init__(self, database: Database) -> None:
        self._bucket = AsyncIOMotorGridFSBucket(database, chunk_size_bytes=CHUNK_BYTES)

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str) -> AsyncIterator[Self]:
        """The store at *url*: ``gridfs://host:port/database``."""
        async with open_database(f"mongodb{url.removeprefix('gridfs')}") as database:
            yield cls(database)

    async def put(self, content: AsyncIterable[bytes]) -> Stored:
        digest = hashlib.sha256()
        size = 0
        upload = self._bucket.open_upload_stream(INCOMING)
        try:
            async for chunk in content:
                digest.update(chunk)
                size += len(chunk)
                with in_our_words():
                    await upload.write(chunk)
        except BaseException:
            with in_our_words():
                await upload.abort()
            raise
        with in_our_words():
            await upload.close()
            if await self._is_there(digest.hexdigest()):
                await self._bucket.delete(upload._id)
            else:
                await self._bucket.rename(upload._id, digest.hexdigest())
        return Stored(digest.hexdigest(), size)

    async def read(self, sha256: str) -> AsyncIterator[bytes]:
        with in_our_words():
            try:
                file = await self._bucket.open_download_stream_by_name(sha256)
            except NoFile as error:
                raise NotFound("there is no such content") from error
        try:
            while True:
                with in_our_words():
                    chunk: bytes = await file.read(CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk
        finally:
            file.close()

    async def remove(self, sha256: str) -> None:
        with in_our_words():
            # Two that were stored at the same moment may both be there.
            while found := await self._bucket.find({"filename": sha256}).to_list(1):
                await self._bucket.delete(found[0]["_id"])

    async def _is_there(self, sha256: str) -> bool:
        return bool(await self._bucket.find({"filename": sha256}).to_list(1))
