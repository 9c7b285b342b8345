"""What the areas of legislation call things, in every language: their concepts, and the areas themselves.

A text that is nothing but a term has its translation already. In a longer one, terms are handed to engines that take a glossary, and
looked for in what comes out. Inflected words are other words, so a term that is missed is told, and is no fault.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.translation.domain.memory import normalised
from services.translation.domain.pairs import Pair

# Terms of a text that are looked for, the longest first.
TERMS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A concept or an area, and what it is called. The areas are those that use it."""

    id: str
    areas: tuple[str, ...]
    label: Mapping[str, str]


class Terms:
    """The terms of all areas, ready to be looked up."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self.all = tuple(terms)
        self._exact: dict[tuple[str, str], list[Term]] = {}
        self._of_area: dict[str, list[Term]] = {}
        self._patterns: dict[tuple[str, str], tuple[re.Pattern[str], dict[str, Term]] | None] = {}
        for term in self.all:
            for language, label in term.label.items():
                self._exact.setdefault((language, _key(label)), []).append(term)
            for area in term.areas:
                self._of_area.setdefault(area, []).append(term)

    def of_area(self, area: str) -> Sequence[Term]:
        """The terms that *area* uses."""
        return self._of_area.get(area, [])

    def exact(self, text: str, pair: Pair, area: str) -> str | None:
        """What *text* is called in the other language, if it is a term: one of *area* before one of others.

        None, if it means several things and they are called differently.
        """
        meant = [term for term in self._exact.get((pair.source, _key(text)), []) if pair.target in term.label]
        nearest = [term for term in meant if area in term.areas] or meant
        called = {term.label[pair.target] for term in nearest}
        return called.pop() if len(called) == 1 else None

    def within(self, text: str, pair: Pair, area: str) -> list[tuple[str, str]]:
        """The terms of *area* in *text*, as they are called in both languages."""
        prepared = self._pattern(area, pair.source)
        if prepared is None:
            return []
        pattern, by_key = prepared
        found: dict[str, str] = {}
        for match in pattern.finditer(normalised(text)):
            # Some letters are found as others, such as the long s as an s, and written otherwise in small letters, too.
            term = by_key.get(_key(match.group()))
            if term and pair.target in term.label and len(found) < TERMS_MAX:
                found[term.label[pair.source]] = term.label[pair.target]
        return list(found.items())

    def _pattern(self, area: str, language: str) -> tuple[re.Pattern[str], dict[str, Term]] | None:
        key = (area, language)
        if key not in self._patterns:
            by_key = {_key(term.label[language]): term for term in self.of_area(area) if language in term.label}
            longest_first = sorted(by_key, key=len, reverse=True)
            alternatives = "|".join(map(re.escape, longest_first))
            compiled = re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE) if by_key else None
            self._patterns[key] = (compiled, by_key) if compiled else None
        return self._patterns[key]


def missed(terms: Iterable[tuple[str, str]], rendered: str) -> tuple[str, ...]:
    """Which of *terms* the translation calls otherwise, or inflects, by what they should be called."""
    said = _key(rendered)
    return tuple(target for _, target in terms if _key(target) not in said)


def _key(text: str) -> str:
    return normalised(text).lower()
