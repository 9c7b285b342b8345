"""Pages of search results, and the cursors that lead through them."""

import math

from engines.search import ORDERS, Position, Sort
from vocabulary import pages


def cursor(kind: str, position: Position, by: Sort | None = None) -> str:
    """The cursor of list *kind* that resumes behind *position*, whatever comes and goes meanwhile."""
    if by is not None:
        return pages.cursor(_sorted(kind, by), position.key or "", position.order)
    return pages.cursor(kind, position.score, position.order)


def position(cursor: str, kind: str, by: Sort | None = None, *, field: str = "after") -> Position | None:
    """Where the hit of *cursor* stands; nothing for the beginning. Raises Invalid for anything that is not a cursor of this list,
    in this order.
    """
    if not cursor:
        return None
    if by is not None:
        key, order = pages.position(cursor, _sorted(kind, by), (str, int), field=field)
        found = Position(0.0, int(order), str(key) or None)
    else:
        score, order = pages.position(cursor, kind, (float, int), field=field)
        found = Position(float(score), int(order))
    if not math.isfinite(found.score) or not 0 <= found.order < ORDERS:
        raise pages.wrong_cursor(field)
    return found


def _sorted(kind: str, by: Sort) -> str:
    return f"{kind} {by.key}{' descending' if by.descending else ''}"
