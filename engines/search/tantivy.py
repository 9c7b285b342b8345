"""Search in a folder of tantivy indexes: one process writes, in threads of its own.

Each index has a folder with one subfolder a generation, and a file that names the generation which is searched. Building anew fills
the next generation and then replaces that file: a process that is killed in between goes on with the old one.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import tantivy

from engines.search import (
    FACET_VALUES,
    Hit,
    Hits,
    Index,
    NotBuilt,
    Position,
    Put,
    Query,
    SearchDocument,
    Terms,
    most_frequent_first,
)
from engines.search.tantivy_queries import ID, ORDER, always, combined, indexed, schema, translate

_WRITER_HEAP_BYTES = 50_000_000
_CURRENT = "current.json"
# How many more than wanted are read at first, to find the last one's equals.
TIES = 200


class _Generation:
    """One filling of an index."""

    def __init__(self, shape: Index, folder: Path) -> None:
        self.shape = shape
        self.folder = folder
        self.schema = schema(shape)
        folder.mkdir(parents=True, exist_ok=True)
        self.index = tantivy.Index(self.schema, path=str(folder))
        self._writer = self.index.writer(_WRITER_HEAP_BYTES, 1)

    def write(self, documents: Sequence[SearchDocument]) -> None:
        """Put *documents*, not to be seen before `commit`."""
        for document in documents:
            self._writer.delete_documents_by_term(ID, document.id)
            if document.fields is not None:
                self._writer.add_document(indexed(self.shape, document))

    def commit(self) -> None:
        self._writer.commit()
        self.index.reload()

    def close(self) -> None:
        self._writer.wait_merging_threads()


@dataclass(slots=True)
class _Building:
    """A generation that is being filled: at which revision each document is in it, and what was applied meanwhile."""

    generation: _Generation
    revisions: dict[str, int] = field(default_factory=dict)
    applied: list[SearchDocument] = field(default_factory=list)


class TantivySearch:
    """See `engines.search.Search`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._current: dict[str, _Generation] = {}
        self._building: dict[str, _Building] = {}
        # One thread writes, so that changes apply in the order in which they came.
        self._writing = ThreadPoolExecutor(1, thread_name_prefix=f"index-{folder.name}")

    @classmethod
    @asynccontextmanager
    async def opened(cls, folder: Path, indexes: Sequence[Index]) -> AsyncIterator[Self]:
        """The engine on *folder*. An index whose fields have changed is not built."""
        search = cls(folder)
        await asyncio.to_thread(search._open, indexes)
        try:
            yield search
        finally:
            await asyncio.to_thread(search._close)

    async def is_built(self, index: Index) -> bool:
        return index.name in self._current

    @asynccontextmanager
    async def rebuild(self, index: Index) -> AsyncIterator[Put]:
        run = asyncio.get_running_loop().run_in_executor
        building = await run(self._writing, self._begin, index)

        async def put(documents: Sequence[SearchDocument]) -> None:
            await run(self._writing, self._fill, building, documents)

        try:
            yield put
        except BaseException:
            await run(self._writing, self._abandon, index)
            raise
        await run(self._writing, self._finish, index)

    async def apply(self, index: Index, documents: Sequence[SearchDocument]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._writing, self._apply, index, documents)

    async def find(
        self,
        index: Index,
        query: Query,
        *,
        filters: Sequence[Terms] = (),
        after: Position | None = None,
        limit: int,
        facets: Sequence[str] = (),
    ) -> Hits:
        return await asyncio.to_thread(self._find, index, query, filters, after, limit, facets)

    def _open(self, indexes: Sequence[Index]) -> None:
        for index in indexes:
            current = self._folder / index.name / _CURRENT
            named = json.loads(current.read_text()) if current.exists() else {}
            if named.get("fields") == index.fingerprint:
                self._current[index.name] = _Generation(index, self._folder / index.name / named["generation"])

    def _close(self) -> None:
        self._writing.shutdown()
        for generation in self._current.values():
            generation.close()

    def _begin(self, index: Index) -> _Building:
        folder = self._folder / index.name
        running = self._current.get(index.name)
        # Whatever else lies there was begun and never finished, or has other fields.
        for path in folder.glob("*"):
            if path.is_dir() and (running is None or path != running.folder):
                shutil.rmtree(path)
        number = int(running.folder.name) + 1 if running else 1
        self._building[index.name] = _Building(_Generation(index, folder / str(number)))
        return self._building[index.name]

    def _fill(self, building: _Building, documents: Sequence[SearchDocument]) -> None:
        building.generation.write(documents)
        building.revisions.update((document.id, document.revision) for document in documents)

    def _abandon(self, index: Index) -> None:
        building = self._building.pop(index.name)
        building.generation.close()
        shutil.rmtree(building.generation.folder)

    def _finish(self, index: Index) -> None:
        building = self._building.pop(index.name)
        for document in building.applied:
            if document.revision >= building.revisions.get(document.id, 0):
                building.generation.write([document])
        building.generation.commit()
        folder = self._folder / index.name
        named = {"fields": index.fingerprint, "generation": building.generation.folder.name}
        (folder / "next.json").write_text(json.dumps(named))
        (folder / "next.json").replace(folder / _CURRENT)
        before = self._current.get(index.name)
        self._current[index.name] = building.generation
        if before is not None:
            before.close()
            shutil.rmtree(before.folder)

    def _apply(self, index: Index, documents: Sequence[SearchDocument]) -> None:
        current, building = self._current.get(index.name), self._building.get(index.name)
        if building is not None:
            building.applied += documents
        if current is not None:
            current.write(documents)
            current.commit()
        elif building is None:
            raise NotBuilt(index)

    def _find(
        self,
        index: Index,
        query: Query,
        filters: Sequence[Terms],
        after: Position | None,
        limit: int,
        facets: Sequence[str],
    ) -> Hits:
        current = self._current.get(index.name)
        if current is None:
            raise NotBuilt(index)
        schema = current.schema
        searcher = current.index.searcher()
        matching = translate(index, schema, query)

        def narrowed(by: Sequence[Terms]) -> tantivy.Query:
            parts = [always(translate(index, schema, part), 0.0) for part in by]
            return combined([matching, *parts], tantivy.Occur.Must)

        hits, total = _ranked(searcher, narrowed(filters), after, limit + 1)
        return Hits(hits[:limit], total, len(hits) > limit, _counted(searcher, narrowed, filters, facets))


