"""The words of a question, and what is found out about each while it is read."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from engines.search.folding import folded_word
from services.directory.search.places import Named
from services.directory.search.vocabulary import WEAK, Vocabulary

# Longer texts are read up to here; nobody names so much.
WORDS_LIMIT = 32
# The stress on a Cyrillic vowel composes with no letter: such a mark is no end of a word.
WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")


@dataclass(slots=True)
class Reading:
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

    def is_ordinary(self, index: int) -> bool:
        """Whether the language has this word, so that it is no proper name."""
        return self.said[index] in self.vocabulary.by_word or self.is_weak(index)

    def says(self, indexes: Iterable[int]) -> float:
        """How much these words say together."""
        return sum(WEAK if self.is_weak(index) else 1.0 for index in indexes)


def split(text: str) -> tuple[list[str], list[str]]:
    """The words of *text* as they are written, and folded."""
    pairs = [(written, folded_word(written)) for written in WORD.findall(unicodedata.normalize("NFC", text))]
    kept = [(written, folded) for written, folded in pairs if folded][:WORDS_LIMIT]
    return [written for written, _ in kept], [folded for _, folded in kept]
