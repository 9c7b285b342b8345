"""Search in Elasticsearch.

Text is folded here, as for every engine, and indexed as it comes; only the fields of stems use Elasticsearch's language
analyzers. Behind each index stands an alias whose name has the fingerprint of its fields, so that during a rolling upgrade the old
and the new program each have their own. Building anew fills another index and moves the alias in one step. Every write goes to
all indexes of that name, the one being filled included, and carries the document's revision: whatever the order in which writes
arrive, the newest stays.

``elasticsearch://host:9200/imi-{service}?shards=1&replicas=1``; ``tls=true`` encrypts, ``user:password@`` signs in.
"""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import elastic_transport
from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError
from ulid import ULID

from engines import CannotOpen, NotPrepared, number
from engines.search import (
    Facet,
    Hit,
    Hits,
    Index,
    NotBuilt,
    Position,
    Put,
    Query,
    SearchDocument,
    Sort,
    Terms,
    concerns,
)
from engines.search.elasticsearch_queries import ORDER, counts, facet, mappings, operation, sorting, translate
from vocabulary.refusals import Unavailable

REQUEST_TIMEOUT_S = 5.0
BULK_TIMEOUT_S = 60.0
BULK_DOCUMENTS = 250
ABANDONED_AFTER_S = 6 * 3600
RACES_LOST_LIMIT = 10
# An index shows a change after this long at the most; a write waits for it.
REFRESH_EVERY = "200ms"
NOT_THERE = 404
# It takes such a document never, however often it is written.
UNFIT = 400
# The store is newer than what is written: nothing is wrong.
OUTDATED = 409


class NotTaken(Exception):
    """Elasticsearch did not take a document."""


class _Place:
    """What a URL says: where Elasticsearch is, what our indexes' names begin with, how they are kept."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        self.prefix = parts.path.strip("/")
        if not self.prefix:
            raise CannotOpen("name what the indexes begin with: elasticsearch://host:port/imi-{service}")
        self.shards = number("shards", options.get("shards", "1"))
        replicas = options.get("replicas", "1")
        self.replicas = number("replicas", replicas) if replicas != "0" else 0
        credentials, _, self._hosts = parts.netloc.rpartition("@")
        self._scheme = "https" if options.get("tls") == "true" else "http"
        user, _, password = credentials.partition(":")
        self._credentials = (unquote(user), unquote(password)) if user else None

    def client(self) -> AsyncElasticsearch:
        return AsyncElasticsearch(
            [f"{self._scheme}://{host}" for host in self._hosts.split(",")],
            basic_auth=self._credentials,
            request_timeout=REQUEST_TIMEOUT_S,
            # Whoever searches while an index is handed over may meet the old one as it goes; the new one is there by then.
            max_retries=3,
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
                    template={"settings": _settings(place), "mappings": mappings(index)},
                )


class ElasticSearch:
    """See `engines.search.Search`."""

    def __init__(self, client: AsyncElasticsearch, place: _Place) -> None:
        self._client = client
        self._place = place
        # Index → the one that was filled here last.
        self._filled: dict[str, str] = {}

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
        try:
            with _in_our_words():
                searched = await self._client.indices.get_alias(name=self._place.alias(index))
        except NotFoundError:
            return False
        # Two, where replicas built at once and died before one of them was removed: together they would find everything twice.
        return len(searched.body) == 1

    async def is_ours(self, index: Index) -> bool:
        return await self._names(index) == [self._filled.get(index.name)]

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
            self._filled[index.name] = name
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
        facets: Sequence[Facet] = (),
        by: Sort | None = None,
    ) -> Hits:
        # A filter on a facet's values must not narrow that facet, so it is applied after the counting.
        late = [part for part in filters if any(concerns(part, one) for one in facets)]
        early = [translate(index, part) for part in filters if part not in late]
        asked: dict[str, Any] = {
            "query": {"bool": {"must": [translate(index, query)], "filter": early}},
            "aggs": {str(number): facet(index, one, late) for number, one in enumerate(facets)},
            "size": limit + 1 if limit else 0,
            "sort": [sorting(by), {ORDER: "asc"}],
            "track_scores": by is None,
            "track_total_hits": True,
            "source": False,
            # A shard that is away is no reason to find less.
            "allow_partial_search_results": False,
        }
        if late:
            asked["post_filter"] = {"bool": {"filter": [translate(index, part) for part in late]}}
        if after is not None:
            asked["search_after"] = [after.key if by else after.score, after.order]
        try:
            with _in_our_words():
                found = await self._client.search(index=self._place.alias(index), **asked)
        except NotFoundError as error:
            raise NotBuilt(index) from error
        if len({hit["_index"] for hit in found["hits"]["hits"]}) > 1:
            raise NotBuilt(index)  # replicas that built at once are handing over
        hits = [Hit(hit["_id"], _position(hit["sort"], by)) for hit in found["hits"]["hits"]]
        counted = {one: counts(found["aggregations"][str(number)]) for number, one in enumerate(facets)}
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
                    operations += operation(index, name, document)
            with _in_our_words():
                done = await self._client.options(request_timeout=BULK_TIMEOUT_S).bulk(
                    operations=operations, refresh="wait_for" if visible else False
                )
            for item in done["items"]:
                ((kind, result),) = item.items()
                if result["status"] == OUTDATED or (kind == "delete" and result["status"] == NOT_THERE):
                    continue
                if "error" in result:
                    # Its reason may repeat what is in the document: only its kind goes into logs.
                    refused = NotTaken(f"{result['_id']}: {result['error']['type']}")
                    if result["status"] == UNFIT:
                        raise refused
                    raise Unavailable(
                        "the search engine did not take a document; try again later", reason="SEARCH_UNAVAILABLE"
                    ) from refused


def _position(at: Sequence[Any], by: Sort | None) -> Position:
    return Position(0.0, at[1], at[0]) if by else Position(float(at[0]), at[1])


def _age_s(name: str) -> float:
    """How long ago the index *name* was begun: its name ends with a ULID."""
    return time.time() - ULID.from_str(name.rpartition("-")[2].upper()).timestamp


def _settings(place: _Place) -> dict[str, Any]:
    return {
        "number_of_shards": place.shards,
        "number_of_replicas": place.replicas,
        "refresh_interval": REFRESH_EVERY,
    }


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
