"""The words of one language: how it says each concept, and which words say nothing beside a subject."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice

import Stemmer

from engines.search.folding import folded_word, words
from services.directory.reference import Reference
from services.directory.search.alternations import Cores, unchanged
from services.directory.search.likeness import (
    COMPOUND,
    EXACT,
    PART,
    SAME_STEM,
    SHORTEST_BEGINNING,
    SHORTEST_PART,
    STEM_ALONE,
    beginning_with,
    ending,
    slipped,
)
from vocabulary import languages

_STEMMERS = {
    "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "et": "estonian",
    "fi": "finnish", "fr": "french", "ga": "irish", "hu": "hungarian", "it": "italian", "lt": "lithuanian", "nb": "norwegian",
    "nl": "dutch", "pl": "polish", "pt": "portuguese", "ro": "romanian", "sv": "swedish",
}  # fmt: skip
# Languages that write several words as one, with what they put between them.
_COMPOUNDING = {
    "da": ("s", "e", "er"), "de": ("s", "es", "n", "en", "e", "er"), "et": ("e", "i", "u", "a", "s"),
    "fi": ("n", "en", "in", "den"), "hu": ("i", "o", "a", "e"), "is": ("s", "a", "ar", "na", "u"), "nb": ("s", "e"),
    "nl": ("s", "e", "en"), "sv": ("s", "e", "o", "a"),
}  # fmt: skip
# How many words that were asked for are remembered, with what they may be.
REMEMBERED = 4096
# Beside a subject such a word says this much of what another says.
WEAK = 0.3
# Surer than a compound that is made up: this one is known.
COMPOUND_APART = 0.9
# The likeness of two forms that differ in a letter at the end.
NEXT_FORM = 0.84
# So much of a compound must be known, or of its end: that is what it is a kind of.
LEAST_OF_COMPOUND = 0.6
LEAST_OF_COMPOUND_END = 0.55


@dataclass(frozen=True, slots=True)
class Phrase:
    """One way to say a concept: its folded words without those that say nothing, how it is written, and all of that folded."""

    concept: str
    words: tuple[str, ...]
    text: str
    folded: str
    is_label: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """What a language brings: its labels and alternative labels by concept, its function words, its weak words."""

    language: str
    labels: dict[str, str]
    alternatives: dict[str, Sequence[str]]
    function: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    # Words that go with a concept, in questions that do not name it.
    situations: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Vocabulary:
    """The words of one language, and which of them are like a word that somebody types."""

    def __init__(self, wording: Wording) -> None:
        self.language = wording.language
        self.function = frozenset(word for one in wording.function for word in words(one))
        self.weak = frozenset(word for one in wording.weak for word in words(one)) - self.function
        self.situations = wording.situations
        self.phrases = [*self._phrases(wording)]
        self.by_word: dict[str, list[Phrase]] = defaultdict(list)
        for phrase in self.phrases:
            for word in phrase.words:
                self.by_word[word].append(phrase)
        self._stems = self._stemmed()
        self._weights: dict[str, float] = {}
        self.alike = lru_cache(REMEMBERED)(self._alike)
        self.is_weak = lru_cache(REMEMBERED)(self._is_weak)

    def _phrases(self, wording: Wording) -> Iterator[Phrase]:
        for concept, label in wording.labels.items():
            said: set[tuple[str, ...]] = set()
            for number, text in enumerate([label, *wording.alternatives.get(concept, ())]):
                for spelled in _spellings(text, self.language):
                    folded = words(spelled)
                    kept = tuple(word for word in folded if word not in self.function) or tuple(folded)
                    # Geo-blocking and geoblocking, real estate and realestate.
                    for written in (kept, ("".join(folded),)):
                        if written and written not in said:
                            said.add(written)
                            yield Phrase(concept, written, text, " ".join(folded), not number)

    def knows(self, word: str) -> bool:
        """Whether this word belongs to the language, as it stands."""
        return word in self.function or word in self.weak or word in self.by_word

    def says_alone(self, word: str) -> bool:
        """Whether this word means something by itself, not only within a name: ``Lietuvos`` in ``Lietuvos bankas`` does not."""
        by_itself = any(len(phrase.words) == 1 for phrase in self.by_word.get(word, ()))
        return by_itself or word in self.function or word in self.weak

    def weight(self, word: str) -> float:
        """How much a word of a phrase says: a word that many concepts share says less, one that all questions have, little."""
        found = self._weights.get(word)
        if found is None:
            concepts = {phrase.concept for phrase in self.by_word.get(word, ())}
            found = math.log(1 + 200 / max(1, len(concepts))) * (WEAK if word in self.weak else 1.0)
            self._weights[word] = found
        return found

    def _alike(self, word: str) -> dict[str, float]:
        """Words of concepts that *word* may be, each with how like it is: itself, or a form of the same word."""
        found: dict[str, float] = {}
        if word in self.by_word:
            found = dict.fromkeys(self._stems.get(self._stem(word), ()), SAME_STEM)
            if self._stemmer is None:
                # That one form of a word is known says nothing against the others.
                found |= {known: likeness for known, likeness in self._endings(word) if likeness >= NEXT_FORM}
                found |= {known: likeness for known, likeness in self._cores.of(word).items() if known not in found}
            found[word] = EXACT
            return found
        for form in unchanged(word, self.language):
            if form in self.by_word:
                found[form] = SAME_STEM
            for known in self._stems.get(self._stem(form), ()):
                likeness = SAME_STEM if ending(form, known) else STEM_ALONE
                found[known] = max(found.get(known, 0.0), likeness)
            for known, likeness in self._endings(form):
                if likeness > found.get(known, 0.0):
                    found[known] = likeness
            for known, likeness in self._cores.of(form).items():
                if likeness > found.get(known, 0.0):
                    found[known] = likeness
        return found

    def _endings(self, form: str) -> Iterator[tuple[str, float]]:
        """Words of concepts that *form* may be another ending of."""
        return (
            (known, likeness)
            for known in beginning_with(form[:SHORTEST_BEGINNING], self._sorted)
            if (likeness := ending(form, known))
        )

    def slips(self, word: str) -> dict[str, float]:
        """Words of concepts that *word* may be a slip of."""
        return dict(slipped(word, self._sorted))

    def parts(self, word: str) -> dict[str, float]:
        """Words of concepts that the compound *word* is made of, in a language that writes compounds."""
        linkers = _COMPOUNDING.get(self.language)
        if linkers is None:
            return {}
        best: dict[str, float] = {}
        best_known = 0
        for cut in range(SHORTEST_PART - 1, len(word) - 2):
            left, right = self._part(word[:cut], linkers), self._part(word[cut:], ())
            known = (cut if left is not None else 0) + (len(word) - cut if right is not None else 0)
            least = LEAST_OF_COMPOUND if right is None else LEAST_OF_COMPOUND_END
            if known <= best_known or known < len(word) * least:
                continue
            whole = known == len(word)
            found = {**(left or {}), **(right or {})}
            if found:
                best = {part: (COMPOUND if whole else PART) * likeness for part, likeness in found.items()}
                best_known = known
        return best

    def joined(self, left: str, right: str, *, is_apart: bool) -> Iterator[tuple[str, float]]:
        """Words of concepts that *left* and *right* are when they are written as one, also if they stand apart in a question."""
        if not is_apart and left + right in self.by_word:
            yield left + right, EXACT
        for linker in ("", *_COMPOUNDING.get(self.language, ())) if self.language in _COMPOUNDING else ():
            if left + linker + right in self.by_word:
                yield left + linker + right, COMPOUND_APART

    def compounds(self, word: str) -> dict[str, float]:
        """Compounds of concepts that *word* is a part of, where that leaves little doubt: ``Pfleger`` in ``Krankenpfleger``."""
        if self.language not in _COMPOUNDING or len(word) <= SHORTEST_PART:
            return {}
        found = [known for known in self._sorted if known.startswith(word) or known.endswith(word)]
        concepts = {phrase.concept for known in found for phrase in self.by_word[known]}
        return dict.fromkeys(found, PART) if len(concepts) <= 2 else {}

    def starting(self, start: str, limit: int) -> list[str]:
        """Up to *limit* words of concepts that begin with *start*, in their order."""
        return list(islice(beginning_with(start, self._sorted), limit))

    def _part(self, part: str, linkers: tuple[str, ...]) -> dict[str, float] | None:
        """The words of concepts that a part of a compound is; none of them if it is a weak word; None if it is unknown."""
        forms = [part, *(part[: -len(linker)] for linker in linkers if part.endswith(linker))]
        for form in forms:
            if len(form) < SHORTEST_PART - 1:
                continue
            if form in self.by_word:
                return {form: EXACT}
            if form in self.weak:
                return {}
        for form in forms:
            if len(form) >= SHORTEST_PART and (alike := self._stems.get(self._stem(form))):
                return dict.fromkeys(alike, SAME_STEM)
        if self._weak_like(part):
            return {}
        return None

    def _is_weak(self, word: str) -> bool:
        """Whether *word*, or another form of it, says little beside a subject."""
        return word in self.weak or (word not in self.by_word and self._weak_like(word))

    def _weak_like(self, word: str) -> bool:
        if self._stem(word) in self._weak_stems:
            return True
        return any(ending(word, known) for known in beginning_with(word[:SHORTEST_BEGINNING], self._weak_sorted))

    def _stem(self, word: str) -> str:
        return folded_word(self._stemmer.stemWord(word)) or word if self._stemmer else word

    @cached_property
    def _cores(self) -> Cores:
        return Cores(self.by_word, self.language)

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.by_word)

    @cached_property
    def _weak_sorted(self) -> list[str]:
        return sorted(self.weak)

    @cached_property
    def _weak_stems(self) -> frozenset[str]:
        return frozenset(map(self._stem, self.weak))

    @cached_property
    def _stemmer(self) -> "Stemmer.Stemmer | None":
        name = _STEMMERS.get(self.language)
        return Stemmer.Stemmer(name) if name else None

    def _stemmed(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for word in self.by_word:
            found[self._stem(word)].add(word)
        return found


def _spellings(text: str, language: str) -> list[str]:
    """*text*, and as it is written where a keyboard has no umlauts and no ring: ``Aerztekammer``."""
    if language not in ("de", "da", "nb", "sv", "fi"):
        return [text]
    lower = text.lower()
    spelled = lower.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("å", "aa").replace("ø", "oe")
    return [text] if spelled == lower else [text, spelled]


def vocabularies(reference: Reference) -> dict[str, Vocabulary]:
    """The vocabulary of each language."""
    return {code: Vocabulary(_wording(reference, code)) for code in languages.ALL}


def _wording(reference: Reference, code: str) -> Wording:
    its = reference.words.get(code)
    return Wording(
        code,
        {concept.id: concept.label[code] for concept in reference.concepts.values() if code in concept.label},
        {one.id: [*one.alternatives.get(code, ()), *one.everywhere] for one in reference.concepts.values()},
        its.function if its else frozenset(),
        its.weak if its else frozenset(),
        its.situations if its else {},
    )
