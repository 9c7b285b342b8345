"""Which concepts a question may name: for each the phrase that fits best."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from services.directory.search.likeness import EXACT, PART
from services.directory.search.reading import Reading
from services.directory.search.vocabulary import Phrase, Vocabulary

# A phrase counts if this share of what it says is there.
SHARE_OF_PHRASE = 0.55


@dataclass(frozen=True, slots=True)
class Candidate:
    """A concept that a question may name: how like its phrase is to what is there; which words that is, and what they say."""

    concept: str
    likeness: float
    explains: frozenset[int]
    strength: float

    @property
    def worth(self) -> float:
        return self.likeness * self.strength


def candidates_of(reading: Reading, vocabularies: Mapping[str, Vocabulary]) -> list[Candidate]:
    """Each concept with the phrase that fits best."""
    by_phrase: dict[int, tuple[str, Phrase]] = {}
    words_of: dict[int, dict[str, tuple[float, int]]] = defaultdict(dict)
    for index, alike in reading.alike.items():
        for (language, known), likeness in alike.items():
            for phrase in vocabularies[language].by_word[known]:
                key = id(phrase)
                by_phrase[key] = (language, phrase)
                if likeness > words_of[key].get(known, (0.0, 0))[0]:
                    words_of[key][known] = (likeness, index)
    best: dict[str, Candidate] = {}
    for key, (language, phrase) in by_phrase.items():
        weight = vocabularies[language].weight
        matched = words_of[key]
        whole = sum(map(weight, phrase.words))
        there = sum(weight(word) * likeness for word, (likeness, _) in matched.items())
        likeness = there / whole

        if likeness < SHARE_OF_PHRASE * min(1.0, max(one for one, _ in matched.values()) / PART):
            continue
        explains = frozenset(index for _, index in matched.values())
        strength = reading.says(explains)
        # A label is what the concept is called; an alternative may be said of others, too.
        candidate = Candidate(phrase.concept, likeness * (1.0 if phrase.is_label else 0.99), explains, strength)
        if phrase.concept not in best or candidate.worth > best[phrase.concept].worth:
            best[phrase.concept] = candidate
    return list(best.values())


def likeness_beside(one: Candidate, best: Candidate) -> float:
    """How surely *one* is meant. Unless the *best* is named exactly, those that are about as likely are equals."""
    return one.likeness * one.worth / best.worth if best.likeness == EXACT else best.likeness
