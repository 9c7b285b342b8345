"""The page on questions says what the program does."""

import re
from pathlib import Path

import pytest

from services.requests.catalogue import question_sets
from services.requests.domain.condition_text import DEPTH_LIMIT, LIST_LIMIT, TEXT_LIMIT, parse
from services.requests.domain.conditions import Condition, names, written
from services.requests.domain.vetting import check_condition

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/questions.md").read_text(encoding="utf-8")
EXAMPLES = PAGE.split("```")[1].strip().splitlines()


def a_condition(text: str) -> Condition:
    return parse(text, at="appliesIf")


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_of_a_condition_can_be_used(text: str) -> None:
    """In a set with all the questions that are shipped."""
    known = {code: question for one in question_sets().values() for code, question in one.questions.items()}
    condition = a_condition(text)
    check_condition(condition, known, "X1", at="appliesIf")
    assert written(condition) == text
    assert list(names(condition))


def test_the_limits_of_a_condition_are_those_of_the_program() -> None:
    assert (TEXT_LIMIT, DEPTH_LIMIT, LIST_LIMIT) == (500, 8, 30)
    assert "at most 500 characters, eight levels and thirty values" in PAGE


def test_the_reasons_are_those_of_the_program() -> None:
    """Each is raised somewhere in what checks a set, and none that checks it raises is left out."""
    own = ["domain/publishing.py", "domain/vetting.py", "domain/reaching.py", "domain/condition_text.py"]
    files = [f"services/requests/{one}" for one in (*own, "wire_questions.py", "question_sets.py")]
    # What any form is checked by.
    files += ["vocabulary/forms.py", "chassis/forms.py"]
    program = "".join((ROOT / one).read_text(encoding="utf-8") for one in files)
    raised = set(re.findall(r'(?:reason="|reason: str = "|", ")([A-Z][A-Z_]+)"', program))
    named = set(re.findall(r"`([A-Z][A-Z_]+)`", PAGE.partition("| reason |")[2]))
    elsewhere = {"UNKNOWN_AREA"}  # the directory's to say
    assert named - elsewhere <= raised
    assert raised - named <= {"OUT_OF_RANGE", "EMPTY"}
