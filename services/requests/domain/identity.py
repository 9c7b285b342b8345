"""Hand-typed identity: what a requester writes is read by the responder before it may know whom the request is about.

The same words may be innocent, so nothing is refused: the writer is warned, and decides.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.requests.domain.requests import Draft, Subject
from vocabulary.values import FreeText

# Shorter words are too common to say anything.
SHORTEST = 3
_WORD = re.compile(r"\w+")


class Leak(StrEnum):
    """What of the subject a text gives away."""

    NAME = "NAME"
    BIRTH_DATE = "BIRTH_DATE"
    NUMBER = "NUMBER"


@dataclass(frozen=True, slots=True)
class Giveaway:
    """A text that seems to say whom the request is about; *field* says which."""

    field: str
    leak: Leak


def warnings(draft: Draft) -> tuple[Giveaway, ...]:
    """What in *draft* the responder would read before its acceptance and should not."""
    if draft.subject is None:
        return ()
    return tuple(Giveaway(field, leak) for field, text in _texts(draft) for leak in _leaks(text.text, draft.subject))


def _texts(draft: Draft) -> Iterator[tuple[str, FreeText]]:
    if draft.justification:
        yield "draft.justification", draft.justification
    if draft.urgent_reason:
        yield "draft.urgentReason", draft.urgent_reason
    for index, question in enumerate(draft.questions):
        if question.comment:
            yield f"draft.questions[{index}].comment", question.comment


def _leaks(text: str, subject: Subject) -> Iterator[Leak]:
    words = _words(text)
    # A family name alone gives somebody away; a given name alone is shared by too many.
    names = (subject.family_name, subject.name, subject.title)
    if any(_occurs(_words(name), words) for name in names):
        yield Leak.NAME
    if subject.birth_date and any(_occurs(way, words) for way in _written(subject.birth_date)):
        yield Leak.BIRTH_DATE
    numbers = (subject.registration_number, subject.reference)
    if any(_is_in(number, text) for number in numbers):
        yield Leak.NUMBER


def _words(text: str) -> list[str]:
    """The words of *text* without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(one for one in plain if not unicodedata.combining(one)))


def _occurs(wanted: list[str], words: list[str]) -> bool:
    if sum(map(len, wanted)) < SHORTEST:
        return False
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))


def _written(day: date) -> Iterator[list[str]]:
    """The ways in which a day is written in figures."""
    for month, of_month in ((f"{day.month}", f"{day.day}"), (f"{day.month:02}", f"{day.day:02}")):
        year = str(day.year)
        yield [year, month, of_month]
        yield [of_month, month, year]
        yield [month, of_month, year]
    yield [f"{day:%Y%m%d}"]
    yield [f"{day:%d%m%Y}"]


def _is_in(number: str, text: str) -> bool:
    """Whether a number is in *text*, however it is grouped."""
    wanted = "".join(_words(number))
    return len(wanted) > SHORTEST and wanted in "".join(_words(text))
