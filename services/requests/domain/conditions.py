"""When a question applies: a small language of conditions on earlier answers and on the request itself.

    PQ1 = NOT_GENUINE                              PQ6 in (DISCIPLINARY, CRIMINAL) and not urgent
    PQ7 >= 3 or PQ2a < 2016-01-18                  PW1 unanswered and requester.country != LI

A condition is text that is parsed into a tree, checked against what it speaks of, and decided by facts. It calls nothing, repeats
nothing and is limited in size. A comparison with what has no answer is false, whichever way it compares.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

REQUESTER_COUNTRY, RESPONDER_COUNTRY = "requester.country", "responder.country"
AREA, URGENT, SUBJECT_KIND = "area", "urgent", "subject.kind"
SUBJECT_KINDS = ("PERSON", "COMPANY", "DOCUMENT")

Literal = str | Decimal | date
# What is known of a name: the chosen codes (none of a text or a file), a number, a date, yes or no; None without an answer.
Fact = frozenset[str] | Decimal | date | bool | None


class Operator(StrEnum):
    """How a name is compared with values."""

    IS = "="
    IS_NOT = "!="
    IN = "in"
    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Comparison:
    """A name compared with one value, or (IN) with several. Of several codes chosen, one that fits is enough."""

    name: str
    operator: Operator
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """Whether a question has an answer."""

    name: str
    answered: bool


@dataclass(frozen=True, slots=True)
class Flag:
    """A name that is true or false by itself."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    operand: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    operands: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Either:
    operands: tuple["Condition", ...]


Condition = Comparison | Answered | Flag | Not | All | Either


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What conditions can know of a request besides its answers; empty where it is not known yet."""

    requester_country: str = ""
    responder_country: str = ""
    urgent: bool = False
    subject_kind: str = ""

    def facts(self, area: str) -> dict[str, Fact]:
        return {
            REQUESTER_COUNTRY: _code(self.requester_country),
            RESPONDER_COUNTRY: _code(self.responder_country),
            AREA: _code(area),
            URGENT: self.urgent,
            SUBJECT_KIND: _code(self.subject_kind.upper()),
        }


UNKNOWN = Circumstances()


def _code(code: str) -> Fact:
    return frozenset({code}) if code else None


def written(condition: Condition) -> str:
    """The text of *condition*: `condition_text.parse` gives the same tree back."""
    match condition:
        case Comparison(name, Operator.IN, values):
            return f"{name} in ({', '.join(map(_literal, values))})"
        case Comparison(name, operator, values):
            return f"{name} {operator} {_literal(values[0])}"
        case Answered(name, answered):
            return f"{name} {'answered' if answered else 'unanswered'}"
        case Flag(name):
            return name
        case Not(operand):
            return f"not {_within(operand, All | Either)}"
        case All(operands):
            return " and ".join(_within(one, All | Either) for one in operands)
        case Either(operands):
            return " or ".join(_within(one, Either) for one in operands)


def names(condition: Condition) -> Iterator[str]:
    """Every name that *condition* speaks of, as often as it does."""
    match condition:
        case Not(operand):
            yield from names(operand)
        case All(operands) | Either(operands):
            for operand in operands:
                yield from names(operand)
        case _:
            yield condition.name


def verdict(condition: Condition, facts: Mapping[str, Fact]) -> bool | None:
    """Whether *condition* holds; None while it depends on a name of which *facts* says nothing."""
    match condition:
        case Not(operand):
            found = verdict(operand, facts)
            return None if found is None else not found
        case All(operands):
            return _first(False, operands, facts)
        case Either(operands):
            return _first(True, operands, facts)
        case _:
            if condition.name not in facts:
                return None
            return _holds(condition, facts[condition.name])


def _first(wanted: bool, operands: tuple[Condition, ...], facts: Mapping[str, Fact]) -> bool | None:
    found = [verdict(operand, facts) for operand in operands]
    return wanted if wanted in found else None if None in found else not wanted


def _holds(condition: Comparison | Answered | Flag, fact: Fact) -> bool:
    match condition:
        case Answered(_, answered):
            return (fact is not None) is answered
        case Flag():
            return fact is True
        case Comparison(_, operator, values):
            return fact is not None and _compares(fact, operator, values)


def _compares(fact: Fact, operator: Operator, values: tuple[Literal, ...]) -> bool:
    if operator in (Operator.IS, Operator.IS_NOT, Operator.IN):
        fits = not fact.isdisjoint(values) if isinstance(fact, frozenset) else fact in values
        return fits is not (operator is Operator.IS_NOT)
    value = values[0]
    if isinstance(fact, Decimal) and isinstance(value, Decimal):
        return _ordered(fact < value, fact == value, operator)
    if isinstance(fact, date) and isinstance(value, date):
        return _ordered(fact < value, fact == value, operator)
    return False


def _ordered(below: bool, equal: bool, operator: Operator) -> bool:
    match operator:
        case Operator.BELOW:
            return below
        case Operator.AT_MOST:
            return below or equal
        case Operator.ABOVE:
            return not below and not equal
        case _:
            return not below


def _literal(value: Literal) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _within(condition: Condition, loose: object) -> str:
    text = written(condition)
    return f"({text})" if isinstance(condition, loose) else text  # type: ignore[arg-type]
