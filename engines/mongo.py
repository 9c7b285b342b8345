"""One MongoDB client: what every write and read of ours asks for, and errors said in our words.

Writes return when a majority has them on disk, and reads see nothing that could be rolled back: MongoDB's own defaults promise
neither. Motor has ended upstream; it is known here, in `documents/mongo.py` and in `files/gridfs.py` only, where
``pymongo.AsyncMongoClient`` takes the same calls.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import ReadPreference
from pymongo.errors import BulkWriteError, ConfigurationError, ConnectionFailure, ExecutionTimeout, WriteConcernError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from engines import CannotOpen
from vocabulary.refusals import Unavailable

CONNECT_TIMEOUT_MS = 3_000
ANSWER_TIMEOUT_MS = 10_000
DURABLE = WriteConcern(w="majority", j=True)
COMMITTED = ReadConcern("majority")

if TYPE_CHECKING:
    Database = AsyncIOMotorDatabase[dict[str, Any]]
else:  # generic in the stubs only
    Database = AsyncIOMotorDatabase


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """The database that *url* names: ``mongodb://host:port/name?options``."""
    name = urlsplit(url).path.strip("/")
    if not name:
        raise CannotOpen("name the database in the URL: mongodb://host:port/name")
    try:
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
            url,
            serverSelectionTimeoutMS=CONNECT_TIMEOUT_MS,
            connectTimeoutMS=CONNECT_TIMEOUT_MS,
            socketTimeoutMS=ANSWER_TIMEOUT_MS,
        )
    except (ConfigurationError, ValueError) as error:
        # What is wrong with it may be part of a password.
        raise CannotOpen(
            "MongoDB's driver cannot read the URL: write mongodb://user:password@host:port/name, with %40 for @ and so on"
        ) from error
    try:
        yield client.get_database(
            name, write_concern=DURABLE, read_concern=COMMITTED, read_preference=ReadPreference.PRIMARY
        )
    finally:
        client.close()


@contextmanager
def in_our_words() -> Iterator[None]:
    """What keeps the server from answering becomes Unavailable; a fault of ours stays what it is."""
    try:
        yield
    except (ConnectionFailure, ExecutionTimeout, WriteConcernError, BulkWriteError) as error:
        if isinstance(error, BulkWriteError) and not is_undecided(error):
            raise
        raise Unavailable("the store cannot be used now; try again later", reason="STORE_UNAVAILABLE") from error


def is_undecided(error: BulkWriteError) -> bool:
    """Whether what was written may still be lost again: a majority has not said that it has it."""
    details: Mapping[str, Any] = error.details or {}
    return bool(details.get("writeConcernErrors"))
