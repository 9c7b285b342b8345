"""Documents in one SQLite file.

Each collection is a table of JSON bodies. Each declared index is a table of its own, one row for every combination of the
values of its fields, written in the same transaction as the body: the same shape as a compound multikey index in MongoDB, so
that a question costs the same kind of work on both engines.
"""

import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import msgspec

from engines.documents import (
    AlreadyExists,
    Collection,
    Condition,
    Document,
    Index,
    Json,
    Pending,
    RevisionChanged,
    Scalar,
    UndeclaredIndex,
    answering,
    telling,
)
from engines.documents.sqlite_questions import conditions, index_table_of, question, table_of
from engines.events import Event
from engines.sqlite import Database

_OUTBOX = "CREATE TABLE IF NOT EXISTS outbox (sequence INTEGER PRIMARY KEY AUTOINCREMENT, event BLOB NOT NULL)"
_encode = msgspec.json.Encoder().encode
_decode_event = msgspec.json.Decoder(Event).decode
_decode_body = msgspec.json.Decoder(dict[str, Any]).decode


class SqliteDocuments:
    """See `engines.documents.Documents`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    @asynccontextmanager
    async def opened(cls, path: Path, collections: Sequence[Collection]) -> AsyncIterator[Self]:
        """The store at *path*, with a table for each collection and index, new indexes filled from what is there."""
        async with Database.opened(path) as database:
            await database.write(lambda connection: _prepare(connection, collections))
            yield cls(database)

    async def get(self, collection: Collection, id_: str) -> Document | None:
        found = await self.get_many(collection, [id_])
        return found[0] if found else None

    async def get_many(self, collection: Collection, ids: Sequence[str]) -> list[Document]:
        def work(connection: sqlite3.Connection) -> list[Document]:
            rows = connection.execute(
                f"SELECT id, body, revision FROM {table_of(collection)} WHERE id IN (SELECT value FROM json_each(?))",
                (_encode(list(ids)),),
            )
            by_id = {row[0]: _document(row) for row in rows}
            return [by_id[id_] for id_ in dict.fromkeys(ids) if id_ in by_id]

        return await self._database.read(work)

    async def insert(self, collection: Collection, document: Document, events: Sequence[Event] = ()) -> Document:
        return await self._database.write(lambda connection: _insert(connection, collection, document, events))

    async def write_many(
        self, collection: Collection, documents: Sequence[tuple[Document, Sequence[Event]]]
    ) -> list[bool]:
        def work(connection: sqlite3.Connection) -> list[bool]:
            return [_written(connection, collection, document, events) for document, events in documents]

        return await self._database.write(work) if documents else []

    async def compare_and_set(
        self, collection: Collection, document: Document, events: Sequence[Event] = ()
    ) -> Document:
        return await self._database.write(lambda connection: _replace(connection, collection, document, events))

    async def remove(self, collection: Collection, documents: Sequence[Document]) -> int:
        def work(connection: sqlite3.Connection) -> int:
            return sum([_removed(connection, collection, document) for document in documents])

        return await self._database.write(work) if documents else 0

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
        statement, parameters = question(collection, where or {}, sort, descending, after, limit)

        def work(connection: sqlite3.Connection) -> list[Document]:
            return [_document(row) for row in connection.execute(statement, parameters)]

        return await self._database.read(work)

    async def count(self, collection: Collection, where: Mapping[str, Condition], *, at_most: int) -> int:
        index = answering(collection, where.keys())
        clauses, parameters = conditions(where)
        condition = f" WHERE {' AND '.join(clauses)}" if clauses else ""
        inner = f"SELECT DISTINCT id FROM {index_table_of(collection, index)}{condition} LIMIT ?"

        def work(connection: sqlite3.Connection) -> int:
            (found,) = connection.execute(f"SELECT count(*) FROM ({inner})", [*parameters, at_most]).fetchone()
            return int(found)

        return await self._database.read(work)

    async def pending(self, limit: int) -> list[Pending]:
        def work(connection: sqlite3.Connection) -> list[Pending]:
            rows = connection.execute("SELECT sequence, event FROM outbox ORDER BY sequence LIMIT ?", (limit,))
            return [Pending(_decode_event(event), str(sequence)) for sequence, event in rows]

        return await self._database.read(work)

    async def clear(self, pending: Sequence[Pending]) -> None:
        marks = [(int(item.mark),) for item in pending]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM outbox WHERE sequence = ?", marks)

        await self._database.write(work)


def _prepare(connection: sqlite3.Connection, collections: Sequence[Collection]) -> None:
    connection.execute(_OUTBOX)
    for collection in collections:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {table_of(collection)} "
            "(id TEXT PRIMARY KEY, revision INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID"
        )
        for index in collection.indexes:
            _prepare_index(connection, collection, index)
        _remove_others(connection, collection)


def _remove_others(connection: sqlite3.Connection, collection: Collection) -> None:
    """Remove what indexes that are no longer declared hold: what is erased or removed would stand in them for ever."""
    declared = {index_table_of(collection, index) for index in collection.indexes}
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, length(?)) = ?"
    prefix = index_table_of(collection, Index(())).strip('"')
    for (name,) in connection.execute(named, (prefix, prefix)).fetchall():
        if f'"{name}"' not in declared:
            connection.execute(f'DROP TABLE "{name}"')


def _prepare_index(connection: sqlite3.Connection, collection: Collection, index: Index) -> None:
    table = index_table_of(collection, index)
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table.strip('"'),)).fetchone():
        return
    columns = ", ".join(f'"{field}"' for field in index.fields)
    connection.execute(f"CREATE TABLE {table} ({columns}, id TEXT NOT NULL)")
    connection.execute(f'CREATE INDEX "{index.name}__{collection.name}" ON {table} ({columns}, id)')
    connection.execute(f'CREATE INDEX "id__{index.name}__{collection.name}" ON {table} (id)')
    if index.unique:
        connection.execute(f'CREATE UNIQUE INDEX "unique__{index.name}__{collection.name}" ON {table} ({columns})')
    for row in connection.execute(f"SELECT id, body, revision FROM {table_of(collection)}"):
        document = _document(row)
        _add_rows(connection, collection, index, document.id, _rows(index, document.body))


def _written(
    connection: sqlite3.Connection, collection: Collection, document: Document, events: Sequence[Event]
) -> bool:
    """Whether *document* was written; if not, nothing of it was."""
    write = _replace if document.revision else _insert
    connection.execute("SAVEPOINT one")
    try:
        write(connection, collection, document, events)
    except (AlreadyExists, RevisionChanged):
        connection.execute("ROLLBACK TO one")
        return False
    finally:
        connection.execute("RELEASE one")
    return True


def _insert(
    connection: sqlite3.Connection, collection: Collection, document: Document, events: Sequence[Event]
) -> Document:
    try:
        connection.execute(
            f"INSERT INTO {table_of(collection)} (id, revision, body) VALUES (?, 1, ?)",
            (document.id, _encode(document.body)),
        )
        for index in collection.indexes:
            _add_rows(connection, collection, index, document.id, _rows(index, document.body))
    except sqlite3.IntegrityError as error:
        raise AlreadyExists(document.id) from error
    _owe(connection, telling(collection, events))
    return Document(document.id, document.body, 1)


def _replace(
    connection: sqlite3.Connection, collection: Collection, document: Document, events: Sequence[Event]
) -> Document:
    found = connection.execute(
        f"SELECT body FROM {table_of(collection)} WHERE id = ? AND revision = ?", (document.id, document.revision)
    ).fetchone()
    if found is None:
        raise RevisionChanged(document.id)
    after = Document(document.id, document.body, document.revision + 1)
    connection.execute(
        f"UPDATE {table_of(collection)} SET body = ?, revision = ? WHERE id = ?",
        (_encode(document.body), after.revision, document.id),
    )
    before = _decode_body(found[0])
    try:
        for index in collection.indexes:
            if all(before.get(field) == document.body.get(field) for field in index.fields):
                continue
            # Only what has changed: a list that grows by one costs one row, however long it is.
            old, new = _rows(index, before), _rows(index, document.body)
            _remove_rows(connection, collection, index, document.id, [row for row in old if row not in new])
            _add_rows(connection, collection, index, document.id, [row for row in new if row not in old])
    except sqlite3.IntegrityError as error:
        raise AlreadyExists(document.id) from error
    _owe(connection, telling(collection, events))
    return after


def _removed(connection: sqlite3.Connection, collection: Collection, document: Document) -> bool:
    removed = connection.execute(
        f"DELETE FROM {table_of(collection)} WHERE id = ? AND revision = ?", (document.id, document.revision)
    )
    if removed.rowcount != 1:
        return False
    for index in collection.indexes:
        connection.execute(f"DELETE FROM {index_table_of(collection, index)} WHERE id = ?", (document.id,))
    return True


def _rows(index: Index, body: Mapping[str, Json]) -> dict[tuple[Any, ...], None]:
    """One for every combination of the values of its fields, in their order."""
    return dict.fromkeys(itertools.product(*(_indexed(body.get(field)) for field in index.fields)))


def _add_rows(
    connection: sqlite3.Connection, collection: Collection, index: Index, id_: str, rows: Iterable[tuple[Any, ...]]
) -> None:
    marks = ", ".join("?" * (len(index.fields) + 1))
    connection.executemany(
        f"INSERT INTO {index_table_of(collection, index)} VALUES ({marks})", [(*row, id_) for row in rows]
    )


def _remove_rows(
    connection: sqlite3.Connection, collection: Collection, index: Index, id_: str, rows: Iterable[tuple[Any, ...]]
) -> None:
    fields = " AND ".join(f'"{field}" IS ?' for field in index.fields)
    connection.executemany(
        f"DELETE FROM {index_table_of(collection, index)} WHERE {fields} AND id = ?", [(*row, id_) for row in rows]
    )


def _indexed(value: Json) -> list[Any]:
    if isinstance(value, list):
        return list(dict.fromkeys(str(item) for item in value)) or [None]
    if isinstance(value, dict):
        raise UndeclaredIndex("an object cannot be indexed")
    return [value]


def _owe(connection: sqlite3.Connection, events: Sequence[Event]) -> None:
    connection.executemany("INSERT INTO outbox (event) VALUES (?)", [(_encode(event),) for event in events])


def _document(row: tuple[str, bytes, int]) -> Document:
    return Document(row[0], _decode_body(row[1]), row[2])
