"""Recognising places in what people search for, in whatever language they name them."""

from collections.abc import Iterable

from engines.search.folding import words
from services.directory.reference import Reference

# Shorter names of regions are words of too many languages.
SHORTEST_REGION_NAME = 4
# Words that lead to a place, in one language or another.
LEADERS = frozenset({
    "a", "al", "an", "au", "aus", "aux", "d", "da", "dans", "de", "del", "di", "do", "du", "em", "en", "fi", "for",
    "fra", "fran", "from", "i", "im", "in", "iz", "l", "na", "nel", "of", "pa", "sa", "san", "su", "til", "u", "uit",
    "v", "ve", "vo", "w", "we", "z", "в", "във", "на", "от", "σε", "στη", "στην", "στο", "στον",
})  # fmt: skip
# After another word, any word as short as this is one of them, or an article.
LONGEST_LEADER = 3


class Gazetteer:
    """Names of countries and regions in all languages, folded."""

    def __init__(self, reference: Reference) -> None:
        self._places: dict[tuple[str, ...], str] = {}
        for region in reference.regions.values():
            self._add(region.code, region.name.values(), SHORTEST_REGION_NAME)
        # A country wins over a region of the same name (Luxembourg).
        for country in reference.countries.values():
            self._add(country.code, country.name.values(), 1)
        self._longest = max(map(len, self._places))

    def _add(self, code: str, names: Iterable[str], shortest: int) -> None:
        for name in names:
            folded = tuple(words(name))
            if len("".join(folded)) >= shortest:
                self._places[folded] = code

    def split(self, text: str) -> tuple[str, list[str]]:
        """The place that *text* names (empty if none), and the words that are left.

        Of several places it is the one with the longest name, of those the last. Short words before the place go with it (``a``,
        ``in``, ``v``): they lead to it and say nothing else. The first word may be short and say something (``tax Italia``).
        """
        folded = words(text)
        for length in range(min(self._longest, len(folded)), 0, -1):
            for start in range(len(folded) - length, -1, -1):
                code = self._places.get(tuple(folded[start : start + length]))
                if code:
                    before = folded[:start]
                    while before and (before[-1] in LEADERS or (len(before) > 1 and len(before[-1]) <= LONGEST_LEADER)):
                        before.pop()
                    return code, before + folded[start + length :]
        return "", folded
