"""Pages of lists, and the cursors that lead through them.

A cursor is opaque to clients: base64url of a JSON array whose first item names the list it belongs to, so that a cursor of one
list is refused in another instead of giving a wrong page.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vocabulary.refusals import Invalid

DEFAULT_SIZE = 20
MAXIMUM_SIZE = 100

Item = TypeVar("Item")
Part = str | int | float


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items of a list, each with the cursor that resumes after it."""

    items: Sequence[Item]
    cursors: Sequence[str]
    has_next: bool


def size(first: int, *, field: str = "first") -> int:
    """The page size to use for the *first* a client sent; 0 means it sent none. Raises Invalid outside 1 to 100."""
    if first == 0:
        return DEFAULT_SIZE
    if not 1 <= first <= MAXIMUM_SIZE:
        raise Invalid(f"a page has 1 to {MAXIMUM_SIZE} items, not {first}", field=field, reason="PAGE_SIZE")
    return first


def cursor(kind: str, *parts: Part) -> str:
    """The cursor of list *kind* for the position that *parts* describe."""
    return _written([kind, *parts])


def _written(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content, ensure_ascii=False).encode()).decode().rstrip("=")


def position(cursor: str, kind: str, shape: Sequence[type], *, field: str = "after") -> list[Part]:
    """What `cursor` was made from; raises Invalid for anything that is not a cursor of list *kind* with parts of *shape*."""
    found: Any = None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        ours = _written(found) == cursor
    except (ValueError, RecursionError):
        ours = False
    if (
        not ours
        or not isinstance(found, list)
        or found[:1] != [kind]
        or len(found) != len(shape) + 1
        or any(type(part) is not wanted for part, wanted in zip(found[1:], shape, strict=True))
    ):
        raise wrong_cursor(field)
    return found[1:]


def wrong_cursor(field: str) -> Invalid:
    """The refusal of what is not a cursor of this list."""
    return Invalid("this is not a cursor of this list; use one that it returned", field=field, reason="CURSOR")
