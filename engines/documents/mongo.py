"""Documents in MongoDB, or in any server that speaks its protocol.

A document is ``{_id, revision, body, keys, outbox, owes_since}``. `keys` repeats the indexed fields of the body without empty ones,
so that a sparse unique index leaves out what has no value. `outbox` holds the events that the document owes: state and events
are one write of one document, which needs neither a replica set nor a transaction. Only operations are used that every
compatible server has.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from bson.binary import Binary
from pymongo import ASCENDING, DESCENDING, DeleteOne, InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from engines import NotPrepared
from engines.documents import (
    AlreadyExists,
    Collection,
    Condition,
    Document,
    Index,
    Pending,
    RevisionChanged,
    Scalar,
    answering,
    telling,
)
from engines.documents.mongo_questions import beyond, condition_of
from engines.events import Event
from engines.mongo import Database, in_our_words, is_undecided, open_database

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorCollection

OWING = "owes_since"
DUPLICATE_KEY = 11000


async def prepare(url: str, collections: Sequence[Collection]) -> None:
    """Create the indexes of *collections*, the unique ones sparse, and one that finds what owes events. Safe to repeat.

    What was stored before an index was declared is found by it too.
    """
    async with open_database(url) as database:
        with in_our_words():
            for collection in collections:
                there = database[collection.name]
                known = await there.index_information()
                if collection.tells:
                    await there.create_index([(OWING, ASCENDING)], name=OWING, sparse=True)
                if any(_name(index) not in known for index in collection.indexes):
                    await _fill_keys(there, collection)
                for index in collection.indexes:
                    fields = [(f"keys.{field}", ASCENDING) for field in index.fields]
                    if index.unique:
                        await there.create_index(fields, name=_name(index), unique=True, sparse=True)
                    else:
                        await there.create_index([*fields, ("_id", ASCENDING)], name=_name(index))


async def _fill_keys(there: "AsyncIOMotorCollection[dict[str, Any]]", collection: Collection) -> None:
    async for one in there.find({}, _SHOWN):
        keys = _keys(collection, _document(one))
        # Whoever changed it meanwhile has written its keys.
        await there.update_one({"_id": one["_id"], "revision": one["revision"]}, {"$set": {"keys": keys}})


class MongoDocuments:
    """See `engines.documents.Documents`."""

    def __init__(self, database: Database, collections: Sequence[Collection]) -> None:
        self._database = database
        self._collections = collections
        self._telling = [collection for collection in collections if collection.tells]

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, collections: Sequence[Collection]) -> AsyncIterator[Self]:
        """The store at *url*; raises NotPrepared if an index is missing."""
        async with open_database(url) as database:
            documents = cls(database, collections)
            await documents._require_indexes()
            yield documents

    async def _require_indexes(self) -> None:
        for collection in self._collections:
            with in_our_words():
                there = set(await self._of(collection).index_information())
            wanted = {*([OWING] if collection.tells else []), *map(_name, collection.indexes)}
            if wanted - there:
                missing = ", ".join(sorted(wanted - there))
                raise NotPrepared(f"the collection {collection.name} lacks the indexes {missing}")

    async def get(self, collection: Collection, id_: str) -> Document | None:
        found = await self.get_many(collection, [id_])
        return found[0] if found else None

    async def get_many(self, collection: Collection, ids: Sequence[str]) -> list[Document]:
        wanted = list(dict.fromkeys(ids))
        with in_our_words():
            found = await self._of(collection).find({"_id": {"$in": wanted}}, _SHOWN).to_list(None)
        by_id = {one["_id"]: _document(one) for one in found}
        return [by_id[id_] for id_ in wanted if id_ in by_id]

    async def insert(self, collection: Collection, document: Document, events: Sequence[Event] = ()) -> Document:
        with in_our_words():
            try:
                await self._of(collection).insert_one(_new(collection, document, events))
            except DuplicateKeyError as error:
                raise AlreadyExists(document.id) from error
        return Document(document.id, document.body, 1)

    async def write_many(
        self, collection: Collection, documents: Sequence[tuple[Document, Sequence[Event]]]
    ) -> list[bool]:
        if not documents:
            return []
        writes = [_write(collection, document, events) for document, events in documents]
        written = [True] * len(writes)
        undecided: BulkWriteError | None = None
        with in_our_words():
            try:
                upserted = (await self._of(collection).bulk_write(writes, ordered=False)).upserted_ids or {}
            except BulkWriteError as error:
                refused: list[dict[str, Any]] = error.details["writeErrors"]
                if any(one["code"] != DUPLICATE_KEY for one in refused):
                    raise
                undecided = error if is_undecided(error) else None
                for one in refused:
                    written[one["index"]] = False
                upserted = {one["index"]: one["_id"] for one in error.details["upserted"]}
            for place, id_ in upserted.items():
                # It has been removed since it was read: there was nothing to replace.
                after = documents[place][0].revision + 1
                await self._of(collection).delete_one({"_id": id_, "revision": after})
                written[place] = False
            if undecided is not None:
                raise undecided
        return written

    async def compare_and_set(
        self, collection: Collection, document: Document, events: Sequence[Event] = ()
    ) -> Document:
        change = _change(collection, document, events)
        with in_our_words():
            try:
                written = await self._of(collection).update_one(
                    {"_id": document.id, "revision": document.revision}, change
                )
            except DuplicateKeyError as error:
                raise AlreadyExists(document.id) from error
        if written.matched_count != 1:
            raise RevisionChanged(document.id)
        return Document(document.id, document.body, document.revision + 1)

    async def remove(self, collection: Collection, documents: Sequence[Document]) -> int:
        # What it owes stands in the document itself: that stays until the relay has told it.
        removals = [
            DeleteOne({"_id": document.id, "revision": document.revision, OWING: {"$exists": False}})
            for document in documents
        ]
        if not removals:
            return 0
        with in_our_words():
            return int((await self._of(collection).bulk_write(removals, ordered=False)).deleted_count)

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
        wanted = where or {}
        if wanted or sort:
            answering(collection, {*wanted, *([sort] if sort else [])})
        question: dict[str, Any] = {f"keys.{field}": condition_of(one) for field, one in wanted.items()}
        if after is not None:
            question = {"$and": [question, beyond(sort, after, descending)]}
        direction = DESCENDING if descending else ASCENDING
        order = [(f"keys.{sort}", direction)] if sort else []
        with in_our_words():
            cursor = self._of(collection).find(question, _SHOWN).sort([*order, ("_id", direction)]).limit(limit)
            return [_document(one) for one in await cursor.to_list(limit)]

    async def count(self, collection: Collection, where: Mapping[str, Condition], *, at_most: int) -> int:
        answering(collection, where.keys())
        question = {f"keys.{field}": condition_of(one) for field, one in where.items()}
        with in_our_words():
            return int(await self._of(collection).count_documents(question, limit=at_most))

    async def pending(self, limit: int) -> list[Pending]:
        found: list[Pending] = []
        for collection in self._telling:
            there = self._of(collection)
            with in_our_words():
                cursor = there.find({OWING: {"$exists": True}}, {"outbox": 1}).sort(OWING, ASCENDING).limit(limit)
                for one in await cursor.to_list(limit):
                    if not one["outbox"]:
                        # A relay was killed between clearing the events and saying so.
                        await there.bulk_write([_owes_nothing(one["_id"])])
                    found += [
                        Pending(_event(owed), json.dumps([collection.name, one["_id"], owed["id"]]))
                        for owed in one["outbox"][: limit - len(found)]
                    ]
                    if len(found) >= limit:
                        return found
        return found

    async def clear(self, pending: Sequence[Pending]) -> None:
        by_document: dict[tuple[str, str], list[str]] = {}
        for item in pending:
            collection, id_, event_id = json.loads(item.mark)
            by_document.setdefault((collection, id_), []).append(event_id)
        for collection in self._telling:
            cleared = {id_: events for (name, id_), events in by_document.items() if name == collection.name}
            if cleared:
                with in_our_words():
                    await self._cleared(self._of(collection), cleared)

    async def _cleared(
        self, there: "AsyncIOMotorCollection[dict[str, Any]]", cleared: Mapping[str, Sequence[str]]
    ) -> None:
        """Mostly a document owes just these events: then it owes nothing any more, in one step for all such documents."""
        whole = [
            UpdateOne(
                {"_id": id_, "outbox": {"$size": len(events)}, "outbox.id": {"$all": list(events)}},
                {"$set": {"outbox": []}, "$unset": {OWING: ""}},
            )
            for id_, events in cleared.items()
        ]
        if (await there.bulk_write(whole, ordered=False)).matched_count == len(whole):
            return
        parts: list[UpdateOne] = []
        for id_, events in cleared.items():
            parts.append(UpdateOne({"_id": id_}, {"$pull": {"outbox": {"id": {"$in": list(events)}}}}))
            parts.append(_owes_nothing(id_))
        await there.bulk_write(parts)

    def _of(self, collection: Collection) -> "AsyncIOMotorCollection[dict[str, Any]]":
        return self._database[collection.name]


_SHOWN = {"body": 1, "revision": 1}


def _owes_nothing(id_: str) -> UpdateOne:
    """Say that a document owes nothing, unless it owes something new by now."""
    return UpdateOne({"_id": id_, "outbox": {"$size": 0}}, {"$unset": {OWING: ""}})


def _name(index: Index) -> str:
    return f"by_{index.name}"


def _new(collection: Collection, document: Document, events: Sequence[Event]) -> dict[str, Any]:
    owing = {OWING: events[0].time.isoformat()} if telling(collection, events) else {}
    return {
        "_id": document.id,
        "revision": 1,
        "body": document.body,
        "keys": _keys(collection, document),
        "outbox": [_owed(event) for event in events],
        **owing,
    }


def _change(collection: Collection, document: Document, events: Sequence[Event]) -> dict[str, Any]:
    change: dict[str, Any] = {
        "$set": {"body": document.body, "keys": _keys(collection, document)},
        "$inc": {"revision": 1},
    }
    if telling(collection, events):
        change["$push"] = {"outbox": {"$each": [_owed(event) for event in events]}}
        # The earliest stays: it says since when the document waits for the relay.
        change["$min"] = {OWING: events[0].time.isoformat()}
    return change


def _write(
    collection: Collection, document: Document, events: Sequence[Event]
) -> "InsertOne[dict[str, Any]] | UpdateOne":
    """Either says of itself whether it was done: an update that finds another revision tries to insert, and fails over the id."""
    if not document.revision:
        return InsertOne(_new(collection, document, events))
    found = {"_id": document.id, "revision": document.revision}
    return UpdateOne(found, _change(collection, document, events), upsert=True)


def _keys(collection: Collection, document: Document) -> dict[str, Any]:
    fields = dict.fromkeys(field for index in collection.indexes for field in index.fields)
    values = {field: document.body.get(field) for field in fields}
    return {field: value for field, value in values.items() if value is not None and value != []}


def _document(found: Mapping[str, Any]) -> Document:
    return Document(found["_id"], found["body"], found["revision"])


def _owed(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "time": event.time.isoformat(),
        "data": Binary(event.data),
        "traceparent": event.traceparent,
    }


def _event(owed: Mapping[str, Any]) -> Event:
    return Event(
        id=owed["id"],
        type=owed["type"],
        source=owed["source"],
        subject=owed["subject"],
        time=datetime.fromisoformat(owed["time"]),
        data=bytes(owed["data"]),
        traceparent=owed["traceparent"],
    )
