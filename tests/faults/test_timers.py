"""Replicas that fire timers are killed, one after the other, and begun again: each timer has its effect, once."""

from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from chassis.process import clock
from chassis.timers import NEVER, WAKES_AT, Timer, Timers
from engines.documents import Range, open_documents
from engines.events import open_events
from tests.chassis.waiting import until
from tests.faults.processes import Process, running
from tests.faults.timer_process import THINGS, TIMERS, Counted, things, url_of

MANY = 600
REPLICAS = 3
KILLED = 4


def fired(folder: Path) -> list[tuple[str, str]]:
    """Which replica fired for which subject, in the order in which it happened."""
    path = folder / "fired"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [(line.split()[0], line.split()[1]) for line in text[: text.rfind("\n") + 1].splitlines()]


async def test_each_timer_has_its_effect_once_whichever_replicas_die(tmp_path: Path) -> None:
    async with (
        open_documents(url_of(tmp_path), [THINGS, TIMERS]) as documents,
        open_events(f"sqlite:///{tmp_path}/events.db") as events,
        AsyncExitStack() as stack,
    ):
        counted = things(documents, events)
        await counted.load([(f"t{number}", Counted(), ()) for number in range(MANY)])
        set_timers = Timers(documents, TIMERS, clock)
        for number in range(MANY):
            due = clock() + timedelta(milliseconds=5 * number)
            await set_timers.set(Timer(subject=f"t{number}", kind="COUNT", due=due))

        async def start(name: str) -> Process:
            log = tmp_path / f"{name}.log"
            return await stack.enter_async_context(running("tests.faults.timer_process", str(tmp_path), name, log=log))

        replicas = [await start(f"r{number}") for number in range(REPLICAS)]

        async def at_work(some: int) -> bool:
            return len(fired(tmp_path)) >= some

        for number in range(KILLED):
            await until(lambda: at_work((number + 1) * MANY // (KILLED + 2)), 60)  # noqa: B023
            await replicas[number % REPLICAS].kill()
            replicas[number % REPLICAS] = await start(f"r{number % REPLICAS}-{number}")

        async def done() -> bool:
            return len(await documents.find(TIMERS, {WAKES_AT: Range(at_least=NEVER)}, limit=MANY)) == MANY

        await until(done, 60)
        times = [kept.state.times for kept in await counted.get_many([f"t{number}" for number in range(MANY)])]
    assert times == [1] * MANY
    again = Counter(subject for _, subject in fired(tmp_path))
    # What was fired twice is what one of the dead had done and not yet said: at most what it did at once.
    assert sum(again.values()) - MANY <= KILLED * 8
    assert len({replica for replica, _ in fired(tmp_path)}) >= REPLICAS
