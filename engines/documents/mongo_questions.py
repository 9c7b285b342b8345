"""What `find` asks, as MongoDB puts it: one condition, and where the next page begins."""

from typing import Any

from engines.documents import AnyOf, Condition, Range, Scalar


def condition_of(condition: Condition) -> Any:
    match condition:
        case AnyOf(values):
            return {"$in": list(values)}
        case Range(at_least, below):
            bounds = {"$gte": at_least, "$lt": below}
            return {operator: bound for operator, bound in bounds.items() if bound is not None} or {"$exists": True}
        case _:
            # Wrapped, so that a value is a value and never an operator.
            return {"$eq": condition}


def beyond(sort: str, after: tuple[Scalar, str], descending: bool) -> dict[str, Any]:
    """What comes after the document with this sort value and id. No value at all sorts before every value."""
    value, id_ = after
    further = "$lt" if descending else "$gt"
    if not sort:
        return {"_id": {further: id_}}
    key = f"keys.{sort}"
    same = {key: {"$eq": value}, "_id": {further: id_}}
    if value is None:
        return same if descending else {"$or": [{key: {"$ne": None}}, same]}
    if descending:
        return {"$or": [{key: {"$lt": value}}, {key: {"$eq": None}}, same]}
    return {"$or": [{key: {"$gt": value}}, same]}
