"""Files in MongoDB's GridFS, each named by its hash.

A content goes in under a name of no meaning and gets its hash when it is complete: until then nobody can find it. What is on its way
in is noted before, since of an upload that breaks off with its process nothing but nameless chunks would be left.
"""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Self

from bson import ObjectId
from gridfs.errors import NoFile
from motor.motor_asyncio import AsyncIOMotorGridFSBucket

from engines.files import CHUNK_BYTES, Stored
from engines.mongo import Database, in_our_words, open_database
from vocabulary.refusals import NotFound

INCOMING = "incoming"
# What is on its way in for so long was when its process died: an upload ends within minutes.
BROKEN_OFF_AFTER = timedelta(hours=1)


class GridFsFiles:
    """See `engines.files.Files`."""

    def __init__(self, database: Database) -> None:
        self._bucket = AsyncIOMotorGridFSBucket(database, chunk_size_bytes=CHUNK_BYTES)
        self._files, self._chunks, self._incoming = (database[f"fs.{name}"] for name in ("files", "chunks", INCOMING))

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
        with in_our_words():
            await self._remove_broken_off(upload._id)
            await self._incoming.insert_one({"_id": upload._id})
        try:
            async for chunk in content:
                digest.update(chunk)
                size += len(chunk)
                with in_our_words():
                    await upload.write(chunk)
        except BaseException:
            with in_our_words():
                await upload.abort()
                await self._arrived(upload._id)
            raise
        with in_our_words():
            await upload.close()
            if await self._is_there(digest.hexdigest()):
                await self._delete(upload._id)
            else:
                await self._bucket.rename(upload._id, digest.hexdigest())
            await self._arrived(upload._id)
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
                await self._delete(found[0]["_id"])

    async def _delete(self, id_: ObjectId) -> None:
        # Its bytes before its name: who is killed in between finds it again and goes on.
        await self._chunks.delete_many({"files_id": id_})
        await self._files.delete_one({"_id": id_})

    async def _arrived(self, id_: ObjectId) -> None:
        """Say that it is no longer on its way in."""
        await self._incoming.delete_one({"_id": id_})

    async def _remove_broken_off(self, newest: ObjectId) -> None:
        """Remove what processes that were killed had on its way in when *newest* was begun."""
        before = ObjectId.from_datetime(newest.generation_time - BROKEN_OFF_AFTER)
        for one in await self._incoming.find({"_id": {"$lt": before}}).to_list(None):
            # What has its hash did arrive, and only nobody came to say so.
            if not await self._files.find({"_id": one["_id"], "filename": {"$ne": INCOMING}}).to_list(1):
                await self._delete(one["_id"])
            await self._arrived(one["_id"])

    async def _is_there(self, sha256: str) -> bool:
        return bool(await self._bucket.find({"filename": sha256}).to_list(1))
