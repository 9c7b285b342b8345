"""One log file, four processes: nothing is lost and each subject keeps its order, even when a reader dies."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from tests.faults.log_process import SUBJECTS
from tests.faults.processes import Process, running

HALF = 120
WRITERS = ("w1", "w2")


def handled(path: Path) -> list[tuple[str, str, str]]:
    """Who dealt with what, in the order in which it happened: reader, subject, event."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [(reader, subject, id_) for reader, subject, id_ in map(str.split, lines)]


async def until(path: Path, condition: Callable[[list[tuple[str, str, str]]], bool]) -> list[tuple[str, str, str]]:
    async with asyncio.timeout(60):
        while True:
            found = handled(path)
            if condition(found):
                return found
            await asyncio.sleep(0.02)


async def test_two_writers_and_two_readers_lose_nothing_when_one_reader_is_killed(tmp_path: Path) -> None:
    url, journal = f"sqlite:///{tmp_path}/events.db", tmp_path / "handled"

    async with AsyncExitStack() as stack:

        async def start(name: str, *arguments: str) -> Process:
            log = tmp_path / f"{name}.log"
            return await stack.enter_async_context(running("tests.faults.log_process", url, *arguments, log=log))

        readers = {name: await start(name, "read", name, str(journal)) for name in ("r1", "r2")}
        writers = [await start(name, "write", name, str(HALF)) for name in WRITERS]

        found = await until(journal, lambda lines: len(lines) >= HALF)
        killed = found[-1][0]
        await readers[killed].kill()
        for writer in writers:
            writer.write_line()
        assert [await writer.ended() for writer in writers] == [0, 0]

        wanted = {f"{name}-{number}" for name in WRITERS for number in range(2 * HALF)}
        found = await until(journal, lambda lines: {id_ for _, _, id_ in lines} >= wanted)

    assert {id_ for _, _, id_ in found} == wanted
    assert {reader for reader, _, _ in found} == {"r1", "r2"}
    first_seen: dict[str, list[int]] = {}
    for subject, id_ in dict.fromkeys((subject, id_) for _, subject, id_ in found):
        first_seen.setdefault(subject, []).append(int(id_.partition("-")[2]))
    assert len(first_seen) == len(WRITERS) * SUBJECTS
    for subject, numbers in first_seen.items():
        assert numbers == sorted(numbers), subject
    # What comes again is what the dead one had read and not committed: the one event it was dealing with, at most.
    assert len(found) - len(wanted) <= 1
