"""A search, answered: found entries are shown as their reader sees them, and each says why it was found."""

import asyncio
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
from services.repositories.search.suggestions import READ, Suggestion, Typed, suggested
from services.repositories.subjects import Subjects
from vocabulary import languages
from vocabulary.pages import Page
from vocabulary.refusals import Invalid, Unavailable
from vocabulary.values import LocalizedText

LIST = "entries"
SUGGESTIONS = 8
SUGGESTIONS_LIMIT = 20


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

    async def suggest(
        self, definition: Definition, request: pb.SuggestEntriesRequest, who: Actor
    ) -> tuple[Sequence[Kept[Entry]], pb.SuggestEntriesResponse]:
        """What *who* may be about to type, of what they see in the entries that say something like it; and entries that say it."""
        limit = request.first or SUGGESTIONS
        if not 1 <= limit <= SUGGESTIONS_LIMIT:
            raise Invalid(f"ask for 1 to {SUGGESTIONS_LIMIT} suggestions", field="first", reason="PAGE_SIZE")
        language = languages.require(request.language or languages.FALLBACK, field="language")
        question = await self.checking.question(
            definition, who, text=request.text, unfinished=True, narrowed=request.filter
        )
        typed = Typed(request.text, language)
        if not typed.is_begun:
            return [], pb.SuggestEntriesResponse()
        listed, _ = await self._index.find(question, after=None, limit=READ)
        found = await self.seen(definition, [hit.id for hit in listed.hits], who)
        versions = [kept.state.published for kept in found if kept.state.published]
        try:
            names: Mapping[str, LocalizedText] = await self._subjects.names(
                concepts(definition, (version.values for version in versions))
            )
        except Unavailable:
            # Words and choices are suggested without the directory.
            names = {}
        completions = suggested(definition, versions, names, typed)[:limit]
        said_by = [found[place] for place in sorted({one.said_by for one in completions})]
        return said_by, pb.SuggestEntriesResponse(suggestions=map(_suggestion, completions))

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
            # Long texts take their time: others have theirs in between.
            await asyncio.sleep(0)
            codes, about = matches.of(definition, version, labels)
            found.append(pb.EntryMatch(entry_id=id_, field_codes=codes, concept_ids=about))
        return found


def _facet(called: str, values: Sequence[tuple[str, int]]) -> pb.Facet:
    return pb.Facet(code=called, values=[pb.FacetValue(value=value, count=count) for value, count in values])


def _suggestion(one: Suggestion) -> pb.EntrySuggestion:
    made = pb.EntrySuggestion(text=one.text, field_code=one.field)
    if one.concept:
        made.concept_id = one.concept
    elif one.choice:
        made.choice_code = one.choice
    return made
