"""Names of places, in whatever language somebody names them: countries, regions, larger cities."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from engines.search.folding import words
from services.directory.reference import City, Country, Reference, Region
from services.directory.search.alternations import OF_CORE, Cores
from services.directory.search.likeness import EXACT, beginning_with, ending, slipped
from services.directory.search.vocabulary import Vocabulary
from vocabulary import languages

# Shorter names of regions and cities are words of too many languages.
SHORTEST_NAME = 4
# What is not a place as it stands may be a form of one, or a slip: less surely in a city, of which there are many.
SHORTEST_INFLECTED = 5
SHORTEST_SLIPPED = 6
LEAST_LIKENESS = 0.75


class Kind(IntEnum):
    """Kinds of places, the widest first: a name that several have is the widest one's."""

    COUNTRY = 0
    REGION = 1
    CITY = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A place by its kind and its code: of a country, of a region (ISO 3166-2), or the number of a city."""

    kind: Kind
    code: str


@dataclass(frozen=True, slots=True)
class Named:
    """Where in a text a place is named: the words from *start* up to *end*; all places of that name."""

    places: tuple[Place, ...]
    start: int
    end: int
    likeness: float = EXACT
    is_adjective: bool = False
    # The name as it is written, where the text has a slip in it.
    meant: str = ""


class Gazetteer:
    """Knows places by their names."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._names: dict[tuple[str, ...], dict[Place, None]] = defaultdict(dict)
        self._by_language: dict[str, dict[str, Place]] = {code: {} for code in languages.ALL}
        self._spelled: dict[str, str] = {}
        self._forms: dict[str, dict[tuple[str, ...], Place]] = {code: {} for code in languages.ALL}
        for country in reference.countries.values():
            self._add(Place(Kind.COUNTRY, country.code), country, 1)
        for region in reference.regions.values():
            self._add(Place(Kind.REGION, region.code), region, SHORTEST_NAME)
            for name in region.also:
                self._add_name(name, Place(Kind.REGION, region.code), SHORTEST_NAME)
        for city in reference.cities.values():
            self._add(Place(Kind.CITY, city.id), city, SHORTEST_NAME)
            for name in city.also:
                self._add_name(name, Place(Kind.CITY, city.id), SHORTEST_NAME)
        for language, its in reference.words.items():
            for code, several in its.countries.items():
                for form in several:
                    self._forms[language].setdefault(tuple(words(form)), Place(Kind.COUNTRY, code))
        self._longest = max(map(len, self._names))
        self._sorted = {code: sorted(known) for code, known in self._by_language.items()}
        self._cores = {code: Cores(known, code) for code, known in self._by_language.items()}

    def _add(self, place: Place, named: Country | Region | City, shortest: int) -> None:
        for language, name in named.name.items():
            folded = tuple(words(name))
            self._add_words(folded, place, shortest)
            if place.kind is Kind.COUNTRY:
                self._add_words(self._without_article(folded, language), place, SHORTEST_NAME)
            if len(folded) == 1 and len(folded[0]) >= shortest and language in self._by_language:
                self._by_language[language].setdefault(folded[0], place)
                self._spelled.setdefault(folded[0], name)

    def _without_article(self, name: tuple[str, ...], language: str) -> tuple[str, ...]:
        """*name* as it is said behind a word that the article melts into: ``l-Italja``, ``fl-Italja``."""
        its = self._reference.words.get(language)
        return name[1:] if len(name) > 1 and its and name[0] in its.function else name

    def _add_name(self, name: str, place: Place, shortest: int) -> None:
        self._add_words(tuple(words(name)), place, shortest)

    def _add_words(self, folded: tuple[str, ...], place: Place, shortest: int) -> None:
        if len("".join(folded)) >= shortest:
            self._names[folded][place] = None

    def cities(self, name: str, country: str) -> list[str]:
        """The numbers of the cities of *country* called *name*."""
        found = self._names.get(tuple(words(name)), ())
        return [p.code for p in found if p.kind is Kind.CITY and self._reference.cities[p.code].country == country]

    def find(self, said: Sequence[str], vocabulary: Vocabulary) -> list[Named]:
        """The places that the folded words *said* name, longer names before shorter ones, without overlap.

        A single word that the *vocabulary* knows names no region or city: Essen is a meal, too.
        """
        found: list[Named] = []
        free = [True] * len(said)
        for length in range(min(self._longest, len(said)), 0, -1):
            for start in range(len(said) - length + 1):
                if not all(free[start : start + length]):
                    continue
                named = self._exactly(tuple(said[start : start + length]), vocabulary)
                if named is not None:
                    places, is_adjective = named
                    found.append(Named(places, start, start + length, is_adjective=is_adjective))
                    free[start : start + length] = [False] * length
        return sorted(found, key=lambda one: one.start)

    def _exactly(self, name: tuple[str, ...], vocabulary: Vocabulary) -> tuple[tuple[Place, ...], bool] | None:
        places = _widest(self._names.get(name, ()))
        form = self._forms[vocabulary.language].get(name)
        is_name = len(name) > 1 or not vocabulary.knows(name[0])
        # What is Romanian to a reader is no city called Roman.
        if places and (places[0].kind is Kind.COUNTRY or (is_name and (form is None or places[0].kind is Kind.REGION))):
            return places, False
        if form is not None and (is_name or not vocabulary.says_alone(name[0])):
            return (form,), True
        return None

    def like(self, word: str, language: str, index: int) -> Named | None:
        """The place that one word, the one at *index*, may name in another form, or with a slip."""
        if len(word) < SHORTEST_INFLECTED:
            return None
        best: Named | None = None
        known, names = self._by_language[language], self._sorted[language]
        for name in beginning_with(word[:SHORTEST_NAME], names):
            likeness = ending(word, name)
            if likeness >= LEAST_LIKENESS and (best is None or likeness > best.likeness):
                best = Named((known[name],), index, index + 1, likeness)
        for name, likeness in self._cores[language].of(word).items():
            # Shorter cores are those of too many words.
            if likeness >= OF_CORE and (best is None or likeness > best.likeness):
                best = Named((known[name],), index, index + 1, likeness)
        if best is not None:
            return best
        for name, likeness in slipped(word, names):
            place = known[name]
            if len(word) < SHORTEST_SLIPPED and place.kind is not Kind.COUNTRY:
                continue
            if likeness >= LEAST_LIKENESS and (best is None or place.kind < best.places[0].kind):
                best = Named((place,), index, index + 1, likeness, meant=self._spelled[name])
        return best

    def starting(self, start: str, language: str, limit: int) -> list[tuple[str, Place]]:
        """Up to *limit* places whose name in *language* begins with the folded word *start*: the name, and the place."""
        known = self._by_language[language]
        found = [(self._spelled[name], known[name]) for name in beginning_with(start, self._sorted[language])]
        return sorted(found, key=lambda one: (one[1].kind, one[0]))[:limit]


def _widest(places: Iterable[Place]) -> tuple[Place, ...]:
    """Those of *places* that are of the widest kind."""
    listed = list(places)
    widest = min((place.kind for place in listed), default=None)
    return tuple(place for place in listed if place.kind is widest)
