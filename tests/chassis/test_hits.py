"""Cursors of search results resume behind a hit, and are refused when they are of no list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import hits
from engines.search import ORDERS, Position
from vocabulary import pages
from vocabulary.refusals import Invalid


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, ORDERS - 1))
def test_a_cursor_leads_back_to_its_position(score: float, order: int) -> None:
    position = Position(score, order)
    assert hits.position(hits.cursor("found", position), "found") == position


def test_without_a_cursor_a_list_begins_at_its_beginning() -> None:
    assert hits.position("", "found") is None


@pytest.mark.parametrize(
    "cursor",
    [
        pages.cursor("found", float("nan"), 1),
        pages.cursor("found", float("inf"), 1),
        pages.cursor("found", 1.0, -1),
        pages.cursor("found", 1.0, ORDERS),
        pages.cursor("found", 1.0, 10**30),
        pages.cursor("found", 1, 1),
        pages.cursor("found", 1.0),
        pages.cursor("another", 1.0, 1),
        "nonsense",
    ],
)
def test_what_is_no_cursor_of_this_list_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        hits.position(cursor, "found")
    assert (refused.value.field, refused.value.reason) == ("after", "CURSOR")
