"""Writes of one moment are one call of the store: jobs of one batch end together, and each write costs a disk's patience."""

import asyncio
from collections.abc import Sequence

from engines.documents import Collection, Document, Documents
from engines.events import Event

AT_ONCE = 200


class Writes:
    """Writes documents of one collection; while a call is under way, the next ones gather."""

    def __init__(self, documents: Documents, collection: Collection) -> None:
        self._documents = documents
        self._collection = collection
        self._gathering = _Batch()
        self._turn = asyncio.Lock()

    async def write(self, document: Document, events: Sequence[Event] = ()) -> bool:
        """Write *document* over the revision that it was read at, with what it owes; says whether nobody was faster.

        Raises what the store raises, to each whose turn it is to write.
        """
        if document.id in self._gathering.documents or len(self._gathering.documents) >= AT_ONCE:
            self._gathering = _Batch()
        batch = self._gathering
        batch.documents[document.id] = (document, events)
        async with self._turn:
            if batch.written is None:
                if self._gathering is batch:
                    self._gathering = _Batch()
                written = await self._documents.write_many(self._collection, list(batch.documents.values()))
                batch.written = dict(zip(batch.documents, written, strict=True))
        return batch.written[document.id]


class _Batch:
    def __init__(self) -> None:
        self.documents: dict[str, tuple[Document, Sequence[Event]]] = {}
        self.written: dict[str, bool] | None = None
