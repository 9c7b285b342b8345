"""One writer or reader of an event log: ``python -m tests.faults.log_process URL write NAME COUNT | read NAME FILE``.

A writer publishes COUNT events, waits for a line on its standard input, and publishes as many again. A reader writes each event
it deals with to the end of FILE, then commits it, for ever.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime

from engines.events import Event, open_events

TOPIC = "t"
GROUP = "g"
SUBJECTS = 4


def an_event(name: str, number: int) -> Event:
    return Event(
        id=f"{name}-{number}",
        type="imi.test.v1.Happened",
        source="/test",
        subject=f"{name}-{number % SUBJECTS}",
        time=datetime.now(UTC),
        data=number.to_bytes(4),
    )


async def write(url: str, name: str, count: int) -> None:
    async with open_events(url) as events:
        for half in range(2):
            if half:
                await asyncio.to_thread(sys.stdin.readline)
            for number in range(half * count, (half + 1) * count, 2):
                await events.publish(TOPIC, [an_event(name, number), an_event(name, number + 1)])


async def read(url: str, name: str, path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    async with open_events(url) as events, events.join(GROUP, [TOPIC]) as member:
        while True:
            for received in await member.poll(limit=10, wait_s=1.0):
                os.write(file, f"{name} {received.event.subject} {received.event.id}\n".encode())
                await member.commit(received)


if __name__ == "__main__":
    url, what, name, last = sys.argv[1:]
    asyncio.run(write(url, name, int(last)) if what == "write" else read(url, name, last))
