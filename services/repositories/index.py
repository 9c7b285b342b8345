"""The search index of published entries: kept in step with the store, and asked.

Only what is published is in it. It is a projection: it can be thrown away and made again from the store. Who reads an entry, and each
layer of its fields, is in it beside what they say (`search/layers.py`), and every question carries the keys of whoever asks: neither
the hits nor their number, their order, nor what is counted among them depends on what the asker may not read. A concept is indexed
with its names in every language, which is how a word of one language finds an entry that was written in another.
"""

from collections.abc import Mapping, Sequence

from chassis.aggregates import Kept
from engines.search import Beginning, Facet, Hits, Position, Search, SearchDocument
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Entry
from services.repositories.search import asking
from services.repositories.search.asking import Counting, Question
from services.repositories.search.contents import ENTRIES, concepts, document
from services.repositories.subjects import Subjects

INDEXES = (ENTRIES,)

Counts = dict[str, list[tuple[str, int]]]


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
            for concept in concepts(self._definitions[kept.state.repository], [kept.state.published.values])
        )
        return [
            document(kept, kept.state.published, self._definitions[kept.state.repository], labels)
            if kept.state.published
            else SearchDocument(kept.id, None, kept.revision)
            for kept in entries
        ]

    async def find(self, question: Question, *, after: Position | None, limit: int) -> tuple[Hits, Counts]:
        """What *question* asks for behind *after*: the best first, or in the order of its sort; and what it counts."""
        asked = asking.query(question)
        together = [one for one in question.counting if not one.layer and not asking.is_narrowed_by(question, one)]
        facets = {one.called: _facet(one) for one in together}
        hits = await self._search.find(
            ENTRIES, asked, after=after, limit=limit, facets=list(facets.values()), by=question.sort
        )
        counts = {one.called: _counted(hits, one) for one in together}
        for one in question.counting:
            if one.called not in counts:
                # Without its own filter, and among the entries of which the asker reads what is counted.
                wider = asking.readable(question, one, asking.query(question, without=one.called))
                counts[one.called] = _counted(
                    await self._search.find(ENTRIES, wider, limit=0, facets=[_facet(one)]), one
                )
        return hits, {one.called: counts[one.called] for one in question.counting}


def _facet(counting: Counting) -> Facet:
    return Beginning(counting.field, counting.start) if counting.start else counting.field


def _counted(hits: Hits, counting: Counting) -> list[tuple[str, int]]:
    """The values as they are, without what they begin with in the index."""
    found = hits.facets[_facet(counting)]
    return [(value.removeprefix(counting.start), number) for value, number in found]
