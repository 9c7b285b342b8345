"""What a question means: the concepts and the places that it names, and the words that are left."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from engines.search.folding import folded_word
from services.directory.search.candidates import candidates_of, likeness_beside
from services.directory.search.likeness import EXACT, ONE_SLIP, SAME_STEM, Neighbours
from services.directory.search.places import Gazetteer, Named, Place
from services.directory.search.reading import WORD, Reading, split
from services.directory.search.situations import WORDS, Situations
from services.directory.search.vocabulary import Vocabulary

# A concept counts if this share of what the question says is about it: a smaller one the more surely a word names it.
SHARE_OF_QUESTION = 0.6
SURE = 0.85
SHARE_IF_SURE = 0.2
# So does a long word that only has other endings than the one that is known.
ANOTHER_FORM = 0.78
SHORTEST_SURE_FORM = 7
# Of several concepts those count that are about as likely as the best.
NEARLY_AS_LIKELY = 0.85
CONCEPTS_LIMIT = 5
# How surely a concept is meant that words go with which are not its name.
TOLD = 0.7
TOLD_AND_NAMED = 0.8
# A word of another language than the question's: less likely, and slips in it only if it is long.
FOREIGN = 0.93
SHORTEST_FOREIGN = 4
SHORTEST_FOREIGN_SLIP = 7
# Where nothing is recognised, a shorter word is not taken for a slip.
SHORTEST_GUESSED = 5
# Shorter words are joined only as they stand.
SHORTEST_JOINED = 4
# So many more words must be another language's than the reader's, for the question to be in that one.
CLEARLY = 2

# Letters that one language alone is written in.
_SCRIPTS = {"el": re.compile(r"[\u0370-\u03ff]"), "bg": re.compile(r"[\u0400-\u04ff]")}


@dataclass(frozen=True, slots=True)
class Meant:
    """A concept that a question names, and how surely (0 to 1)."""

    concept: str
    likeness: float


@dataclass(frozen=True, slots=True)
class Understood:
    """A question, understood.

    `names` are all its words that say something, `rest` those of them that neither a concept nor a place explains. `corrected`
    is the question with its slips mended, empty if there are none.
    """

    language: str
    concepts: Sequence[Meant] = ()
    places: Sequence[Place] = ()
    names: Sequence[str] = ()
    rest: Sequence[str] = ()
    corrected: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.concepts or self.places or self.names)


class Questions:
    """Understands questions in all languages."""

    def __init__(self, vocabularies: Mapping[str, Vocabulary], gazetteer: Gazetteer) -> None:
        self._vocabularies = vocabularies
        self._gazetteer = gazetteer
        # Of a language when it is first asked in: a start needs none.
        self._situations = cache(lambda language: Situations(vocabularies[language]))
        # Those of all languages together: one comparison with a word is enough, however many languages have it.
        self._neighbours = Neighbours(word for one in vocabularies.values() for word in one.by_word)

    def understand(self, text: str, language: str) -> Understood:
        """What *text* means to a reader of *language*, in which it most probably is."""
        written, said = split(text)
        reading = Reading(written, said, self._vocabularies[self._spoken(said, language)])
        whole = self._whole_phrases(reading)
        self._find_places(reading, whole)
        self._recognise(reading)
        meant, explained = self._told(reading, *self._concepts(reading))
        if not meant:
            _forget_guesses(reading)
        content = reading.content
        return Understood(
            language=reading.vocabulary.language,
            concepts=meant,
            places=_narrowing(reading.places),
            names=[said[index] for index in content],
            rest=[said[index] for index in content if index not in explained and not reading.is_ordinary(index)],
            corrected=_corrected(reading, explained),
        )

    def _spoken(self, said: Sequence[str], language: str) -> str:
        """The language of the question: the reader's, unless its words are clearly another's."""
        for code, letters in _SCRIPTS.items():
            if all(letters.match(word) for word in said) and said:
                return code
        known = {code: sum(map(one.knows, said)) for code, one in self._vocabularies.items()}
        best = max(known, key=lambda code: (known[code], code == language))
        return best if known[best] - known[language] >= CLEARLY else language

    def _whole_phrases(self, reading: Reading) -> set[int]:
        """The words that together are a phrase of several words, as it stands: no place is looked for in them."""
        found: set[int] = set()
        places = {word: index for index, word in enumerate(reading.said)}
        for word in reading.said:
            for phrase in reading.vocabulary.by_word.get(word, ()):
                if len(phrase.words) > 1 and all(part in places for part in phrase.words):
                    found |= {places[part] for part in phrase.words}
        return found

    def _find_places(self, reading: Reading, whole: set[int]) -> None:
        vocabulary = reading.vocabulary
        said = ["" if index in whole else word for index, word in enumerate(reading.said)]
        reading.places = self._gazetteer.find(said, vocabulary)

    def _recognise(self, reading: Reading) -> None:
        """Look up each word: as it stands or in another form, first in the language of the question; then as a slip or a compound."""
        for index in reading.content:
            word = reading.said[index]
            found = self._forms(word, reading)
            surest = max(found.values(), default=0.0)
            if surest < SURE and not reading.is_weak(index):
                place = self._gazetteer.like(word, reading.vocabulary.language, index)
                for known, likeness in self._less_sure(word, reading, index, surest).items():
                    found[known] = max(likeness, found.get(known, 0.0))
                if place is not None and place.likeness >= max(found.values(), default=0.0):
                    reading.places.append(place)
                    reading.mended.pop(index, None)
                    if place.meant:
                        reading.mended[index] = place.meant
                    continue
            if found:
                reading.alike[index] = found
        self._join(reading)

    def _forms(self, word: str, reading: Reading) -> dict[tuple[str, str], float]:
        own = reading.vocabulary
        found = {(own.language, known): likeness for known, likeness in own.alike(word).items()}
        if max(found.values(), default=0.0) >= SAME_STEM or len(word) < SHORTEST_FOREIGN or word in own.weak:
            return found
        for code, vocabulary in self._vocabularies.items():
            if vocabulary is own:
                continue
            if word in vocabulary.by_word:
                found[code, word] = EXACT * FOREIGN
        if not found and not own.is_weak(word):
            for code, vocabulary in self._vocabularies.items():
                for known, likeness in vocabulary.alike(word).items():
                    found[code, known] = likeness * FOREIGN * FOREIGN
        return found

    def _less_sure(self, word: str, reading: Reading, index: int, surest: float) -> dict[tuple[str, str], float]:
        own = reading.vocabulary
        compound = {(own.language, known): likeness for known, likeness in own.parts(word).items()}
        slips = {(own.language, known): likeness for known, likeness in own.slips(word).items()}
        if max(slips.values(), default=0.0) < ONE_SLIP and len(word) >= SHORTEST_FOREIGN_SLIP:
            near = self._neighbours.of(word)
            for code, vocabulary in self._vocabularies.items():
                if vocabulary is not own:
                    slips |= {(code, known): ONE_SLIP * FOREIGN for known in near if known in vocabulary.by_word}
        best_slip, best_compound = max(slips.values(), default=0.0), max(compound.values(), default=0.0)
        if slips and best_slip >= best_compound:
            if best_slip > surest * FOREIGN:
                language, meant = max(slips, key=lambda known: slips[known])
                reading.mended[index] = self._as_written(language, meant)
            return slips
        if compound:
            return compound
        return {(own.language, known): likeness for known, likeness in own.compounds(word).items()}

    def _as_written(self, language: str, word: str) -> str:
        """How the folded *word* is written: a word of a phrase that has it."""
        for phrase in self._vocabularies[language].by_word[word]:
            for match in WORD.finditer(phrase.text):
                if folded_word(match[0]) == word:
                    return match[0]
        return word

    def _join(self, reading: Reading) -> None:
        """Two words that are one: ``Kranken Pfleger``, and where compounds are written, ``registrering av kjøretøy``."""
        content, said, own = reading.content, reading.said, reading.vocabulary
        for one, other in itertools.permutations(content, 2):
            if other == one + 1 or len(said[one]) >= SHORTEST_JOINED <= len(said[other]):
                for joined, likeness in own.joined(said[one], said[other], is_apart=other != one + 1):
                    for place in (one, other):
                        its = reading.alike.setdefault(place, {})
                        its[own.language, joined] = max(likeness, its.get((own.language, joined), 0.0))

    def _concepts(self, reading: Reading) -> tuple[list[Meant], set[int]]:
        """The concepts that the question names, and which of its words do."""
        if not reading.alike:
            return [], set()
        candidates = candidates_of(reading, self._vocabularies)
        chosen: list[Meant] = []
        explained: set[int] = set()
        while candidates and len(chosen) < CONCEPTS_LIMIT:
            ranked = sorted(candidates, key=lambda one: -one.worth)
            best = ranked[0]
            for one in ranked:
                if one.worth < best.worth * NEARLY_AS_LIKELY or len(chosen) >= CONCEPTS_LIMIT:
                    break
                if all(one.concept != meant.concept for meant in chosen):
                    chosen.append(
                        Meant(one.concept, min([likeness_beside(one, best), *(each.likeness for each in chosen[:1])]))
                    )
            explained |= best.explains
            # Another subject is one that the rest of the words name surely: "architects and engineers".
            candidates = [
                one
                for one in candidates
                if one.likeness >= SURE and not one.explains & explained and one.strength >= 1.0
            ]
        if reading.says(explained) < reading.says(reading.content) * _least_share(reading, explained):
            return [], set()
        return chosen, explained

    def _told(self, reading: Reading, named: list[Meant], explained: set[int]) -> tuple[list[Meant], set[int]]:
        """What the question names, or where that is little of it and more of it goes with something else, that too."""
        content = reading.content
        if not content or (named and reading.says(explained) >= reading.says(content) * SHARE_OF_QUESTION):
            return named, explained
        told = self._situations(reading.vocabulary.language).find(reading)
        if not told or (named and len(told[0].words) < max(WORDS, len(explained))):
            return named, explained
        names = {one.concept for one in named}
        chosen = {one.concept: Meant(one.concept, TOLD_AND_NAMED if one.concept in names else TOLD) for one in told}
        others = [Meant(one.concept, TOLD) for one in named if one.concept not in chosen]
        surest = sorted([*chosen.values(), *others], key=lambda one: -one.likeness)
        return surest[:CONCEPTS_LIMIT], explained.union(*(one.words for one in told))


def _forget_guesses(reading: Reading) -> None:
    """Among words that nobody knows, one that is nearly a place is none: limone is not Lione."""
    if any(not reading.is_weak(index) for index in reading.content):
        reading.places = [named for named in reading.places if named.likeness == EXACT]


def _least_share(reading: Reading, explained: Iterable[int]) -> float:
    """How much of a question those of its words that name a concept have to be: more, if they do so in another language."""
    own = reading.vocabulary.language
    for index in explained:
        likeness = max((one for (language, _), one in reading.alike[index].items() if language == own), default=0.0)
        if likeness >= SURE or (likeness >= ANOTHER_FORM and len(reading.said[index]) >= SHORTEST_SURE_FORM):
            return SHARE_IF_SURE
    return SHARE_OF_QUESTION


def _narrowing(named: Sequence[Named]) -> list[Place]:
    """The places that narrow: those named as places; adjectives ("an Italian diploma in Hungary") only if there are no others."""
    nouns = [one for one in named if not one.is_adjective]
    return list(dict.fromkeys(place for one in nouns or named for place in one.places))


def _corrected(reading: Reading, explained: set[int]) -> str:
    """The question with its slips mended: those in what was meant, or where nothing was, those in words long enough to guess."""
    meant = explained | reading.in_place
    if not meant:
        meant = {index for index in reading.mended if len(reading.said[index]) >= SHORTEST_GUESSED}
    mended = {index: word for index, word in reading.mended.items() if index in meant}
    if not mended:
        return ""
    return " ".join(mended.get(index, word) for index, word in enumerate(reading.written))
