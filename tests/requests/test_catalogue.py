"""The question sets that are shipped, and those that cannot be published."""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from chassis.catalogues import IncompleteCatalogue
from services.directory.reference import Reference
from services.requests import catalogue
from services.requests.catalogue import question_set, question_sets
from services.requests.domain.questions import QuestionSet
from tests.requests.exchanges import QUESTIONS, SET
from vocabulary import languages
from vocabulary.refusals import Invalid
from vocabulary.values import ValueType

FOLDER = Path(catalogue.__file__).parent / "professional-qualifications-v1"
SETS = question_sets()

# The questions of the domain, written down a second time: type, choices, what each follows and what opens it.
GENUINE = ["GENUINE", "NOT_GENUINE", "CANNOT_CONFIRM"]
YES_NO = ["YES", "NO", "NOT_KNOWN"]
ESTABLISHED = ["ESTABLISHED", "NEVER_ESTABLISHED", "CEASED", "SUSPENDED"]
RIGHT = ["FULL", "PARTIAL", "TEMPORARY", "NONE"]
SANCTIONS = ["NONE", "DISCIPLINARY", "ADMINISTRATIVE", "CRIMINAL"]
SOURCES = ["PUBLIC_REGISTER", "ISSUING_BODY", "COURT", "INSPECTION", "EMPLOYER"]
RISKS = ["LOW", "MEDIUM", "HIGH", "VERY_HIGH"]
NO_ANSWER = ["NOT_COMPETENT", "NO_SUCH_RECORD", "LEGAL_OBSTACLE", "INSUFFICIENT_DETAILS"]
ACTIVITIES = [
    "construction", "electrician", "plumber", "tourist_guide", "travel_agency", "catering", "event_organisation",
    "hairdresser", "it_consulting", "security_training", "cleaning", "retail", "OTHER",
]  # fmt: skip
EXPECTED = {
    "professional-qualifications:1": {
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
            "What is the scope of the sanctions? Do not state the grounds.", ValueType.TEXT, [], "PQ6", SANCTIONS[1:],
        ),
        "PQ7": (
            "How many years has the holder practised the profession in the last ten years?", ValueType.NUMBER, [], "", [],
        ),
        "PQ8": ("Please provide a certificate of current professional status.", ValueType.DOCUMENT, [], "", []),
    },
    "services:1": {
        "SV1": ("Is the provider lawfully established in your country?", ValueType.SINGLE, ESTABLISHED, "", []),
        "SV2": ("In which register is the provider entered, and under what number?", ValueType.TEXT, [], "", []),
        "SV3": ("Which activities is the provider authorised to carry out?", ValueType.MULTI, ACTIVITIES, "", []),
        "SV4": ("Until what date is the licence valid?", ValueType.DATE, [], "", []),
        "SV5": (
            "Does the provider's insurance cover services provided in another country?",
            ValueType.YES_NO_UNKNOWN, YES_NO, "", [],
        ),
        "SV5a": ("What amount is insured?", ValueType.MONEY, [], "SV5", ["YES"]),
        "SV6": (
            "Which sanctions or decisions concerning good repute are in force against the provider?",
            ValueType.MULTI, SANCTIONS, "", [],
        ),
        "SV7": (
            "Please carry out a check of the provider. How was it carried out?", ValueType.SINGLE, SOURCES, "", [],
        ),
        "SV8": ("How high is the risk to the recipients of the service?", ValueType.SINGLE, RISKS, "", []),
    },
    "posting-of-workers:1": {
        "PW1": ("Is the undertaking genuinely established in your country?", ValueType.YES_NO_UNKNOWN, YES_NO, "", []),
        "PW2": (
            "Does the undertaking perform substantial activities in your country?", ValueType.YES_NO_UNKNOWN, YES_NO, "", [],
        ),
        "PW2a": ("On what facts is this answer based?", ValueType.TEXT, [], "PW2", ["YES", "NO"]),
        "PW3": ("How many persons does the undertaking employ in your country?", ValueType.NUMBER, [], "", []),
        "PW4": ("Is the worker habitually employed by the undertaking?", ValueType.YES_NO_UNKNOWN, YES_NO, "", []),
        "PW5": ("On what date did the employment begin?", ValueType.DATE, [], "", []),
        "PW6": ("What is the worker's gross monthly pay?", ValueType.MONEY, [], "", []),
        "PW7": ("Please provide the worker's payslips and time sheets.", ValueType.DOCUMENT, [], "", []),
        "PW8": ("Why can no answer be given?", ValueType.SINGLE, NO_ANSWER, "", []),
    },
}  # fmt: skip


@pytest.mark.parametrize("id_", EXPECTED)
def test_the_questions_are_those_of_the_domain(id_: str) -> None:
    assert {
        code: (
            question.field.label["en"],
            question.field.type,
            [choice.code for choice in question.field.choices],
            question.follows,
            list(question.opens_on),
        )
        for code, question in SETS[id_].questions.items()
    } == EXPECTED[id_]
    assert list(SETS[id_].questions) == list(EXPECTED[id_])


def test_files_may_be_attached_where_a_finding_is_proved() -> None:
    found = [code for one in SETS.values() for code, question in one.questions.items() if question.attachments]
    assert sorted(found) == ["PQ1", "PQ6a", "SV7"]


def test_numbers_have_the_bounds_that_they_can_have() -> None:
    years, staff = QUESTIONS.questions["PQ7"].field, SETS["posting-of-workers:1"].questions["PW3"].field
    assert (years.minimum, years.maximum) == (Decimal(0), Decimal(10))
    assert (staff.minimum, staff.maximum) == (Decimal(0), None)


