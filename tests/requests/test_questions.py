"""Which questions are open, and which answers they take."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.requests.catalogue import question_sets
from services.requests.domain.questions import Answer, Asked, check_asked, merged, open_questions, unanswered
from vocabulary.refusals import Invalid
from vocabulary.values import FreeText, Value

SET = question_sets()["professional-qualifications:1"]
FIRST = [code for code, question in SET.questions.items() if not question.follows]
TEXT = Value(text=FreeText(text="szöveg", language="hu"))
GOOD = {
    "PQ1": Value(codes=("GENUINE",)),
    "PQ2": TEXT,
    "PQ2a": Value(date=date(2010, 6, 30)),
    "PQ3": Value(codes=("NO",)),
    "PQ3a": TEXT,
    "PQ4": Value(codes=("SUSPENDED",)),
    "PQ4a": Value(date=date(2027, 1, 1)),
    "PQ5": Value(codes=("FULL",)),
    "PQ6": Value(codes=("DISCIPLINARY", "CRIMINAL")),
    "PQ6a": TEXT,
    "PQ7": Value(number=Decimal(7)),
    "PQ8": Value(files=("fil_1",)),
}


def answers(*codes: str, **changed: Value) -> list[Answer]:
    return [Answer(code=code, value=changed.get(code, GOOD[code])) for code in codes]


def test_the_set_has_all_questions_of_the_domain() -> None:
    assert list(SET.questions) == list(GOOD)


def test_with_every_question_asked_and_every_follow_up_opened_all_are_answered() -> None:
    given_all = merged(SET, FIRST, {}, answers(*GOOD), at="answers")
    assert list(given_all) == list(GOOD)
    assert unanswered(SET, FIRST, given_all) == []


@pytest.mark.parametrize(
    ("parent", "value", "follow_up", "opens"),
    [
        ("PQ2", TEXT, "PQ2a", True),
        ("PQ3", Value(codes=("YES",)), "PQ3a", False),
        ("PQ3", Value(codes=("NO",)), "PQ3a", True),
        ("PQ3", Value(codes=("NOT_KNOWN",)), "PQ3a", False),
        ("PQ4", Value(codes=("ESTABLISHED",)), "PQ4a", False),
        ("PQ4", Value(codes=("SUSPENDED",)), "PQ4a", True),
        ("PQ6", Value(codes=("NONE",)), "PQ6a", False),
        ("PQ6", Value(codes=("ADMINISTRATIVE",)), "PQ6a", True),
    ],
)
def test_a_follow_up_opens_on_the_stated_answer_only(parent: str, value: Value, follow_up: str, opens: bool) -> None:
    answered = {parent: Answer(code=parent, value=value)}
    assert (follow_up in open_questions(SET, [parent], answered)) is opens
    if opens:
        assert unanswered(SET, [parent], answered) == [follow_up]
    else:
        with pytest.raises(Invalid) as refused:
            merged(SET, [parent], {}, answers(parent, follow_up, **{parent: value}), at="answers")
        assert (refused.value.field, refused.value.reason) == ("answers[1].questionCode", "HIDDEN_QUESTION")


def test_a_saved_answer_whose_question_closes_is_dropped() -> None:
    saved = merged(SET, ["PQ3"], {}, answers("PQ3", "PQ3a"), at="answers")
    changed = merged(SET, ["PQ3"], saved, answers("PQ3", PQ3=Value(codes=("YES",))), at="answers")
    assert list(changed) == ["PQ3"]


@pytest.mark.parametrize("code", GOOD)
@pytest.mark.parametrize("kind", ["codes", "date", "number", "text", "files", "link"])
def test_an_answer_of_another_type_is_refused_by_name(code: str, kind: str) -> None:
    values = {
        "codes": Value(codes=("GENUINE",)),
        "date": Value(date=date(2020, 1, 1)),
        "number": Value(number=Decimal(3)),
        "text": TEXT,
        "files": Value(files=("fil_1",)),
        "link": Value(link="https://a.example"),
    }
    own = next(name for name in Value.__slots__ if getattr(GOOD[code], name) is not None)
    if kind == own:
        return
    asked = [code] if code in FIRST else [SET.questions[code].follows]
    before = [] if code in FIRST else answers(*asked)
    with pytest.raises(Invalid) as refused:
        merged(SET, asked, {}, [*before, Answer(code=code, value=values[kind])], at="answers")
    assert refused.value.field == f"answers[{len(before)}].value"
    assert refused.value.reason == "WRONG_TYPE"


@pytest.mark.parametrize(
    ("code", "value", "field", "reason"),
    [
        ("PQ1", Value(codes=("PERHAPS",)), "value.codes[0]", "UNKNOWN_CHOICE"),
        ("PQ1", Value(codes=("GENUINE", "NOT_GENUINE")), "value.codes", "TOO_MANY"),
        ("PQ1", Value(codes=()), "value.codes", "EMPTY"),
        ("PQ6", Value(codes=("NONE", "CRIMINAL")), "value.codes", "CONTRADICTION"),
        ("PQ6", Value(codes=("CRIMINAL", "CRIMINAL")), "value.codes", "REPEATED"),
        ("PQ7", Value(number=Decimal(11)), "value.number", "OUT_OF_RANGE"),
        ("PQ7", Value(number=Decimal(-1)), "value.number", "OUT_OF_RANGE"),
        ("PQ2", Value(text=FreeText(text="  ", language="hu")), "value.text.text", "EMPTY"),
        ("PQ2", Value(text=FreeText(text="x" * 4001, language="hu")), "value.text.text", "TOO_LONG"),
        ("PQ2", Value(text=FreeText(text="x", language="tlh")), "value.text.language", "UNKNOWN_LANGUAGE"),
    ],
)
def test_a_wrong_value_is_refused_by_name(code: str, value: Value, field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        merged(SET, [code], {}, [Answer(code=code, value=value)], at="answers")
    assert (refused.value.field, refused.value.reason) == (f"answers[0].{field}", reason)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ([Asked(code="SV1")], "UNKNOWN_QUESTION"),
        ([Asked(code="PQ3a")], "FOLLOW_UP"),
        ([Asked(code="PQ1"), Asked(code="PQ1")], "REPEATED"),
    ],
)
def test_a_question_that_cannot_be_chosen_is_refused(asked: list[Asked], reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_asked(SET, asked, at="draft.questions")
    assert refused.value.reason == reason
    assert refused.value.field == f"draft.questions[{len(asked) - 1}].code"


def test_an_answer_to_a_question_that_was_not_asked_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        merged(SET, ["PQ1"], {}, answers("PQ5"), at="answers")
    assert (refused.value.field, refused.value.reason) == ("answers[0].questionCode", "UNKNOWN_QUESTION")


@given(st.sets(st.sampled_from(FIRST), min_size=1), st.data())
def test_what_is_stored_is_always_open(asked: set[str], data: st.DataObject) -> None:
    """However answers are saved and changed, none is ever kept for a question that is not open."""
    saved: dict[str, Answer] = {}
    for _ in range(4):
        code = data.draw(st.sampled_from(sorted(asked | set(open_questions(SET, asked, saved)))))
        choices = [choice.code for choice in SET.questions[code].field.choices]
        value = Value(codes=(data.draw(st.sampled_from(choices)),)) if choices else GOOD[code]
        saved = merged(SET, asked, saved, [Answer(code=code, value=value)], at="answers")
        assert set(saved) <= set(open_questions(SET, asked, saved))
