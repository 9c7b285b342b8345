"""The page on alerts says what the tables say."""

import pytest

from services.alerts.documentation import PAGE, steps
from services.alerts.domain.flows import FLOWS
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.types import Flow


def test_the_page_is_current() -> None:
    page = PAGE.text()
    assert page == PAGE.written(page), "run python -m services.alerts.documentation"


def test_every_status_and_action_is_on_it() -> None:
    page = PAGE.text()
    assert all(word in page for word in (*Status, *Action))
    for flow in Flow:
        assert len(steps(flow).splitlines()) == 2 + sum(map(len, FLOWS[flow].values()))


@pytest.mark.parametrize("name", PAGE.parts)
def test_a_page_without_a_place_for_a_part_is_refused(name: str) -> None:
    page = PAGE.text().replace(f"<!-- {name}: generated -->", "")
    with pytest.raises(ValueError, match=name):
        PAGE.written(page)
