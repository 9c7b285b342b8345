"""The language of conditions: what it says, what it refuses, and that nothing else can be said in it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.requests.domain.condition_text import DEPTH_LIMIT, LIST_LIMIT, TEXT_LIMIT, parse
from services.requests.domain.conditions import (
    All,
    Answered,
    Circumstances,
    Comparison,
    Condition,
    Either,
    Fact,
    Flag,
    Not,
    Operator,
    names,
    verdict,
    written,
)
from vocabulary.refusals import Invalid

AT = "appliesIf"
NAMES = ("PQ1", "PQ2a", "PQ6", "PW8", "requester.country", "urgent")
CODES = ("NOT_GENUINE", "YES", "tourist_guide", "posting-of-workers", "IT")
EQUAL = (Operator.IS, Operator.IS_NOT)
ORDER = (Operator.BELOW, Operator.AT_MOST, Operator.ABOVE, Operator.AT_LEAST)

name = st.sampled_from(NAMES)
number = st.decimals(-1000, 1000, places=2, allow_nan=False)
literal = st.one_of(st.sampled_from(CODES), number, st.dates())
leaf = st.one_of(
    st.builds(Flag, name),
    st.builds(Answered, name, st.booleans()),
    st.builds(lambda n, o, v: Comparison(n, o, (v,)), name, st.sampled_from((*EQUAL, *ORDER)), literal),
    st.builds(lambda n, v: Comparison(n, Operator.IN, tuple(v)), name, st.lists(literal, min_size=1, max_size=4)),
)
condition = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.tuples(inner, inner)),
        st.builds(Either, st.tuples(inner, inner, inner)),
    ),
    max_leaves=6,
)
fact: st.SearchStrategy[Fact] = st.one_of(
    st.none(), st.booleans(), number, st.dates(), st.frozensets(st.sampled_from(CODES))
)


def read(text: str) -> Condition:
    return parse(text, at=AT)


def read_or_refused(text: str) -> Condition | Invalid:
    try:
        return read(text)
    except Invalid as refusal:
        return refusal


def refused(text: str) -> Invalid:
    with pytest.raises(Invalid) as found:
        read(text)
    assert found.value.field == AT
    return found.value


def holds(text: str, **facts: Fact) -> bool | None:
    return verdict(read(text), facts)


def chosen(*codes: str) -> frozenset[str]:
    return frozenset(codes)


@given(condition)
def test_what_is_written_is_read_as_the_same_condition(one: Condition) -> None:
    text = written(one)
    if len(text) <= TEXT_LIMIT:
        assert read(text) == one


@given(condition, st.dictionaries(name, fact))
def test_a_condition_says_what_python_says(one: Condition, facts: dict[str, Fact]) -> None:
    """Against an evaluation written in another way: every name has a fact here."""
    facts = {**dict.fromkeys(NAMES), **facts}
    assert verdict(one, facts) is _reference(one, facts)


@given(condition, st.dictionaries(name, fact))
def test_a_verdict_reached_early_stays(one: Condition, facts: dict[str, Fact]) -> None:
    """What is decided while some names are still open is decided whatever they turn out to be."""
    early = verdict(one, facts)
    if early is not None:
        assert verdict(one, {**dict.fromkeys(NAMES), **facts}) is early


def _reference(one: Condition, facts: Mapping[str, Fact]) -> bool:
    match one:
        case Not():
            return not _reference(one.operand, facts)
        case All():
            return all(_reference(operand, facts) for operand in one.operands)
        case Either():
            return any(_reference(operand, facts) for operand in one.operands)
        case Answered():
            return one.answered == (facts[one.name] is not None)
        case Flag():
            return facts[one.name] is True
    has = facts[one.name]
    if has is None:
        return False
    same = [value in has if isinstance(has, frozenset) else value == has for value in one.values]
    if one.operator in (Operator.IS, Operator.IN, Operator.IS_NOT):
        return any(same) is not (one.operator is Operator.IS_NOT)
    value = one.values[0]
    if type(value) is not type(has) or isinstance(has, str):
        return False
    return {
        Operator.BELOW: has < value,  # type: ignore[operator]
        Operator.AT_MOST: has <= value,  # type: ignore[operator]
        Operator.ABOVE: has > value,  # type: ignore[operator]
        Operator.AT_LEAST: has >= value,  # type: ignore[operator]
    }[one.operator]


@given(st.text(max_size=200))
@example("PQ1 = ²")
@example("٣ < PQ1")
@example("PQ1 = NOT_GENUINE\x00")
@example("(" * 300)
@example("not " * 120 + "urgent")
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    found = read_or_refused(text)
    if isinstance(found, Invalid):
        assert found.field == AT
        assert found.reason in {"CONDITION_SYNTAX", "TOO_LONG", "TOO_DEEP", "TOO_MANY"}


@given(st.lists(st.sampled_from(["(", ")", "not", "and", "or", "in", "=", "<", ",", "PQ1", "YES", "7", "2020-01-01"])))
def test_no_order_of_words_does_anything_but_be_read_or_refused(tokens: list[str]) -> None:
    found = read_or_refused(" ".join(tokens))
    if isinstance(found, Invalid):
        assert found.field == AT
    else:
        assert read(written(found)) == found


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("a or b and not c", "a or (b and not c)"),
        ("not a and b", "(not a) and b"),
        ("not (a and b)", "not (a and b)"),
        ("(a or b) and c", "(a or b) and c"),
        ("a=b", "a = b"),
        ("  a   in(  b ,c)", "a in (b, c)"),
    ],
)
def test_not_binds_closer_than_and_and_and_closer_than_or(text: str, reading: str) -> None:
    assert read(text) == read(reading)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the end at character 1, where the code of a question should stand"),
        ("PQ1 =", "the end at character 6, where a code, a number or a date should stand"),
        ("PQ1 = NOT_GENUINE PQ2", "'PQ2' at character 18, where the end should stand"),
        ("(PQ1 answered", "the end at character 14, where ')' should stand"),
        ("PQ1 in ()", "')' at character 9"),
        ("PQ1 in A", "'A' at character 7, where '(' should stand"),
        ("and", "'and' at character 1"),
        ("PQ1 = or", "'or' at character 6"),
        ("PQ1 = 2026-02-30", "'2026-02-30' at character 6, where a date should stand"),
        ("PQ1 == YES", "'='"),
        ("PQ1 = 'YES'", '"\'", which means nothing in it'),
        ("__import__('os')", "'_', which means nothing in it"),
        ("PQ1 ; PQ2", "';', which means nothing in it"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(text: str, says: str) -> None:
    found = refused(text)
    assert found.reason == "CONDITION_SYNTAX"
    assert says in found.message


def test_a_condition_is_limited_in_size() -> None:
    longest = f"PQ1 = {'A' * (TEXT_LIMIT - 6)}"
    assert written(read(longest)) == longest
    assert refused(longest + "A").reason == "TOO_LONG"
    deepest = "(" * (DEPTH_LIMIT - 1) + "PQ1 answered" + ")" * (DEPTH_LIMIT - 1)
    assert read(deepest) == Answered("PQ1", True)
    assert refused(f"({deepest})").reason == "TOO_DEEP"
    assert refused("not " * DEPTH_LIMIT + "urgent").reason == "TOO_DEEP"
    listed = ", ".join(["A"] * LIST_LIMIT)
    assert len(list(names(read(f"PQ1 in ({listed})")))) == 1
    assert refused(f"PQ1 in ({listed}, A)").reason == "TOO_MANY"


@pytest.mark.parametrize("text", ["PQ1 = YES", "PQ1 != YES", "PQ1 in (YES, NO)", "PQ1 < 3", "PQ1 >= 2020-01-01"])
def test_a_comparison_with_what_has_no_answer_is_false_and_its_contrary_true(text: str) -> None:
    assert holds(text, PQ1=None) is False
    assert holds(f"not {text}", PQ1=None) is True


def test_of_several_codes_chosen_one_that_fits_is_enough() -> None:
    both = chosen("CRIMINAL", "DISCIPLINARY")
    assert holds("PQ6 = CRIMINAL", PQ6=both)
    assert holds("PQ6 in (ADMINISTRATIVE, CRIMINAL)", PQ6=both)
    assert not holds("PQ6 in (ADMINISTRATIVE, NONE)", PQ6=both)
    assert not holds("PQ6 != CRIMINAL", PQ6=both)
    assert holds("PQ6 != NONE", PQ6=both)


def test_numbers_and_dates_are_compared_as_such() -> None:
    assert holds("PQ7 >= 3", PQ7=Decimal("3.0"))
    assert holds("PQ7 = 3.00", PQ7=Decimal(3))
    assert not holds("PQ7 < 3", PQ7=Decimal(3))
    assert holds("PQ7 > -1.5", PQ7=Decimal(-1))
    assert holds("PQ7 in (1, 2)", PQ7=Decimal(2))
    assert holds("PQ2a < 2016-01-18", PQ2a=date(2016, 1, 17))
    assert holds("PQ2a <= 2016-01-18 and not PQ2a > 2016-01-18", PQ2a=date(2016, 1, 18))


def test_what_is_known_of_a_request_can_be_asked() -> None:
    facts = Circumstances(requester_country="IT", responder_country="HU", urgent=True, subject_kind="person").facts("a")
    for text in (
        "requester.country = IT",
        "responder.country in (HU, SK)",
        "urgent",
        "subject.kind = PERSON",
        "area = a",
        "not (requester.country = FR or subject.kind = COMPANY)",
    ):
        assert verdict(read(text), facts) is True
    unknown = Circumstances().facts("a")
    assert verdict(read("requester.country != IT"), unknown) is False
    assert verdict(read("urgent or subject.kind = PERSON"), unknown) is False


def test_a_condition_is_open_only_as_long_as_it_can_turn_either_way() -> None:
    assert holds("PQ1 answered and PQ2 answered", PQ1=None) is False
    assert holds("PQ1 answered and PQ2 answered", PQ1=Decimal(1)) is None
    assert holds("PQ1 answered or PQ2 answered", PQ1=Decimal(1)) is True
    assert holds("not PQ2 answered") is None
