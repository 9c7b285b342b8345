"""Pages and the cursors that lead through them."""

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabulary import pages
from vocabulary.pages import DEFAULT_SIZE, MAXIMUM_SIZE, Part, cursor, position
from vocabulary.refusals import Invalid

texts = st.text(st.characters(exclude_categories=["Cs"]))
parts = st.lists(texts | st.integers() | st.floats(allow_nan=False), max_size=4)


def refused(work: Callable[[], object], reason: str = "CURSOR", field: str = "after") -> None:
    with pytest.raises(Invalid) as found:
        work()
    assert (found.value.field, found.value.reason) == (field, reason)


def encoded(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@given(texts, parts)
def test_a_cursor_gives_back_what_it_was_made_from(kind: str, given_parts: list[Part]) -> None:
    made = cursor(kind, *given_parts)
    assert position(made, kind, [type(part) for part in given_parts]) == given_parts
    assert made.isascii()
    assert set(made).isdisjoint("+/=&? ")


@given(st.text())
def test_any_other_string_is_refused(anything: str) -> None:
    refused(lambda: position(anything, "list", (int,)))


@given(st.integers(), st.integers(0), st.characters(exclude_categories=["Cs"]))
def test_a_cursor_that_was_changed_in_one_place_is_refused_or_another_cursor(place: int, at: int, changed: str) -> None:
    """Nothing but what `cursor` makes is a cursor: no second spelling of the same place."""
    made = cursor("list", place)
    at %= len(made)
    other = made[:at] + changed + made[at + 1 :]
    try:
        (found,) = position(other, "list", (int,))
    except Invalid:
        assert other != made
    else:
        assert cursor("list", found) == other


@pytest.mark.parametrize(
    "content",
    [
        None,
        1,
        {},
        [],
        ["list"],
        ["list", "1"],
        ["list", 1.0],
        ["list", True],
        ["list", None],
        ["list", 1, 2],
        ["list", [1]],
        ["other", 1],
        [["list"], 1],
    ],
)
def test_a_cursor_of_another_list_or_shape_is_refused(content: object) -> None:
    refused(lambda: position(encoded(content), "list", (int,)))
    refused(lambda: position(encoded(content), "list", (int,), field="page.after"), field="page.after")


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(encoded(["list", 1]) + "=", id="padded"),
        pytest.param(encoded(["list", 1]) + "\n", id="a line end behind it"),
        pytest.param(base64.urlsafe_b64encode(b'["list",1]').decode().rstrip("="), id="other white space inside"),
        pytest.param(base64.urlsafe_b64encode(b"[" * 9_000).decode(), id="nested too deep to read"),
        pytest.param(base64.urlsafe_b64encode(b'["list", ' + b"9" * 9_000 + b"]").decode(), id="number too long"),
        pytest.param(base64.urlsafe_b64encode(b"\xff\xfe").decode(), id="no text"),
    ],
)
def test_a_broken_cursor_is_refused(broken: str) -> None:
    refused(lambda: position(broken, "list", (int,)))


def test_half_a_character_is_no_part_of_a_cursor() -> None:
    refused(lambda: position(encoded(["list", "\ud800"]), "list", (str,)))


@pytest.mark.parametrize(("first", "size"), [(0, DEFAULT_SIZE), (1, 1), (20, 20), (MAXIMUM_SIZE, MAXIMUM_SIZE)])
def test_a_page_has_1_to_100_items_and_20_unless_told(first: int, size: int) -> None:
    assert pages.size(first) == size


@pytest.mark.parametrize("first", [-1, -(2**31), MAXIMUM_SIZE + 1, 2**31 - 1])
def test_a_page_of_another_size_is_refused(first: int) -> None:
    refused(lambda: pages.size(first), "PAGE_SIZE", "first")
    refused(lambda: pages.size(first, field="page.first"), "PAGE_SIZE", "page.first")
