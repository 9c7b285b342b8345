"""What the search index holds of the directory, and how a question becomes a query.

Two indexes. The small one holds keyword concepts in all languages: a question is first matched against it, so that a word in any
language finds the concept, and the concept finds the authorities whatever language they are described in. The other
holds the authorities. Both are projections: they can be thrown away and made again from the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.aggregates import Kept
from engines.search import (
    All,
    Best,
    Boosted,
    Everything,
    Grams,
    Hits,
    Index,
    Query,
    Scored,
    Search,
    SearchDocument,
    Terms,
    Words,
)
from engines.search.folding import words
from services.directory.domain.authorities import Authority, Level, Status
from services.directory.places import Gazetteer
from services.directory.reference import Concept, Reference

CONCEPTS = Index("concepts", words=("label",), grams=("pieces",), terms=("exact",))
AUTHORITIES = Index(
    "authorities",
    words=("name", "description", "town"),
    grams=("name_pieces",),
    terms=("country", "level", "area", "module", "concept", "language", "territory"),
)
INDEXES = (CONCEPTS, AUTHORITIES)

# How much of a mistyped or inflected word must be there for it to count.
PIECES_OF_CONCEPT = 0.6
PIECES_OF_NAME = 0.7
CONCEPTS_PER_QUESTION = 5

# What a hit counts for at least. No text of the length allowed scores as much by its words as lies between two of these.
KEYWORD = 10_000.0
NAME = 1_000.0


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


class AuthorityIndex:
    """Finds authorities."""

    def __init__(self, search: Search, reference: Reference) -> None:
        self._search = search
        self._reference = reference
        self._gazetteer = Gazetteer(reference)

    async def load_concepts(self) -> None:
        """Make the concepts findable as this program knows them."""
        async with self._search.rebuild(CONCEPTS) as put:
            await put([_concept_document(concept) for concept in self._reference.concepts.values()])

    async def find(self, text: str, language: str, narrowed: Filter, *, offset: int, limit: int) -> Hits:
        """Authorities for *text*, the best first; of equally good ones, those that understand *language* first.

        A keyword counts for more than a name, a name for more than a description. Places in the text narrow. A text in which
        nothing is recognised finds nothing.
        """
        filters = self._filters(narrowed)
        place, rest = self._gazetteer.split(text)
        if place and await self._labelled(words(text)):
            # A keyword may have a place in it: "guía de montaña" is not about Montana.
            place, rest = "", words(text)
        if place:
            filters.append(self._within(place))
        matching: Query = Everything() if not rest else await self._matching(rest)
        if not rest and not place and text.strip():
            return Hits()
        ranked = All([matching, Best([Scored(Terms("language", [language]), 0.5), Scored(Everything(), 0.0)])])
        return await self._search.find(AUTHORITIES, ranked, filters=filters, offset=offset, limit=limit)

    async def _matching(self, given: Sequence[str]) -> Query:
        """What the words mean: as a whole, or a concept for some of them and a name for the others."""
        if labelled := await self._labelled(given):
            # A keyword as it stands is no slip of something else.
            return Best([_about(labelled), _named(given, fuzzy=False)])
        readings: list[Query] = [_named(given)]
        if concepts := await self._concepts(given):
            readings.append(_about(concepts))
        elif len(given) > 1:
            meant = [(word, await self._concepts([word])) for word in given]
            if any(found for _, found in meant):
                readings.append(All([_about(found) if found else _named([word]) for word, found in meant]))
        return Best(readings)

    async def _labelled(self, given: Sequence[str]) -> list[str]:
        """The concepts that are called exactly so, in whatever language."""
        found = await self._search.find(CONCEPTS, Terms("exact", [" ".join(given)]), limit=CONCEPTS_PER_QUESTION)
        return [id_ for id_, _ in found.hits]

    async def _concepts(self, given: Sequence[str]) -> list[str]:
        if labelled := await self._labelled(given):
            return labelled
        text = " ".join(given)
        query = Best(
            [
                Boosted(Words("label", text), 3.0),
                # A slip of one word says more than pieces of many: "denist" is a dentist.
                Boosted(Words("label", text, fuzzy=True), 10.0),
                Boosted(Grams("pieces", text, PIECES_OF_CONCEPT), 0.3),
            ]
        )
        found = await self._search.find(CONCEPTS, query, limit=CONCEPTS_PER_QUESTION)
        best = found.hits[0][1] if found.hits else 0.0
        return [id_ for id_, score in found.hits if score >= best * 0.6]

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

    def _within(self, place: str) -> Terms:
        if place in self._reference.countries:
            return Terms("country", [place])
        return Terms("territory", self._territories([place], exact=False))

    def _territories(self, regions: Sequence[str], *, exact: bool) -> list[str]:
        """The territories whose authorities serve *regions*: a national body serves every region of its country."""
        if exact:
            return list(regions)
        return list(dict.fromkeys(code for region in regions for code in self._reference.ancestors(region)))


def _about(concepts: Sequence[str]) -> Query:
    return Scored(Terms("concept", concepts), KEYWORD)


def _named(given: Sequence[str], *, fuzzy: bool = True) -> Query:
    text = " ".join(given)
    named = Best([Words("name", text), Boosted(Words("town", text), 0.9)])
    readings: list[Query] = [All([Scored(named, NAME), named]), Boosted(Words("description", text), 0.3)]
    if fuzzy:
        readings.append(Boosted(Words("name", text, fuzzy=True), 0.6))
        readings.append(Boosted(Grams("name_pieces", text, PIECES_OF_NAME), 0.1))
    return Best(readings)


async def shown(authorities: Sequence[Kept[Authority]]) -> list[SearchDocument]:
    """What the index holds of each of *authorities* as it is now; one that is not active is not found."""
    return [
        _authority_document(kept)
        if kept.state.status is Status.ACTIVE
        else SearchDocument(kept.id, None, kept.revision)
        for kept in authorities
    ]


def _concept_document(concept: Concept) -> SearchDocument:
    labels = list(dict.fromkeys(concept.label.values()))
    folded = [" ".join(words(label)) for label in labels]
    return SearchDocument(concept.id, {"label": labels, "pieces": labels, "exact": list(dict.fromkeys(folded))})


def _authority_document(kept: Kept[Authority]) -> SearchDocument:
    authority = kept.state
    names = list(dict.fromkeys([*authority.official_name.values(), *authority.informal_name.values()]))
    return SearchDocument(
        kept.id,
        {
            "name": names,
            "name_pieces": names,
            "description": list(authority.description.values()),
            "town": [authority.contact.town],
            "country": [authority.country],
            "level": [authority.level],
            "area": list(authority.areas),
            "module": [access.module for access in authority.access],
            "concept": list(authority.concepts),
            "language": list(authority.languages),
            "territory": [authority.region or authority.country],
        },
        kept.revision,
    )
