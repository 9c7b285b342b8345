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

from engines import CannotOpen
from engines.search import (
    FACET_VALUES,
    Beginning,
    Facet,
    Hits,
    Index,
    NotBuilt,
    Position,
    Put,
    Query,
    SearchDocument,
    Sort,
    Terms,
    bounds,
    concerns,
    most_frequent_first,
)
from engines.search.tantivy_generation import FAULTS, Generation, is_disk, is_whole
from engines.search.tantivy_queries import ORDER, Made, always, beginning, combined, translate
from engines.search.tantivy_ranking import Ranking
from vocabulary.refusals import Unavailable

_CURRENT = "current.json"


@dataclass(slots=True)
class _Building:
    """A generation that is being filled: at which revision each document is in it, and what was applied meanwhile."""

    generation: Generation
    revisions: dict[str, int] = field(default_factory=dict)
    applied: list[SearchDocument] = field(default_factory=list)


class TantivySearch:
    """See `engines.search.Search`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._current: dict[str, Generation] = {}
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
        """Whether it can be searched, and could be after a restart. One whose files were deleted is searched as it was."""
        current = self._current.get(index.name)
        return current is not None and await asyncio.to_thread(self._is_kept, index, current)

    async def is_ours(self, index: Index) -> bool:
        return index.name in self._current and index.name not in self._building

    @asynccontextmanager
    async def rebuild(self, index: Index) -> AsyncIterator[Put]:
        run = asyncio.get_running_loop().run_in_executor
        building = await run(self._writing, self._begin, index)

        async def put(documents: Sequence[SearchDocument]) -> None:
            await run(self._writing, self._fill, building, documents)

        try:
            yield put
            await run(self._writing, self._finish, index)
        except BaseException as error:
            lost = isinstance(error, FAULTS) and not building.generation.is_whole()
            await run(self._writing, self._abandon, index, building)
            if lost:
                raise NotBuilt(index) from error
            raise

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
        facets: Sequence[Facet] = (),
        by: Sort | None = None,
    ) -> Hits:
        return await asyncio.to_thread(self._find, index, query, filters, after, limit, facets, by)

    def _open(self, indexes: Sequence[Index]) -> None:
        for index in indexes:
            folder = self._kept(index)
            if folder is not None and is_whole(folder):
                try:
                    self._current[index.name] = Generation(index, folder)
                except FAULTS as error:
                    if "LockBusy" not in str(error):
                        raise
                    raise CannotOpen(
                        f"The index in {folder} is another process's: stop that one, or name another folder (DATA_DIR, SEARCH_URL)."
                    ) from error

    def _kept(self, index: Index) -> Path | None:
        """The generation of *index* that is searched after a start, if there is one with its fields."""
        try:
            named = json.loads((self._folder / index.name / _CURRENT).read_text())
        except FileNotFoundError:
            return None
        return self._folder / index.name / named["generation"] if named["fields"] == index.fingerprint else None

    def _is_kept(self, index: Index, current: Generation) -> bool:
        return self._kept(index) == current.folder and current.is_whole()

    def _close(self) -> None:
        self._writing.shutdown()
        for generation in self._current.values():
            generation.close()

    def _begin(self, index: Index) -> _Building:
        folder = self._folder / index.name
        running = self._current.get(index.name)
        used = [
            int(path.name)
            for path in (*folder.glob("*"), *([running.folder] if running else []))
            if path.name.isdigit()
        ]
        # Whatever else lies there was begun and never finished, was damaged, or has other fields.
        for path in folder.glob("*"):
            if path.is_dir() and (running is None or path != running.folder):
                shutil.rmtree(path)
        number = max(used, default=0) + 1
        self._building[index.name] = _Building(Generation(index, folder / str(number)))
        return self._building[index.name]

    def _fill(self, building: _Building, documents: Sequence[SearchDocument]) -> None:
        building.generation.write(documents)
        building.revisions.update((document.id, document.revision) for document in documents)

    def _abandon(self, index: Index, building: _Building) -> None:
        # Who is told to stop in the last step may hear of it when that is done.
        if self._building.get(index.name) is building:
            self._building.pop(index.name).generation.remove()

    def _finish(self, index: Index) -> None:
        building = self._building[index.name]
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
        del self._building[index.name]
        if before is not None:
            before.remove()

    def _apply(self, index: Index, documents: Sequence[SearchDocument]) -> None:
        current, building = self._current.get(index.name), self._building.get(index.name)
        if building is not None:
            building.applied += documents
        if current is not None:
            try:
                current.write(documents)
                current.commit()
            except FAULTS as error:
                if current.is_whole():
                    if is_disk(error):
                        raise Unavailable(
                            "the search index cannot be written now; try again later", reason="SEARCH_UNAVAILABLE"
                        ) from error
                    raise
                # Its files are gone, and what it finds is not what there is any more.
                del self._current[index.name]
                current.remove()
                current = None
        if current is None and building is None:
            raise NotBuilt(index)

    def _find(
        self,
        index: Index,
        query: Query,
        filters: Sequence[Terms],
        after: Position | None,
        limit: int,
        facets: Sequence[Facet],
        by: Sort | None,
    ) -> Hits:
        current = self._current.get(index.name)
        if current is None:
            raise NotBuilt(index)
        schema = current.schema
        searcher = current.index.searcher()
        made: Made = {}
        matching = translate(index, schema, query, made)

        def narrowed(by: Sequence[Terms], asked: tantivy.Query = matching) -> tantivy.Query:
            parts = [always(translate(index, schema, part), 0.0) for part in by]
            return combined([asked, *parts], tantivy.Occur.Must)

        def above(floor: float) -> tantivy.Query:
            return narrowed(filters, translate(index, schema, bounds.above(query, floor), made) if floor else matching)

        ranking = Ranking(searcher, schema, above, bounds.highest(query))
        counts, total = _counted(searcher, narrowed, filters, facets) if facets else ({}, None)
        if not limit:
            return Hits((), ranking.count() if total is None else total, facets=counts)
        hits, total = ranking.sorted(after, limit + 1, by) if by else ranking.best(after, limit + 1, total)
        return Hits(hits[:limit], total, len(hits) > limit, counts)


_TOTAL = "total"


def _counted(
    searcher: tantivy.Searcher,
    narrowed: Callable[[Sequence[Terms]], tantivy.Query],
    filters: Sequence[Terms],
    facets: Sequence[Facet],
) -> tuple[dict[Facet, list[tuple[str, int]]], int]:
    """How often each value of *facets* occurs, and how many documents there are; what no filter concerns is counted in one go."""
    together = [facet for facet in facets if not any(concerns(part, facet) for part in filters)]
    counted: dict[Facet, list[tuple[str, int]]] = {}
    total = 0
    for group in [together, *([facet] for facet in facets if facet not in together)]:
        query = narrowed([part for part in filters if not any(concerns(part, facet) for facet in group)])
        asked = {str(number): _asked(facet) for number, facet in enumerate(group)}
        if group is together:
            # Every document has one number.
            asked[_TOTAL] = {"value_count": {"field": ORDER}}
        answers = searcher.aggregate(query, asked)
        if group is together:
            total = int(answers.pop(_TOTAL)["value"])
        for number, answer in answers.items():
            counted[group[int(number)]] = most_frequent_first(answer["buckets"])
    return {facet: counted[facet] for facet in facets}, total


def _asked(facet: Facet) -> dict[str, Any]:
    if isinstance(facet, Beginning):
        return {"terms": {"field": facet.field, "size": FACET_VALUES, "include": beginning(facet.start)}}
    return {"terms": {"field": facet, "size": FACET_VALUES}}
