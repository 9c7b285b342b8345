"""A store of things with an index of their names, and whoever searches it all the time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.projection import Projection
from chassis.rebuilding import ORDERS
from engines.documents import Collection, Documents, open_documents
from engines.events import Events, open_events
from engines.search import Everything, Index, Search, SearchDocument, Words, open_search
from protos.directory.v1.events_pb2 import AuthorityChanged
from vocabulary.refusals import Unavailable

THINGS = Collection("things")
NAMES = Index("names", words=("name",))
CHANGED = AuthorityChanged.DESCRIPTOR.full_name
COUNT = 300


@dataclass(frozen=True)
class Thing:
    name: str
    hidden: bool = False


class World:
    """A store of things with the index that shows their names."""

    def __init__(self, documents: Documents, events: Events, search: Search) -> None:
        self.documents = documents
        self.outbox = Outbox("things", documents, events, clock)
        self.things = Aggregates(documents, THINGS, Thing, lambda _: {}, self.outbox)
        self.search = search
        self.projection = Projection(search, NAMES, self.things, self.shown)
        self.follow = self.projection.follow(events, "things", CHANGED)
        self.is_away = False

    async def shown(self, found: Sequence[Kept[Thing]]) -> list[SearchDocument]:
        if self.is_away:
            raise Unavailable("what the index shows cannot be had now")
        await asyncio.sleep(0)
        return [
            SearchDocument(one.id, None if one.state.hidden else {"name": [one.state.name]}, one.revision)
            for one in found
        ]

    async def add(self, *ids: str) -> None:
        await self.things.load([(id_, Thing("uno"), [AuthorityChanged(authority_id=id_)]) for id_ in ids])

    async def change(self, id_: str, **fields: object) -> None:
        async def changed(before: Kept[Thing]) -> tuple[Thing, Sequence[AuthorityChanged]]:
            return replace(before.state, **fields), [AuthorityChanged(authority_id=id_)]  # type: ignore[arg-type]

        key = CommandKey(f"{id_} {fields}", "", None)
        await self.things.change(
            id_, key, changed, lambda kept: AuthorityChanged(authority_id=kept.id), AuthorityChanged
        )

    async def total(self, word: str = "") -> int:
        query = Words("name", word) if word else Everything()
        return (await self.search.find(NAMES, query, limit=1)).total

    async def finds(self, word: str, total: int) -> bool:
        try:
            return await self.total(word) == total
        except Unavailable:
            return False


@asynccontextmanager
async def a_world(folder: Path, search_url: str = "") -> AsyncIterator[World]:
    """Nothing yet; the index is an embedded one unless another is given."""
    async with (
        open_documents(f"sqlite:///{folder}/documents.db", [THINGS, ORDERS]) as documents,
        open_events(f"sqlite:///{folder}/events.db") as events,
        open_search(search_url or f"tantivy:///{folder}/index", [NAMES]) as search,
    ):
        yield World(documents, events, search)


class Searching:
    """Whoever searches all the time: what was found, and how often it was refused."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.found: list[int] = []
        self.refused: list[str] = []

    @asynccontextmanager
    async def always(self) -> AsyncIterator[None]:
        ended = asyncio.Event()

        async def search() -> None:
            while not ended.is_set():
                try:
                    self.found.append(await self._world.total())
                except Unavailable as refusal:
                    self.refused.append(refusal.reason)
                    await asyncio.sleep(0.001)

        async with asyncio.TaskGroup() as group:
            group.create_task(search())
            try:
                yield
            finally:
                ended.set()
