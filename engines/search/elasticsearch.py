"""Search in Elasticsearch.

Text is folded here, as for every engine, and indexed as it comes; only the fields of stems use Elasticsearch's language
analyzers. Behind each index stands an alias whose name has the fingerprint of its fields, so that during a rolling upgrade the old
and the new program each have their own. Building anew fills another index and moves the alias in one step. Every write goes to
all indexes of that name, the one being filled included, and carries the document's revision: whatever the order in which writes
arrive, the newest stays.

``elasticsearch://host:9200/imi-{service}?shards=1&replicas=1``; ``tls=true`` encrypts, ``user:password@`` signs in.
"""

import math
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import elastic_transport
from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError
from ulid import ULID

from engines import NotPrepared
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
from vocabulary.refusals import Unavailable

REQUEST_TIMEOUT_S = 5.0
BULK_TIMEOUT_S = 60.0
BULK_DOCUMENTS = 250
ABANDONED_AFTER_S = 6 * 3600
RACES_LOST_LIMIT = 10
# An index shows a change after this long at the most; a write waits for it.
REFRESH_EVERY = "200ms"
ORDER = "order"
FACET_VALUES = 1_000
# Languages without one keep their words as they are, folded.
ANALYZERS = {
    "bg": "bulgarian", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "et": "estonian", "fi": "finnish", "fr": "french", "ga": "irish", "hu": "hungarian", "it": "italian", "lt": "lithuanian",
    "lv": "latvian", "nb": "norwegian", "nl": "dutch", "pl": "polish", "pt": "portuguese", "ro": "romanian", "sv": "swedish",
}  # fmt: skip
# What comes folded is only taken apart at its spaces.
FOLDED = "whitespace"
NOT_THERE = 404
# The store is newer than what is written: nothing is wrong.
OUTDATED = 409


