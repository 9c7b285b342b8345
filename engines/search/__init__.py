"""The search engine: finds what the stores keep.

An index is a projection that can be thrown away and made again. Queries are a small language of our own, translated by each
engine; text in them is always taken literally, and folded as it was when indexed. The promises, which
`tests/engines/test_search.py` holds every engine to:

- `put` replaces what was there under the same id, and is durable and visible when it returns.
- Words match whatever their case and accents; fuzzy words match within one edit from 4 letters on and two from 8.
- A filter decides who is found and counted, never how they rank.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol, Union
from urllib.parse import urlsplit

from engines import UnknownEngine, file_path


@dataclass(frozen=True, slots=True)
class Index:
    """What an index holds: fields of words, fields of word pieces (for typos and endings), fields of exact terms."""

    name: str
    words: tuple[str, ...] = ()
    grams: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """One thing to be found; each field may have several values."""

    id: str
    fields: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches all documents, with a score of 1."""


@dataclass(frozen=True, slots=True)
class Words:
    """Matches documents whose *field* has all the words of *text*, or with `any` at least one."""

    field: str
    text: str
    fuzzy: bool = False
    any: bool = False


@dataclass(frozen=True, slots=True)
class Grams:
    """Matches documents whose *field* has at least this share (0 to 1) of the pieces of *text*."""

    field: str
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Terms:
    """Matches documents whose *field* has one of these exact values."""

    field: str
    values: Sequence[str]


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


Query = Union[Everything, Words, Grams, Terms, Scored, Boosted, Best, All]  # noqa: UP007  # the names are quoted


@dataclass(frozen=True, slots=True)
class Hits:
    """Ids with their scores, the best first, and how many there are in all."""

    hits: Sequence[tuple[str, float]] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes to apply together."""

    put: Sequence[SearchDocument] = ()
    delete: Sequence[str] = field(default=())


class Search(Protocol):
    """A search engine."""

    async def is_empty(self, index: Index) -> bool:
        """Whether *index* has nothing in it: it is new, or was made anew because its fields changed."""
        ...

    async def apply(self, index: Index, batch: Batch) -> None:
        """Put and delete; visible to the next search."""
        ...

    async def find(
        self, index: Index, query: Query, *, filters: Sequence[Terms] = (), offset: int = 0, limit: int
    ) -> Hits:
        """What matches *query* and every one of *filters*; raises Unavailable if the engine is away."""
        ...


@asynccontextmanager
async def open_search(url: str, indexes: Sequence[Index]) -> AsyncIterator[Search]:
    """The engine that *url* names (``tantivy:///folder``), with *indexes* ready."""
    scheme = urlsplit(url).scheme
    if scheme == "tantivy":
        from engines.search.tantivy import TantivySearch

        async with TantivySearch.opened(file_path(url), indexes) as search:
            yield search
    else:
        raise UnknownEngine("search", url, ["tantivy"])
