"""Search in a folder of tantivy indexes: one process writes, in threads of its own."""

import asyncio
import json
import math
import shutil
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import tantivy

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
    SearchDocument,
    Terms,
    Words,
)
from engines.search.folding import grams, words

_WRITER_HEAP_BYTES = 50_000_000
_ID = "_id"


class TantivySearch:
    """See `engines.search.Search`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._indexes: dict[str, tantivy.Index] = {}
        self._schemas: dict[str, tantivy.Schema] = {}
        self._writers: dict[str, tantivy.IndexWriter] = {}
        # One thread writes, so that batches apply in the order in which they came.
        self._writing = ThreadPoolExecutor(1, thread_name_prefix=f"index-{folder.name}")

    @classmethod
    @asynccontextmanager
    async def opened(cls, folder: Path, indexes: Sequence[Index]) -> AsyncIterator[Self]:
        """The engine on *folder*; an index whose fields changed is begun anew, empty."""
        search = cls(folder)
        await asyncio.to_thread(search._open, indexes)
        try:
            yield search
        finally:
            await asyncio.to_thread(search._close)

    async def is_empty(self, index: Index) -> bool:
        return self._indexes[index.name].searcher().num_docs == 0

    async def apply(self, index: Index, batch: Batch) -> None:
        await asyncio.get_running_loop().run_in_executor(self._writing, self._apply, index, batch)

    async def find(
        self, index: Index, query: Query, *, filters: Sequence[Terms] = (), offset: int = 0, limit: int
    ) -> Hits:
        return await asyncio.to_thread(self._find, index, query, filters, offset, limit)

    def _open(self, indexes: Sequence[Index]) -> None:
        for index in indexes:
            folder = self._folder / index.name
            fields = json.dumps([index.words, index.grams, index.terms])
            mark = folder / "fields.json"
            if not mark.exists() or mark.read_text() != fields:
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
            self._schemas[index.name] = _schema(index)
            opened = tantivy.Index(self._schemas[index.name], path=str(folder))
            mark.write_text(fields)
            self._indexes[index.name] = opened
            self._writers[index.name] = opened.writer(_WRITER_HEAP_BYTES, 1)

    def _close(self) -> None:
        self._writing.shutdown()
        for writer in self._writers.values():
            writer.wait_merging_threads()

    def _apply(self, index: Index, batch: Batch) -> None:
        writer = self._writers[index.name]
        for id_ in (*batch.delete, *(document.id for document in batch.put)):
            writer.delete_documents_by_term(_ID, id_)
        for document in batch.put:
            writer.add_document(_document(index, document))
        writer.commit()
        self._indexes[index.name].reload()

    def _find(self, index: Index, query: Query, filters: Sequence[Terms], offset: int, limit: int) -> Hits:
        schema = self._schemas[index.name]
        searcher = self._indexes[index.name].searcher()
        must = [(tantivy.Occur.Must, _translate(schema, query))]
        must += [
            (tantivy.Occur.Must, tantivy.Query.const_score_query(_translate(schema, part), 0.0)) for part in filters
        ]
        found = searcher.search(tantivy.Query.boolean_query(must), limit=limit, offset=offset, count=True)
        hits = [(str(searcher.doc(address)[_ID][0]), float(score)) for score, address in found.hits]
        return Hits(hits, found.count or 0)  # type: ignore[attr-defined]


def _schema(index: Index) -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(_ID, stored=True, tokenizer_name="raw", index_option="basic")
    for name in (*index.words, *index.grams):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    for name in index.terms:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    return builder.build()


def _document(index: Index, document: SearchDocument) -> tantivy.Document:
    result = tantivy.Document()
    result.add_text(_ID, document.id)
    for name, values in document.fields.items():
        for value in values:
            if name in index.words:
                value = " ".join(words(value))
            elif name in index.grams:
                value = " ".join(grams(value))
            result.add_text(name, value)
    return result


def _translate(schema: tantivy.Schema, query: Query) -> tantivy.Query:
    match query:
        case Everything():
            return tantivy.Query.const_score_query(tantivy.Query.all_query(), 1.0)
        case Words(field, text, fuzzy, any_):
            parts = [_word(schema, field, word, fuzzy) for word in words(text)]
            return _combined(parts, tantivy.Occur.Should if any_ else tantivy.Occur.Must)
        case Grams(field, text, share):
            pieces = grams(text)
            parts = [_term(schema, field, piece, "freq") for piece in pieces]
            least = max(1, math.ceil(share * len(pieces)))
            return _combined(parts, tantivy.Occur.Should, at_least=least)
        case Terms(field, values):
            parts = [_term(schema, field, value, "basic") for value in values]
            return tantivy.Query.const_score_query(_combined(parts, tantivy.Occur.Should), 1.0)
        case Scored(inner, score):
            return tantivy.Query.const_score_query(_translate(schema, inner), score)
        case Boosted(inner, factor):
            return tantivy.Query.boost_query(_translate(schema, inner), factor)
        case Best(queries):
            return tantivy.Query.disjunction_max_query([_translate(schema, part) for part in queries])
        case All(queries):
            return _combined([_translate(schema, part) for part in queries], tantivy.Occur.Must)


def _combined(parts: list[tantivy.Query], occur: tantivy.Occur, at_least: int | None = None) -> tantivy.Query:
    if not parts:
        return tantivy.Query.empty_query()
    return tantivy.Query.boolean_query([(occur, part) for part in parts], minimum_number_should_match=at_least)


def _word(schema: tantivy.Schema, field: str, word: str, fuzzy: bool) -> tantivy.Query:
    exact = _term(schema, field, word, "freq")
    edits = 0 if not fuzzy or len(word) < 4 else 1 if len(word) < 8 else 2
    if not edits:
        return exact
    near = tantivy.Query.fuzzy_term_query(schema, field, word, distance=edits)
    return tantivy.Query.disjunction_max_query([exact, tantivy.Query.const_score_query(near, 0.5)])


def _term(schema: tantivy.Schema, field: str, value: str, option: str) -> tantivy.Query:
    return tantivy.Query.term_query(schema, field, value, option)
