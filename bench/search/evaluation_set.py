"""Labelled questions: what people ask, and which concepts or which country the answer is about.

One file a language in `questions/`, written by people who did not look at the labels and alternatives of the concepts.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from vocabulary import countries, languages

FOLDER = Path(__file__).parent / "questions"
# To be asked, not to be read: their misses have led to one rule only, and no word.
HELD_OUT = Path(__file__).parent / "held_out"
LEAST = 30
FIELDS = frozenset({"text", "kind", "concepts", "country"})
# Languages that are written without diacritics, or nearly so.
PLAIN = frozenset({"bg", "en", "nl"})


class Kind(StrEnum):
    """How a question is put."""

    EXACT = "exact"
    INFLECTED = "inflected"
    TYPO = "typo"
    NO_DIACRITICS = "no-diacritics"
    SYNONYM = "synonym"
    PHRASE = "phrase"
    PLACE = "place"
    NONSENSE = "nonsense"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, in which language and of which kind, and what an answer is: any of *concepts*, in *country*."""

    language: str
    text: str
    kind: Kind
    concepts: tuple[str, ...]
    country: str

    def is_answered_by(self, authority: Authority) -> bool:
        """Whether *authority* is competent for what is asked, where it is asked for."""
        if self.country and authority.country != self.country:
            return False
        return not self.concepts or any(concept in authority.concepts for concept in self.concepts)


def load(folder: Path = FOLDER, wanted: Sequence[str] = languages.ALL) -> list[Asked]:
    """The questions in *folder* in the languages *wanted*; a file that is not there has none."""
    return [
        Asked(code, one["text"], Kind(one["kind"]), tuple(one["concepts"]), one.get("country", ""))
        for code in wanted
        for one in _listed(folder, code)
    ]


def faults(reference: Reference, folder: Path = FOLDER, wanted: Sequence[str] = languages.ALL) -> Iterator[str]:
    """What is wrong with the questions in *folder* in the languages *wanted*, each in a sentence."""
    for code in wanted:
        for one in _listed(folder, code):
            if unknown := set(one) - FIELDS:
                yield f"{code}: {one['text']!r} has the unknown fields {sorted(unknown)}"
        asked = load(folder, [code])
        if len(asked) < LEAST:
            yield f"{code}: {len(asked)} questions, {LEAST} are the least"
        kinds = set(Kind) - ({Kind.NO_DIACRITICS} if code in PLAIN else set())
        if missing := kinds - {one.kind for one in asked}:
            yield f"{code}: no question of the kinds {', '.join(sorted(missing))}"
        for text, times in Counter(one.text.casefold() for one in asked).items():
            if times > 1:
                yield f"{code}: {text!r} is there {times} times"
        for question in asked:
            yield from (f"{code}: {question.text!r} {what}" for what in _faults(question, reference))


def _faults(one: Asked, reference: Reference) -> Iterator[str]:
    if not one.text.strip():
        yield "is empty"
    for concept in one.concepts:
        if concept not in reference.concepts:
            yield f"names the concept {concept!r}, which does not exist"
    if one.country and one.country not in countries.ALL:
        yield f"names the country {one.country!r}, which does not exist"
    if one.kind is Kind.NONSENSE:
        if one.concepts or one.country:
            yield "is nonsense and yet has an answer"
    elif one.kind is Kind.PLACE:
        if not one.country:
            yield "is about a place and names no country"
    elif not one.concepts:
        yield "has no concept"


def _listed(folder: Path, code: str) -> list[dict[str, Any]]:
    path = folder / f"{code}.json"
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return found
