"""The question sets that are shipped, and those that cannot be published."""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from chassis.catalogues import IncompleteCatalogue
from services.requests import catalogue
from services.requests.catalogue import question_set, question_sets
from tests.builders import QUALIFICATIONS
from tests.requests.exchanges import QUESTIONS, SET
from vocabulary import languages
from vocabulary.values import ValueType

FOLDER = Path(catalogue.__file__).parent / "professional-qualifications-v1"

# The questions of the domain, written down a second time: type, choices, what it follows and what opens it.
GENUINE = ["GENUINE", "NOT_GENUINE", "CANNOT_CONFIRM"]
YES_NO = ["YES", "NO", "NOT_KNOWN"]
ESTABLISHED = ["ESTABLISHED", "NEVER_ESTABLISHED", "CEASED", "SUSPENDED"]
RIGHT = ["FULL", "PARTIAL", "TEMPORARY", "NONE"]
SANCTIONS = ["NONE", "DISCIPLINARY", "ADMINISTRATIVE", "CRIMINAL"]
EXPECTED = {
    "PQ1": ("Is the attached diploma authentic?", ValueType.SINGLE, GENUINE, "", []),
    "PQ2": ("Which body issued the diploma?", ValueType.TEXT, [], "", []),
    "PQ2a": ("On what date was the diploma issued?", ValueType.DATE, [], "PQ2", []),
    "PQ3": (
        "Does the training meet the minimum requirements of the Directive?", ValueType.YES_NO_UNKNOWN, YES_NO, "", [],
    ),
    "PQ3a": (
        "Which elements of the training differ from the minimum requirements?", ValueType.TEXT, [], "PQ3", ["NO"],
    ),
    "PQ4": (
        "Is the holder legally established in this profession in your country?", ValueType.SINGLE, ESTABLISHED, "", [],
    ),
    "PQ4a": ("Until what date is the establishment suspended?", ValueType.DATE, [], "PQ4", ["SUSPENDED"]),
    "PQ5": ("What type of right to practise does the holder have?", ValueType.SINGLE, RIGHT, "", []),
    "PQ6": ("Which sanctions are in force against the holder?", ValueType.MULTI, SANCTIONS, "", []),
    "PQ6a": (
        "What is the scope of the sanctions? Do not state the grounds.", ValueType.TEXT, [], "PQ6",
        ["DISCIPLINARY", "ADMINISTRATIVE", "CRIMINAL"],
    ),
    "PQ7": (
        "How many years has the holder practised the profession in the last ten years?", ValueType.NUMBER, [], "", [],
    ),
    "PQ8": ("Please provide a certificate of current professional status.", ValueType.DOCUMENT, [], "", []),
}  # fmt: skip


def test_the_questions_on_qualifications_are_those_of_the_domain() -> None:
    assert {
        code: (
            question.field.label["en"],
            question.field.type,
            [choice.code for choice in question.field.choices],
            question.follows,
            list(question.opens_on),
        )
        for code, question in QUESTIONS.questions.items()
    } == EXPECTED
    assert list(QUESTIONS.questions) == list(EXPECTED)


def test_files_may_be_attached_to_a_diploma_and_to_the_scope_of_sanctions() -> None:
    assert {code for code, question in QUESTIONS.questions.items() if question.attachments} == {"PQ1", "PQ6a"}


def test_years_of_practice_are_those_of_ten() -> None:
    years = QUESTIONS.questions["PQ7"].field
    assert (years.minimum, years.maximum) == (Decimal(0), Decimal(10))


def test_every_follow_up_opens_on_answers_that_there_are() -> None:
    questions = QUESTIONS.questions
    for question in questions.values():
        if question.follows:
            assert set(question.opens_on) <= {choice.code for choice in questions[question.follows].field.choices}


def test_the_set_is_found_by_code_and_version() -> None:
    assert list(question_sets()) == [SET]
    assert (QUESTIONS.code, QUESTIONS.version, QUESTIONS.area) == (QUALIFICATIONS, 1, QUALIFICATIONS)


def test_every_text_is_there_in_all_24_languages() -> None:
    texts = [QUESTIONS.title, *(group.title for group in QUESTIONS.groups)]
    for question in QUESTIONS.questions.values():
        texts += [question.field.label, *(choice.label for choice in question.field.choices)]
    assert len(languages.OFFICIAL) == 24
    assert not any(languages.missing(text) for text in texts)


@pytest.mark.parametrize("language", [code for code in languages.OFFICIAL if code != "en"])
def test_a_set_that_lacks_a_language_is_not_published(tmp_path: Path, language: str) -> None:
    copy = Path(shutil.copytree(FOLDER, tmp_path / "copy"))
    (copy / f"{language}.po").unlink()
    with pytest.raises(IncompleteCatalogue) as found:
        question_set(copy)
    assert f"{language}: TRAINING.PQ1.label is not translated" in found.value.faults
    assert all(fault.startswith(f"{language}: ") for fault in found.value.faults)
    assert len(found.value.faults) == 1 + len(QUESTIONS.groups) + len(QUESTIONS.questions)


def test_a_set_that_lacks_one_text_is_not_published(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(FOLDER, tmp_path / "copy"))
    hungarian = copy / "hu.po"
    context, _, rest = hungarian.read_text(encoding="utf-8").partition('msgctxt "PRACTICE.PQ5.label"\n')
    question, translation, others = rest.split("\n", 2)
    assert translation.startswith('msgstr "')
    hungarian.write_text(f'{context}msgctxt "PRACTICE.PQ5.label"\n{question}\nmsgstr ""\n{others}', encoding="utf-8")
    with pytest.raises(IncompleteCatalogue) as found:
        question_set(copy)
    assert found.value.faults == ["hu: PRACTICE.PQ5.label is not translated"]


def test_a_set_whose_english_text_has_changed_is_not_published(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(FOLDER, tmp_path / "copy"))
    structure = copy / "structure.toml"
    text = structure.read_text(encoding="utf-8")
    structure.write_text(text.replace("diploma authentic?", "diploma genuine?"), encoding="utf-8")
    with pytest.raises(IncompleteCatalogue) as found:
        question_set(copy)
    assert {fault.partition(":")[0] for fault in found.value.faults} == set(languages.OFFICIAL) - {"en"}


@pytest.mark.parametrize("language", languages.EEA)
def test_the_languages_of_the_eea_may_be_absent(tmp_path: Path, language: str) -> None:
    copy = Path(shutil.copytree(FOLDER, tmp_path / "copy"))
    (copy / f"{language}.po").unlink()
    published = question_set(copy)
    assert published.id == SET
    assert language not in published.title
