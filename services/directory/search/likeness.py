"""How like two folded words are, from 0 to 1: other endings of the same word, slips of the typing hand, parts of compounds.

The numbers order readings of the same word against each other; no single one is a probability.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

EXACT = 1.0
SAME_STEM = 0.95
OTHER_ENDING = 0.9
# What a stemmer takes for one word although little of it is the same: partido, parto.
STEM_ALONE = 0.8
ONE_SLIP = 0.8
COMPOUND = 0.75
TWO_SLIPS = 0.62
PART = 0.6

# Endings are what differs behind the common beginning: not much of the word, and of its dictionary form even less.
SHORTEST_BEGINNING = 4
LONG_BEGINNING = 6
LONGEST_ENDING = 5
LONGEST_DICTIONARY_ENDING = 3
# A word of this length may have this many slips and still be itself.
SLIPS = ((7, 2), (4, 1))
SHORTEST_PART = 4


def slips(length: int) -> int:
    """How many typing errors are forgiven in a word of *length* letters."""
    return next((count for least, count in SLIPS if length >= least), 0)


def ending(asked: str, known: str) -> float:
    """How like *asked* is to another ending of the dictionary form *known*; 0 if it is not."""
    begun = _common(asked, known)
    asked_ending, known_ending = len(asked) - begun, len(known) - begun
    if begun < SHORTEST_BEGINNING or asked_ending > LONGEST_ENDING or known_ending > LONGEST_DICTIONARY_ENDING:
        return 0.0
    longest = max(len(asked), len(known))
    # A whole word with something behind it is more surely an ending than two words that part early.
    least = 0.5 if not known_ending else 0.7
    if begun / longest < least:
        return 0.0
    # The longer what they have in common, the less an ending matters.
    weight = min(1.0, LONG_BEGINNING / begun)
    return OTHER_ENDING - weight * (0.04 * max(asked_ending, known_ending) + 0.02 * min(asked_ending, known_ending))


def slipped(asked: str, known: Sequence[str]) -> Iterator[tuple[str, float]]:
    """The words of *known* that *asked* may be a slip of."""
    allowed = slips(len(asked))
    if not allowed:
        return
    for word, distance, _ in process.extract(asked, known, scorer=OSA.distance, score_cutoff=allowed, limit=None):
        if distance <= slips(len(word)):
            yield word, ONE_SLIP if distance <= 1 else TWO_SLIPS


class Neighbours:
    """Words, and which of them are one slip away from another: the same ones that comparing it with each would find, in their order.

    A slip is in the first half of a word or in the second, so the other half is there as it was typed.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._forwards = sorted(set(known))
        self._backwards = sorted(word[::-1] for word in self._forwards)

    def of(self, asked: str) -> list[str]:
        """The words that *asked*, long enough to be forgiven a slip, is one slip away from."""
        half = len(asked) // 2
        # Two letters that changed places may stand on either side of the middle.
        begin = beginning_with(asked[: half - 1], self._forwards)
        end = (word[::-1] for word in beginning_with(asked[: half - 1 : -1], self._backwards))
        return sorted(word for word in {*begin, *end} if OSA.distance(asked, word, score_cutoff=1) <= 1)


def beginning_with(start: str, ordered: Sequence[str]) -> Iterator[str]:
    """Those of the *ordered* texts that begin with *start*, in their order."""
    for index in range(bisect_left(ordered, start), len(ordered)):
        if not ordered[index].startswith(start):
            return
        yield ordered[index]


def _common(one: str, other: str) -> int:
    """How many letters *one* and *other* begin with in common."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
