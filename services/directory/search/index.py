"""What the search index holds of authorities, and how a question that was understood becomes one query.

The index is a projection: it can be thrown away and made again from the store. What is found ranks by what it was found by: a
keyword before a name, a name before a description; then by how near it is to the place that was named; then by whether it
understands the reader's language.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from chassis.aggregates import Kept
from engines.search import (
    All,
    Best,
    But,
    Everything,
    Hits,
    Index,
    Position,
    Query,
    Scored,
    Search,
    SearchDocument,
    Starts,
    Terms,
    Words,
)
from engines.search.folding import words
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from services.directory.search.places import Gazetteer, Kind, Place
from services.directory.search.question import Meant, Understood
from vocabulary.participants import Level, Status

AUTHORITIES = Index(
    "authorities",
    words=("name", "description", "town"),
    terms=("id", "country", "level", "area", "module", "concept", "broader", "language", "territory", "city"),
)
INDEXES = (AUTHORITIES,)
# What is counted among all that is found.
FACETS = ("country", "area", "level", "language", "concept")

# What a hit counts for. Between two of these lies more than all that is below can add.
KEYWORD = 10_000.0
NARROWER = 9_000.0
PER_LIKENESS = 900.0
WIDER_TOO = 0.3
NAME = 4_000.0
TOWN = 3_500.0
NAME_ALIKE = 2_000.0
DESCRIPTION = 1_000.0
NAME_TOO = 300.0
IN_TOWN = 20.0
IN_REGION = 10.0
LANGUAGE = 1.0
# Two words are forms of one if they begin alike up to their last letters.
ENDING = 2
SHORTEST_START = 4
# What nearly every name has a word with is no beginning of one.
SHORTEST_BEGUN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Each list narrows; an empty one does not."""

    countries: Sequence[str] = ()
    regions: Sequence[str] = ()
    areas: Sequence[str] = ()
    concepts: Sequence[str] = ()
    languages: Sequence[str] = ()
    levels: Sequence[Level] = ()
    module: str = ""
    exact_region: bool = False
    # Countries, and authorities by id, to leave out.
    besides: Sequence[str] = ()
    not_ids: Sequence[str] = ()


class AuthorityIndex:
    """Finds authorities."""

    def __init__(self, search: Search, reference: Reference) -> None:
        self._search = search
        self._reference = reference

    async def begun(self, text: str, limit: int) -> Hits:
        """Authorities whose name has the words of *text*, the last of which is only begun, though by some letters."""
        *whole, last = words(text) or [""]
        if len(last) < SHORTEST_BEGUN:
            return Hits()
        query = All([Starts("name", last), *([Words("name", " ".join(whole))] if whole else [])])
        return await self._search.find(AUTHORITIES, query, limit=limit)

    async def find(
        self,
        asked: Understood,
        text: str,
        language: str,
        narrowed: Filter,
        *,
        after: Position | None = None,
        limit: int,
        facets: Sequence[str] = (),
    ) -> Hits:
        """Authorities for what was *asked*, the best first; those that *narrowed* leaves, all of them if the *text* is empty.

        A text in which nothing is recognised finds nothing.
        """
        if text.strip() and asked.is_empty:
            return Hits(facets=dict.fromkeys(facets, ()))
        near: list[Query] = [self._near(asked.places)] if asked.places else []
        kind = Best([Scored(Terms("language", [language]), LANGUAGE), Scored(Everything(), 0.0)])
        filters = self._filters(narrowed)

        left_out = [
            Terms(field, values)
            for field, values in (("country", narrowed.besides), ("id", narrowed.not_ids))
            if values
        ]

        async def found(matching: Query) -> Hits:
            ranked: Query = All([matching, *near, kind])
            if left_out:
                ranked = But(ranked, Best(left_out))
            return await self._search.find(
                AUTHORITIES, ranked, filters=filters, after=after, limit=limit, facets=facets
            )

        if not asked.names and not asked.concepts:
            return await found(Scored(Everything(), 0.0))
        if not asked.concepts:
            return await found(self._named(asked.names, asked.rest))
        about = self._about(asked.concepts)
        if asked.rest:
            # A proper name narrows, if it is one: somewhere there is an authority of that kind and name.
            hits = await found(All([about, Scored(Words("name", " ".join(asked.rest)), NAME_TOO)]))
            if hits.total:
                return hits
            return await found(about)
        return await found(Best([about, _called(asked.names), _described(asked.names)]))

    def _about(self, concepts: Sequence[Meant]) -> Query:
        """What is about *concepts* or, less so, about something narrower."""
        readings: list[Query] = []
        # Who asks for manuscripts and cultural goods wants manuscripts first.
        wider = {wide for meant in concepts for wide in self._reference.broader(meant.concept)}
        for meant in concepts:
            by = meant.likeness * PER_LIKENESS * (WIDER_TOO if meant.concept in wider else 1.0)
            readings.append(Scored(Terms("concept", [meant.concept]), round(KEYWORD + by)))
            readings.append(Scored(Terms("broader", [meant.concept]), round(NARROWER + by)))
        return Best(readings)

    def _named(self, names: Sequence[str], rest: Sequence[str]) -> Query:
        """What is called so, or nearly so, or is described so. Words that say little need not be there."""
        telling = rest or names
        return Best([_called(telling), _alike(telling), _described(telling)])

    def _near(self, places: Sequence[Place]) -> Query:
        """What serves *places*: an authority of the town, of its region, of the country."""
        return Best([query for place in places for query in self._serving(place)])

    def _serving(self, place: Place) -> list[Query]:
        if place.kind is Kind.COUNTRY:
            return [Scored(Terms("country", [place.code]), 0.0)]
        if place.kind is Kind.REGION:
            within = [place.code, *self._reference.within(place.code)]
            return [
                Scored(Terms("territory", within), IN_REGION),
                Scored(Terms("territory", self._reference.ancestors(place.code)), 0.0),
            ]
        city = self._reference.cities[place.code]
        wider = self._reference.territories(city.country, city.region)
        return [
            Scored(Terms("city", [city.id]), IN_TOWN),
            Scored(Terms("territory", wider[:-1]), IN_REGION),
            Scored(Terms("territory", wider), 0.0),
        ]

    def _filters(self, narrowed: Filter) -> list[Terms]:
        wanted = [
            ("country", narrowed.countries),
            ("territory", self._territories(narrowed.regions, exact=narrowed.exact_region)),
            ("area", narrowed.areas),
            ("concept", narrowed.concepts),
            ("language", narrowed.languages),
            ("level", narrowed.levels),
            ("module", [narrowed.module] if narrowed.module else []),
        ]
        return [Terms(field, list(values)) for field, values in wanted if values]

    def _territories(self, regions: Sequence[str], *, exact: bool) -> list[str]:
        """The territories whose authorities serve *regions*: a national body serves every region of its country."""
        if exact:
            return list(regions)
        return list(dict.fromkeys(code for region in regions for code in self._reference.ancestors(region)))


