"""An embedded index whose files are deleted, or whose disk is full: searched as it was, or said to be lost; it never finds less."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from engines.search import Everything, Index, NotBuilt, Search, SearchDocument, Words, open_search
from tests.engines.room import room_for
from vocabulary.refusals import Unavailable

PLACES = Index("places", words=("name",))
COUNT = 50


def _gone(folder: Path) -> None:
    """Delete *folder*, in which the engine's threads may make and delete files of their own at the same time."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def _everything(folder: Path) -> None:
    _gone(folder)


def _the_index(folder: Path) -> None:
    _gone(folder / "places")


def _the_generation(folder: Path) -> None:
    (generation,) = (path for path in (folder / "places").iterdir() if path.is_dir())
    _gone(generation)


def _what_is_current(folder: Path) -> None:
    (folder / "places" / "current.json").unlink()


def _files(pattern: str) -> Callable[[Path], None]:
    def delete(folder: Path) -> None:
        found = list(folder.glob(f"places/*/{pattern}"))
        assert found
        for path in found:
            path.unlink()

    return delete


LOSSES = {
    "everything": _everything,
    "the index": _the_index,
    "the generation": _the_generation,
    "what is current": _what_is_current,
    "what was committed": _files("meta.json"),
    "terms": _files("*.term"),
    "documents": _files("*.store"),
    "deletions": _files("*.del"),
    "all but what was committed": _files("*.[!j]*"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
async def search(folder: Path) -> AsyncIterator[Search]:
    """An index from which one document was deleted."""
    async with open_search(f"tantivy:///{folder}", [PLACES]) as opened:
        await fill(opened)
        await opened.apply(PLACES, [SearchDocument("0", None, 2)])
        yield opened


async def fill(search: Search, count: int = COUNT) -> None:
    async with search.rebuild(PLACES) as put:
        await put([SearchDocument(str(n), {"name": ["uno"]}, 1) for n in range(count)])


async def total(search: Search) -> int | None:
    """How many are found; None if the index says that it is lost."""
    try:
        return (await search.find(PLACES, Everything(), limit=5)).total
    except NotBuilt:
        return None


@pytest.mark.parametrize("loss", LOSSES)
async def test_files_that_are_deleted_under_a_running_process(search: Search, folder: Path, loss: str) -> None:
    assert await search.is_built(PLACES)
    LOSSES[loss](folder)
    assert not await search.is_built(PLACES)
    assert await total(search) == COUNT - 1
    try:
        await search.apply(PLACES, [SearchDocument("new", {"name": ["due"]}, 1)])
    except NotBuilt:
        assert await total(search) is None
    else:
        assert await total(search) == COUNT
    await fill(search, COUNT + 7)
    assert await search.is_built(PLACES)
    assert await total(search) == COUNT + 7
    await search.apply(PLACES, [SearchDocument("new", {"name": ["due"]}, 1)])
    assert await total(search) == COUNT + 8


@pytest.mark.parametrize("loss", LOSSES)
async def test_files_that_are_gone_when_a_process_starts(
    search: Search, folder: Path, tmp_path: Path, loss: str
) -> None:
    copied = shutil.copytree(folder, tmp_path / "copied")
    LOSSES[loss](copied)
    async with open_search(f"tantivy:///{copied}", [PLACES]) as opened:
        assert not await opened.is_built(PLACES)
        assert await total(opened) is None
        await fill(opened)
        assert await total(opened) == COUNT
    async with open_search(f"tantivy:///{copied}", [PLACES]) as again:
        assert await total(again) == COUNT


@pytest.mark.parametrize("loss", ["everything", "the index"])
async def test_files_that_are_deleted_while_it_is_built_anew(search: Search, folder: Path, loss: str) -> None:
    async def builds() -> None:
        async with search.rebuild(PLACES) as put:
            await put([SearchDocument("a", {"name": ["uno"]}, 1)])
            LOSSES[loss](folder)

    with pytest.raises(NotBuilt) as refused:
        await builds()
    assert refused.value.reason == "INDEX_REBUILDING"
    assert await total(search) == COUNT - 1
    await fill(search)
    assert await total(search) == COUNT


async def test_a_fault_of_who_builds_is_not_taken_for_a_loss(search: Search) -> None:
    with pytest.raises(ValueError, match="a fault"):
        async with search.rebuild(PLACES):
            raise ValueError("a fault")
    assert await total(search) == COUNT - 1


async def test_what_the_disk_has_no_room_for_is_taken_once_it_has_and_what_comes_then_is_not_lost(
    search: Search,
) -> None:
    large = [SearchDocument("large", {"name": [f"parola{n}" for n in range(20_000)]}, 1)]
    for _ in range(2):
        with room_for(20_000), pytest.raises(Unavailable) as refused:
            await search.apply(PLACES, large)
        assert refused.value.reason == "SEARCH_UNAVAILABLE"
        assert await total(search) == COUNT - 1
    await search.apply(PLACES, [SearchDocument("small", {"name": ["due"]}, 1)])
    assert await total(search) == COUNT
    await search.apply(PLACES, large)
    assert (await search.find(PLACES, Words("name", "parola19999"), limit=1)).total == 1
    assert await search.is_built(PLACES)
