"""Why an entry was found: which of its fields say what was searched for, as far as its reader sees them."""

from collections.abc import Iterable, Mapping, Sequence

from engines.search.folding import edits, grams, words
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Version
from services.repositories.search.asking import PIECES
from services.repositories.search.contents import said
from services.repositories.search.layers import fields
from vocabulary.values import ValueType


class Matches:
    """Compares with the words of one *text*, as the index does: as they are written, with a slip, with other endings."""

    def __init__(self, text: str) -> None:
        self._wanted = words(text)
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
            pieces = set(grams(text))
            self._compared[text] = any(self._says(word, there, pieces) for word in self._wanted)
        return self._compared[text]

    def _says(self, word: str, there: Sequence[str], pieces: set[str]) -> bool:
        if word in there:
            return True
        own = self._pieces[word]
        if sum(piece in pieces for piece in own) >= PIECES * len(own):
            return True
        forgiven = edits(word)
        return bool(forgiven) and any(_within(word, other, forgiven) for other in there)


def _within(one: str, other: str, most: int) -> bool:
    """Whether *other* is *one* with at most so many letters changed, added, left out, or neighbours exchanged."""
    if abs(len(one) - len(other)) > most:
        return False
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, there in enumerate(other, 1):
            least = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != there))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == there:
                least = min(least, before_last[j - 2] + 1)
            row.append(least)
        if min(row) > most:
            return False
        before_last, last = last, row
    return last[-1] <= most
