"""Replicas that remove what is over are killed in the middle of it: what is over goes in the end, and nothing else ever does."""

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from chassis.lists import sortable
from chassis.process import clock
from chassis.timers import Timer, Timers
from engines.documents import AnyOf, Document, Documents, open_documents
from engines.events import Event
from tests.chassis.waiting import until
from tests.faults.processes import running
from tests.faults.removing_process import KEPT, THINGS, TIMERS, url_of

MANY = 1_500
KILLED = 3
OVER = KEPT + timedelta(hours=1)


def thing(number: int) -> Document:
    """Every third one is open, and every third one too young; the last third is over."""
    state, ago = (("OPEN", OVER), ("DONE", KEPT - timedelta(hours=1)), ("DONE", OVER))[number % 3]
    body = {"state": state, "at": sortable(clock() - ago), "owners": [f"o{number % 7}", f"p{number % 5}"]}
    return Document(f"t{number:04}", body)  # type: ignore[arg-type]


async def fill(documents: Documents) -> list[str]:
    """Many things, each owing an event, and some timers that are due since long; the ids of the things that stay."""
    things = [thing(number) for number in range(MANY)]
    told = [Event(id=one.id, type="t", source="s", subject=one.id, time=clock(), data=b"x") for one in things]
    await documents.write_many(THINGS, [(one, [event]) for one, event in zip(things, told, strict=True)])
    set_timers = Timers(documents, TIMERS, clock)
    for number in range(10):
        await set_timers.set(Timer(subject=f"w{number}", kind="WAITS", due=clock() - 2 * OVER))
    return [one.id for number, one in enumerate(things) if number % 3 != 2]


async def test_a_replica_that_is_killed_in_the_middle_of_it_has_removed_nothing_that_it_should_not(
    tmp_path: Path,
) -> None:
    """Nor is an event lost that what is removed still owed, nor a timer that is due; and what was found by it is gone, too."""
    async with open_documents(url_of(tmp_path), [THINGS, TIMERS]) as documents, AsyncExitStack() as stack:
        stays = await fill(documents)

        async def removed(some: int) -> bool:
            return MANY - len(await documents.find(THINGS, limit=MANY)) >= some

        over = MANY - len(stays)
        for number in range(KILLED):
            log = tmp_path / f"r{number}.log"
            replicas = [
                await stack.enter_async_context(running("tests.faults.removing_process", str(tmp_path), log=log))
                for _ in range(2)
            ]
            await until(lambda: removed((number + 1) * over // (KILLED + 1)), 60)  # noqa: B023
            for replica in replicas:
                await replica.kill()
            left = {one.id for one in await documents.find(THINGS, limit=MANY)}
            assert left.issuperset(stays)
        await stack.enter_async_context(running("tests.faults.removing_process", str(tmp_path), log=tmp_path / "last"))
        await until(lambda: removed(over), 60)
        assert [one.id for one in await documents.find(THINGS, limit=MANY)] == stays
        owners = AnyOf([f"o{number}" for number in range(7)])
        assert await documents.count(THINGS, {"owners": owners}, at_most=MANY) == len(stays)
        assert len(await documents.pending(2 * MANY)) == MANY
        assert len(await documents.find(TIMERS, limit=100)) == 10
