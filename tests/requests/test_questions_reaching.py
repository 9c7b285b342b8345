"""A question opens if any answers lead to it, and a set with one that never does is refused."""

from collections.abc import Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from services.requests.domain.publishing import check_set
from services.requests.domain.questions import Answer, open_questions
from tests.requests.test_questions_publishing import AT, ONE, a_set, question, refusal
from vocabulary.values import Value, ValueType


def _conditions(names: Sequence[str]) -> st.SearchStrategy[str]:
    name = st.sampled_from(names)
    leaf = st.one_of(
        st.builds(lambda one, code: f"{one} = {code}", name, st.sampled_from("ABC")),
        st.builds(lambda one, code: f"{one} != {code}", name, st.sampled_from("ABC")),
        st.builds(lambda one, how: f"{one} {how}", name, st.sampled_from(["answered", "unanswered"])),
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda one: f"not ({one})", inner),
            st.builds(
                lambda one, other, word: f"({one}) {word} ({other})", inner, inner, st.sampled_from(["and", "or"])
            ),
        ),
        max_leaves=4,
    )


@given(_conditions(["Q1"]), _conditions(["Q1", "Q2"]))
def test_a_set_is_refused_when_no_answers_open_a_question_and_only_then(second: str, last: str) -> None:
    """Against every answer there is, one after the other."""
    questions = a_set(ONE, question("Q2", applies_if=second), question("Q3", applies_if=last))
    codes = ("Q1", "Q2", "Q3")
    opened: set[str] = set()
    for values in product([None, "A", "B", "C"], repeat=2):
        answers = {
            f"Q{place}": Answer(code="", value=Value(codes=(one,))) for place, one in enumerate(values, 1) if one
        }
        opened |= set(open_questions(questions, codes, answers))
    if opened == set(codes):
        check_set(questions, at=AT)
    else:
        first = min(set(codes) - opened)
        assert refusal(questions) == (f"{AT}.groups[0].questions[{codes.index(first)}].appliesIf", "UNREACHABLE")


def test_a_question_cannot_open_after_one_that_never_does_with_that_answer() -> None:
    """Each condition could hold by itself; together they cannot."""
    closed = (ONE, question("Q2", applies_if="Q1 = A"), question("Q3", applies_if="Q1 = B and Q2 answered"))
    assert refusal(a_set(*closed)) == (f"{AT}.groups[0].questions[2].appliesIf", "UNREACHABLE")
    followed = (ONE, question("Q2", follows="Q1", opens_on=("A",)), question("Q3", follows="Q2", applies_if="Q1 = C"))
    assert refusal(a_set(*followed)) == (f"{AT}.groups[0].questions[2].appliesIf", "UNREACHABLE")
    check_set(a_set(ONE, closed[1], question("Q3", applies_if="Q1 = B and Q2 unanswered")), at=AT)


def test_a_condition_that_takes_too_long_to_check_is_refused() -> None:
    """Ten questions of many choices that contradict each other at the very end."""
    many = [question(f"Q{index}", ValueType.MULTI) for index in range(10, 20)]
    pairs = " and ".join(f"{one.code} in (A, B, C)" for one in many)
    last = question("Q99", applies_if=f"({pairs}) and (Q19 = NONE or Q18 = NONE)")
    assert refusal(a_set(*many, last))[1] == "TOO_COMPLEX"