class _Place:
    """What a URL says: where Elasticsearch is, what our indexes' names begin with, how they are kept."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        self.prefix = parts.path.strip("/")
        if not self.prefix:
            raise ValueError("name what the indexes begin with: elasticsearch://host:port/imi-{service}")
        self.shards = int(options.get("shards", "1"))
        self.replicas = int(options.get("replicas", "1"))
        credentials, _, self._hosts = parts.netloc.rpartition("@")
        self._scheme = "https" if options.get("tls") == "true" else "http"
        user, _, password = credentials.partition(":")
        self._credentials = (unquote(user), unquote(password)) if user else None

    def client(self) -> AsyncElasticsearch:
        return AsyncElasticsearch(
            [f"{self._scheme}://{host}" for host in self._hosts.split(",")],
            basic_auth=self._credentials,
            request_timeout=REQUEST_TIMEOUT_S,
            max_retries=1,
        )

    def alias(self, index: Index) -> str:
        return f"{self.prefix}-{index.name}-{index.fingerprint}"


async def prepare(url: str, indexes: Sequence[Index]) -> None:
    """Put a template for each of *indexes*: an index that is made under its name has its fields. Safe to repeat."""
    place = _Place(url)
    async with place.client() as client:
        with _in_our_words():
            for index in indexes:
                alias = place.alias(index)
                await client.indices.put_index_template(
                    name=alias,
                    index_patterns=[f"{alias}-*"],
                    # A write to one that was just removed must not bring it back.
                    allow_auto_create=False,
                    template={"settings": _settings(place), "mappings": _mappings(index)},
                )


class ElasticSearch:
    """See `engines.search.Search`."""

    def __init__(self, client: AsyncElasticsearch, place: _Place) -> None:
        self._client = client
        self._place = place

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, indexes: Sequence[Index]) -> AsyncIterator[Self]:
        """The engine at *url*; raises NotPrepared if the template of an index is missing."""
        place = _Place(url)
        async with place.client() as client:
            for index in indexes:
                with _in_our_words():
                    there = await client.indices.exists_index_template(name=place.alias(index))
                if not there:
                    raise NotPrepared(f"Elasticsearch has no template {place.alias(index)}")
            yield cls(client, place)

    async def is_built(self, index: Index) -> bool:
        with _in_our_words():
            return bool(await self._client.indices.exists_alias(name=self._place.alias(index)))

    @asynccontextmanager
    async def rebuild(self, index: Index) -> AsyncIterator[Put]:
        alias = self._place.alias(index)
        name = f"{alias}-{str(ULID()).lower()}"
        with _in_our_words():
            await self._client.indices.create(index=name)

        async def put(documents: Sequence[SearchDocument]) -> None:
            await self._write(index, [name], documents, visible=False)

        try:
            yield put
            with _in_our_words():
                await self._client.indices.refresh(index=name)
                await self._hand_over(alias, name)
                await self._tidy(alias)
        except BaseException:
            with _in_our_words():
                await self._client.indices.delete(index=name, ignore_unavailable=True)
            raise

    async def apply(self, index: Index, documents: Sequence[SearchDocument]) -> None:
        names = await self._names(index)
        if not names:
            raise NotBuilt(index)
        await self._write(index, names, documents, visible=True)

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
        # A filter on a facet's field must not narrow that facet, so it is applied after the counting.
        late = [part for part in filters if part.field in facets]
        early = [_translate(index, part) for part in filters if part.field not in facets]
        asked: dict[str, Any] = {
            "query": {"bool": {"must": [_translate(index, query)], "filter": early}},
            "aggs": {field: _facet(index, field, late) for field in facets},
            "size": limit + 1,
            "sort": [{"_score": "desc"}, {ORDER: "asc"}],
            "track_scores": True,
            "track_total_hits": True,
            "source": False,
        }
        if late:
            asked["post_filter"] = {"bool": {"filter": [_translate(index, part) for part in late]}}
        if after is not None:
            asked["search_after"] = [after.score, after.order]
        try:
            with _in_our_words():
                found = await self._client.search(index=self._place.alias(index), **asked)
        except NotFoundError as error:
            raise NotBuilt(index) from error
        hits = [Hit(hit["_id"], Position(float(hit["sort"][0]), hit["sort"][1])) for hit in found["hits"]["hits"]]
        counted = {field: _counts(found["aggregations"][field]) for field in facets}
        return Hits(hits[:limit], found["hits"]["total"]["value"], len(hits) > limit, counted)

    async def _names(self, index: Index) -> list[str]:
        """The indexes that are searched or filled under the name of *index*."""
        with _in_our_words():
            found = await self._client.indices.get_alias(index=f"{self._place.alias(index)}-*")
            return sorted(found.body)

    async def _hand_over(self, alias: str, name: str) -> None:
        """From now on *name* is searched instead of what was searched before, in one step."""
        for _ in range(RACES_LOST_LIMIT):
            steps: list[dict[str, Any]] = [{"add": {"index": name, "alias": alias}}]
            if await self._client.indices.exists_alias(name=alias):
                before = await self._client.indices.get_alias(name=alias)
                steps += [{"remove_index": {"index": old}} for old in before.body]
            try:
                await self._client.indices.update_aliases(actions=steps)
            except NotFoundError:
                continue  # another replica removed the old one at the same moment
            return
        raise _away()

    async def _tidy(self, alias: str) -> None:
        """Leave the newest index behind *alias*: two replicas that build at once both hand over, and neither sees the other.

        What somebody began to build long ago and never finished goes too; every write would go to it for ever.
        """
        searched = (await self._client.indices.get_alias(name=alias)).body
        there = (await self._client.indices.get_alias(index=f"{alias}-*")).body
        abandoned = {name for name in there if name not in searched and _age_s(name) > ABANDONED_AFTER_S}
        superseded = set(searched) - {max(searched)}
        for name in superseded | abandoned:
            with suppress(NotFoundError):  # another replica tidies too
                await self._client.indices.delete(index=name, ignore_unavailable=True)

    async def _write(
        self, index: Index, names: Sequence[str], documents: Sequence[SearchDocument], *, visible: bool
    ) -> None:
        for start in range(0, len(documents), BULK_DOCUMENTS):
            operations: list[dict[str, Any]] = []
            for document in documents[start : start + BULK_DOCUMENTS]:
                for name in names:
                    operations += _operation(index, name, document)
            with _in_our_words():
                done = await self._client.options(request_timeout=BULK_TIMEOUT_S).bulk(
                    operations=operations, refresh="wait_for" if visible else False
                )
            for item in done["items"]:
                ((kind, result),) = item.items()
                if result["status"] == OUTDATED or (kind == "delete" and result["status"] == NOT_THERE):
                    continue
                if "error" in result:
                    raise Unavailable(
                        "the search engine did not take a document; try again later", reason="SEARCH_UNAVAILABLE"
                    ) from ValueError(result["error"])


def _age_s(name: str) -> float:
    """How long ago the index *name* was begun: its name ends with a ULID."""
    return time.time() - ULID.from_str(name.rpartition("-")[2].upper()).timestamp


def _settings(place: _Place) -> dict[str, Any]:
    return {
        "number_of_shards": place.shards,
        "number_of_replicas": place.replicas,
        "refresh_interval": REFRESH_EVERY,
    }


def _mappings(index: Index) -> dict[str, Any]:
    text = {"type": "text", "analyzer": FOLDED, "index_options": "docs", "norms": False}
    properties: dict[str, Any] = {ORDER: {"type": "long"}}
    properties |= dict.fromkeys((*index.words, *index.grams), text)
    properties |= {name: {"type": "keyword"} for name in index.terms}
    properties |= {
        name: {"type": "text", "analyzer": ANALYZERS.get(language, FOLDED), "index_options": "docs", "norms": False}
        for name, language in index.stems.items()
    }
    # Only ids come back, and an index is made again from the store: what went in need not be kept.
    return {"dynamic": "strict", "_source": {"enabled": False}, "properties": properties}


def _operation(index: Index, name: str, document: SearchDocument) -> list[dict[str, Any]]:
    where = {"_index": name, "_id": document.id, "version": document.revision, "version_type": "external_gte"}
    if document.fields is None:
        return [{"delete": where}]
    fields = {field: [_indexed(index, field, one) for one in values] for field, values in document.fields.items()}
    return [{"index": where}, {ORDER: order_of(document.id), **fields}]


def _indexed(index: Index, field: str, value: str) -> str:
    if field in index.words:
        return " ".join(words(value))
    if field in index.grams:
        return " ".join(grams(value))
    if field in index.stems:
        return _for_stems(index, field, value)
    return value


def _for_stems(index: Index, field: str, text: str) -> str:
    """A language's analyzer wants the words as they are written; without one they are folded."""
    return text if index.stems[field] in ANALYZERS else " ".join(words(text))


