"""What `find` asks, in SQL: questions that an index table answers, and where the next page begins."""

from collections.abc import Mapping
from typing import Any

from engines.documents import AnyOf, Collection, Condition, Index, Range, Scalar, answering


def table_of(collection: Collection) -> str:
    return f'"documents_{collection.name}"'


def index_table_of(collection: Collection, index: Index) -> str:
    return f'"index_{collection.name}__{index.name}"'


def question(
    collection: Collection,
    where: Mapping[str, Condition],
    sort: str,
    descending: bool,
    after: tuple[Scalar, str] | None,
    limit: int,
) -> tuple[str, list[Any]]:
    if not where and not sort:
        source, key = f"SELECT id, id FROM {table_of(collection)}", "id"
    else:
        index = answering(collection, {*where, *([sort] if sort else [])})
        key = f'"{sort}"' if sort else "id"
        source = f"SELECT id, {key} FROM {index_table_of(collection, index)}"
    clauses, parameters = conditions(where)
    if after is not None:
        clause, found = _beyond(key, after, descending)
        clauses.append(clause)
        parameters += found
    order = "DESC" if descending else "ASC"
    condition = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    # GROUP BY: a document whose list matches twice is one document.
    inner = f"{source}{condition} GROUP BY {key}, id ORDER BY {key} {order}, id {order} LIMIT ?"
    outer = f"SELECT d.id, d.body, d.revision FROM ({inner}) AS i JOIN {table_of(collection)} AS d ON d.id = i.id"
    return f"{outer} ORDER BY i.{key} {order}, i.id {order}", [*parameters, limit]


def _beyond(key: str, after: tuple[Scalar, str], descending: bool) -> tuple[str, list[Scalar]]:
    """What comes after the row with this key and id. No value at all sorts before every value, and equals nothing in SQL."""
    value, id_ = after
    if value is None:
        return (f"{key} IS NULL AND id < ?", [id_]) if descending else (f"({key} IS NOT NULL OR id > ?)", [id_])
    if descending:
        return f"({key} IS NULL OR ({key}, id) < (?, ?))", [value, id_]
    return f"({key}, id) > (?, ?)", [value, id_]


def conditions(where: Mapping[str, Condition]) -> tuple[list[str], list[Any]]:
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
