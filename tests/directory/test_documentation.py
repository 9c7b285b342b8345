"""The page of the directory shows the tables that the program goes by."""

import pytest

from services.directory.documentation import PAGE
from services.directory.domain.authorities import AccessStatus
from services.directory.domain.history import Command
from vocabulary.participants import Status


def test_the_page_is_current() -> None:
    page = PAGE.text()
    assert page == PAGE.written(page), "run python -m services.directory.documentation"


@pytest.mark.parametrize("name", PAGE.parts)
def test_a_diagram_is_drawn_from_its_table(name: str) -> None:
    assert PAGE.parts[name]() in PAGE.text()


def test_every_status_and_command_is_on_it() -> None:
    assert all(word in PAGE.text() for word in (*Status, *AccessStatus, *Command))
