"""Ids say what they are of, are the same for the same parts, and different for any others."""

import re

from hypothesis import given
from hypothesis import strategies as st

from vocabulary import ids

parts = st.lists(st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"])), min_size=1, max_size=4)


@given(parts)
def test_an_id_has_its_form_and_its_prefix(given_parts: list[str]) -> None:
    id_ = ids.derived(ids.REQUEST, *given_parts)
    assert re.fullmatch("req_[0-9A-HJKMNP-TV-Z]{26}", id_)
    assert ids.prefix(id_) == ids.REQUEST


@given(parts, parts)
def test_the_same_parts_give_the_same_id_and_others_another(one: list[str], two: list[str]) -> None:
    assert (ids.derived("x", *one) == ids.derived("x", *two)) is (one == two)


def test_parts_are_kept_apart() -> None:
    assert ids.derived("x", "ab", "c") != ids.derived("x", "a", "bc") != ids.derived("x", "abc")


def test_an_id_stays_what_it_was_in_every_version() -> None:
    """Ids are stored and derived again: a change of the rule would make second things of old commands."""
    assert ids.derived("req", "user", "key") == "req_B6FF838CS9G85XM65C8YRS32VP"
    assert ids.number("RQ", 2026, "req_1") == "RQ-2026-8SM3M7FV"


@given(st.text(), st.text())
def test_a_number_is_short_and_follows_from_the_id(one: str, two: str) -> None:
    one, two = (text.encode(errors="replace").decode() for text in (one, two))
    number = ids.number("RQ", 2026, one)
    assert re.fullmatch("RQ-2026-[0-9A-HJKMNP-TV-Z]{8}", number)
    assert (number == ids.number("RQ", 2026, two)) is (one == two)


def test_what_is_no_id_has_no_prefix() -> None:
    assert [ids.prefix(text) for text in ("", "req", "req_", "_1", "1")] == ["", "", "", "", ""]


def test_no_two_kinds_share_a_prefix() -> None:
    kinds = [value for name, value in vars(ids).items() if name.isupper() and not name.startswith("_")]
    assert len(kinds) == len(set(kinds)) == 16
