"""How like two folded words are, from 0 to 1: other endings of the same word, slips of the typing hand, parts of compounds.

The numbers order readings of the same word against each other; no single one is a probability.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

EXACT = 1.0
SAME_STEM = 0.95
OTHER_ENDING = 0.9
ONE_SLIP = 0.8
COMPOUND = 0.75
TWO_SLIPS = 0.62
PART = 0.6

# Endings are what differs behind the common beginning: not much of the word, and of its dictionary form even less.
SHORTEST_BEGINNING = 4
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
    return OTHER_ENDING - 0.04 * max(asked_ending, known_ending) - 0.02 * min(asked_ending, known_ending)


def slipped(asked: str, known: Sequence[str]) -> Iterator[tuple[str, float]]:
    """The words of *known* that *asked* may be a slip of."""
    allowed = slips(len(asked))
    if not allowed:
        return
    for word, distance, _ in process.extract(asked, known, scorer=OSA.distance, score_cutoff=allowed, limit=None):
        if distance <= slips(len(word)):
            yield word, ONE_SLIP if distance <= 1 else TWO_SLIPS


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
