"""Completing what is being typed: concepts and places, in the reader's language."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engines.search.folding import words
from services.directory.reference import Reference
from services.directory.search.likeness import beginning_with
from services.directory.search.places import Gazetteer, Place
from services.directory.search.vocabulary import Phrase, Vocabulary

SHORTEST_MENDED = 4


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text that what is being typed may become, and the concept or the place that it ends with."""

    text: str
    leads_to: str | Place


class Suggestions:
    """Completes texts. Everything is in memory, so that it keeps up with typing."""

    def __init__(self, reference: Reference, vocabularies: Mapping[str, Vocabulary], gazetteer: Gazetteer) -> None:
        self._reference = reference
        self._vocabularies = vocabularies
        self._gazetteer = gazetteer
        # Made ready at once: the first who types waits no longer than the others.
        self._phrases = {code: _sorted_phrases(one.phrases) for code, one in vocabularies.items()}

    def find(self, text: str, language: str, limit: int) -> list[Suggestion]:
        """Up to *limit* completions of *text*: of the whole of it first, then of its last word."""
        said = words(text)
        if not said:
            return []
        before = text.rstrip().rpartition(" ")[0].strip()
        found: dict[str, Suggestion] = {}
        for one in self._all(said, before, language, limit):
            found.setdefault(" ".join(words(one.text)), one)
            if len(found) == limit:
                break
        return list(found.values())

    def _all(self, said: list[str], before: str, language: str, limit: int) -> Iterator[Suggestion]:
        for phrase in self._beginning(said, language):
            yield Suggestion(phrase.text, phrase.concept)
        for name, place in self._gazetteer.starting(said[-1], language, limit):
            yield Suggestion(f"{before} {name}".strip(), place)
        vocabulary = self._vocabularies[language]
        for known in vocabulary.starting(said[-1], limit):
            for phrase in vocabulary.by_word[known]:
                if set(said[:-1]) <= {*phrase.words, *vocabulary.function}:
                    yield Suggestion(phrase.text, phrase.concept)
        for known in vocabulary.starting(said[-1], limit) if before else ():
            for phrase in vocabulary.by_word[known]:
                if phrase.words[0] == known:
                    yield Suggestion(f"{before} {phrase.text}", phrase.concept)
        if len(said[-1]) >= SHORTEST_MENDED:
            for known, _ in sorted(vocabulary.slips(said[-1]).items(), key=lambda one: -one[1]):
                for phrase in vocabulary.by_word[known]:
                    if len(phrase.words) == 1:
                        yield Suggestion(f"{before} {phrase.text}".strip(), phrase.concept)

    def _beginning(self, said: list[str], language: str) -> list[Phrase]:
        """The phrases that begin with the words *said*, labels first."""
        texts, by_text = self._phrases[language]
        found = [one for text in beginning_with(" ".join(said), texts) for one in by_text[text]]
        return sorted(found, key=lambda phrase: (not phrase.is_label, len(phrase.text), phrase.text))


def _sorted_phrases(phrases: Sequence[Phrase]) -> tuple[list[str], dict[str, list[Phrase]]]:
    """The phrases by their folded texts, and these in their order."""
    written = {phrase.text: phrase for phrase in reversed(phrases)}
    by_text: dict[str, list[Phrase]] = defaultdict(list)
    for phrase in written.values():
        by_text[phrase.folded].append(phrase)
    return sorted(by_text), by_text
