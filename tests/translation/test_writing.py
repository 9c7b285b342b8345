"""Writes of one moment are one call, and each still stands for itself."""

import asyncio
from pathlib import Path
from typing import Any, cast

from engines.documents import Collection, Document, open_documents
from services.translation.writing import Writes

THINGS = Collection("things", tells=False)


async def test_writes_of_one_moment_go_together_and_each_is_told_whether_it_was_written(tmp_path: Path) -> None:
    async with open_documents(f"sqlite:///{tmp_path}/documents.db", (THINGS,)) as documents:
        calls: list[int] = []
        original = documents.write_many

        async def counted(collection: Collection, wanted: Any) -> list[bool]:
            calls.append(len(wanted))
            return await original(collection, wanted)

        cast("Any", documents).write_many = counted
        writes = Writes(documents, THINGS)
        written = await asyncio.gather(*(writes.write(Document(f"t{n}", {"n": n})) for n in range(20)))
        assert written == [True] * 20
        assert sum(calls) == 20
        assert len(calls) < 20
        # Of two that write over the same revision, one is told that somebody was faster.
        first, second, third = await asyncio.gather(
            writes.write(Document("t0", {"n": 100}, 1)),
            writes.write(Document("t0", {"n": 200}, 1)),
            writes.write(Document("t1", {"n": 300}, 1)),
        )
        assert (first, second, third) == (True, False, True)
        kept = await documents.get(THINGS, "t0")
        assert kept is not None
        assert (kept.body["n"], kept.revision) == (100, 2)


async def test_whoever_is_told_to_stop_does_not_stop_the_others(tmp_path: Path) -> None:
    async with open_documents(f"sqlite:///{tmp_path}/documents.db", (THINGS,)) as documents:
        writes = Writes(documents, THINGS)
        tasks = [asyncio.create_task(writes.write(Document(f"t{n}", {"n": n}))) for n in range(5)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [one for number, one in enumerate(done) if number != 1] == [True] * 4
