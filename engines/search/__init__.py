"""The search engine: finds what the stores keep.

An index is a projection that can be thrown away and made again. Queries are a small language of our own, translated by each
engine; text in them is always taken literally, and folded as it was when indexed. The promises, which
`tests/engines/test_search.py` holds every engine to:

- `apply` replaces what was there under the same id, unless that is newer, and is durable and visible when it returns.
- An index that is built anew is searched as it was until the new one is complete; what is applied in the meantime is in both.
- An index that is lost, in part or whole, says so or is searched as it was: it never finds less.
- Words match whatever their case and accents; fuzzy words match within one edit from 4 letters on and two from 8.
- A filter decides who is found and counted, never how they rank.
- What a document scores depends on the query and on that document, never on others: pages meet although documents come and go
  between them, and every replica ranks alike.
- A facet counts what would be found without the filters on its own field, so that one more value can be chosen.
- A list by a key has those without one at its end, whichever way it goes, and equals by the number that their ids give them.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, Union
from urllib.parse import urlsplit

from engines import UnknownEngine, file_path
from vocabulary.refusals import Unavailable


@dataclass(frozen=True, slots=True)
class Index:
    """What an index holds: fields of words, fields of word pieces (for typos and endings), fields of exact terms, and fields of
    words without their endings, each with its language; and keys to sort by, of which a document has one each at most.
    """

    name: str
    words: tuple[str, ...] = ()
    grams: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    stems: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes whenever a field does: an index with other fields is another index."""
        # Keys came later: an index without any is the index that it was.
        keys = [self.keys] if self.keys else []
        shape = json.dumps([self.words, self.grams, self.terms, sorted(self.stems.items()), *keys])
        return hashlib.sha256(shape.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """One thing to be found, as it is at a revision; each field may have several values. Without fields it is found no more."""

    id: str
    fields: Mapping[str, Sequence[str]] | None
    revision: int = 0


class NotBuilt(Unavailable):
    """The index was never filled, or has been lost since. It is built from the store."""

    default_reason = "INDEX_REBUILDING"

    def __init__(self, index: Index) -> None:
        super().__init__(f"the search index of {index.name} is being built; try again in a moment")


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches all documents, with a score of 1."""


@dataclass(frozen=True, slots=True)
class Words:
    """Matches documents whose *field* has all the words of *text*, or with `any` at least one.

    Scores 1; 0.5 if that took a typing error to be forgiven.
    """

    field: str
    text: str
    fuzzy: bool = False
    any: bool = False


@dataclass(frozen=True, slots=True)
class Starts:
    """Matches documents whose *field* has a word that begins with *start*, itself one word or less. Scores 1."""

    field: str
    start: str


@dataclass(frozen=True, slots=True)
class Grams:
    """Matches documents whose *field* has at least this share (0 to 1) of the pieces of *text*. Scores 1."""

    field: str
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Stems:
    """Matches documents whose *field* has all the words of *text*, whatever their endings, where the engine knows the language.

    Scores 1.
    """

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Terms:
    """Matches documents whose *field* has one of these exact values. Scores 1."""

    field: str
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Beginning:
    """Matches documents whose *field* of terms has a value that begins with *start*. Scores 1.

    As a facet, it counts these values alone.
    """

    field: str
    start: str


@dataclass(frozen=True, slots=True)
class Between:
    """Matches documents whose *field* of terms has a value from *lowest* to *highest*, both included. Scores 1."""

    field: str
    lowest: str
    highest: str


@dataclass(frozen=True, slots=True)
class Scored:
    """Matches what *query* matches, always with this score."""

    query: "Query"
    score: float


@dataclass(frozen=True, slots=True)
class Boosted:
    """Matches what *query* matches, with its score times *factor*."""

    query: "Query"
    factor: float


@dataclass(frozen=True, slots=True)
class Best:
    """Matches what any of *queries* matches, with the best of their scores."""

    queries: Sequence["Query"]


@dataclass(frozen=True, slots=True)
class All:
    """Matches what all *queries* match, with the sum of their scores."""

    queries: Sequence["Query"]


@dataclass(frozen=True, slots=True)
class But:
    """Matches what *query* matches and *without* does not, with the score of *query*."""

    query: "Query"
    without: "Query"


Query = Union[  # noqa: UP007  # the names are quoted
    Everything, Words, Starts, Grams, Stems, Terms, Beginning, Between, Scored, Boosted, Best, All, But
]
Facet = str | Beginning


@dataclass(frozen=True, slots=True)
class Sort:
    """By a key of the index instead of by score."""

    key: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """Where a hit stands in the list: by its score, the highest first, and among equals by a number that its id gives it.

    In a list by a key, by that: None, if it has none, and then it stands at the end. Its score is 0 there.
    """

    score: float
    order: int
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that was found."""

    id: str
    position: Position

    @property
    def score(self) -> float:
        return self.position.score


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found, the best first; how many there are in all; whether there are more behind the last.

    `facets` say how often each value of a field occurs, the most frequent first.
    """

    hits: Sequence[Hit] = ()
    total: int = 0
    more: bool = False
    facets: Mapping[Facet, Sequence[tuple[str, int]]] = field(default_factory=dict)


# How many places there are among equals.
ORDERS = 1 << 48


def order_of(id_: str) -> int:
    """The place among equals of the document with this id, below ORDERS: the same on every engine."""
    return int.from_bytes(hashlib.sha256(id_.encode()).digest()) % ORDERS


# So many values of a facet are counted.
FACET_VALUES = 1_000


def concerns(part: Terms, facet: Facet) -> bool:
    """Whether the filter *part* is one on the values that *facet* counts, which it must not narrow."""
    if isinstance(facet, str):
        return part.field == facet
    return part.field == facet.field and all(value.startswith(facet.start) for value in part.values)


def most_frequent_first(buckets: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """The values of a facet with their counts, from what both engines answer to an aggregation of terms."""
    values = [(bucket["key"], bucket["doc_count"]) for bucket in buckets]
    return sorted(values, key=lambda value: (-value[1], value[0]))


Put = Callable[[Sequence[SearchDocument]], Awaitable[None]]


class Search(Protocol):
    """A search engine."""

    async def is_built(self, index: Index) -> bool:
        """Whether *index* has been filled, with the fields that it has now."""
        ...

    async def is_ours(self, index: Index) -> bool:
        """Whether *index* is what was filled here last, and nobody, in whatever process, has filled it anew since or is about to."""
        ...

    def rebuild(self, index: Index) -> AbstractAsyncContextManager[Put]:
        """Fill *index* anew with what is put; it takes the place of the old one at the end, if nothing went wrong."""
        ...

    async def apply(self, index: Index, documents: Sequence[SearchDocument]) -> None:
        """Show *documents* as they are; visible to the next search. Raises NotBuilt, and Unavailable if the engine is away."""
        ...

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
        """What matches *query* and every one of *filters*, behind *after*; *facets* are fields of terms, or some of their values.

        With a *limit* of 0 nothing is listed, but all is counted.
        Raises NotBuilt, and Unavailable if the engine is away.
        """
        ...


async def prepare_search(url: str, indexes: Sequence[Index]) -> None:
    """Make the engine at *url* ready for *indexes*. Safe to repeat; the embedded one needs nothing."""
    if urlsplit(url).scheme == "elasticsearch":
        from engines.search import elasticsearch

        await elasticsearch.prepare(url, indexes)


@asynccontextmanager
async def open_search(url: str, indexes: Sequence[Index]) -> AsyncIterator[Search]:
    """The engine that *url* names, for *indexes*: ``tantivy:///folder`` or ``elasticsearch://host:port/name``.

    Raises NotPrepared if it is one that has to be prepared and is not.
    """
    scheme = urlsplit(url).scheme
    if scheme == "tantivy":
        from engines.search.tantivy import TantivySearch

        async with TantivySearch.opened(file_path(url), indexes) as search:
            yield search
    elif scheme == "elasticsearch":
        from engines.search.elasticsearch import ElasticSearch

        async with ElasticSearch.opened(url, indexes) as search:
            yield search
    else:
        raise UnknownEngine("search", url, ["tantivy", "elasticsearch"])