def _called(names: Sequence[str]) -> Query:
    text = " ".join(names)
    return Best([Scored(Words("name", text), NAME), Scored(Words("town", text), TOWN)])


def _described(names: Sequence[str]) -> Query:
    return Scored(Words("description", " ".join(names)), DESCRIPTION)


def _alike(names: Sequence[str]) -> Query:
    """Each word is there, in this form or another, or with a slip."""
    return Scored(All([Best([Words("name", name, fuzzy=True), *_begun(name)]) for name in names]), NAME_ALIKE)


def _begun(name: str) -> list[Query]:
    return [Starts("name", name[:-ENDING])] if len(name) >= SHORTEST_START + ENDING else []


def shown(
    reference: Reference, gazetteer: Gazetteer
) -> Callable[[Sequence[Kept[Authority]]], Awaitable[list[SearchDocument]]]:
    """What the index holds of authorities as they are now; one that is not active is not found."""

    async def documents(authorities: Sequence[Kept[Authority]]) -> list[SearchDocument]:
        return [
            _document(kept, reference, gazetteer)
            if kept.state.status is Status.ACTIVE
            else SearchDocument(kept.id, None, kept.revision)
            for kept in authorities
        ]

    return documents


def _document(kept: Kept[Authority], reference: Reference, gazetteer: Gazetteer) -> SearchDocument:
    authority = kept.state
    names = dict.fromkeys([*authority.official_name.values(), *authority.informal_name.values()])
    broader = [wide for concept in authority.concepts for wide in reference.broader(concept)]
    return SearchDocument(
        kept.id,
        {
            # All names as one text: a word that many languages share is folded once.
            "name": [" ".join(dict.fromkeys(" ".join(names).split()))],
            "description": list(authority.description.values()),
            "town": [authority.contact.town],
            "id": [kept.id],
            "country": [authority.country],
            "level": [authority.level],
            "area": list(authority.areas),
            "module": [access.module for access in authority.access],
            "concept": list(authority.concepts),
            "broader": list(dict.fromkeys(broader)),
            "language": list(authority.languages),
            "territory": [authority.region or authority.country],
            "city": gazetteer.cities(authority.contact.town, authority.country),
        },
        kept.revision,
    )
