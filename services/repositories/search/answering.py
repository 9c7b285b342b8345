"""A search, answered: found entries are shown as their reader sees them, and each says why it was found."""

from collections.abc import Mapping, Sequence

from chassis import hits
from chassis.aggregates import Aggregates, Kept
from chassis.wire import page_info, page_size
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Actor, Entry
from services.repositories.index import EntryIndex
from services.repositories.readers import shown
from services.repositories.search.asking import Question
from services.repositories.search.checking import Checking
from services.repositories.search.contents import concepts
from services.repositories.search.matches import Matches
from services.repositories.subjects import Subjects
from vocabulary.pages import Page
from vocabulary.refusals import Unavailable

LIST = "entries"


class Searching:
    """Finds entries of a repository for whoever asks."""

    def __init__(self, index: EntryIndex, entries: Aggregates[Entry], subjects: Subjects) -> None:
        self._index = index
        self._entries = entries
        self._subjects = subjects
        self.checking = Checking(subjects)

    async def search(
        self, definition: Definition, request: pb.SearchEntriesRequest, who: Actor
    ) -> tuple[Sequence[Kept[Entry]], pb.SearchEntriesResponse]:
        """What *who* finds, each cut down to what they see; and the answer, in which only these entries are missing."""
        size = page_size(request.page)
        question = await self.checking.question(
            definition,
            who,
            text=request.text,
            narrowed=request.filter,
            sort=request.sort,
            facets=request.facets,
        )
        after = hits.position(request.page.after, LIST, question.sort)
        listed, counts = await self._index.find(question, after=after, limit=size)
        positions = {hit.id: hit.position for hit in listed.hits}
        found = await self.seen(definition, list(positions), who)
        cursors = [hits.cursor(LIST, positions[kept.id], question.sort) for kept in found]
        answer = pb.SearchEntriesResponse(
            page_info=page_info(Page(found, cursors, listed.more)),
            total=listed.total,
            facets=[_facet(called, values) for called, values in counts.items()],
            matches=await self._matches(definition, question, found),
        )
        return found, answer

    async def seen(self, definition: Definition, ids: Sequence[str], who: Actor) -> list[Kept[Entry]]:
        """Those of *ids* that are published, in this order, as *who* sees them.

        The index follows the store: what was withdrawn a moment ago may still be in it.
        """
        found = await self._entries.get_many(ids)
        cut = [shown(kept, definition, who) for kept in found if kept.state.published]
        return [kept for kept in cut if kept and kept.state.published]

    async def _matches(
        self, definition: Definition, question: Question, there: Sequence[Kept[Entry]]
    ) -> list[pb.EntryMatch]:
        if not question.text.strip():
            return []
        matches = Matches(question.text)
        versions = {kept.id: kept.state.published for kept in there if kept.state.published}
        named = concepts(definition, (version.values for version in versions.values()))
        try:
            labels: Mapping[str, Sequence[str]] = await self._subjects.labels(named)
        except Unavailable:
            # What is found is found without the directory; then only fields say why.
            labels = {}
        found = []
        for id_, version in versions.items():
            codes, about = matches.of(definition, version, labels)
            found.append(pb.EntryMatch(entry_id=id_, field_codes=codes, concept_ids=about))
        return found


def _facet(called: str, values: Sequence[tuple[str, int]]) -> pb.Facet:
    return pb.Facet(code=called, values=[pb.FacetValue(value=value, count=count) for value, count in values])
