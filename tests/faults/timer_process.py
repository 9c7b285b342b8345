"""One replica that fires timers: ``python -m tests.faults.timer_process FOLDER NAME``.

Firing counts the timer's subject up by a command whose key the timer determines, and writes a line to the end of FOLDER/fired. Claims
run out after a second, so that a test need not wait long for what a dead one had claimed.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from google.protobuf.message import Message

from chassis import timers as module
from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.timers import Timer, Timers, timers
from engines.documents import Collection, Documents, open_documents
from engines.events import Events, open_events
from protos.repositories.v1.events_pb2 import EntryChanged
from vocabulary import ids

THINGS = Collection("things")
TIMERS = timers("timers")


@dataclass(frozen=True)
class Counted:
    """How often a thing was counted."""

    times: int = 0


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder}/documents.db"


def things(documents: Documents, events: Events) -> Aggregates[Counted]:
    return Aggregates(documents, THINGS, Counted, lambda _: {}, Outbox("things", documents, events, clock))


async def count(counted: Aggregates[Counted], timer: Timer) -> None:
    async def decided(before: Kept[Counted]) -> tuple[Counted, Sequence[Message]]:
        return Counted(before.state.times + 1), []

    key = ids.derived("timer", timer.id, timer.due.isoformat())
    await counted.change(
        timer.subject,
        CommandKey(key=key, fingerprint=key, expected_revision=None),
        decided,
        lambda after: EntryChanged(entry_id=after.id, revision=after.revision),
        EntryChanged,
    )


async def work(folder: Path, name: str) -> None:
    module.LEASE, module.WORK_S, module.LOOK_EVERY_S = timedelta(seconds=1), 0.5, 0.05
    journal = os.open(folder / "fired", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    async with (
        open_documents(url_of(folder), [THINGS, TIMERS]) as documents,
        open_events(f"sqlite:///{folder}/events.db") as events,
    ):
        counted = things(documents, events)

        async def fire(timer: Timer) -> None:
            await count(counted, timer)
            os.write(journal, f"{name} {timer.subject}\n".encode())

        await Timers(documents, TIMERS, clock).run(fire)


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2]))
