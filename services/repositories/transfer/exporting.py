"""An export: what a search finds, page by page, as rows. Its reader gets what they may read, in the form that an import takes back."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from chassis.audit import noting
from chassis.tables.rows import Cell
from engines.search import Position
from protos.repositories.v1 import repositories_pb2
from protos.repositories.v1 import transfer_pb2 as pb
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Actor
from services.repositories.index import EntryIndex
from services.repositories.search.answering import Searching
from services.repositories.search.asking import Question
from services.repositories.search.checking import may_ever_read
from services.repositories.transfer import columns
from vocabulary.audit import Kind, Part
from vocabulary.values import Field

PAGE = 500


class Exporting:
    """An export of what its request asks for."""

    def __init__(
        self, index: EntryIndex, searching: Searching, definition: Definition, who: Actor, question: Question
    ) -> None:
        self._index = index
        self._searching = searching
        self._definition = definition
        self._who = who
        self._question = question

    @classmethod
    async def of(
        cls,
        index: EntryIndex,
        searching: Searching,
        definition: Definition,
        who: Actor,
        request: pb.ExportEntriesRequest,
    ) -> "Exporting":
        """The export that *request* asks for; raises Invalid naming what of it is wrong."""
        question = await searching.checking.question(
            definition, who, text=request.text, narrowed=request.filter, sort=request.sort
        )
        if request.sort.order == repositories_pb2.ENTRY_ORDER_UNSPECIFIED:
            # As they stand in the index: what is published anew meanwhile stays where it was.
            question = replace(question, sort=None)
        return cls(index, searching, definition, who, question)

    @property
    def fields(self) -> Sequence[Field]:
        """The fields that there are for its reader."""
        return [field for field in self._definition.fields if may_ever_read(self._definition, field, self._who)]

    async def pages(self, language: str) -> AsyncIterator[Sequence[Mapping[str, Cell]]]:
        after: Position | None = None
        fields = self.fields
        personal = {field.code for field in fields if field.personal}
        while True:
            hits, _ = await self._index.find(self._question, after=after, limit=PAGE)
            found = await self._searching.seen(self._definition, [hit.id for hit in hits.hits], self._who)
            for kept in found:
                # The export itself is in the audit as one of its repository; whose personal data go with it is written down besides.
                if kept.state.published and not personal.isdisjoint(kept.state.published.values):
                    noting.shown(Kind.ENTRY, kept.id, kept.revision, Part.CONTENT, Part.PERSONAL_DATA, Part.EXPORT)
            yield [
                columns.cells(kept.id, kept.state.owner_id, kept.state.published, fields, language=language)
                for kept in found
                if kept.state.published
            ]
            if not hits.more:
                return
            after = hits.hits[-1].position
