"""The page on repositories says what the tables say."""

import pytest

from services.repositories.catalogue import definitions
from services.repositories.documentation import PAGE
from services.repositories.domain.audiences import Visibility
from services.repositories.domain.lifecycle import Action, Side, Status


def test_the_page_is_current() -> None:
    page = PAGE.text()
    assert page == PAGE.written(page), "run python -m services.repositories.documentation"


def test_every_status_action_side_visibility_and_repository_is_on_it() -> None:
    page = PAGE.text()
    assert all(word in page for word in (*Status, *Action, *Side, *Visibility))
    assert all(f"`{one.code}`" in page for one in definitions().values())


@pytest.mark.parametrize("name", PAGE.parts)
def test_a_page_without_a_place_for_a_part_is_refused(name: str) -> None:
    page = PAGE.text().replace(f"<!-- {name}: generated -->", "")
    with pytest.raises(ValueError, match=name):
        PAGE.written(page)
