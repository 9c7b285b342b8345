"""Documents in one SQLite file.

Each collection is a table of JSON bodies. Each declared index is a table of its own, one row for every combination of the
values of its fields, written in the same transaction as the body: the same shape as a compound multikey index in MongoDB, so
that a question costs the same kind of work on both engines.
"""

import itertools
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import msgspec

from engines.documents import (
    AlreadyExists,
    AnyOf,
    Collection,
    Condition,
    Document,
    Index,
    Json,
    Pending,
    Range,
    RevisionChanged,
    Scalar,
    UndeclaredIndex,
    answering,
    telling,
)
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
                f"SELECT id, body, revision FROM {_table(collection)} WHERE id IN (SELECT value FROM json_each(?))",
                (_encode(list(ids)),),
            )
            by_id = {row[0]: _document(row) for row in rows}
            return [by_id[id_] for id_ in dict.fromkeys(ids) if id_ in by_id]

        return await self._database.read(work)

    async def insert(self, collection: Collection, document: Document, events: Sequence[Event] = ()) -> Document:
        def work(connection: sqlite3.Connection) -> Document:
            try:
                return _insert(connection, collection, document, events)
            except sqlite3.IntegrityError as error:
                raise AlreadyExists(document.id) from error

        return await self._database.write(work)

    async def insert_many(self, collection: Collection, documents: Sequence[tuple[Document, Sequence[Event]]]) -> int:
        def work(connection: sqlite3.Connection) -> int:
            new = 0
            for document, events in documents:
                connection.execute("SAVEPOINT one")
                try:
                    _insert(connection, collection, document, events)
                    new += 1
                except sqlite3.IntegrityError:
                    connection.execute("ROLLBACK TO one")
                connection.execute("RELEASE one")
            return new

        return await self._database.write(work)

    async def compare_and_set(
        self, collection: Collection, document: Document, events: Sequence[Event] = ()
    ) -> Document:
        def work(connection: sqlite3.Connection) -> Document:
            after = Document(document.id, document.body, document.revision + 1)
            written = connection.execute(
                f"UPDATE {_table(collection)} SET body = ?, revision = ? WHERE id = ? AND revision = ?",
                (_encode(document.body), after.revision, document.id, document.revision),
            )
            if written.rowcount != 1:
                raise RevisionChanged(document.id)
            try:
                for index in collection.indexes:
                    connection.execute(f"DELETE FROM {_index_table(collection, index)} WHERE id = ?", (document.id,))
                    _fill(connection, collection, index, document)
            except sqlite3.IntegrityError as error:
                raise AlreadyExists(document.id) from error
            _owe(connection, telling(collection, events))
            return after

        return await self._database.write(work)

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
        statement, parameters = _question(collection, where or {}, sort, descending, after, limit)

        def work(connection: sqlite3.Connection) -> list[Document]:
            return [_document(row) for row in connection.execute(statement, parameters)]

        return await self._database.read(work)

    async def count(self, collection: Collection, where: Mapping[str, Condition], *, at_most: int) -> int:
        index = answering(collection, where.keys())
        clauses, parameters = _clauses(where)
        condition = f" WHERE {' AND '.join(clauses)}" if clauses else ""
        inner = f"SELECT DISTINCT id FROM {_index_table(collection, index)}{condition} LIMIT ?"

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
        await self._database.write(
            lambda connection: connection.executemany("DELETE FROM outbox WHERE sequence = ?", marks)
        )


def _table(collection: Collection) -> str:
    return f'"documents_{collection.name}"'


def _index_table(collection: Collection, index: Index) -> str:
    return f'"index_{collection.name}__{index.name}"'


def _prepare(connection: sqlite3.Connection, collections: Sequence[Collection]) -> None:
    connection.execute(_OUTBOX)
    for collection in collections:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {_table(collection)} "
            "(id TEXT PRIMARY KEY, revision INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID"
        )
        for index in collection.indexes:
            _prepare_index(connection, collection, index)


