"""What a question means: the concepts and the places that it names, and the words that are left."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engines.search.folding import folded_word
from services.directory.search.likeness import EXACT, ONE_SLIP, PART, SAME_STEM
from services.directory.search.places import Gazetteer, Named, Place
from services.directory.search.vocabulary import WEAK, Phrase, Vocabulary

# Longer texts are read up to here; nobody names so much.
WORDS_LIMIT = 32
# A phrase counts if this share of what it says is there.
SHARE_OF_PHRASE = 0.55
# A concept counts if this share of what the question says is about it, unless a word names it beyond doubt.
SHARE_OF_QUESTION = 0.6
LEAST_SHARE = 0.25
SURE = 0.85
# Of several concepts those count that are about as likely as the best.
NEARLY_AS_LIKELY = 0.85
CONCEPTS_LIMIT = 5
# A word of another language than the question's: less likely, and slips in it only if it is long.
FOREIGN = 0.93
SHORTEST_FOREIGN = 4
SHORTEST_FOREIGN_SLIP = 7
# So many more words must be another language's than the reader's, for the question to be in that one.
CLEARLY = 2

_WORD = re.compile(r"[^\W_]+")
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


@dataclass(slots=True)
class _Reading:
    """The words of a question while it is read."""

    written: list[str]
    said: list[str]
    vocabulary: Vocabulary
    # Word → the words of concepts it may be, with their language.
    alike: dict[int, dict[tuple[str, str], float]] = field(default_factory=dict)
    places: list[Named] = field(default_factory=list)
    mended: dict[int, str] = field(default_factory=dict)

    @property
    def in_place(self) -> set[int]:
        return {index for named in self.places for index in range(named.start, named.end)}

    @property
    def content(self) -> list[int]:
        """The words that say something and are not part of a place."""
        taken, function = self.in_place, self.vocabulary.function
        return [index for index, word in enumerate(self.said) if index not in taken and word not in function]

    def is_weak(self, index: int) -> bool:
        return self.vocabulary.is_weak(self.said[index])

    def says(self, indexes: Iterable[int]) -> float:
        """How much these words say together."""
        return sum(WEAK if self.is_weak(index) else 1.0 for index in indexes)


class Questions:
    """Understands questions in all languages."""

    def __init__(self, vocabularies: Mapping[str, Vocabulary], gazetteer: Gazetteer) -> None:
        self._vocabularies = vocabularies
        self._gazetteer = gazetteer

    def understand(self, text: str, language: str) -> Understood:
        """What *text* means to a reader of *language*, in which it most probably is."""
        written, said = _split(text)
        reading = _Reading(written, said, self._vocabularies[self._spoken(said, language)])
        whole = self._whole_phrases(reading)
        self._find_places(reading, whole)
        self._recognise(reading)
        meant, explained = self._concepts(reading)
        if not meant:
            _forget_guesses(reading)
        content = reading.content
        return Understood(
            language=reading.vocabulary.language,
            concepts=meant,
            places=_narrowing(reading.places),
            names=[said[index] for index in content],
            rest=[said[index] for index in content if index not in explained and not reading.is_weak(index)],
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

    def _whole_phrases(self, reading: _Reading) -> set[int]:
        """The words that together are a phrase of several words, as it stands: no place is looked for in them."""
        found: set[int] = set()
        places = {word: index for index, word in enumerate(reading.said)}
        for word in reading.said:
            for phrase in reading.vocabulary.by_word.get(word, ()):
                if len(phrase.words) > 1 and all(part in places for part in phrase.words):
                    found |= {places[part] for part in phrase.words}
        return found

    def _find_places(self, reading: _Reading, whole: set[int]) -> None:
        vocabulary = reading.vocabulary
        said = ["" if index in whole else word for index, word in enumerate(reading.said)]
        reading.places = self._gazetteer.find(said, vocabulary.language, vocabulary.knows)

    def _recognise(self, reading: _Reading) -> None:
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

    def _forms(self, word: str, reading: _Reading) -> dict[tuple[str, str], float]:
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

    def _less_sure(self, word: str, reading: _Reading, index: int, surest: float) -> dict[tuple[str, str], float]:
        own = reading.vocabulary
        compound = {(own.language, known): likeness for known, likeness in own.parts(word).items()}
        slips = {(own.language, known): likeness for known, likeness in own.slips(word).items()}
        if max(slips.values(), default=0.0) < ONE_SLIP and len(word) >= SHORTEST_FOREIGN_SLIP:
            for code, vocabulary in self._vocabularies.items():
                if vocabulary is not own:
                    near = {known: one for known, one in vocabulary.slips(word).items() if one >= ONE_SLIP}
                    slips |= {(code, known): likeness * FOREIGN for known, likeness in near.items()}
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
            for match in _WORD.finditer(phrase.text):
                if folded_word(match[0]) == word:
                    return match[0]
        return word

    def _join(self, reading: _Reading) -> None:
        """Two words that are one: ``Kranken Pfleger``."""
        taken = reading.in_place
        for index in range(len(reading.said) - 1):
            if index in taken or index + 1 in taken:
                continue
            joined = reading.said[index] + reading.said[index + 1]
            if joined in reading.vocabulary.by_word:
                for place in (index, index + 1):
                    reading.alike.setdefault(place, {})[reading.vocabulary.language, joined] = EXACT

    def _concepts(self, reading: _Reading) -> tuple[list[Meant], set[int]]:
        """The concepts that the question names, and which of its words do."""
        if not reading.alike:
            return [], set()
        candidates = self._candidates(reading)
        chosen: list[Meant] = []
        explained: set[int] = set()
        while candidates and len(chosen) < CONCEPTS_LIMIT:
            ranked = sorted(candidates, key=lambda one: -one.worth)
            best = ranked[0]
            for one in ranked:
                if one.worth < best.worth * NEARLY_AS_LIKELY or len(chosen) >= CONCEPTS_LIMIT:
                    break
                if all(one.concept != meant.concept for meant in chosen):
                    chosen.append(Meant(one.concept, one.likeness * one.worth / best.worth))
            explained |= best.explains
            # Another subject is one that the rest of the words name surely: "architects and engineers".
            candidates = [
                one
                for one in candidates
                if one.likeness >= SURE and not one.explains & explained and one.strength >= 1.0
            ]
        share = reading.says(explained) / reading.says(reading.content)
        surest = max((likeness for index in explained for likeness in reading.alike[index].values()), default=0.0)
        if share < (LEAST_SHARE if surest >= SURE else SHARE_OF_QUESTION):
            return [], set()
        return chosen, explained

    def _candidates(self, reading: _Reading) -> list["_Candidate"]:
        """Each concept with the phrase that fits best."""
        by_phrase: dict[int, tuple[str, Phrase]] = {}
        words_of: dict[int, dict[str, tuple[float, int]]] = defaultdict(dict)
        for index, alike in reading.alike.items():
            for (language, known), likeness in alike.items():
                for phrase in self._vocabularies[language].by_word[known]:
                    key = id(phrase)
                    by_phrase[key] = (language, phrase)
                    if likeness > words_of[key].get(known, (0.0, 0))[0]:
                        words_of[key][known] = (likeness, index)
        best: dict[str, _Candidate] = {}
        for key, (language, phrase) in by_phrase.items():
            weight = self._vocabularies[language].weight
            matched = words_of[key]
            whole = sum(map(weight, phrase.words))
            there = sum(weight(word) * likeness for word, (likeness, _) in matched.items())
            likeness = there / whole
            if likeness < SHARE_OF_PHRASE * min(1.0, max(one for one, _ in matched.values()) / PART):
                continue
            explains = frozenset(index for _, index in matched.values())
            strength = reading.says(explains)
            # A label is what the concept is called; an alternative may be said of others, too.
            candidate = _Candidate(phrase.concept, likeness * (1.0 if phrase.is_label else 0.99), explains, strength)
            if phrase.concept not in best or candidate.worth > best[phrase.concept].worth:
                best[phrase.concept] = candidate
        return list(best.values())


def _forget_guesses(reading: _Reading) -> None:
    """Among words that nobody knows, one that is nearly a place is none: limone is not Lione."""
    if any(not reading.is_weak(index) for index in reading.content):
        reading.places = [named for named in reading.places if named.likeness == EXACT]


@dataclass(frozen=True, slots=True)
class _Candidate:
    concept: str
    likeness: float
    explains: frozenset[int]
    strength: float

    @property
    def worth(self) -> float:
        return self.likeness * self.strength


def _split(text: str) -> tuple[list[str], list[str]]:
    """The words of *text* as they are written, and folded."""
    pairs = [(written, folded_word(written)) for written in _WORD.findall(unicodedata.normalize("NFC", text))]
    kept = [(written, folded) for written, folded in pairs if folded][:WORDS_LIMIT]
    return [written for written, _ in kept], [folded for _, folded in kept]


def _narrowing(named: Sequence[Named]) -> list[Place]:
    """The places that narrow: those named as places; adjectives ("an Italian diploma in Hungary") only if there are no others."""
    nouns = [one for one in named if not one.is_adjective]
    return list(dict.fromkeys(place for one in nouns or named for place in one.places))


def _corrected(reading: _Reading, explained: set[int]) -> str:
    meant = explained | reading.in_place
    mended = {index: word for index, word in reading.mended.items() if index in meant}
    if not mended:
        return ""
    return " ".join(mended.get(index, word) for index, word in enumerate(reading.written))
