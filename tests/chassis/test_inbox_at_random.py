"""Whatever several writers do at the same time, and wherever one of them stops: each inbox is one sequence, with each entry once."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chassis import inbox, inbox_buckets
from chassis.inbox import INBOX, Delivered, Entry, Inbox
from chassis.process import clock
from engines.documents import Document, Documents, open_documents
from engines.events import Event
from tests.chassis.waiting import until
from vocabulary import pages

STREAM = "alerts"
AT = datetime(2026, 11, 24, tzinfo=UTC)
RECIPIENTS = [f"r{n:02}" for n in range(24)]
WRITERS = 3
NEWS = 40


def an_entry(number: int) -> Entry:
    return Entry(id=f"e{number:03}", subject="alt_1", kind="BROADCAST", at=AT)


class Torn:
    """A store without transactions over documents: of many writes some are done when the process dies."""

    def __init__(self, documents: Documents, chance: random.Random) -> None:
        self._documents = documents
        self._chance = chance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    async def write_many(self, collection: Any, documents: Sequence[tuple[Document, Sequence[Event]]]) -> list[bool]:
        if self._chance.random() > 0.3:
            return await self._documents.write_many(collection, documents)
        await self._documents.write_many(collection, self._chance.sample(documents, len(documents) // 2))
        raise Killed


class Killed(BaseException):
    """The process is gone, and what it remembered."""


class Listener:
    """Reads one inbox from its beginning to its end, and now and then anew from its last cursor."""

    def __init__(self, box: Inbox, recipient: str, chance: random.Random) -> None:
        self._box = box
        self.recipient = recipient
        self._chance = chance
        self.cursor = pages.cursor(STREAM, recipient, 0)
        self.heard: list[Delivered] = []

    async def listen(self) -> None:
        while True:
            left = self._chance.randrange(1, 12)
            watching: Any = self._box.watch(self.recipient, self.cursor)
            async for delivered in watching:
                self.cursor = delivered.cursor
                if delivered.entry:
                    self.heard.append(delivered)
                    left -= 1
                if not left:
                    break
            await watching.aclose()


@pytest.mark.parametrize("seed", range(6))
async def test_writers_that_race_and_die_make_one_sequence_of_each_inbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(inbox_buckets, "BUCKET", 4)
    monkeypatch.setattr(inbox, "APPENDED_AT_ONCE", 7)
    monkeypatch.setattr(inbox, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(inbox, "RACES_LOST_LIMIT", 1_000)
    chance = random.Random(seed)
    due: list[tuple[int, list[str]]] = [
        (number, chance.sample(RECIPIENTS, chance.randrange(1, len(RECIPIENTS) + 1))) for number in range(NEWS)
    ]
    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(open_documents(f"sqlite:///{tmp_path}/documents.db", [INBOX]))
            for _ in range(WRITERS + 1)
        ]
        reading = Inbox(stores[-1], STREAM, clock)

        async def write(documents: Documents) -> None:
            """Everything that is due in its order, some of it at once; after a death the last is begun again."""
            torn: Any = Torn(documents, chance)
            box, done = Inbox(torn, STREAM, clock), 0
            while done < len(due):
                some = due[done : done + chance.randrange(1, 6)]
                by_recipient: dict[str, list[Entry]] = {}
                for number, recipients in some:
                    for recipient in recipients:
                        by_recipient.setdefault(recipient, []).append(an_entry(number))
                try:
                    await box.append_all(by_recipient)
                except Killed:
                    box = Inbox(torn, STREAM, clock)
                else:
                    done += len(some)

        group = await stack.enter_async_context(asyncio.TaskGroup())
        listeners = [Listener(reading, recipient, random.Random(seed)) for recipient in RECIPIENTS[::3]]
        listening = [group.create_task(one.listen()) for one in listeners]
        await asyncio.gather(*map(write, stores[:WRITERS]))
        expected = {one: {an_entry(number).id for number, to in due if one in to} for one in RECIPIENTS}
        for recipient in RECIPIENTS:
            page = await reading.read(recipient, "", 1_000)
            ids = [entry.id for entry in page.items]
            assert len(ids) == len(set(ids)), recipient
            assert set(ids) == expected[recipient], recipient
            assert list(page.cursors) == [pages.cursor(STREAM, recipient, n) for n in range(1, len(ids) + 1)]

        async def all_have_heard() -> bool:
            return all(len(one.heard) >= len(expected[one.recipient]) for one in listeners)

        await until(all_have_heard)
        for task in listening:
            task.cancel()
        for one in listeners:
            page = await reading.read(one.recipient, "", 1_000)
            assert [delivered.entry for delivered in one.heard] == list(page.items)
            assert [delivered.cursor for delivered in one.heard] == list(page.cursors)
