"""Words are compared fast, and as exactly as one by one."""

import random

import pytest
from rapidfuzz.distance import OSA

from services.directory.reference import Reference
from services.directory.search.likeness import Neighbours, ending
from services.directory.search.vocabulary import vocabularies

LETTERS = "abcdefghijklmnoprstuvzžčšλοсарт"


def slipped(word: str, chance: random.Random) -> str:
    """*word* with one letter left out, put in, changed, or two changed about."""
    at, letter = chance.randrange(len(word)), chance.choice(LETTERS)
    swapped = word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]
    return chance.choice([word[:at] + word[at + 1 :], word[:at] + letter + word[at:], swapped])


def test_neighbours_are_those_that_comparing_with_each_word_finds(reference: Reference) -> None:
    chance = random.Random(3)
    known = sorted({word for one in vocabularies(reference).values() for word in one.by_word})
    some = chance.sample(known, 3000)
    neighbours = Neighbours(some)
    asked = [slipped(slipped(word, chance), chance) for word in chance.sample(some, 300) if len(word) >= 9]
    asked += [slipped(word, chance) for word in chance.sample(some, 300) if len(word) >= 9]
    for word in asked:
        assert neighbours.of(word) == sorted(one for one in some if OSA.distance(word, one) <= 1)


@pytest.mark.parametrize(
    ("nearer", "farther"),
    [
        (("kuolintodistuksen", "kuolintodistus"), ("mamaliga", "mama")),
        (("leikkausta", "leikkaus"), ("partita", "parto")),
    ],
)
def test_an_ending_matters_less_the_more_two_words_have_in_common(
    nearer: tuple[str, str], farther: tuple[str, str]
) -> None:
    assert ending(*nearer) > ending(*farther)
