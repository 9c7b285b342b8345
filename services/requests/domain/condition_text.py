"""Conditions as they are written: text read into the tree of `conditions`.

condition = both { "or" both }            both = single { "and" single }
single    = "not" single | "(" condition ")" | name "answered" | name "unanswered" | name
          | name ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value | name "in" "(" value { "," value } ")"
value     = code | number | date
"""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from services.requests.domain.conditions import (
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
from vocabulary.refusals import Invalid

TEXT_LIMIT = 500
DEPTH_LIMIT = 8
LIST_LIMIT = 30

_WORDS = frozenset({"and", "or", "not", "in", "answered", "unanswered"})
_TOKEN = re.compile(
    r"\s*(?:(?P<date>\d{4}-\d{2}-\d{2})|(?P<number>-?\d{1,15}(?:\.\d{1,6})?)|(?P<word>[A-Za-z][A-Za-z0-9_.-]*)"
    r"|(?P<mark><=|>=|!=|[=<>(),]))",
    re.ASCII,
)
_END: Final = ("end", "")


def parse(text: str, *, at: str) -> Condition:
    """The tree of *text*; raises Invalid naming *at*, with the place in the text where it cannot be understood."""
    try:
        return _parsed(text)
    except _Unreadable as error:
        raise Invalid(str(error), field=at, reason=error.reason) from None


class _Unreadable(Exception):
    def __init__(self, message: str, reason: str = "CONDITION_SYNTAX") -> None:
        super().__init__(message)
        self.reason = reason


@lru_cache(4096)
def _parsed(text: str) -> Condition:
    if len(text) > TEXT_LIMIT:
        raise _Unreadable(f"a condition has at most {TEXT_LIMIT} characters", "TOO_LONG")
    reader = _Reader(text)
    condition = reader.either()
    reader.expect("end", "")
    return condition


class _Reader:
    """Reads a condition from left to right, one token ahead."""

    def __init__(self, text: str) -> None:
        self._text = text.rstrip()
        self._place = self._next_place = 0
        self._depth = 0
        self._kind, self._token = _END
        self._advance()

    def either(self) -> Condition:
        operands = [self._all()]
        while self._take("word", "or"):
            operands.append(self._all())
        return operands[0] if len(operands) == 1 else Either(tuple(operands))

    def expect(self, kind: str, token: str) -> None:
        if not self._take(kind, token):
            raise self._unreadable(f"{token!r}" if token else "the end")

    def _all(self) -> Condition:
        operands = [self._single()]
        while self._take("word", "and"):
            operands.append(self._single())
        return operands[0] if len(operands) == 1 else All(tuple(operands))

    def _single(self) -> Condition:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise _Unreadable(f"a condition is nested at most {DEPTH_LIMIT} deep", "TOO_DEEP")
        try:
            if self._take("word", "not"):
                return Not(self._single())
            if self._take("mark", "("):
                inner = self.either()
                self.expect("mark", ")")
                return inner
            return self._statement(self._name())
        finally:
            self._depth -= 1

    def _statement(self, name: str) -> Condition:
        if self._take("word", "answered"):
            return Answered(name, True)
        if self._take("word", "unanswered"):
            return Answered(name, False)
        if self._take("word", "in"):
            return Comparison(name, Operator.IN, self._list())
        if self._kind == "mark" and self._token in set(Operator):
            operator = Operator(self._token)
            self._advance()
            return Comparison(name, operator, (self._value(),))
        return Flag(name)

    def _list(self) -> tuple[Literal, ...]:
        self.expect("mark", "(")
        values = [self._value()]
        while self._take("mark", ","):
            values.append(self._value())
        self.expect("mark", ")")
        if len(values) > LIST_LIMIT:
            raise _Unreadable(f"a list in a condition has at most {LIST_LIMIT} values", "TOO_MANY")
        return tuple(values)

    def _name(self) -> str:
        if self._kind != "word" or self._token in _WORDS:
            raise self._unreadable("the code of a question")
        return self._advance()

    def _value(self) -> Literal:
        if self._kind == "number":
            return Decimal(self._advance())
        if self._kind == "date":
            try:
                found = date.fromisoformat(self._token)
            except ValueError:
                raise self._unreadable("a date") from None
            self._advance()
            return found
        if self._kind != "word" or self._token in _WORDS:
            raise self._unreadable("a code, a number or a date")
        return self._advance()

    def _take(self, kind: str, token: str) -> bool:
        if (self._kind, self._token) != (kind, token):
            return False
        if kind != "end":
            self._advance()
        return True

    def _advance(self) -> str:
        """Go on to the next token; gives the one that was read."""
        token, self._place = self._token, self._next_place
        if self._place == len(self._text):
            self._kind, self._token = _END
            return token
        found = _TOKEN.match(self._text, self._place)
        if found is None:
            raise _Unreadable(
                f"the condition has {self._text[self._place :].lstrip()[:1]!r}, which means nothing in it"
            )
        self._kind, self._token, self._next_place = str(found.lastgroup), str(found[found.lastgroup or 0]), found.end()
        return token

    def _unreadable(self, wanted: str) -> _Unreadable:
        found = repr(self._token) if self._token else "the end"
        return _Unreadable(f"the condition has {found} at character {self._place + 1}, where {wanted} should stand")
