"""What several processes can do to one search engine at once."""

import asyncio
import uuid
from pathlib import Path

import pytest

from chassis import projection, reactions
from chassis.process import working
from deploy.servers import Servers
from engines import NotPrepared
from engines.search import Everything, Index, NotBuilt, Search, SearchDocument, open_search, prepare_search
from engines.search.elasticsearch import ElasticSearch, NotTaken
from tests.chassis.indexes import COUNT, NAMES, Searching, a_world
from tests.chassis.waiting import until

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


async def test_a_document_that_is_never_taken_is_not_waited_for_and_keeps_no_other_out(where: str) -> None:
    """It is a fault of ours, which an event may be set aside for; and what is in it is not for a log."""
    kinds = Index("kinds", terms=("kind",))
    await prepare_search(where, [kinds])
    unfit = SearchDocument("unfit", {"kind": ["secret" * 10_000]}, 1)
    async with open_search(where, [kinds]) as search:
        async with search.rebuild(kinds) as put:
            await put([])
        with pytest.raises(NotTaken) as refused:
            await search.apply(kinds, [SearchDocument("a", {"kind": ["a"]}, 1), unfit])
        assert "unfit" in str(refused.value)
        assert "secret" not in str(refused.value)
        assert [hit.id for hit in (await search.find(kinds, Everything(), limit=10)).hits] == ["a"]


async def test_an_engine_that_was_not_prepared_says_so(where: str) -> None:
    with pytest.raises(NotPrepared, match="no template"):
        async with open_search(where, [PLACES]):
            pass


async def test_two_indexes_behind_one_name_find_nothing_twice(where: str) -> None:
    """As two replicas leave them that build at once and die before either has removed the other's."""
    await prepare_search(where, [PLACES])
    async with open_search(where, [PLACES]) as search:
        assert isinstance(search, ElasticSearch)
        await build(search)
        alias = search._place.alias(PLACES)
        (first,) = (await search._client.indices.get_alias(name=alias)).body
        await build(search)
        await search._client.indices.create(index=first)
        await search._client.indices.update_aliases(actions=[{"add": {"index": first, "alias": alias}}])
        await search._write(PLACES, [first], DOCUMENTS, visible=True)
        assert not await search.is_built(PLACES)
        with pytest.raises(NotBuilt):
            await search.find(PLACES, Everything(), limit=10)
        await build(search)
        assert await search.is_built(PLACES)
        assert (await search.find(PLACES, Everything(), limit=10)).total == 2


async def test_an_index_that_is_deleted_under_everybody_is_made_again_and_nobody_finds_less(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "LOOK_EVERY_S", 0.2)
    monkeypatch.setattr(projection, "READ_BATCH", 20)
    monkeypatch.setattr(reactions, "AWAY_PAUSE_S", 0.1)
    await prepare_search(where, [NAMES])
    async with a_world(tmp_path, where) as world:
        assert isinstance(world.search, ElasticSearch)
        await world.add(*(f"t{n:03}" for n in range(COUNT)))
        await world.projection.ensure()
        searching = Searching(world)
        async with (
            working([world.outbox.relay, world.projection.keep, world.follow.run]),
            searching.always(),
        ):
            for round_ in range(3):
                await world.projection.rebuild()
                for name in await world.search._names(NAMES):
                    await world.search._client.indices.delete(index=name)
                await world.change(f"t{round_:03}", name="due")
                await world.add(f"u{round_}")
                await until(lambda: world.finds("", COUNT + round_ + 1))  # noqa: B023
                assert await world.finds("due", round_ + 1)
        assert set(searching.refused) <= {"INDEX_REBUILDING", "SEARCH_UNAVAILABLE"}
        assert searching.refused
        assert searching.found == sorted(searching.found)
        assert searching.found[0] >= COUNT


async def test_what_one_replica_has_built_is_not_believed_to_be_in_what_another_built_at_the_same_time(
    where: str, tmp_path: Path
) -> None:
    """The other one may have read what is older, and replaced the index."""
    await prepare_search(where, [NAMES])
    async with a_world(tmp_path, where) as world, open_search(where, [NAMES]) as other:
        await world.add("t1")
        async with other.rebuild(NAMES) as put:
            await put(await world.shown(await world.things.get_many(["t1"])))
            await world.change("t1", name="due")
            await world.projection.rebuild()
        assert await world.finds("uno", 1)
        async with working([world.outbox.relay, world.follow.run]):
            await until(lambda: world.finds("due", 1))
        assert await world.finds("uno", 0)
