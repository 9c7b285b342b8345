"""Which questions are open, and which answers they take."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.requests.catalogue import question_sets
from services.requests.domain.conditions import Circumstances
from services.requests.domain.questions import (
    Answer,
    Asked,
    Question,
    QuestionSet,
    check_applies,
    check_asked,
    check_urgent,
    merged,
    open_questions,
    unanswered,
)
from vocabulary.files import File
from vocabulary.refusals import Invalid
from vocabulary.values import FreeText, Money, Value, ValueType

SETS = question_sets()
SET = SETS["professional-qualifications:1"]
SERVICES, POSTING = SETS["services:1"], SETS["posting-of-workers:1"]
FIRST = [code for code, question in SET.questions.items() if question.can_be_chosen]
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


POSTED = [code for code, question in POSTING.questions.items() if question.can_be_chosen]
NO_RECORD = Answer(code="PW8", value=Value(codes=("NO_SUCH_RECORD",)))
STAFF = Answer(code="PW3", value=Value(number=Decimal(12)))


def test_a_reason_for_giving_no_answer_takes_the_place_of_all_answers() -> None:
    assert open_questions(POSTING, POSTED, {}) == [*POSTED, "PW8"]
    assert unanswered(POSTING, POSTED, {}) == POSTED
    excused = merged(POSTING, POSTED, {}, [NO_RECORD], at="answers")
    assert unanswered(POSTING, POSTED, excused) == []


def test_a_reason_for_giving_no_answer_goes_when_an_answer_comes() -> None:
    excused = merged(POSTING, ["PW3"], {}, [NO_RECORD], at="answers")
    answered = merged(POSTING, ["PW3"], excused, [STAFF], at="answers")
    assert list(answered) == ["PW3"]
    assert open_questions(POSTING, ["PW3"], answered) == ["PW3"]
    with pytest.raises(Invalid) as refused:
        merged(POSTING, ["PW3"], answered, [NO_RECORD], at="answers")
    assert (refused.value.field, refused.value.reason) == ("answers[0].questionCode", "HIDDEN_QUESTION")
    assert "PW1 unanswered and PW2 unanswered" in refused.value.message


def test_a_reason_for_giving_no_answer_is_part_of_every_request_and_is_not_chosen() -> None:
    with pytest.raises(Invalid) as refused:
        check_asked(POSTING, [Asked(code="PW1"), Asked(code="PW8")], at="questions")
    assert (refused.value.field, refused.value.reason) == ("questions[1].code", "AUTOMATIC")


def test_a_question_that_is_not_mandatory_may_stay_unanswered() -> None:
    assert not SERVICES.questions["SV4"].field.mandatory
    assert unanswered(SERVICES, ["SV2", "SV4"], {}) == ["SV2"]
    assert all(one.field.mandatory for one in SET.questions.values())


def test_only_what_a_register_shows_can_be_asked_urgently_about_posted_workers() -> None:
    check_urgent(POSTING, ["PW1"], at="draft.urgent")
    check_urgent(SET, FIRST, at="draft.urgent")
    with pytest.raises(Invalid) as refused:
        check_urgent(POSTING, ["PW1", "PW3"], at="draft.urgent")
    assert (refused.value.field, refused.value.reason) == ("draft.urgent", "NOT_URGENT")
    assert refused.value.message.endswith("asks PW3")


def test_an_urgent_request_names_its_questions_only_where_urgency_is_limited_to_some() -> None:
    assert {one.id: one.urgent_for for one in SETS.values() if one.urgent_for} == {POSTING.id: ("PW1",)}


def changed(code: str, **other: Any) -> QuestionSet:
    """The set with one question changed."""

    def with_change(question: Question) -> Question:
        return replace(question, **other) if question.code == code else question

    groups = tuple(replace(one, questions=tuple(map(with_change, one.questions))) for one in SET.groups)
    return replace(SET, groups=groups)


def test_free_text_stands_only_beside_questions_that_take_it() -> None:
    wordless = changed("PQ1", free_text=False)
    words = FreeText(text="szöveg", language="hu")
    given_answers = [replace(answers("PQ1")[0], comment=words)]
    assert check_asked(SET, [Asked(code="PQ1", comment=words)], at="questions")
    assert merged(SET, ["PQ1"], {}, given_answers, at="answers")
    for ask in (
        lambda: check_asked(wordless, [Asked(code="PQ1", comment=words)], at="draft.questions"),
        lambda: merged(wordless, ["PQ1"], {}, given_answers, at="draft.questions"),
    ):
        with pytest.raises(Invalid) as refused:
            ask()
        assert (refused.value.field, refused.value.reason) == ("draft.questions[0].comment", "NO_FREE_TEXT")


def test_files_stand_only_beside_questions_that_take_them() -> None:
    file = File(id="fil_1", name="a.pdf", media_type="application/pdf", size_bytes=1, sha256="0")
    assert check_asked(SET, [Asked(code="PQ1", files=(file,))], at="questions")
    for ask in (
        lambda: check_asked(SET, [Asked(code="PQ5", files=(file,))], at="x"),
        lambda: merged(SET, ["PQ5"], {}, [replace(answers("PQ5")[0], files=(file,))], at="x"),
    ):
        with pytest.raises(Invalid) as refused:
            ask()
        assert (refused.value.field, refused.value.reason) == ("x[0].fileIds", "NO_ATTACHMENTS")


def test_a_question_opens_only_under_its_condition() -> None:
    italian = changed("PQ7", applies_if="PQ4 = ESTABLISHED and requester.country = IT")
    established = {"PQ4": Answer(code="PQ4", value=Value(codes=("ESTABLISHED",)))}
    from_italy = Circumstances(requester_country="IT")
    assert open_questions(italian, ["PQ4", "PQ7"], established, from_italy) == ["PQ4", "PQ7"]
    assert open_questions(italian, ["PQ4", "PQ7"], established) == ["PQ4"]
    assert open_questions(italian, ["PQ7"], established, from_italy) == []
    years = [Answer(code="PQ7", value=GOOD["PQ7"])]
    saved = merged(italian, ["PQ4", "PQ7"], established, years, at="answers", circumstances=from_italy)
    ended = [Answer(code="PQ4", value=Value(codes=("CEASED",)))]
    assert list(merged(italian, ["PQ4", "PQ7"], saved, ended, at="answers", circumstances=from_italy)) == ["PQ4"]


def test_a_question_is_not_asked_without_those_that_open_it() -> None:
    """It would never open, and the reply be whole without it."""
    chain = changed("PQ3", applies_if="PQ1 = GENUINE")
    assert open_questions(chain, ["PQ3"], {}) == []
    with pytest.raises(Invalid) as refused:
        check_applies(chain, [Asked(code="PQ6"), Asked(code="PQ3")], Circumstances(), at="x")
    assert (refused.value.field, refused.value.reason) == ("x[1].code", "NOT_APPLICABLE")
    check_applies(chain, [Asked(code="PQ1"), Asked(code="PQ3")], Circumstances(), at="x")
    check_applies(chain, [Asked(code="PQ3")], Circumstances(), at="x", beside=["PQ1"])
    # One that opens while there is no answer is open.
    check_applies(changed("PQ3", applies_if="PQ1 unanswered"), [Asked(code="PQ3")], Circumstances(), at="x")


def test_an_answer_to_a_hidden_question_opens_nothing() -> None:
    """Saved while its question was open, it says nothing once that is closed."""
    chain = changed("PQ3", applies_if="PQ1 = GENUINE")
    saved = {code: Answer(code=code, value=GOOD[code]) for code in ("PQ1", "PQ3", "PQ3a")}
    assert open_questions(chain, ["PQ1", "PQ3"], saved) == ["PQ1", "PQ3", "PQ3a"]
    saved["PQ1"] = Answer(code="PQ1", value=Value(codes=("NOT_GENUINE",)))
    assert open_questions(chain, ["PQ1", "PQ3"], saved) == ["PQ1"]


def an_answer(question: Question, data: st.DataObject) -> Value:
    """Any answer that the question takes."""
    if question.field.choices:
        return Value(codes=(data.draw(st.sampled_from([choice.code for choice in question.field.choices])),))
    return {
        ValueType.TEXT: TEXT,
        ValueType.DATE: Value(date=date(2024, 2, 29)),
        ValueType.NUMBER: Value(number=Decimal(7)),
        ValueType.MONEY: Value(money=Money(amount=Decimal("9.50"), currency="EUR")),
        ValueType.DOCUMENT: Value(files=("fil_1",)),
    }[question.field.type]


@pytest.mark.parametrize("questions", SETS.values(), ids=SETS)
@given(data=st.data())
def test_what_is_stored_is_always_open(questions: QuestionSet, data: st.DataObject) -> None:
    """However answers are saved and changed, none is ever kept for a question that is not open."""
    choosable = [code for code, one in questions.questions.items() if one.can_be_chosen]
    asked = data.draw(st.sets(st.sampled_from(choosable), min_size=1))
    saved: dict[str, Answer] = {}
    for _ in range(4):
        code = data.draw(st.sampled_from(open_questions(questions, asked, saved)))
        value = an_answer(questions.questions[code], data)
        saved = merged(questions, asked, saved, [Answer(code=code, value=value)], at="answers")
        assert code in saved
        assert set(saved) <= set(open_questions(questions, asked, saved))
        assert set(unanswered(questions, asked, saved)) <= set(open_questions(questions, asked, saved)) - set(saved)
