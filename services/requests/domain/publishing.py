"""Whether a question set can be published: every text in 24 languages, every code known, every question can open.

What is checked here holds for as long as the set exists, so that nothing that reads it later has to ask.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.requests.domain.condition_text import parse
from services.requests.domain.conditions import names
from services.requests.domain.questions import Group, Question, QuestionSet
from services.requests.domain.reaching import check_reachable
from services.requests.domain.vetting import check_condition
from vocabulary.forms import CODE, SLUG, TITLE_LIMIT, check_code, check_field, check_text, check_unique
from vocabulary.refusals import Invalid
from vocabulary.values import REFERRING, ValueType

QUESTIONS_LIMIT = 200

# References are for forms; a link is not an answer to a question.
_NO_ANSWERS = REFERRING | {ValueType.LINK}


@dataclass(frozen=True, slots=True)
class _Placed:
    """A question, and where it stands in the input."""

    question: Question
    at: str


def check_set(questions: QuestionSet, *, at: str) -> None:
    """Raises Invalid naming the first thing that keeps *questions* from being published."""
    check_code(SLUG, questions.code, f"{at}.code")
    if questions.version < 1:
        raise Invalid("versions begin with 1", field=f"{at}.version", reason="OUT_OF_RANGE")
    check_text(questions.title, TITLE_LIMIT, f"{at}.title")
    placed = list(_placed(questions.groups, at))
    if not 1 <= len(placed) <= QUESTIONS_LIMIT:
        raise Invalid(f"a set has 1 to {QUESTIONS_LIMIT} questions", field=f"{at}.groups", reason="OUT_OF_RANGE")
    check_unique((one.question.code for one in placed), [f"{one.at}.code" for one in placed])
    before: dict[str, Question] = {}
    for one in placed:
        _check_question(one, before, questions)
        before[one.question.code] = one.question
    _check_urgent(questions, f"{at}.urgentFor")
    check_reachable(questions, {one.question.code: one.at for one in placed})


def check_next(new: QuestionSet, known: Iterable[QuestionSet], *, at: str) -> None:
    """Raises Invalid unless *new* is the first of its code among the *known* ones, or the next version, in the same area."""
    earlier = [one for one in known if one.code == new.code]
    expected = max((one.version for one in earlier), default=0) + 1
    if new.version != expected:
        raise Invalid(f"the next version of {new.code} is {expected}", field=f"{at}.version", reason="VERSION")
    if earlier and new.area != earlier[0].area:
        raise Invalid(f"{new.code} is about {earlier[0].area}", field=f"{at}.areaCode", reason="OTHER_AREA")


def _placed(groups: tuple[Group, ...], at: str) -> Iterator[_Placed]:
    """The questions of all groups, the groups themselves being checked on the way."""
    check_unique((group.code for group in groups), [f"{at}.groups[{index}].code" for index in range(len(groups))])
    for index, group in enumerate(groups):
        where = f"{at}.groups[{index}]"
        check_code(CODE, group.code, f"{where}.code")
        check_text(group.title, TITLE_LIMIT, f"{where}.title")
        if not group.questions:
            raise Invalid(f"the group {group.code} has no questions", field=f"{where}.questions", reason="EMPTY")
        for place, question in enumerate(group.questions):
            yield _Placed(question, f"{where}.questions[{place}]")


def _check_question(one: _Placed, before: dict[str, Question], questions: QuestionSet) -> None:
    question = one.question
    check_code(CODE, question.code, f"{one.at}.code")
    if question.field.type in _NO_ANSWERS:
        raise Invalid(
            f"{question.code}: no question is answered with a {question.field.type}",
            field=f"{one.at}.type",
            reason="WRONG_TYPE",
        )
    check_field(question.field, one.at, label="text")
    _check_follow_up(one, before, questions)
    _known_choices(question, question.suggests_alert_on, f"{one.at}.suggestsAlertOn")
    if question.applies_if:
        where = f"{one.at}.appliesIf"
        condition = parse(question.applies_if, at=where)
        for name in names(condition):
            _check_order(question, name, before, questions, where)
        check_condition(condition, before, question.code, at=where)


def _check_follow_up(one: _Placed, before: dict[str, Question], questions: QuestionSet) -> None:
    question = one.question
    if not question.follows:
        if question.opens_on:
            raise Invalid(f"{question.code} follows nothing", field=f"{one.at}.opensOn", reason="FOLLOWS_NOTHING")
        return
    if question.automatic:
        raise Invalid(
            f"{question.code} opens after {question.follows}, or by itself, but not both",
            field=f"{one.at}.automatic",
            reason="CONTRADICTION",
        )
    _check_order(question, question.follows, before, questions, f"{one.at}.follows")
    parent = before.get(question.follows)
    if parent is None:
        raise Invalid(
            f"{question.code} follows {question.follows!r}, which is no question",
            field=f"{one.at}.follows",
            reason="UNKNOWN_QUESTION",
        )
    _known_choices(parent, question.opens_on, f"{one.at}.opensOn")


def _check_order(question: Question, name: str, before: dict[str, Question], questions: QuestionSet, at: str) -> None:
    """Conditions look back: what looks forward may end where it began."""
    if name == question.code:
        raise Invalid(f"{name} depends on itself", field=at, reason="CYCLE")
    later = questions.questions.get(name)
    if later is None or name in before:
        return
    if question.code in _depends_on(later, questions):
        raise Invalid(f"{question.code} and {name} depend on each other", field=at, reason="CYCLE")
    raise Invalid(f"{question.code} depends on {name}, which is asked later", field=at, reason="LATER_QUESTION")


def _depends_on(question: Question, questions: QuestionSet) -> set[str]:
    """The codes of all questions that decide, directly or not, whether *question* opens."""
    known = questions.questions
    found: set[str] = set()
    waiting = [question]
    while waiting:
        one = waiting.pop()
        condition = parse(one.applies_if, at="appliesIf") if one.applies_if else None
        direct = {one.follows, *(names(condition) if condition else ())} & set(known)
        waiting += [known[code] for code in direct - found]
        found |= direct
    return found


def _check_urgent(questions: QuestionSet, at: str) -> None:
    choosable = [code for code, question in questions.questions.items() if question.can_be_chosen]
    for index, code in enumerate(questions.urgent_for):
        if code not in choosable:
            raise Invalid(
                f"{code!r} is not a question that can be chosen", field=f"{at}[{index}]", reason="UNKNOWN_QUESTION"
            )


def _known_choices(question: Question, codes: Iterable[str], at: str) -> None:
    known = {choice.code for choice in question.field.choices}
    for index, code in enumerate(codes):
        if code not in known:
            raise Invalid(f"{question.code} has no choice {code!r}", field=f"{at}[{index}]", reason="UNKNOWN_CHOICE")
