"""Lists of aggregates, page by page, in the order of a stored text: a cursor is that text and the id behind it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from chassis.aggregates import Aggregates, Kept
from chassis.wire import page_size
from engines.documents import Condition
from protos.common.v1 import common_pb2
from vocabulary import pages

Aggregate = TypeVar("Aggregate")


def sortable(at: datetime) -> str:
    """A time as text that sorts as the time does."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"


async def page(
    aggregates: Aggregates[Aggregate],
    where: Mapping[str, Condition],
    asked: common_pb2.Page,
    *,
    kind: str,
    sort: str,
    position: Callable[[Aggregate], str],
    descending: bool = True,
) -> tuple[Sequence[Kept[Aggregate]], common_pb2.PageInfo]:
    """One page of what meets *where*, by *sort*, whose value in an aggregate is its *position*.

    Raises Invalid for a page size outside 1 to 100, and for a cursor of another list than *kind*.
    """
    size = page_size(asked)
    after = None
    if asked.after:
        value, id_ = pages.position(asked.after, kind, (str, str))
        after = (str(value), str(id_))
    found = await aggregates.find(where, sort=sort, descending=descending, after=after, limit=size + 1)
    shown = found[:size]
    cursors = [pages.cursor(kind, position(kept.state), kept.id) for kept in shown]
    return shown, common_pb2.PageInfo(cursors=cursors, has_next_page=len(found) > size)
