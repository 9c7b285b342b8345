"""A timer is fired when it is due: once, by one of many workers, whatever becomes of them and of their clocks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis import timers as module
from chassis.process import working
from chassis.timers import BATCH, LEASE, NEVER, WAKES_AT, Timer, Timers, timers
from engines.documents import Documents, Range, open_documents
from tests.chassis.ticking import START, Clock, Fired, a_timer
from tests.chassis.waiting import until
from vocabulary.refusals import Unavailable

THINGS = timers("timers")
WEEK = timedelta(days=7)


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[Documents]:
    async with open_documents(f"sqlite:///{tmp_path}/documents.db", [THINGS]) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def set_timers(documents: Documents, clock: Clock) -> Timers:
    return Timers(documents, THINGS, clock)


async def test_a_timer_fires_when_it_is_due_and_not_before(set_timers: Timers, clock: Clock) -> None:
    fired = Fired()
    await set_timers.set(a_timer(after=WEEK, text="hello"))
    clock.at = START + WEEK - timedelta(microseconds=1)
    assert await set_timers.fire_due(fired) == 0
    clock.at = START + WEEK
    assert await set_timers.fire_due(fired) == 1
    assert fired.timers == [a_timer(after=WEEK, text="hello")]
    clock.forward(days=1000)
    assert await set_timers.fire_due(fired) == 0


async def test_setting_it_again_replaces_it(set_timers: Timers, clock: Clock) -> None:
    fired = Fired()
    await set_timers.set(a_timer(text="one"))
    await set_timers.set(a_timer(text="two"))
    await set_timers.set(a_timer(kind="OTHER"))
    await set_timers.set(a_timer(kind="OTHER", after=WEEK))
    await set_timers.fire_due(fired)
    assert fired.timers == [a_timer(text="two")]


async def test_one_that_has_fired_is_armed_by_another_due_time_only(set_timers: Timers, clock: Clock) -> None:
    """What set it may be repeated: its event came twice, or the process died before it could say that it was dealt with."""
    fired = Fired()
    for due in (timedelta(), timedelta(), WEEK, WEEK):
        await set_timers.set(a_timer(after=due))
        clock.forward(days=8)
        await set_timers.fire_due(fired)
    assert fired.timers == [a_timer(), a_timer(after=WEEK)]


async def test_a_cancelled_one_does_not_fire_until_it_is_set_again(set_timers: Timers) -> None:
    fired = Fired()
    await set_timers.cancel("req_1", "REMIND")
    await set_timers.set(a_timer())
    await set_timers.cancel("req_1", "REMIND")
    assert await set_timers.fire_due(fired) == 0
    await set_timers.set(a_timer())
    assert await set_timers.fire_due(fired) == 1
    await set_timers.cancel("req_1", "REMIND")
    await set_timers.set(a_timer())
    assert await set_timers.fire_due(fired) == 0


async def test_what_was_decided_of_an_older_version_changes_nothing(set_timers: Timers) -> None:
    """Two consumers may deal with one subject at once while the log's partitions move; the slower one has read the older state."""
    fired = Fired()
    await set_timers.set(a_timer(text="new"), version=5)
    await set_timers.set(a_timer(after=WEEK, text="old"), version=4)
    await set_timers.cancel("req_1", "REMIND", version=4)
    await set_timers.set(a_timer(text="new"), version=6)
    await set_timers.cancel("req_1", "REMIND", version=5)
    await set_timers.fire_due(fired)
    assert fired.timers == [a_timer(text="new")]


async def test_timers_survive_a_restart(tmp_path: Path, clock: Clock) -> None:
    url = f"sqlite:///{tmp_path}/documents.db"
    async with open_documents(url, [THINGS]) as documents:
        await Timers(documents, THINGS, clock).set(a_timer(after=WEEK))
    clock.forward(days=30)
    for times in (1, 0):
        fired = Fired()
        async with open_documents(url, [THINGS]) as documents:
            assert await Timers(documents, THINGS, clock).fire_due(fired) == times
        assert len(fired.timers) == times


async def test_of_many_workers_one_fires(documents: Documents, clock: Clock) -> None:
    replicas = [(Timers(documents, THINGS, clock), Fired()) for _ in range(5)]
    for number in range(40):
        await replicas[0][0].set(a_timer(f"req_{number}"))
    await asyncio.gather(*(replica.fire_due(fired) for replica, fired in replicas))
    everything = [id_ for _, fired in replicas for id_ in fired.ids]
    assert len(everything) == len(set(everything)) == 40


async def test_what_a_worker_died_over_is_fired_by_another_once_the_claim_has_run_out(
    documents: Documents, clock: Clock
) -> None:
    doomed, heir, fired = Timers(documents, THINGS, clock), Timers(documents, THINGS, clock), Fired()
    started = asyncio.Event()

    async def hang(timer: Timer) -> None:
        started.set()
        await asyncio.Event().wait()

    await doomed.set(a_timer())
    dying = asyncio.create_task(doomed.fire_due(hang))
    await started.wait()
    assert await heir.fire_due(fired) == 0
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    clock.at += LEASE - timedelta(seconds=1)
    assert await heir.fire_due(fired) == 0
    clock.forward(seconds=1)
    assert await heir.fire_due(fired) == 1
    assert fired.ids == ["req_1:REMIND"]


