"""Completing what is being typed, with what entries say: words, and the names of concepts and choices.

Nothing is suggested but what its reader reads: the entries are found by a question that carries their keys, and cut down to what they
see. So what they may not read changes neither what is suggested nor its order.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engines.search.folding import words
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Version
from services.repositories.search.layers import fields, layers
from vocabulary.values import CHOOSING, Field, LocalizedText, Value, ValueType

# So many entries are looked at, the best first.
READ = 60
# What a word has to have before it is completed: a shorter one begins a word of nearly every entry.
SHORTEST = 2
# A longer text is not suggested as a whole, and no suggestion is longer than a search may be.
PHRASE_LIMIT, TEXT_LIMIT = 80, 200
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text that what is being typed may become; the field that says what it ends with; and whose name that is, if it is one.

    `said_by` is the place of the first that says so among those that were looked at.
    """

    text: str
    field: str
    concept: str = ""
    choice: str = ""
    said_by: int = 0


class Typed:
    """What is there so far, for a reader of *language*."""

    def __init__(self, text: str, language: str) -> None:
        self._said = words(text)
        before = _written(text)[:-1]
        self._before = before if words(" ".join(before)) == self._said[:-1] else self._said[:-1]
        self._language = language

    @property
    def is_begun(self) -> bool:
        return bool(self._said) and len(self._said[-1]) >= SHORTEST

    def name(self, texts: LocalizedText) -> str:
        """The one of *texts* that goes on as what is typed: rather all of it, rather in the reader's language; empty for none."""
        own = [texts[self._language]] if self._language in texts else []
        found = [text for text in (*own, *texts.values()) if self._goes_on(words(text))]
        return next((text for text in found if self._says_all(words(text))), found[0] if found else "")

    def phrase(self, text: str) -> str:
        """What is typed with the name *text*: as a whole if it says all of it, else behind what it does not say."""
        there = set(words(text))
        if self._says_all(there):
            return text
        before = list(self._before)
        while before and there.issuperset(words(before[-1])):  # it says these itself
            before.pop()
        return " ".join([*before, text])

    def completed(self, text: str) -> str:
        """What is typed, completed from a *text* that somebody wrote; empty if no word of it goes on so."""
        there = words(text)
        if not self._goes_on(there):
            return ""
        if len(text) <= PHRASE_LIMIT and self._says_all(there):
            return " ".join(text.split())
        word = next((one for one in _written(text) if self._goes_on(words(one))), "")
        return " ".join([*self._before, word]) if word else ""

    def _goes_on(self, there: Sequence[str]) -> bool:
        return any(word.startswith(self._said[-1]) for word in there)

    def _says_all(self, there: Collection[str]) -> bool:
        return set(there).issuperset(self._said[:-1])


def _written(text: str) -> list[str]:
    """The words of *text* as they are written."""
    return _WORD.findall(unicodedata.normalize("NFC", text))


def suggested(
    definition: Definition, versions: Sequence[Version], names: Mapping[str, LocalizedText], typed: Typed
) -> list[Suggestion]:
    """What *typed* may become by what *versions* say, already cut down to what their reader sees: what most of them say, first.

    *names* are those of the concepts in them.
    """
    found: dict[str, Suggestion] = {}
    counts: dict[str, int] = {}
    for place, version in enumerate(versions):
        said = {" ".join(words(one.text)): one for one in _said(definition, version, names, typed)}
        for key, one in said.items():
            found.setdefault(key, replace(one, said_by=place))
            counts[key] = counts.get(key, 0) + 1
    fit = [key for key, one in found.items() if len(one.text) <= TEXT_LIMIT]
    return [found[key] for key in sorted(fit, key=lambda key: -counts[key])]


def _said(
    definition: Definition, version: Version, names: Mapping[str, LocalizedText], typed: Typed
) -> Iterator[Suggestion]:
    searched = layers(definition)
    for field in fields(definition):
        value = version.values.get(field.code)
        # Persons are found by whoever knows whom they look for, and not suggested.
        if value is not None and field.searchable and not field.personal and field.code in searched:
            yield from _of_field(field, value, names, typed)


def _of_field(field: Field, value: Value, names: Mapping[str, LocalizedText], typed: Typed) -> Iterator[Suggestion]:
    if value.text and (text := typed.completed(value.text.text)):
        yield Suggestion(text, field.code)
    for choice in field.choices if field.type in CHOOSING else ():
        if choice.code in (value.codes or ()) and (name := typed.name(choice.label)):
            yield Suggestion(typed.phrase(name), field.code, choice=choice.code)
    for concept in (value.references or ()) if field.type is ValueType.CONCEPT else ():
        if name := typed.name(names.get(concept, {})):
            yield Suggestion(typed.phrase(name), field.code, concept=concept)
