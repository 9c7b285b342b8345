"""Reads that many ask for at the same moment are one read: when news comes, all its readers look at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

Found = TypeVar("Found")

ASKED_AT_ONCE = 256


class Together(Generic[Found]):
    """Gets things by id with *read*, which gets many at once.

    Nobody is given what was read before they asked. Whoever asks first reads for all; when they are told to stop, another one does.
    """

    def __init__(self, read: Callable[[Sequence[str]], Awaitable[Mapping[str, Found]]]) -> None:
        self._read = read
        self._gathering: _Batch[Found] | None = None

    async def get(self, id_: str) -> Found | None:
        """The thing *id_* if there is one; raises what reading raises, to each whose turn it is to read."""
        if self._gathering is None or len(self._gathering.ids) >= ASKED_AT_ONCE:
            self._gathering = _Batch()
        batch = self._gathering
        batch.ids[id_] = None
        async with batch.turn:
            if batch.found is None:
                await asyncio.sleep(0)  # whoever asks at the same moment does so now
                if self._gathering is batch:
                    self._gathering = None
                batch.found = await self._read(list(batch.ids))
        return batch.found.get(id_)


class _Batch(Generic[Found]):
    def __init__(self) -> None:
        self.ids: dict[str, None] = {}
        self.turn = asyncio.Lock()
        self.found: Mapping[str, Found] | None = None
