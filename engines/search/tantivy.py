"""Search in a folder of tantivy indexes: one process writes, in threads of its own.

Each index has a folder with one subfolder a generation, and a file that names the generation which is searched. Building anew fills
the next generation and then replaces that file: a process that is killed in between goes on with the old one.
"""

import asyncio
import json
import math
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import tantivy

from engines.search import (
    All,
    Best,
    Boosted,
    But,
    Everything,
    Grams,
    Hit,
    Hits,
    Index,
    NotBuilt,
    Position,
    Put,
    Query,
    Scored,
    SearchDocument,
    Starts,
    Stems,
    Terms,
    Words,
    order_of,
)
from engines.search.folding import edits, folded_word, grams, words

_WRITER_HEAP_BYTES = 50_000_000
_ID = "_id"
_ORDER = "_order"
_CURRENT = "current.json"
# How many more than wanted are read at first, to find the last one's equals.
TIES = 200
FACET_VALUES = 1_000
_STEMMERS = {
    "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "nb": "norwegian", "nl": "dutch", "pt": "portuguese", "ro": "romanian", "sv": "swedish",
}  # fmt: skip


class _Generation:
    """One filling of an index."""

    def __init__(self, shape: Index, folder: Path) -> None:
        self.shape = shape
        self.folder = folder
        self.schema = _schema(shape)
        folder.mkdir(parents=True, exist_ok=True)
        self.index = tantivy.Index(self.schema, path=str(folder))
        self._writer = self.index.writer(_WRITER_HEAP_BYTES, 1)

    def write(self, documents: Sequence[SearchDocument]) -> None:
        """Put *documents*, not to be seen before `commit`."""
        for document in documents:
            self._writer.delete_documents_by_term(_ID, document.id)
            if document.fields is not None:
                self._writer.add_document(_document(self.shape, document))

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
        matching = _translate(index, schema, query)

        def narrowed(by: Sequence[Terms]) -> tantivy.Query:
            parts = [_always(_translate(index, schema, part), 0.0) for part in by]
            return _combined([matching, *parts], tantivy.Occur.Must)

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
        orders: list[Any] = searcher.fast_field_values(_ORDER, [address for _, address in found.hits])
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
    hits = [
        Hit(str(searcher.doc(address)[_ID][0]), Position(-score, order)) for score, order, address in behind[:count]
    ]
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
            values = [(bucket["key"], bucket["doc_count"]) for bucket in answer["buckets"]]
            counted[facet] = sorted(values, key=lambda value: (-value[1], value[0]))
    return {facet: counted[facet] for facet in facets}


def _schema(index: Index) -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(_ID, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(_ORDER, fast=True)
    for name in (*index.words, *index.grams, *index.stems):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="basic")
    for name in index.terms:
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def _document(index: Index, document: SearchDocument) -> tantivy.Document:
    result = tantivy.Document()
    result.add_text(_ID, document.id)
    result.add_unsigned(_ORDER, order_of(document.id))
    for name, values in (document.fields or {}).items():
        for value in values:
            if name in index.words:
                value = " ".join(words(value))
            elif name in index.grams:
                value = " ".join(grams(value))
            elif name in index.stems:
                value = " ".join(_stems(index.stems[name], value))
            result.add_text(name, value)
    return result


@lru_cache
def _analyzer(language: str) -> tantivy.TextAnalyzer:
    stemmer = tantivy.Filter.stemmer(_STEMMERS[language])
    simple = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    return simple.filter(tantivy.Filter.lowercase()).filter(stemmer).build()


def _stems(language: str, text: str) -> list[str]:
    """The folded words of *text* without their endings; with them in a language that has no stemmer."""
    return words(" ".join(_analyzer(language).analyze(text)) if language in _STEMMERS else text)


def _translate(index: Index, schema: tantivy.Schema, query: Query) -> tantivy.Query:
    def translated(queries: Sequence[Query]) -> list[tantivy.Query]:
        return [_translate(index, schema, part) for part in queries]

    match query:
        case Everything():
            return _always(tantivy.Query.all_query(), 1.0)
        case Words(field, text, fuzzy, any_):
            parts = [_word(schema, field, word) for word in words(text)]
            exact = _always(_combined(parts, tantivy.Occur.Should if any_ else tantivy.Occur.Must), 1.0)
            if not fuzzy:
                return exact
            parts = [_near(schema, field, word) for word in words(text)]
            near = _always(_combined(parts, tantivy.Occur.Should if any_ else tantivy.Occur.Must), 0.5)
            return tantivy.Query.disjunction_max_query([exact, near])
        case Starts(field, start):
            begun = tantivy.Query.fuzzy_term_query(schema, field, folded_word(start), distance=0, prefix=True)
            return _always(begun, 1.0)
        case Grams(field, text, share):
            pieces = grams(text)
            parts = [_word(schema, field, piece) for piece in pieces]
            least = max(1, math.ceil(share * len(pieces)))
            return _always(_combined(parts, tantivy.Occur.Should, at_least=least), 1.0)
        case Stems(field, text):
            parts = [_word(schema, field, stem) for stem in _stems(index.stems[field], text)]
            return _always(_combined(parts, tantivy.Occur.Must), 1.0)
        case Terms(field, values):
            parts = [_word(schema, field, value) for value in values]
            return _always(_combined(parts, tantivy.Occur.Should), 1.0)
        case Scored(inner, score):
            return _always(_translate(index, schema, inner), score)
        case Boosted(inner, factor):
            return tantivy.Query.boost_query(_translate(index, schema, inner), factor)
        case Best(queries):
            return tantivy.Query.disjunction_max_query(translated(queries))
        case All(queries):
            return _combined(translated(queries), tantivy.Occur.Must)
        case But(inner, without):
            kept, dropped = translated([inner, without])
            return tantivy.Query.boolean_query([(tantivy.Occur.Must, kept), (tantivy.Occur.MustNot, dropped)])


def _combined(parts: list[tantivy.Query], occur: tantivy.Occur, at_least: int | None = None) -> tantivy.Query:
    if not parts:
        return tantivy.Query.empty_query()
    return tantivy.Query.boolean_query([(occur, part) for part in parts], minimum_number_should_match=at_least)


def _word(schema: tantivy.Schema, field: str, word: str) -> tantivy.Query:
    return tantivy.Query.term_query(schema, field, word, "basic")


def _near(schema: tantivy.Schema, field: str, word: str) -> tantivy.Query:
    forgiven = edits(word)
    if not forgiven:
        return _word(schema, field, word)
    return tantivy.Query.fuzzy_term_query(schema, field, word, distance=forgiven)


def _always(query: tantivy.Query, score: float) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, score)