async def test_one_that_hangs_is_given_up_before_its_claim_runs_out(
    set_timers: Timers, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WORK_S", 0.01)
    fired = Fired()

    async def hang(timer: Timer) -> None:
        await asyncio.Event().wait()

    await set_timers.set(a_timer())
    with capture_logs() as lines:
        assert await set_timers.fire_due(hang) == 1
    assert [line["event"] for line in lines] == ["timer_failed"]
    clock.forward(seconds=1)
    await set_timers.fire_due(fired)
    assert [timer.attempts for timer in fired.timers] == [1]


async def test_one_that_fails_is_tried_again_ever_more_rarely_and_holds_up_no_other(
    set_timers: Timers, clock: Clock
) -> None:
    fired = Fired(failing={"BAD"})
    await set_timers.set(a_timer("req_1", "BAD"))
    await set_timers.set(a_timer("req_2", "GOOD"))
    tried = []
    with capture_logs() as lines:
        for second in range(4000):
            clock.at = START + timedelta(seconds=second)
            if await set_timers.fire_due(fired):
                tried.append(second)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1923, 2823, 3723]
    assert fired.ids == ["req_2:GOOD"]
    failures = [line for line in lines if line["event"] == "timer_failed"]
    assert [line["attempt"] for line in failures] == list(range(1, len(tried) + 1))
    fired.failing.clear()
    clock.forward(hours=1)
    await set_timers.fire_due(fired)
    assert fired.ids == ["req_2:GOOD", "req_1:BAD"]


async def test_one_whose_service_is_away_waits_without_an_alarm(set_timers: Timers, clock: Clock) -> None:
    async def away(timer: Timer) -> None:
        raise Unavailable("the directory does not answer", reason="AWAY")

    await set_timers.set(a_timer())
    with capture_logs() as lines:
        await set_timers.fire_due(away)
    assert [(line["event"], line["log_level"]) for line in lines] == [("timer_waits", "warning")]


async def test_one_that_is_set_anew_while_it_fires_fires_again(set_timers: Timers, clock: Clock) -> None:
    seen: list[Timer] = []

    async def moved(timer: Timer) -> None:
        seen.append(timer)
        await set_timers.set(a_timer(after=WEEK))

    await set_timers.set(a_timer())
    await set_timers.fire_due(moved)
    assert await set_timers.fire_due(moved) == 0
    clock.at = START + WEEK
    await set_timers.fire_due(moved)
    assert [timer.due for timer in seen] == [START, START + WEEK]


async def test_one_that_is_cancelled_while_it_fails_is_not_tried_again(set_timers: Timers, clock: Clock) -> None:
    async def cancelled(timer: Timer) -> None:
        await set_timers.cancel(timer.subject, timer.kind)
        raise ValueError

    await set_timers.set(a_timer())
    with capture_logs():
        await set_timers.fire_due(cancelled)
    clock.forward(days=1)
    assert await set_timers.fire_due(Fired()) == 0


async def test_a_clock_that_is_set_back_or_forward_repeats_and_loses_nothing(set_timers: Timers, clock: Clock) -> None:
    fired = Fired()
    await set_timers.set(a_timer("req_1"))
    await set_timers.set(a_timer("req_2", after=WEEK))
    await set_timers.fire_due(fired)
    clock.forward(days=-400)
    assert await set_timers.fire_due(fired) == 0
    clock.at = START + timedelta(days=3650)
    await set_timers.fire_due(fired)
    clock.at = START
    for _ in range(10):
        clock.forward(days=1)
        await set_timers.fire_due(fired)
    assert fired.ids == ["req_1:REMIND", "req_2:REMIND"]


async def test_thousands_that_are_due_at_once_are_fired_in_batches_the_longest_due_first(
    documents: Documents, set_timers: Timers, clock: Clock
) -> None:
    fired = Fired()
    count = 1_050
    await asyncio.gather(*(set_timers.set(a_timer(f"r{n}", after=timedelta(seconds=-n))) for n in range(count)))
    found: list[int] = []
    with capture_logs() as lines:
        while not found or found[-1]:
            found.append(await set_timers.fire_due(fired))
    assert found == [BATCH] * (count // BATCH) + [count % BATCH, 0]
    assert sorted(fired.ids) == sorted(f"r{n}:REMIND" for n in range(count))
    assert set(fired.ids[:BATCH]) == {f"r{n}:REMIND" for n in range(count - BATCH, count)}
    assert [(line["fired"], line["lag_s"]) for line in lines[:2]] == [(BATCH, count - 1), (BATCH, count - 1 - BATCH)]
    assert len(await documents.find(THINGS, {WAKES_AT: Range(at_least=NEVER)}, limit=count + 1)) == count


async def test_the_worker_fires_at_once_what_is_set_here_and_soon_what_is_set_elsewhere(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, fired = Clock(), Fired()
    here, elsewhere = Timers(documents, THINGS, clock), Timers(documents, THINGS, clock)

    async def count(wanted: int) -> None:
        async def there() -> bool:
            return len(fired.timers) == wanted

        await until(there)

    monkeypatch.setattr(module, "LOOK_EVERY_S", 60.0)
    async with working([lambda: here.run(fired)]):
        await here.set(a_timer("req_1"))
        await count(1)
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    async with working([lambda: here.run(fired)]):
        await elsewhere.set(a_timer("req_2"))
        await count(2)
        await elsewhere.set(a_timer("req_3", after=WEEK))
        clock.at = START + WEEK
        await count(3)
