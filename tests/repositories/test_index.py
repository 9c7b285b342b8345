"""The index holds what is published, whatever else an entry says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from chassis.aggregates import Kept
from chassis.calls import Peer, open_channel
from engines.search import Search, open_search
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.repositories.domain.audiences import held
from services.repositories.domain.entries import Entry
from services.repositories.domain.lifecycle import Status
from services.repositories.index import INDEXES, EntryIndex
from services.repositories.search.asking import Question
from services.repositories.search.contents import ENTRIES
from services.repositories.subjects import Subjects
from tests.repositories.registers import REGISTERS, a_register, a_version, an_entry

SAYS = {
    "published": a_version(2, values=a_register("Kvarkijiet", subjects=None)),
    "draft": a_version(3, values=a_register("Fotonovi", subjects=None)),
    "earlier": (a_version(1, values=a_register("Elettroni", subjects=None)),),
}


class Following(NamedTuple):
    """An index with what it is built in."""

    search: Search
    entries: EntryIndex

    async def apply(self, changed: list[Kept[Entry]]) -> None:
        await self.search.apply(ENTRIES, await self.entries.shown(changed))


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Following]:
    """An index with one published entry, about nothing that the directory would have to name."""
    async with open_search(f"tantivy:///{tmp_path}", INDEXES) as search, open_channel("127.0.0.1:1") as nowhere:
        subjects = Subjects(Peer("directory", lambda: ""), DirectoryServiceStub(nowhere))
        made = EntryIndex(search, {"registers": REGISTERS}, subjects)
        async with search.rebuild(ENTRIES) as put:
            await put(await made.shown([Kept("ent_1", 1, entry(Status.PUBLISHED))]))
        yield Following(search, made)


# Of a person who is signed in, and nothing else.
KEYS = held("aut_reader", "FR", [], is_commission=False)


async def found(index: Following, text: str) -> list[str]:
    hits, _ = await index.entries.find(Question(repository="registers", keys=KEYS, text=text), after=None, limit=10)
    assert hits.total == len(hits.hits)
    return [hit.id for hit in hits.hits]


def entry(status: Status) -> Entry:
    return an_entry(status, **(SAYS | ({} if status is Status.PUBLISHED else {"published": None})))


@pytest.mark.parametrize("status", Status)
async def test_only_the_published_version_is_found_and_counted(index: Following, status: Status) -> None:
    await index.apply([Kept("ent_1", 2, entry(status))])
    expected = ["ent_1"] if status is Status.PUBLISHED else []
    assert await found(index, "Kvarkijiet") == await found(index, "") == expected
    assert await found(index, "Fotonovi") == await found(index, "Elettroni") == []


async def test_another_repository_is_another_world(index: Following) -> None:
    hits, _ = await index.entries.find(Question(repository="certificates", keys=KEYS), after=None, limit=10)
    assert (list(hits.hits), hits.total) == ([], 0)