def _prepare_index(connection: sqlite3.Connection, collection: Collection, index: Index) -> None:
    table = _index_table(collection, index)
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table.strip('"'),)).fetchone():
        return
    columns = ", ".join(f'"{field}"' for field in index.fields)
    connection.execute(f"CREATE TABLE {table} ({columns}, id TEXT NOT NULL)")
    connection.execute(f'CREATE INDEX "{index.name}__{collection.name}" ON {table} ({columns}, id)')
    connection.execute(f'CREATE INDEX "id__{index.name}__{collection.name}" ON {table} (id)')
    if index.unique:
        connection.execute(f'CREATE UNIQUE INDEX "unique__{index.name}__{collection.name}" ON {table} ({columns})')
    for row in connection.execute(f"SELECT id, body, revision FROM {_table(collection)}"):
        _fill(connection, collection, index, _document(row))


def _insert(
    connection: sqlite3.Connection, collection: Collection, document: Document, events: Sequence[Event]
) -> Document:
    connection.execute(
        f"INSERT INTO {_table(collection)} (id, revision, body) VALUES (?, 1, ?)",
        (document.id, _encode(document.body)),
    )
    for index in collection.indexes:
        _fill(connection, collection, index, document)
    _owe(connection, telling(collection, events))
    return Document(document.id, document.body, 1)


def _fill(connection: sqlite3.Connection, collection: Collection, index: Index, document: Document) -> None:
    values = [_indexed(document.body.get(field)) for field in index.fields]
    marks = ", ".join("?" * (len(index.fields) + 1))
    rows = ((*row, document.id) for row in itertools.product(*values))
    connection.executemany(f"INSERT INTO {_index_table(collection, index)} VALUES ({marks})", rows)


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


def _question(
    collection: Collection,
    where: Mapping[str, Condition],
    sort: str,
    descending: bool,
    after: tuple[Scalar, str] | None,
    limit: int,
) -> tuple[str, list[Any]]:
    if not where and not sort:
        source, key = f"SELECT id, id FROM {_table(collection)}", "id"
    else:
        index = answering(collection, {*where, *([sort] if sort else [])})
        key = f'"{sort}"' if sort else "id"
        source = f"SELECT id, {key} FROM {_index_table(collection, index)}"
    clauses, parameters = _clauses(where)
    if after is not None:
        clause, found = _beyond(key, after, descending)
        clauses.append(clause)
        parameters += found
    order = "DESC" if descending else "ASC"
    condition = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    # GROUP BY: a document whose list matches twice is one document.
    inner = f"{source}{condition} GROUP BY {key}, id ORDER BY {key} {order}, id {order} LIMIT ?"
    outer = f"SELECT d.id, d.body, d.revision FROM ({inner}) AS i JOIN {_table(collection)} AS d ON d.id = i.id"
    return f"{outer} ORDER BY i.{key} {order}, i.id {order}", [*parameters, limit]


def _beyond(key: str, after: tuple[Scalar, str], descending: bool) -> tuple[str, list[Scalar]]:
    """What comes after the row with this key and id. No value at all sorts before every value, and equals nothing in SQL."""
    value, id_ = after
    if value is None:
        return (f"{key} IS NULL AND id < ?", [id_]) if descending else (f"({key} IS NOT NULL OR id > ?)", [id_])
    if descending:
        return f"({key} IS NULL OR ({key}, id) < (?, ?))", [value, id_]
    return f"({key}, id) > (?, ?)", [value, id_]


def _clauses(where: Mapping[str, Condition]) -> tuple[list[str], list[Any]]:
    clauses: list[str] = []
    parameters: list[Any] = []
    for field, condition in where.items():
        match condition:
            case AnyOf(values):
                clauses.append(f'"{field}" IN ({", ".join("?" * len(values))})')
                parameters += values
            case Range(at_least, below):
                if at_least is not None:
                    clauses.append(f'"{field}" >= ?')
                    parameters.append(at_least)
                if below is not None:
                    clauses.append(f'"{field}" < ?')
                    parameters.append(below)
            case None:
                clauses.append(f'"{field}" IS NULL')
            case _:
                clauses.append(f'"{field}" = ?')
                parameters.append(condition)
    return clauses, parameters