def _translate(index: Index, query: Query) -> dict[str, Any]:
    match query:
        case Everything():
            return {"match_all": {}}
        case Words(field, text, fuzzy, any_):
            combined = _any if any_ else _all
            exact = _always(combined([{"term": {field: word}} for word in words(text)]), 1.0)
            if not fuzzy:
                return exact
            near = _always(combined([_near(field, word) for word in words(text)]), 0.5)
            return {"dis_max": {"queries": [exact, near]}}
        case Starts(field, start):
            return _always({"prefix": {field: folded_word(start)}}, 1.0)
        case Grams(field, text, share):
            pieces = grams(text)
            parts = [{"term": {field: piece}} for piece in pieces]
            return _always(_any(parts, at_least=max(1, math.ceil(share * len(pieces)))), 1.0)
        case Stems(field, text):
            return _always({"match": {field: {"query": _for_stems(index, field, text), "operator": "and"}}}, 1.0)
        case Terms(field, values):
            return _always({"terms": {field: list(values)}}, 1.0)
        case Scored(inner, score):
            return _always(_translate(index, inner), score)
        case Boosted(inner, factor):
            return {"bool": {"must": [_translate(index, inner)], "boost": factor}}
        case Best(queries):
            return {"dis_max": {"queries": [_translate(index, part) for part in queries]}}
        case All(queries):
            return _all([_translate(index, part) for part in queries])
        case But(inner, without):
            return {"bool": {"must": [_translate(index, inner)], "must_not": [_translate(index, without)]}}


def _near(field: str, word: str) -> dict[str, Any]:
    forgiven = edits(word)
    return {"fuzzy": {field: {"value": word, "fuzziness": forgiven}}} if forgiven else {"term": {field: word}}


def _facet(index: Index, field: str, late: Sequence[Terms]) -> dict[str, Any]:
    """The values of *field* among what *late* leaves, but for its own filters."""
    others = [_translate(index, part) for part in late if part.field != field]
    return {
        "filter": {"bool": {"filter": others}},
        "aggs": {"values": {"terms": {"field": field, "size": FACET_VALUES, "shard_size": FACET_VALUES}}},
    }


def _counts(answer: dict[str, Any]) -> list[tuple[str, int]]:
    values = [(bucket["key"], bucket["doc_count"]) for bucket in answer["values"]["buckets"]]
    return sorted(values, key=lambda value: (-value[1], value[0]))


def _all(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"must": parts}} if parts else {"match_none": {}}


def _any(parts: list[dict[str, Any]], at_least: int = 1) -> dict[str, Any]:
    return {"bool": {"should": parts, "minimum_should_match": at_least}} if parts else {"match_none": {}}


def _always(query: dict[str, Any], score: float) -> dict[str, Any]:
    return {"constant_score": {"filter": query, "boost": score}}


@contextmanager
def _in_our_words() -> Iterator[None]:
    """An engine that is away, or has too much to do, becomes Unavailable."""
    try:
        yield
    except elastic_transport.TransportError as error:
        raise _away() from error
    except ApiError as error:
        if error.meta.status in (429, 502, 503, 504):
            raise _away() from error
        raise


def _away() -> Unavailable:
    return Unavailable("the search engine cannot be used now; try again later", reason="SEARCH_UNAVAILABLE")
