"""What somebody asks about who names no keyword but tells what happened: "my plane was five hours late".

Each language has, for a concept, words that go with it beside its names. One such word says little; several in one question, or
one that says most of it, say what it is about.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.directory.search.reading import Reading
from services.directory.search.vocabulary import Vocabulary, Wording

# So many words that go together say what a question is about, if they are this share of it.
WORDS = 2
SHARE_OF_WORDS = 0.25
# One word alone has to be this share, and to go with one concept more than with others.
SHARE_OF_WORD = 0.6
# Another form of a word has to be at least this like it.
LEAST_LIKENESS = 0.78
# Of several concepts those count that this share of the best one's words speak for.
NEARLY_AS_MUCH = 0.85
# A word that a concept's names have speaks for it more than one that only goes with it.
GOES_WITH = 0.8


@dataclass(frozen=True, slots=True)
class Told:
    """A concept that words of a question go with: how much they say for it, and which they are."""

    concept: str
    strength: float
    words: frozenset[int]


class Situations:
    """Knows, in one language, which concepts a word goes with."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        first = {concept: words[0] for concept, words in vocabulary.situations.items()}
        others = {concept: words[1:] for concept, words in vocabulary.situations.items()}
        going_with = Wording(vocabulary.language, first, others, vocabulary.function, vocabulary.weak)
        self._words = ((vocabulary, 1.0), (Vocabulary(going_with), GOES_WITH))

    def find(self, reading: Reading) -> list[Told]:
        """The concepts that the words of a question go with, the surest first."""
        strengths: dict[str, dict[int, float]] = defaultdict(dict)
        for index in reading.content:
            for vocabulary, share in self._words:
                for known, likeness in _like(vocabulary, reading.said[index]).items():
                    strength = share * likeness * vocabulary.weight(known)
                    for phrase in vocabulary.by_word[known]:
                        its = strengths[phrase.concept]
                        its[index] = max(strength, its.get(index, 0.0))
        found = [Told(concept, sum(its.values()), frozenset(its)) for concept, its in strengths.items()]
        found.sort(key=lambda one: (-one.strength, one.concept))
        likely = [one for one in found if one.strength >= found[0].strength * NEARLY_AS_MUCH]
        return likely if likely and _says_enough(reading, likely) else []


def _like(vocabulary: Vocabulary, word: str) -> Mapping[str, float]:
    """Words of concepts that *word* is a form of, or a compound with. Slips are none: guesses do not make one another sure."""
    forms = {known: likeness for known, likeness in vocabulary.alike(word).items() if likeness >= LEAST_LIKENESS}
    return forms or vocabulary.parts(word)


def _says_enough(reading: Reading, likely: Sequence[Told]) -> bool:
    """Whether so much of a question speaks for the *likely* concepts; one word that goes with several says nothing."""
    best, whole = likely[0].words, reading.says(reading.content)
    if len(best) >= WORDS:
        return reading.says(best) >= whole * SHARE_OF_WORDS
    return len(likely) == 1 and reading.says(best) >= whole * SHARE_OF_WORD
