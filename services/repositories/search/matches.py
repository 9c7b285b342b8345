"""Why an entry was found: which of its fields say what was searched for, as far as its reader sees them."""

from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from engines.search.folding import edits, grams, words
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Version
from services.repositories.search.asking import PIECES
from services.repositories.search.contents import said
from services.repositories.search.layers import fields
from vocabulary.values import ValueType

# What is a piece of other words has so many letters at least.
PIECE = 3


class Matches:
    """Compares with the words of one *text*, as the index does: as they are written, with a slip, with other endings."""

    def __init__(self, text: str) -> None:
        self._wanted = list(dict.fromkeys(words(text)))
        self._pieces = {word: grams(word) for word in self._wanted}
        self._compared: dict[str, bool] = {}

    def of(
        self, definition: Definition, version: Version, labels: Mapping[str, Sequence[str]]
    ) -> tuple[list[str], list[str]]:
        """The fields of *version*, already cut down to what its reader sees, that match; and the concepts whose names do."""
        found: list[str] = []
        concepts: list[str] = []
        for field in fields(definition):
            value = version.values.get(field.code)
            if value is None or not field.searchable:
                continue
            if field.type is ValueType.CONCEPT:
                named = [id_ for id_ in value.references or () if self._any(labels.get(id_, ()))]
                concepts += [id_ for id_ in named if id_ not in concepts]
                matches = bool(named)
            else:
                matches = self._any(said(field, value, labels))
            if matches:
                found.append(field.code)
        return found, concepts

    def _any(self, texts: Iterable[str]) -> bool:
        return any(self._matches(text) for text in texts)

    def _matches(self, text: str) -> bool:
        if text not in self._compared:
            there = words(text)
            together = " ".join(there)
            self._compared[text] = any(self._says(word, there, together) for word in self._wanted)
        return self._compared[text]

    def _says(self, word: str, there: Sequence[str], together: str) -> bool:
        if word in there:
            return True
        own = self._pieces[word]
        # A shorter one is its own piece, and that of no other word.
        if len(word) >= PIECE and sum(piece in together for piece in own) >= PIECES * len(own):
            return True
        most = edits(word)
        return bool(most) and process.extractOne(word, there, scorer=OSA.distance, score_cutoff=most) is not None
