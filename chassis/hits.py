"""Pages of search results, and the cursors that lead through them."""

import math

from engines.search import ORDERS, Position
from vocabulary import pages


def cursor(kind: str, position: Position) -> str:
    """The cursor of list *kind* that resumes behind *position*, whatever comes and goes meanwhile."""
    return pages.cursor(kind, position.score, position.order)


def position(cursor: str, kind: str, *, field: str = "after") -> Position | None:
    """Where the hit of *cursor* stands; nothing for the beginning. Raises Invalid for anything that is not a cursor of this list."""
    if not cursor:
        return None
    score, order = pages.position(cursor, kind, (float, int), field=field)
    found = Position(float(score), int(order))
    if not math.isfinite(found.score) or not 0 <= found.order < ORDERS:
        raise pages.wrong_cursor(field)
    return found
