"""The document store: aggregates, one document each, with the events they still owe the world.

The promises, which `tests/engines/test_documents.py` holds every engine to:

- A write of one document is atomic and durable when it returns, its pending events included.
- `compare_and_set` writes only over the revision it was given: of two racing writers, one wins and the other is told.
- `write_many` is many such writes in one call: each document is written or left alone by itself, and the caller is told which.
- `remove` takes away only what is still as it was read, and no event with it that is still owed.
- `find` answers from a declared index and refuses any other question, so that no list grows slow unnoticed.
- Pending events of one document come out in the order in which they were written, and stay until they are cleared.

The protocol holds only what every MongoDB-compatible server can do as well as SQLite: no transactions over documents.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from engines import UnknownEngine, file_path
from engines.events import Event

_MONGO = ("mongodb", "mongodb+srv")

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Scalar = bool | int | str | None


@dataclass(frozen=True, slots=True)
class Index:
    """Fields that are asked for together. A field that holds a list is found by each of its items."""

    fields: tuple[str, ...]
    unique: bool = False

    @property
    def name(self) -> str:
        return "_".join(self.fields)


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents of one kind, and how they are found."""

    name: str
    indexes: tuple[Index, ...] = ()
    # Whether what changes in it is told in events: nobody looks for owed ones elsewhere.
    tells: bool = True


@dataclass(frozen=True, slots=True)
class Document:
    """One aggregate as stored. A new document has revision 0; the first write makes it 1."""

    id: str
    body: Mapping[str, Json]
    revision: int = 0


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Matches a field that has one of these values."""

    values: Sequence[Scalar]


@dataclass(frozen=True, slots=True)
class Range:
    """Matches a field between these bounds; an absent bound does not bind."""

    at_least: Scalar = None
    below: Scalar = None


Condition = Scalar | AnyOf | Range


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that a document owes, with the engine's own mark for clearing it."""

    event: Event
    mark: str


class AlreadyExists(Exception):
    """There is a document with this id, or with this value of a unique index."""


class RevisionChanged(Exception):
    """The document is no longer at the revision that was read, or no longer there."""


class UndeclaredIndex(Exception):
    """No index of the collection answers this question: a fault in our code, never in a caller's input."""


class Documents(Protocol):
    """A document store."""

    async def get(self, collection: Collection, id_: str) -> Document | None:
        """The document with this id."""
        ...

    async def get_many(self, collection: Collection, ids: Sequence[str]) -> list[Document]:
        """The documents with these ids that exist, in the order of *ids*."""
        ...

    async def insert(self, collection: Collection, document: Document, events: Sequence[Event] = ()) -> Document:
        """Store a new document and what it owes; raises AlreadyExists. Returns it at revision 1."""
        ...

    async def write_many(
        self, collection: Collection, documents: Sequence[tuple[Document, Sequence[Event]]]
    ) -> list[bool]:
        """Write many documents and what each owes: those of revision 0 as `insert` does, the others as `compare_and_set`.

        Each is written atomically, or not at all where somebody else was first; says which were. No id may be among them twice.
        """
        ...

    async def compare_and_set(
        self, collection: Collection, document: Document, events: Sequence[Event] = ()
    ) -> Document:
        """Replace the document of this id and revision; raises RevisionChanged. Returns it at the next revision."""
        ...

    async def remove(self, collection: Collection, documents: Sequence[Document]) -> int:
        """Remove those of *documents* that are still at the revision that was read, with all that they are found by; returns how many.

        Each is removed atomically, or left alone. One that owes events may be left until they are cleared; none of them is lost. An id
        can be inserted again, at revision 1: nobody may be about to write what is removed, on what they have read of it.
        """
        ...

    async def find(
        self,
        collection: Collection,
        where: Mapping[str, Condition] | None = None,
        *,
        sort: str = "",
        descending: bool = False,
        after: tuple[Scalar, str] | None = None,
        limit: int,
    ) -> list[Document]:
        """Documents that meet every condition, by *sort* and then id, or by id alone.

        *after* is the sort value and id of the last document seen (the id twice when sorting by id alone).
        """
        ...

    async def count(self, collection: Collection, where: Mapping[str, Condition], *, at_most: int) -> int:
        """How many documents meet every condition, counted from the index and up to *at_most* only."""
        ...

    async def pending(self, limit: int) -> list[Pending]:
        """Events not yet cleared, oldest first."""
        ...

    async def clear(self, pending: Sequence[Pending]) -> None:
        """These events are published."""
        ...


async def pages(
    documents: Documents, collection: Collection, where: Mapping[str, Condition] | None = None, *, size: int
) -> AsyncIterator[list[Document]]:
    """All that `find` finds, *size* documents at a time, by id: what is there throughout comes once, whatever changes meanwhile."""
    after: tuple[str, str] | None = None
    while page := await documents.find(collection, where, after=after, limit=size):
        yield page
        after = (page[-1].id, page[-1].id)


def telling(collection: Collection, events: Sequence[Event]) -> Sequence[Event]:
    """*events*; raises ValueError for some in a collection that tells nothing, where nobody would look for them."""
    if events and not collection.tells:
        raise ValueError(f"{collection.name} tells of no changes")
    return events


def answering(collection: Collection, fields: AbstractSet[str]) -> Index:
    """The index that holds all *fields*, preferring one that begins with them; raises UndeclaredIndex if there is none."""
    able = [index for index in collection.indexes if fields <= set(index.fields)]
    if not able:
        raise UndeclaredIndex(f"{collection.name} has no index over {', '.join(sorted(fields))}")
    return min(able, key=lambda index: (set(index.fields[: len(fields)]) != fields, len(index.fields)))


async def prepare_documents(url: str, collections: Sequence[Collection]) -> None:
    """Make what the store at *url* must have before it can hold *collections*. Safe to repeat; the embedded one needs nothing."""
    if urlsplit(url).scheme in _MONGO:
        from engines.documents import mongo

        await mongo.prepare(url, collections)


@asynccontextmanager
async def open_documents(url: str, collections: Sequence[Collection]) -> AsyncIterator[Documents]:
    """The store that *url* names, ready to hold *collections*: ``sqlite:///path/documents.db`` or ``mongodb://host/database``.

    Raises NotPrepared if it is one that has to be prepared and is not.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        from engines.documents.sqlite import SqliteDocuments

        async with SqliteDocuments.opened(file_path(url), collections) as documents:
            yield documents
    elif scheme in _MONGO:
        from engines.documents.mongo import MongoDocuments

        async with MongoDocuments.opened(url, collections) as documents:
            yield documents
    else:
        raise UnknownEngine("documents", url, ["sqlite", *_MONGO])
