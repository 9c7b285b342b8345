"""The questions that search is evaluated with are well formed, and mistakes in them are told."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.search import evaluation_set
from bench.search.evaluation_set import Asked, Kind
from services.directory.reference import Reference
from tests.directory.bodies import an_authority
from vocabulary import languages

GOOD = {"text": "medico", "kind": "exact", "concepts": ["doctor"]}


@pytest.mark.parametrize("folder", [evaluation_set.FOLDER, evaluation_set.HELD_OUT], ids=lambda one: one.name)
@pytest.mark.parametrize("language", languages.ALL)
def test_every_language_has_thirty_questions_of_all_kinds_about_what_there_is(
    reference: Reference, language: str, folder: Path
) -> None:
    assert list(evaluation_set.faults(reference, folder, wanted=[language])) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"concepts": ["wizard"]}, "names the concept 'wizard', which does not exist"),
        ({"country": "UK"}, "names the country 'UK', which does not exist"),
        ({"text": " "}, "is empty"),
        ({"concepts": []}, "has no concept"),
        ({"kind": "place", "concepts": []}, "is about a place and names no country"),
        ({"kind": "nonsense"}, "is nonsense and yet has an answer"),
        ({"hint": "Arzt"}, "has the unknown fields ['hint']"),
    ],
)
def test_what_is_wrong_with_a_question_is_told(
    reference: Reference, tmp_path: Path, changed: dict[str, Any], fault: str
) -> None:
    question = {**GOOD, **changed}
    (tmp_path / "it.json").write_text(json.dumps([question]))
    assert f"it: {question['text']!r} {fault}" in list(evaluation_set.faults(reference, tmp_path, ["it"]))


def test_too_few_questions_missing_kinds_and_repeated_texts_are_told(reference: Reference, tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text(json.dumps([GOOD, {**GOOD, "text": "Medico"}]))
    assert list(evaluation_set.faults(reference, tmp_path, ["it"])) == [
        "it: 2 questions, 30 are the least",
        "it: no question of the kinds inflected, no-diacritics, nonsense, phrase, place, synonym, typo",
        "it: 'medico' is there 2 times",
    ]


def test_a_file_that_is_missing_is_told_as_one_without_questions(reference: Reference, tmp_path: Path) -> None:
    assert "it: 0 questions, 30 are the least" in list(evaluation_set.faults(reference, tmp_path, ["it"]))


@pytest.mark.parametrize(
    ("concepts", "country", "answered"),
    [
        (("doctor",), "", True),
        (("nurse", "doctor"), "IT", True),
        (("doctor",), "HU", False),
        (("nurse",), "IT", False),
        ((), "IT", True),
    ],
)
def test_an_answer_is_competent_for_one_of_the_concepts_and_in_the_country(
    concepts: tuple[str, ...], country: str, answered: bool
) -> None:
    asked = Asked("it", "medico", Kind.EXACT, concepts, country)
    assert asked.is_answered_by(an_authority(concepts=("doctor",))) is answered
