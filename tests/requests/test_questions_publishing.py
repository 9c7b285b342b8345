"""Which question sets can be published, and for each that cannot, what is said of it."""

from decimal import Decimal
from typing import Any

import pytest

from services.requests.catalogue import question_sets
from services.requests.domain.conditions import Circumstances
from services.requests.domain.publishing import QUESTIONS_LIMIT, check_set
from services.requests.domain.questions import Answer, Group, Question, QuestionSet, open_questions
from tests.cells import cell
from vocabulary import languages
from vocabulary.forms import TEXT_LIMIT
from vocabulary.refusals import Invalid
from vocabulary.values import Choice, Field, FreeText, Value, ValueType

AT = "questionSet"
WORDS = dict.fromkeys(languages.OFFICIAL, "text")
LIST = tuple(Choice(code=code, label=WORDS) for code in ("A", "B", "C"))
NONE_OF = (*LIST, Choice(code="NONE", label=WORDS))
YES_NO = tuple(Choice(code=code, label=WORDS) for code in ("YES", "NO"))
CHOICES = {
    ValueType.SINGLE: LIST,
    ValueType.MULTI: NONE_OF,
    ValueType.YES_NO: YES_NO,
    ValueType.YES_NO_UNKNOWN: YES_NO,
}


def field(code: str, type_: ValueType = ValueType.SINGLE, **changed: Any) -> Field:
    choices = CHOICES.get(type_, ())
    return Field(**{"code": code, "label": WORDS, "type": type_, "choices": choices, "mandatory": True, **changed})


def question(code: str, type_: ValueType = ValueType.SINGLE, **changed: Any) -> Question:
    return Question(field=field(code, type_), **changed)


# One question of each kind that conditions can speak of.
ONE = question("Q1")
MANY = question("Q2", ValueType.MULTI)
NUMBER = Question(field=field("Q3", ValueType.NUMBER, minimum=Decimal(0), maximum=Decimal(10)))
DATE = question("Q4", ValueType.DATE)
TEXT = question("Q5", ValueType.TEXT)
MONEY = question("Q6", ValueType.MONEY)
FILES = question("Q7", ValueType.DOCUMENT)
STATEMENT = question("Q8", ValueType.STATEMENT)
BEFORE = (ONE, MANY, NUMBER, DATE, TEXT, MONEY, FILES, STATEMENT)


def a_set(*questions: Question, **changed: Any) -> QuestionSet:
    groups = (Group(code="G", title=WORDS, questions=questions),)
    return QuestionSet(
        **{"code": "services", "version": 2, "area": "services", "title": WORDS, "groups": groups, **changed}
    )


def conditional(text: str) -> QuestionSet:
    """A set whose last question has this condition."""
    return a_set(*BEFORE, question("Q9", applies_if=text))


def refused(questions: QuestionSet) -> Invalid:
    with pytest.raises(Invalid) as found:
        check_set(questions, at=AT)
    assert found.value.field
    return found.value


def refusal(questions: QuestionSet) -> tuple[str, str]:
    found = refused(questions)
    return str(found.field), found.reason


@pytest.mark.parametrize("questions", question_sets().values(), ids=lambda one: str(one.id))
def test_what_is_shipped_can_be_published(questions: QuestionSet) -> None:
    check_set(questions, at=AT)


