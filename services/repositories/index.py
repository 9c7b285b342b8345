"""What the search index holds of entries, and how a question becomes a query.

Only what is published is in it, so that neither the hits nor their number say anything of the rest. It is a projection: it can be
thrown away and made again from the store. A concept is indexed with its names in every language, which is how a word of one
language finds an entry that was written in another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.aggregates import Kept
from engines.search import (
    Best,
    Boosted,
    Everything,
    Grams,
    Hits,
    Index,
    Position,
    Query,
    Search,
    SearchDocument,
    Terms,
    Words,
)
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Entry, Version
from services.repositories.subjects import Subjects

ENTRIES = Index(
    "entries", words=("text",), grams=("pieces",), terms=("repository", "owner", "country", "area", "concept")
)
INDEXES = (ENTRIES,)

# How much of a mistyped or inflected word must be there for it to count.
PIECES = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Each list narrows; an empty one does not."""

    countries: Sequence[str] = ()
    areas: Sequence[str] = ()
    concepts: Sequence[str] = ()


class EntryIndex:
    """Finds published entries."""

    def __init__(self, search: Search, definitions: Mapping[str, Definition], subjects: Subjects) -> None:
        self._search = search
        self._definitions = definitions
        self._subjects = subjects

    async def shown(self, entries: Sequence[Kept[Entry]]) -> list[SearchDocument]:
        """What the index holds of each of *entries* as it is now; what is not published is not found.

        Raises Unavailable while the names of concepts cannot be had.
        """
        labels = await self._subjects.labels(
            concept
            for kept in entries
            if kept.state.published
            for concept in self._definitions[kept.state.repository].concepts(kept.state.published.values, searched=True)
        )
        return [
            self._document(kept, kept.state.published, labels)
            if kept.state.published
            else SearchDocument(kept.id, None, kept.revision)
            for kept in entries
        ]

    async def find(self, repository: str, text: str, narrowed: Filter, *, after: Position | None, limit: int) -> Hits:
        """Published entries of *repository* for *text*, the best first; without a text, all that *narrowed* leaves."""
        query = _matching(text) if text.strip() else Everything()
        wanted = [
            ("repository", [repository]),
            ("country", narrowed.countries),
            ("area", narrowed.areas),
            ("concept", narrowed.concepts),
        ]
        filters = [Terms(field, list(values)) for field, values in wanted if values]
        return await self._search.find(ENTRIES, query, filters=filters, after=after, limit=limit)

    def _document(self, kept: Kept[Entry], version: Version, labels: Mapping[str, Sequence[str]]) -> SearchDocument:
        entry = kept.state
        definition = self._definitions[entry.repository]
        searched = definition.concepts(version.values, searched=True)
        texts = definition.texts(version.values)
        texts += [label for concept in searched for label in labels.get(concept, ())]
        return SearchDocument(
            kept.id,
            {
                "text": texts,
                "pieces": texts,
                "repository": [entry.repository],
                "owner": [entry.owner_id],
                "country": [entry.country],
                "area": list(definition.areas(version.values)),
                "concept": definition.concepts(version.values),
            },
            kept.revision,
        )


def _matching(text: str) -> Query:
    return Best(
        [
            Words("text", text),
            Boosted(Words("text", text, fuzzy=True), 0.6),
            Boosted(Grams("pieces", text, PIECES), 0.1),
        ]
    )
