"""What several processes can do to one search engine at once."""

import asyncio
import uuid

import pytest

from deploy.servers import Servers
from engines import NotPrepared
from engines.search import Everything, Index, Search, SearchDocument, open_search, prepare_search

PLACES = Index("places", words=("name",))
DOCUMENTS = [SearchDocument("a", {"name": ["uno"]}, 1), SearchDocument("b", {"name": ["due"]}, 1)]


@pytest.fixture
def where(servers: Servers | None) -> str:
    assert servers is not None
    return servers.search_url.replace("{service}", f"t{uuid.uuid4().hex[:12]}")


async def build(search: Search) -> None:
    async with search.rebuild(PLACES) as put:
        await put(DOCUMENTS)


async def test_replicas_that_build_at_once_leave_one_index(where: str) -> None:
    """As they do when all start on an engine that has none, or when it is lost under them."""
    await prepare_search(where, [PLACES])
    async with open_search(where, [PLACES]) as one, open_search(where, [PLACES]) as other:
        for _ in range(3):
            await asyncio.gather(*(build(by) for by in (one, other, one, other)))
            found = await one.find(PLACES, Everything(), limit=10)
            assert (sorted(hit.id for hit in found.hits), found.total) == (["a", "b"], 2)


async def test_an_engine_that_was_not_prepared_says_so(where: str) -> None:
    with pytest.raises(NotPrepared, match="no template"):
        async with open_search(where, [PLACES]):
            pass