@pytest.mark.parametrize(
    "text",
    [
        "Q1 = A",
        "Q1 != A and Q1 != B",
        "Q2 in (A, B) and Q2 = C",
        "Q2 = NONE",
        "Q3 > 9 and Q3 != 10",
        "Q3 > 2 and Q3 < 2.000002",
        "Q4 > 2020-01-01 and Q4 < 2020-01-03",
        "Q5 answered and Q6 unanswered and not Q7 answered",
        "urgent",
        "not urgent and subject.kind in (PERSON, COMPANY)",
        "requester.country = IT and responder.country != IT",
        "area = services",
        "Q1 unanswered and Q2 unanswered and Q3 unanswered and Q4 unanswered and Q5 unanswered and Q6 unanswered",
    ],
)
def test_a_condition_that_makes_sense_can_be_published(text: str) -> None:
    check_set(conditional(text), at=AT)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Q1 =", "CONDITION_SYNTAX"),
        ("Q1 = A" + " or Q1 = A" * 60, "TOO_LONG"),
        ("Q0 = A", "UNKNOWN_QUESTION"),
        ("Q0 answered", "UNKNOWN_QUESTION"),
        ("Q0", "UNKNOWN_QUESTION"),
        ("requester.name = A", "UNKNOWN_QUESTION"),
        ("Q1 = D", "UNKNOWN_CHOICE"),
        ("Q2 in (A, D)", "UNKNOWN_CHOICE"),
        ("subject.kind = HOUSE", "UNKNOWN_CHOICE"),
        ("requester.country = GR", "UNKNOWN_CHOICE"),
        ("Q1 = 3", "WRONG_TYPE"),
        ("Q1 < A", "WRONG_TYPE"),
        ("Q3 = A", "WRONG_TYPE"),
        ("Q3 > 2020-01-01", "WRONG_TYPE"),
        ("Q4 = 3", "WRONG_TYPE"),
        ("Q5 = A", "WRONG_TYPE"),
        ("Q6 > 100", "WRONG_TYPE"),
        ("Q7 = A", "WRONG_TYPE"),
        ("Q8 answered", "WRONG_TYPE"),
        ("Q1", "WRONG_TYPE"),
        ("urgent = YES", "WRONG_TYPE"),
        ("urgent answered", "UNKNOWN_QUESTION"),
        ("Q9 answered", "CYCLE"),
        ("Q1 = A and Q1 = B", "UNREACHABLE"),
        ("Q2 = NONE and Q2 = A", "UNREACHABLE"),
        ("Q1 answered and Q1 unanswered", "UNREACHABLE"),
        ("Q1 = A and Q1 unanswered", "UNREACHABLE"),
        ("Q3 > 10", "UNREACHABLE"),
        ("Q3 > 2 and Q3 < 2.000001", "UNREACHABLE"),
        ("Q4 > 2020-01-01 and Q4 < 2020-01-02", "UNREACHABLE"),
        ("Q1 != A and Q1 != B and Q1 != C", "UNREACHABLE"),
        ("area = firearms", "UNREACHABLE"),
        ("urgent and not urgent", "UNREACHABLE"),
        ("subject.kind = PERSON and subject.kind = COMPANY", "UNREACHABLE"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_at_its_question(text: str, reason: str) -> None:
    assert refusal(conditional(text)) == (f"{AT}.groups[0].questions[8].appliesIf", reason)


def test_a_refusal_of_a_condition_names_its_question() -> None:
    assert refused(conditional("Q1 = D")).message == "Q9: Q1 has no choice 'D'; it has A, B, C"
    assert refused(conditional("Q1 = A and Q1 = B")).message.startswith("Q9 can never open")


def test_a_condition_looks_back_and_never_forward() -> None:
    where = f"{AT}.groups[0].questions[0].appliesIf"
    assert refusal(a_set(question("Q1", applies_if="Q2 = A"), question("Q2"))) == (where, "LATER_QUESTION")
    assert refusal(a_set(question("Q1", applies_if="Q2 = A"), question("Q2", applies_if="Q1 = A"))) == (where, "CYCLE")
    around = (
        question("Q1", applies_if="Q3 answered"),
        question("Q2", applies_if="Q1 answered"),
        question("Q3", follows="Q2"),
    )
    assert refusal(a_set(*around)) == (where, "CYCLE")


def test_follow_ups_and_conditions_combine() -> None:
    questions = a_set(ONE, question("Q2", follows="Q1", opens_on=("A", "B"), applies_if="Q1 != B and not urgent"))
    check_set(questions, at=AT)

    def opens(code: str, *, urgent: bool = False) -> bool:
        answers = {"Q1": Answer(code="Q1", value=Value(codes=(code,)))}
        return "Q2" in open_questions(questions, ["Q1"], answers, Circumstances(urgent=urgent))

    assert opens("A")
    assert not opens("A", urgent=True)
    assert not opens("B")
    assert not opens("C")


def test_an_answer_that_is_only_there_is_enough_for_what_asks_no_more() -> None:
    questions = a_set(TEXT, MONEY, question("Q9", applies_if="Q5 answered"))
    answers = {"Q5": Answer(code="Q5", value=Value(text=FreeText(text="x", language="en")))}
    assert open_questions(questions, ["Q5", "Q9"], answers) == ["Q5", "Q9"]
    assert open_questions(questions, ["Q9"], {}) == []


@pytest.mark.parametrize(
    ("where", "changed"),
    [
        ("title", lambda text: a_set(ONE, title=text)),
        ("groups[0].title", lambda text: a_set(ONE, groups=(Group(code="G", title=text, questions=(ONE,)),))),
        ("groups[0].questions[0].text", lambda text: a_set(Question(field=field("Q1", label=text)))),
        ("groups[0].questions[0].help", lambda text: a_set(Question(field=field("Q1", help=text)))),
        (
            "groups[0].questions[0].choices[1].label",
            lambda text: a_set(Question(field=field("Q1", choices=(LIST[0], Choice(code="B", label=text))))),
        ),
    ],
)
def test_a_text_that_lacks_a_language_is_refused_by_its_place(where: str, changed: Any) -> None:
    for language in languages.OFFICIAL:
        with cell(language):
            text = {code: one for code, one in WORDS.items() if code != language}
            found = refused(changed(text))
            assert (found.field, found.reason) == (f"{AT}.{where}.{language}", "MISSING_LANGUAGE")
            assert found.message.endswith(f": {language}")
            assert refusal(changed({**text, language: " "})) == (f"{AT}.{where}.{language}", "MISSING_LANGUAGE")


FIRST = f"{AT}.groups[0].questions[0]"
SECOND = f"{AT}.groups[0].questions[1]"


@pytest.mark.parametrize(
    ("questions", "field_", "reason"),
    [
        (a_set(ONE, code="Services!"), f"{AT}.code", "NOT_A_CODE"),
        (a_set(ONE, version=0), f"{AT}.version", "OUT_OF_RANGE"),
        (a_set(groups=()), f"{AT}.groups", "OUT_OF_RANGE"),
        (a_set(), f"{AT}.groups[0].questions", "EMPTY"),
        (a_set(*(question(f"Q{i}") for i in range(QUESTIONS_LIMIT + 1))), f"{AT}.groups", "OUT_OF_RANGE"),
        (a_set(ONE, ONE), f"{SECOND}.code", "REPEATED"),
        (
            a_set(
                groups=(Group(code="G", title=WORDS, questions=(ONE,)), Group(code="G", title=WORDS, questions=(MANY,)))
            ),
            f"{AT}.groups[1].code",
            "REPEATED",
        ),
        (a_set(question("q1")), f"{FIRST}.code", "NOT_A_CODE"),
        (a_set(question("Q 1")), f"{FIRST}.code", "NOT_A_CODE"),
        (a_set(Question(field=field("Q1", choices=()))), f"{FIRST}.choices", "CHOICES"),
        (a_set(Question(field=field("Q1", ValueType.DATE, choices=LIST))), f"{FIRST}.choices", "CHOICES"),
        (a_set(Question(field=field("Q1", choices=LIST * 2))), f"{FIRST}.choices[3].code", "REPEATED"),
        (a_set(Question(field=field("Q1", choices=LIST * 40))), f"{FIRST}.choices", "TOO_MANY"),
        (
            a_set(Question(field=field("Q1", choices=(Choice(code="A B", label=WORDS),)))),
            f"{FIRST}.choices[0].code",
            "NOT_A_CODE",
        ),
        (a_set(question("Q1", ValueType.AUTHORITY)), f"{FIRST}.type", "WRONG_TYPE"),
        (a_set(question("Q1", ValueType.LINK)), f"{FIRST}.type", "WRONG_TYPE"),
        (a_set(Question(field=field("Q1", minimum=Decimal(1)))), f"{FIRST}.minimum", "WRONG_TYPE"),
        (
            a_set(Question(field=field("Q1", ValueType.NUMBER, minimum=Decimal(2), maximum=Decimal(1)))),
            f"{FIRST}.maximum",
            "OUT_OF_RANGE",
        ),
        (
            a_set(Question(field=field("Q1", label={**WORDS, "hu": "x" * (TEXT_LIMIT + 1)}))),
            f"{FIRST}.text.hu",
            "TOO_LONG",
        ),
        (a_set(Question(field=field("Q1", label={**WORDS, "tlh": "x"}))), f"{FIRST}.text.tlh", "UNKNOWN_LANGUAGE"),
        (a_set(question("Q1", opens_on=("A",))), f"{FIRST}.opensOn", "FOLLOWS_NOTHING"),
        (a_set(question("Q1", follows="Q0")), f"{FIRST}.follows", "UNKNOWN_QUESTION"),
        (a_set(question("Q1", follows="Q1")), f"{FIRST}.follows", "CYCLE"),
        (a_set(question("Q1", follows="Q2"), question("Q2")), f"{FIRST}.follows", "LATER_QUESTION"),
        (a_set(question("Q1", follows="Q2"), question("Q2", follows="Q1")), f"{FIRST}.follows", "CYCLE"),
        (a_set(ONE, question("Q2", follows="Q1", opens_on=("D",))), f"{SECOND}.opensOn[0]", "UNKNOWN_CHOICE"),
        (a_set(ONE, question("Q2", follows="Q1", automatic=True)), f"{SECOND}.automatic", "CONTRADICTION"),
        (a_set(question("Q1", suggests_alert_on=("A", "D"))), f"{FIRST}.suggestsAlertOn[1]", "UNKNOWN_CHOICE"),
        (a_set(ONE, urgent_for=("Q1", "Q2")), f"{AT}.urgentFor[1]", "UNKNOWN_QUESTION"),
        (a_set(ONE, question("Q2", follows="Q1"), urgent_for=("Q2",)), f"{AT}.urgentFor[0]", "UNKNOWN_QUESTION"),
    ],
)
def test_what_keeps_a_set_from_being_published_is_named(questions: QuestionSet, field_: str, reason: str) -> None:
    assert refusal(questions) == (field_, reason)


TEN_TYPES = ["YES_NO", "YES_NO_UNKNOWN", "SINGLE", "MULTI", "DATE", "NUMBER", "MONEY", "TEXT", "DOCUMENT", "STATEMENT"]


@pytest.mark.parametrize("type_", ValueType)
def test_questions_are_of_ten_types(type_: ValueType) -> None:
    questions = a_set(question("Q1", type_))
    if type_ in TEN_TYPES:
        check_set(questions, at=AT)
    else:
        assert refusal(questions) == (f"{FIRST}.type", "WRONG_TYPE")
