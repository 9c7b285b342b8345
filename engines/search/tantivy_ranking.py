"""Pages of what tantivy finds.

Left to itself the order of equals follows where segments put them, which changes whenever something is indexed. Here equals stand by a
number that their ids give them. That number is like a die's: where there are many equals, the first ones by it are found by looking
below a bound that leaves about as many as are wanted.
"""

from collections.abc import Callable
from itertools import groupby
from typing import Any

import tantivy

from engines.search import ORDERS, Hit, Position, Sort
from engines.search.tantivy_queries import ID, ORDER, always, combined

# How many more than wanted are read at first, to find the last one's equals.
TIES = 200
# From so many on, equals are looked for by their numbers.
READ_AT_MOST = 4_000

# Who scores this share of the most that can be, scores a lot.
A_LOT = 0.75

# A score, the number of the document, and where it is.
_Row = tuple[float, int, Any]


class Ranking:
    """What matches a query, in an order that stays.

    *above* gives the query as it is for those who score so much or more, *highest* is what nobody scores more than.
    """

    def __init__(
        self,
        searcher: tantivy.Searcher,
        schema: tantivy.Schema,
        above: Callable[[float], tantivy.Query],
        highest: float,
    ) -> None:
        self._searcher = searcher
        self._schema = schema
        self._above = above
        self._highest = highest

    def count(self) -> int:
        """How many there are."""
        return self._searcher.search(self._above(0.0), limit=1, count=True).count or 0  # type: ignore[attr-defined]

    def best(self, after: Position | None, count: int, total: int | None) -> tuple[list[Hit], int]:
        """The best *count* hits behind *after*, and how many there are before and behind, if that is not known already.

        Who counts them looks at all; where that is done, the best are looked for among those that score a lot first.
        """
        lot = self._highest * A_LOT
        if total is not None and (after is None or after.score > lot):
            found, _ = self._best(after, count, total, lot)
            if found is not None:
                return found, total
        found, total = self._best(after, count, total, 0.0)
        assert found is not None  # what is above nothing is everything
        return found, total

    def _best(
        self, after: Position | None, count: int, total: int | None, floor: float
    ) -> tuple[list[Hit] | None, int]:
        """The best, if enough of them score *floor* or more to be sure of that; and how many there are, at most that is."""
        query = self._above(floor)
        reach = count + TIES
        there = self._searcher.num_docs if total is None else total
        while True:
            found = self._searcher.search(query, limit=reach, count=total is None and not floor)
            there = found.count or there  # type: ignore[attr-defined]
            rows = [row for row in self._rows(found) if row[0] >= floor]
            if floor and len(rows) < reach:
                return None, there
            behind = sorted((row for row in rows if _is_behind(row, after)), key=_place)
            last = rows[-1][0] if rows else 0.0
            # Of the worst score read there may be more that were not.
            if len(rows) < reach or (len(behind) >= count and behind[count - 1][0] > last):
                break
            if rows[0][0] == last or reach >= READ_AT_MOST:
                better = [row for row in behind if row[0] > last]
                tied = min(last, after.score) if after else last
                start = after.order + 1 if after and after.score == tied else 0
                behind = better + self._equals(tied, start, count - len(better), there)
                if len(behind) >= count:
                    break
            reach *= 4
        hits = [self._hit(address, Position(score, order)) for score, order, address in behind[:count]]
        return hits, there if rows else 0

    def sorted(self, after: Position | None, count: int, by: Sort) -> tuple[list[Hit], int]:
        """The first *count* hits behind *after* by a key, and how many there are before and behind."""
        way = tantivy.Order.Desc if by.descending else tantivy.Order.Asc
        query, reach = self._above(0.0), count + TIES
        while True:
            found = self._searcher.search(query, limit=reach, count=True, order_by_field=by.key, order=way)
            total: int = found.count or 0  # type: ignore[attr-defined]
            rows: list[tuple[Any, int, Any]] = []
            # Each run of equals in the order of its own; what is not wholly read is left for the next look.
            for _, run in groupby(self._rows(found), key=lambda row: row[0]):
                rows += sorted(run, key=lambda row: row[1])
            complete = len(rows) < reach
            whole = rows if complete else [row for row in rows if row[0] != rows[-1][0]]
            behind = whole if after is None else [row for row in whole if _follows(row[0], row[1], after, by)]
            if complete or len(behind) >= count:
                break
            reach *= 4
        hits = [self._hit(address, Position(0.0, order, key)) for key, order, address in behind[:count]]
        return hits, total

    def _equals(self, score: float, start: int, count: int, total: int) -> list[_Row]:
        """The first *count* documents of just this *score*, from the number *start* on; all, if there are fewer."""
        query = self._above(score)
        found: list[_Row] = []
        wanted = count + TIES
        width = max(1, ORDERS * wanted // total)
        while start < ORDERS and len(found) < count:
            end = min(start + width, ORDERS)
            rows = self._numbered(query, start, end)
            found += sorted((row for row in rows if row[0] == score), key=_place)
            start, width = end, width * 4
        return found

    def _numbered(self, query: tantivy.Query, start: int, end: int) -> list[_Row]:
        """What matches *query* and has a number from *start* up to *end*."""
        between = tantivy.Query.range_query(
            self._schema, ORDER, tantivy.FieldType.Unsigned, start, end, include_upper=False
        )
        query = combined([query, always(between, 0.0)], tantivy.Occur.Must)
        reach = TIES * 4
        while True:
            rows = self._rows(self._searcher.search(query, limit=reach, count=False))
            if len(rows) < reach:
                return rows
            reach *= 4

    def _rows(self, found: tantivy.SearchResult) -> list[tuple[Any, int, Any]]:
        orders: list[Any] = self._searcher.fast_field_values(ORDER, [address for _, address in found.hits])
        return [(key, order, address) for (key, address), order in zip(found.hits, orders, strict=True)]

    def _hit(self, address: Any, position: Position) -> Hit:
        return Hit(str(self._searcher.doc(address)[ID][0]), position)


def _place(row: _Row) -> tuple[float, int]:
    return -row[0], row[1]


def _is_behind(row: _Row, after: Position | None) -> bool:
    return after is None or _place(row) > (-after.score, after.order)


def _follows(key: str | None, order: int, after: Position, by: Sort) -> bool:
    if key == after.key:
        return order > after.order
    if key is None or after.key is None:
        return key is None
    return (key < after.key) if by.descending else (key > after.key)
