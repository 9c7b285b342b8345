"""What the search index holds of the directory, and how a question becomes a query.

Two indexes. The small one holds keyword concepts in all languages: a question is first matched against it, so that a word in any
language finds the concept, and the concept finds the authorities whatever language they are described in. The other
holds the authorities. Both are projections: they can be thrown away and made again from the store.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chassis.aggregates import Kept
from engines.search import (
    All,
    Batch,
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

    async def is_empty(self) -> bool:
        """Whether there is nothing to find: the index is new, or was made anew."""
        return await self._search.is_empty(AUTHORITIES)

    async def load_concepts(self) -> None:
        """Make the concepts findable, if they are not."""
        if await self._search.is_empty(CONCEPTS):
            documents = [_concept_document(concept) for concept in self._reference.concepts.values()]
            await self._search.apply(CONCEPTS, Batch(put=documents))

    async def put(self, authorities: Iterable[tuple[str, Kept[Authority] | None]]) -> None:
        """Show each authority as it is now; one that is gone or not active is not found."""
        shown, hidden = [], []
        for id_, kept in authorities:
            if kept is not None and kept.state.status is Status.ACTIVE:
                shown.append(_authority_document(kept))
            else:
                hidden.append(id_)
        await self._search.apply(AUTHORITIES, Batch(put=shown, delete=hidden))

    async def find(self, text: str, language: str, narrowed: Filter, *, offset: int, limit: int) -> Hits:
        """Authorities for *text*, the best first; of equally good ones, those that understand *language* first.

        A keyword counts for more than a name, a name for more than a description. Places in the text narrow. A text in which
        nothing is recognised finds nothing.
        """
        filters = self._filters(narrowed)
        place, rest = self._gazetteer.split(text)
        if place:
            filters.append(self._within(place))
        matching: Query = Everything() if not rest else await self._matching(rest)
        if not rest and not place and text.strip():
            return Hits()
        ranked = All([matching, Best([Scored(Terms("language", [language]), 0.5), Scored(Everything(), 0.0)])])
        return await self._search.find(AUTHORITIES, ranked, filters=filters, offset=offset, limit=limit)

    async def _matching(self, given: Sequence[str]) -> Query:
        """What the words mean: as a whole, or a concept for some of them and a name for the others."""
        text = " ".join(given)
        readings: list[Query] = [_named(text)]
        if concepts := await self._concepts(text):
            readings.append(Scored(Terms("concept", concepts), 10.0))
        elif len(given) > 1:
            meant = [(word, await self._concepts(word)) for word in given]
            if any(found for _, found in meant):
                readings.append(All([Terms("concept", found) if found else _named(word) for word, found in meant]))
        return Best(readings)

    async def _concepts(self, text: str) -> list[str]:
        exact = await self._search.find(CONCEPTS, Terms("exact", [text]), limit=CONCEPTS_PER_QUESTION)
        if exact.hits:
            return [id_ for id_, _ in exact.hits]
        query = Best(
            [
                Boosted(Words("label", text), 3.0),
                Words("label", text, fuzzy=True),
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


def _named(text: str) -> Query:
    return Best(
        [
            Boosted(Words("name", text), 1.0),
            Boosted(Words("town", text), 0.9),
            Boosted(Words("name", text, fuzzy=True), 0.6),
            Boosted(Grams("name_pieces", text, PIECES_OF_NAME), 0.1),
            Boosted(Words("description", text), 0.3),
        ]
    )


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
    )
