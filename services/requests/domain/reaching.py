"""Whether every question of a set can open: some answers to the questions before it, and some request, must lead to it.

The answers that matter are few: of a list, the codes that some condition names and one that none does; of a number or a date, the
values compared with and their neighbours. They are tried in the order of the set, and given up as soon as the condition has failed
whatever follows.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, combinations, count

from services.requests.domain.conditions import (
    AREA,
    SUBJECT_KIND,
    SUBJECT_KINDS,
    URGENT,
    All,
    Comparison,
    Condition,
    Either,
    Fact,
    Literal,
    Not,
    names,
    verdict,
)
from services.requests.domain.questions import Question, QuestionSet
from vocabulary.refusals import Invalid
from vocabulary.values import CHOOSING, Field, ValueType

# For all questions of a set together: a second or two.
TRIES_LIMIT = 20_000
# Numbers are written with at most six decimals.
_STEP = Decimal("0.000001")
# Of a list with several choices, more are not told apart.
_TOGETHER = 6


def check_reachable(questions: QuestionSet, places: Mapping[str, str]) -> None:
    """Raises Invalid for the first question that can never open; *places* says where each stands in the input."""
    tries = count(1)
    for code, question in questions.questions.items():
        if not question.opening.operands:
            continue
        field = f"{places[code]}.{'appliesIf' if question.applies_if else 'opensOn'}"
        if not _Search(questions, question, field, tries).succeeds():
            raise Invalid(
                f"{code} can never open: no answers lead to {question.applies_if or question.follows}",
                field=field,
                reason="UNREACHABLE",
            )


class _Search:
    """Looks for a request and answers that open one question."""

    def __init__(self, questions: QuestionSet, goal: Question, at: str, tries: "count[int]") -> None:
        known = questions.questions
        self._at = at
        self._tries = tries
        self._goal = goal.opening
        needed = _needed(goal, known)
        self._questions = [known[code] for code in known if code in needed]
        compared = _compared([self._goal, *(one.opening for one in self._questions)])
        used = {name for one in (self._goal, *(q.opening for q in self._questions)) for name in names(one)}
        of_request = {name: _about_request(name, compared.get(name, ())) for name in used - set(known)}
        if AREA in of_request:
            of_request[AREA] = [frozenset({questions.area})]
        self._of_request = list(of_request.items())
        self._answers = {one.code: _answers(one.field, compared.get(one.code, ())) for one in self._questions}

    def succeeds(self) -> bool:
        return self._request(0, {})

    def _request(self, index: int, facts: dict[str, Fact]) -> bool:
        if index == len(self._of_request):
            return self._answer(0, facts)
        name, values = self._of_request[index]
        return any(self._request(index + 1, {**facts, name: value}) for value in values)

    def _answer(self, index: int, facts: dict[str, Fact]) -> bool:
        if next(self._tries) > TRIES_LIMIT:
            raise Invalid("the conditions are too intricate to be checked", field=self._at, reason="TOO_COMPLEX")
        settled = verdict(self._goal, facts)
        if settled is False:
            return False
        if index == len(self._questions):
            return settled is True
        question = self._questions[index]
        # What a question depends on stands before it, so whether it opens is settled here.
        opens = verdict(question.opening, facts)
        values = self._answers[question.code] if opens else [None]
        return any(self._answer(index + 1, {**facts, question.code: value}) for value in values)


def _needed(goal: Question, known: Mapping[str, Question]) -> set[str]:
    found: set[str] = set()
    waiting = [goal]
    while waiting:
        direct = set(names(waiting.pop().opening)) & set(known) - found
        found |= direct
        waiting += [known[code] for code in direct]
    return found


def _compared(conditions: Iterable[Condition]) -> dict[str, tuple[Literal, ...]]:
    """The values that each name is compared with, each once."""
    found: dict[str, dict[Literal, None]] = {}
    for condition in chain.from_iterable(map(_leaves, conditions)):
        if isinstance(condition, Comparison):
            found.setdefault(condition.name, {}).update(dict.fromkeys(condition.values))
    return {name: tuple(values) for name, values in found.items()}


def _leaves(condition: Condition) -> Iterator[Condition]:
    match condition:
        case Not(operand):
            yield from _leaves(operand)
        case All(operands) | Either(operands):
            yield from chain.from_iterable(map(_leaves, operands))
        case _:
            yield condition


def _about_request(name: str, compared: Iterable[Literal]) -> list[Fact]:
    if name == URGENT:
        return [False, True]
    if name == SUBJECT_KIND:
        return [frozenset({kind}) for kind in SUBJECT_KINDS]
    # A country that no condition names stands for all of them.
    return [*(frozenset({str(code)}) for code in compared), frozenset({"-"})]


def _answers(field: Field, compared: tuple[Literal, ...]) -> list[Fact]:
    """An answer of each kind that conditions can tell apart, none of them included."""
    if field.type in CHOOSING:
        return [None, *_chosen(field, [str(code) for code in compared])]
    if field.type is ValueType.NUMBER:
        numbers = [value for value in compared if isinstance(value, Decimal)]
        tried = {near for value in numbers for near in (value - _STEP, value, value + _STEP)} | {Decimal(0)}
        bounds = [bound for bound in (field.minimum, field.maximum) if bound is not None]
        return [None, *sorted(one for one in tried | set(bounds) if _within(field, one))]
    if field.type is ValueType.DATE:
        dates = [value for value in compared if isinstance(value, date)]
        days = sorted({near for value in dates for near in _neighbours(value)} | {date(2000, 1, 1)})
        return [None, *days]
    return [None, frozenset()]


def _chosen(field: Field, compared: list[str]) -> list[Fact]:
    others = [choice.code for choice in field.choices if choice.code not in compared][:1]
    if field.type is not ValueType.MULTI:
        return [frozenset({code}) for code in (*compared, *others)]
    together = [code for code in (*compared, *others) if code != "NONE"][:_TOGETHER]
    found = [frozenset(some) for size in range(1, len(together) + 1) for some in combinations(together, size)]
    return [*found, *(frozenset({code}) for code in (*compared, *others))]


def _within(field: Field, number: Decimal) -> bool:
    low, high = field.minimum, field.maximum
    return (low is None or number >= low) and (high is None or number <= high)


def _neighbours(day: date) -> Iterator[date]:
    yield day
    if day > date.min:
        yield day - timedelta(days=1)
    if day < date.max:
        yield day + timedelta(days=1)
