"""Texts that go out together: those of one engine, pair, class, tenant and area, and none of another.

While an engine is idle nobody waits for company; while a batch of the same kind is under way the next ones gather, as an engine that
calls back always lets them, for a fifth of a second, fifty texts, or 4,500 characters.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.translation.domain.pairs import Pair
from services.translation.providers.port import Outcome
from services.translation.tasks import Tasks
from vocabulary.values import DataClass

TEXTS_MAX = 50
CHARACTERS_MAX = 4_500
LINGER_S = 0.2
# For those who ask at the same moment.
MOMENT_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What texts must have in common to go out together."""

    pair: Pair
    data_class: DataClass
    tenant: str
    area: str
    terms: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """An engine has them, and calls back for this dispatch."""

    dispatch: str


@dataclass(eq=False, slots=True)
class Item:
    """The texts of one job, and what becomes of them. They stay together."""

    job_id: str
    texts: tuple[str, ...]
    done: "asyncio.Future[Sequence[Outcome] | Sent]" = field(repr=False)

    @property
    def characters(self) -> int:
        return sum(map(len, self.texts))


Send = Callable[[Kind, Sequence[Item]], Awaitable[None]]


class Batches:
    """The batches of one engine. *send* settles every item that it is given, whatever happens."""

    def __init__(self, tasks: Tasks, send: Send, *, always_linger: bool) -> None:
        self._tasks = tasks
        self._send = send
        self._always_linger = always_linger
        self._gathering: dict[Kind, list[Item]] = {}
        self._under_way: dict[Kind, int] = {}

    async def add(self, kind: Kind, job_id: str, texts: Sequence[str]) -> Sequence[Outcome] | Sent:
        """What becomes of *texts*; raises ProviderError."""
        item = Item(job_id, tuple(texts), asyncio.get_running_loop().create_future())
        gathering = self._gathering.get(kind)
        if gathering is not None and not _has_room(gathering, item):
            self._close(kind)
            gathering = None
        if gathering is None:
            self._gathering[kind] = gathering = []
            self._tasks.start(self._gather(kind, gathering))
        gathering.append(item)
        if sum(len(one.texts) for one in gathering) >= TEXTS_MAX:
            self._close(kind)
        return await item.done

    def _close(self, kind: Kind) -> None:
        """Nobody joins this batch any more; it goes out."""
        batch = self._gathering.pop(kind)
        self._tasks.start(self._go(kind, batch))

    async def _gather(self, kind: Kind, batch: list[Item]) -> None:
        linger = self._always_linger or bool(self._under_way.get(kind))
        await asyncio.sleep(LINGER_S if linger else MOMENT_S)
        if self._gathering.get(kind) is batch:
            self._close(kind)

    async def _go(self, kind: Kind, batch: Sequence[Item]) -> None:
        self._under_way[kind] = self._under_way.get(kind, 0) + 1
        try:
            await self._send(kind, [item for item in batch if not item.done.cancelled()])
        finally:
            self._under_way[kind] -= 1
            if not self._under_way[kind]:
                del self._under_way[kind]


def _has_room(batch: Sequence[Item], item: Item) -> bool:
    return (
        sum(len(one.texts) for one in batch) + len(item.texts) <= TEXTS_MAX
        and sum(one.characters for one in batch) + item.characters <= CHARACTERS_MAX
    )
