"""The page of the directory shows the tables that the program goes by."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.directory import drawing

PAGE = (Path(__file__).resolve().parents[2] / "docs/directory.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "drawn",
    [drawing.registration_diagram, drawing.access_diagram, drawing.registration_table],
    ids=lambda one: one.__name__,
)
def test_a_diagram_is_drawn_from_its_table(drawn: Callable[[], str]) -> None:
    assert drawn() in PAGE, f"docs/directory.md is to show:\n{drawn()}"