def test_a_high_risk_suggests_an_alert() -> None:
    found = {code: one.suggests_alert_on for sets in SETS.values() for code, one in sets.questions.items()}
    assert {code: codes for code, codes in found.items() if codes} == {"SV8": ("HIGH", "VERY_HIGH")}


def test_every_question_is_mandatory_but_for_a_licence_without_end_and_a_reason_for_no_answer() -> None:
    optional = [
        code for one in SETS.values() for code, question in one.questions.items() if not question.field.mandatory
    ]
    assert sorted(optional) == ["PW8", "SV4"]


def test_the_activities_of_a_provider_are_concepts_of_its_area() -> None:
    choices = SETS["services:1"].questions["SV3"].field.choices
    reference = Reference.load()
    for choice in choices[:-1]:
        assert choice.code in reference.areas["services"].concepts
        assert set(choice.label) == set(languages.ALL)
        for language in set(languages.ALL) - {"en"}:
            # People read the apostrophe of print, and search the one of keyboards.
            said = choice.label[language].replace("’", "'")
            assert said.lower() == reference.concepts[choice.code].label[language].lower()


def test_the_sets_are_found_by_code_and_version() -> None:
    assert set(SETS) == set(EXPECTED)
    for id_, one in SETS.items():
        assert (one.id, one.code, one.version, one.area) == (id_, id_[:-2], 1, id_[:-2])


def texts_of(questions: QuestionSet) -> int:
    """How many texts a set has that are its own, not a shared list's."""
    own = 1 + len(questions.groups) + len(questions.questions)
    own += sum(bool(question.field.help) for question in questions.questions.values())
    return own + (len(ACTIVITIES) if questions.code == "services" else 0)


@pytest.mark.parametrize("questions", SETS.values(), ids=SETS)
def test_every_text_is_there_in_all_26_languages(questions: QuestionSet) -> None:
    texts = [questions.title, *(group.title for group in questions.groups)]
    for question in questions.questions.values():
        texts += [question.field.label, *(choice.label for choice in question.field.choices)]
        texts += [question.field.help] if question.field.help else []
    assert len(languages.OFFICIAL) == 24
    assert not any(languages.missing(text, languages.ALL) for text in texts)
    assert len(texts) >= texts_of(questions)


@pytest.mark.parametrize("questions", SETS.values(), ids=SETS)
def test_no_text_is_left_in_english_or_in_another_language(questions: QuestionSet) -> None:
    for question in questions.questions.values():
        for text in (question.field.label, question.field.help):
            assert len(set(text.values())) == len(text)


@pytest.mark.parametrize("language", [code for code in languages.OFFICIAL if code != "en"])
def test_a_set_that_lacks_a_language_is_not_published(tmp_path: Path, language: str) -> None:
    copy = Path(shutil.copytree(FOLDER, tmp_path / "copy"))
    (copy / f"{language}.po").unlink()
    with pytest.raises(IncompleteCatalogue) as found:
        question_set(copy)
    assert f"{language}: TRAINING.PQ1.label is not translated" in found.value.faults
    assert all(fault.startswith(f"{language}: ") for fault in found.value.faults)
    assert len(found.value.faults) == texts_of(QUESTIONS)


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


def changed(tmp_path: Path, before: str, after: str) -> Path:
    """A copy of a set's folder with other words in its structure."""
    copy = Path(shutil.copytree(FOLDER, tmp_path / "copy"))
    structure = copy / "structure.toml"
    text = structure.read_text(encoding="utf-8")
    assert before in text
    structure.write_text(text.replace(before, after, 1), encoding="utf-8")
    return copy


def test_a_set_whose_english_text_has_changed_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(IncompleteCatalogue) as found:
        question_set(changed(tmp_path, "diploma authentic?", "diploma genuine?"))
    assert {fault.partition(":")[0] for fault in found.value.faults} == set(languages.OFFICIAL) - {"en"}


@pytest.mark.parametrize(
    ("before", "after", "field", "reason"),
    [
        ('opens_on = ["NO"]', 'opens_on = ["NEVER"]', "groups[0].questions[4].opensOn[0]", "UNKNOWN_CHOICE"),
        ('follows = "PQ3"', 'follows = "PQ9"', "groups[0].questions[4].follows", "UNKNOWN_QUESTION"),
        (
            'follows = "PQ3"',
            'follows = "PQ3"\n  applies_if = "PQ3 = MAYBE"',
            "groups[0].questions[4].appliesIf",
            "UNKNOWN_CHOICE",
        ),
        (
            'code = "PQ5"\n',
            'code = "PQ5"\n  applies_if = "PQ7 > 3"\n',
            "groups[1].questions[2].appliesIf",
            "LATER_QUESTION",
        ),
    ],
)
def test_a_set_that_makes_no_sense_is_not_loaded(
    tmp_path: Path, before: str, after: str, field: str, reason: str
) -> None:
    copy = changed(tmp_path, before, after)
    with pytest.raises(Invalid) as found:
        question_set(copy)
    assert (found.value.field, found.value.reason) == (f"copy.{field}", reason)


@pytest.mark.parametrize("language", languages.EEA)
def test_the_languages_of_the_eea_may_be_absent(tmp_path: Path, language: str) -> None:
    copy = Path(shutil.copytree(FOLDER, tmp_path / "copy"))
    (copy / f"{language}.po").unlink()
    published = question_set(copy)
    assert published.id == SET
    assert language not in published.title
