"""The page on requests says what the table says."""

import pytest

from services.requests.documentation import PAGE, steps
from services.requests.domain.lifecycle import TRANSITIONS, Action, Status


def test_the_page_is_current() -> None:
    page = PAGE.text()
    assert page == PAGE.written(page), "run python -m services.requests.documentation"


def test_every_status_and_action_is_on_it() -> None:
    page = PAGE.text()
    assert all(word in page for word in (*Status, *Action))
    assert len(steps().splitlines()) == 2 + sum(map(len, TRANSITIONS.values()))


@pytest.mark.parametrize("name", PAGE.parts)
def test_a_page_without_a_place_for_a_part_is_refused(name: str) -> None:
    page = PAGE.text().replace(f"<!-- {name}: generated -->", "")
    with pytest.raises(ValueError, match=name):
        PAGE.written(page)