def _ranked(
    searcher: tantivy.Searcher, query: tantivy.Query, after: Position | None, count: int
) -> tuple[list[Hit], int]:
    """The best *count* hits behind *after*, and how many there are before and behind.

    Left to itself the order of equals follows where segments put them, which changes whenever something is indexed. So all equals
    of the last one wanted are read.
    """
    reach = count + TIES
    while True:
        found = searcher.search(query, limit=reach, count=True)
        total: int = found.count or 0  # type: ignore[attr-defined]
        orders: list[Any] = searcher.fast_field_values(ORDER, [address for _, address in found.hits])
        behind = [
            (-float(score), order, address)
            for (score, address), order in zip(found.hits, orders, strict=True)
            if after is None or (-score, order) > (-after.score, after.order)
        ]
        behind.sort(key=lambda hit: hit[:2])
        complete = len(found.hits) < reach
        last = float(found.hits[-1][0]) if found.hits else 0.0
        # Of the worst score read there may be more that were not.
        if complete or (len(behind) >= count and -behind[count - 1][0] > last):
            break
        reach *= 4
    hits = [Hit(str(searcher.doc(address)[ID][0]), Position(-score, order)) for score, order, address in behind[:count]]
    return hits, total


def _counted(
    searcher: tantivy.Searcher,
    narrowed: Callable[[Sequence[Terms]], tantivy.Query],
    filters: Sequence[Terms],
    facets: Sequence[str],
) -> dict[str, list[tuple[str, int]]]:
    """How often each value of *facets* occurs; those that no filter concerns are counted in one go."""
    together = [facet for facet in facets if all(part.field != facet for part in filters)]
    counted: dict[str, list[tuple[str, int]]] = {}
    for fields in [together, *([facet] for facet in facets if facet not in together)]:
        if not fields:
            continue
        query = narrowed([part for part in filters if part.field not in fields])
        asked = {facet: {"terms": {"field": facet, "size": FACET_VALUES}} for facet in fields}
        for facet, answer in searcher.aggregate(query, asked).items():
            counted[facet] = most_frequent_first(answer["buckets"])
    return {facet: counted[facet] for facet in facets}
