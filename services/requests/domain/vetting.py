"""Whether a condition makes sense: it speaks of questions and codes that there are, and compares each as its type allows."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from services.requests.domain.conditions import (
    AREA,
    REQUESTER_COUNTRY,
    RESPONDER_COUNTRY,
    SUBJECT_KIND,
    SUBJECT_KINDS,
    URGENT,
    All,
    Answered,
    Comparison,
    Condition,
    Either,
    Flag,
    Literal,
    Not,
    Operator,
)
from services.requests.domain.questions import Question
from vocabulary import countries
from vocabulary.refusals import Invalid
from vocabulary.values import CHOOSING, ValueType

_EQUAL = frozenset({Operator.IS, Operator.IS_NOT, Operator.IN})
# What the names besides questions can be; None: any code.
_CODES: Mapping[str, frozenset[str] | None] = {
    REQUESTER_COUNTRY: frozenset(countries.ALL),
    RESPONDER_COUNTRY: frozenset(countries.ALL),
    SUBJECT_KIND: frozenset(SUBJECT_KINDS),
    AREA: None,
}


def check_condition(condition: Condition, before: Mapping[str, Question], of: str, *, at: str) -> None:
    """Raises Invalid naming *at* if the *condition* of question *of* misuses a name, of a question *before* it or of the request."""
    match condition:
        case Not(operand):
            check_condition(operand, before, of, at=at)
        case All(operands) | Either(operands):
            for operand in operands:
                check_condition(operand, before, of, at=at)
        case Answered(name):
            _question(name, before, of, at)
        case Flag(name):
            if name != URGENT:
                _question(name, before, of, at)
                raise Invalid(
                    f"{of}: say what of {name}: answered, or compared with what", field=at, reason="WRONG_TYPE"
                )
        case Comparison(name, operator, values):
            _check_comparison(name, operator, values, before, of, at)


def _check_comparison(
    name: str, operator: Operator, values: tuple[Literal, ...], before: Mapping[str, Question], of: str, at: str
) -> None:
    if name == URGENT:
        raise Invalid(f"{of}: {URGENT} is true or false and is compared with nothing", field=at, reason="WRONG_TYPE")
    if name in _CODES:
        _check_codes(name, operator, values, _CODES[name], of, at)
        return
    question = _question(name, before, of, at)
    if question.field.type in CHOOSING:
        known = frozenset(choice.code for choice in question.field.choices)
        _check_codes(name, operator, values, known, of, at)
    elif question.field.type is ValueType.NUMBER:
        _check_kind(name, values, Decimal, "a number", of, at)
    elif question.field.type is ValueType.DATE:
        _check_kind(name, values, date, "a date", of, at)
    else:
        raise Invalid(
            f"{of}: {name} is a {question.field.type}, which is answered or unanswered and compared with nothing",
            field=at,
            reason="WRONG_TYPE",
        )


def _check_codes(
    name: str, operator: Operator, values: tuple[Literal, ...], known: frozenset[str] | None, of: str, at: str
) -> None:
    if operator not in _EQUAL:
        raise Invalid(f"{of}: the codes of {name} have no order", field=at, reason="WRONG_TYPE")
    _check_kind(name, values, str, "a code", of, at)
    for value in values:
        if known is not None and value not in known:
            raise Invalid(
                f"{of}: {name} has no choice {value!r}; it has {', '.join(sorted(known))}",
                field=at,
                reason="UNKNOWN_CHOICE",
            )


def _check_kind(name: str, values: tuple[Literal, ...], kind: type[Literal], what: str, of: str, at: str) -> None:
    if not all(isinstance(value, kind) for value in values):
        raise Invalid(f"{of}: {name} is compared with {what}", field=at, reason="WRONG_TYPE")


def _question(name: str, before: Mapping[str, Question], of: str, at: str) -> Question:
    question = before.get(name)
    if question is None:
        raise Invalid(f"{of}: there is no question {name!r}", field=at, reason="UNKNOWN_QUESTION")
    if question.field.type is ValueType.STATEMENT:
        raise Invalid(f"{of}: {name} is a statement and has no answer", field=at, reason="WRONG_TYPE")
    return question
