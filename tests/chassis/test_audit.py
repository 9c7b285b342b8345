"""Reads are answered once they are accepted, written in groups, kept while the store is away, and refused when that lasts."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis.audit import segments, writing
from chassis.audit.chain import State
from tests.chassis.audits import RETENTION, WINDOW_S, Auditing, a_read, auditing
from tests.chassis.waiting import until
from vocabulary.refusals import Unavailable


@pytest.fixture
async def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Auditing]:
    monkeypatch.setattr(writing, "GATHER_S", 0.01)
    monkeypatch.setattr(writing, "PAUSE_S", 0.01)
    async with auditing(tmp_path) as opened:
        yield opened


async def test_what_is_accepted_is_written_in_its_order(there: Auditing) -> None:
    audit = there.process()
    async with audit.writing():
        for number in range(1, 40):
            audit.accept(a_read(number))
        await audit.all_written()
        assert await there.reads() == [a_read(number) for number in range(1, 40)]
    assert await there.fault() is None


async def test_an_audit_holds_before_anything_was_read(there: Auditing) -> None:
    async with there.process().writing():
        pass
    assert await there.reads() == []
    assert await there.fault() is None


async def test_a_stop_writes_what_is_left(there: Auditing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "GATHER_S", 3_600.0)
    await there.write(a_read(1), a_read(2))
    assert await there.reads() == [a_read(1), a_read(2)]


async def test_rows_wait_while_the_store_is_away_and_then_nothing_is_accepted(there: Auditing) -> None:
    audit = there.process()
    told: list[bool] = []

    async def tell(is_open: bool) -> None:
        told.append(is_open)

    async def says(is_open: bool) -> None:
        async def said() -> bool:
            return told[-1:] == [is_open]

        await until(said)

    audit.tell = tell
    with capture_logs() as logged:
        async with audit.writing():
            await says(True)
            there.store.away = True
            audit.accept(a_read(1))
            there.waited_s = WINDOW_S
            audit.accept(a_read(2))
            there.waited_s = WINDOW_S + 1
            with pytest.raises(Unavailable) as refused:
                audit.accept(a_read(3))
            assert refused.value.reason == "AUDIT"
            await says(False)
            there.store.away = False
            await says(True)
            audit.accept(a_read(4))
    assert await there.reads() == [a_read(1), a_read(2), a_read(4)]
    assert await there.fault() is None
    assert {"audit_closed", "audit_open"} <= {line["event"] for line in logged}


async def test_there_is_room_for_so_many_rows_and_no_more(there: Auditing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BUFFER", 3)
    audit = there.process()
    there.store.away = True
    for number in range(3):
        audit.accept(a_read(number))
    with pytest.raises(Unavailable):
        audit.accept(a_read(4))
    assert not audit.is_open


async def test_there_is_room_for_so_many_things_and_there_is_again_when_they_are_written(
    there: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BUFFER_THINGS", 40)
    large = replace(a_read(1), things=a_read(1).things * 20)
    audit = there.process()
    async with audit.writing():
        there.store.away = True
        for _ in range(2):
            audit.accept(large)
        with pytest.raises(Unavailable):
            audit.accept(a_read(2))
        there.store.away = False
        await audit.written(2)
        audit.accept(a_read(3))
    assert await there.reads() == [large, large, a_read(3)]


async def test_who_waits_for_a_row_has_it_written_or_is_refused(
    there: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "GATHER_S", 3_600.0)
    audit = there.process()
    async with audit.writing():
        await audit.written(audit.accept(a_read(1)))
        assert await there.reads() == [a_read(1)]
        there.store.away = True
        monkeypatch.setattr(writing, "WAIT_S", 0.05)
        with pytest.raises(Unavailable) as refused:
            await audit.written(audit.accept(a_read(2)))
        assert refused.value.reason == "AUDIT"
        there.store.away = False
    assert await there.reads() == [a_read(1), a_read(2)]


async def test_what_was_written_without_an_answer_is_not_written_again(there: Auditing) -> None:
    audit = there.process()
    async with audit.writing():
        there.store.forgetful = 1
        audit.accept(a_read(1))
        await audit.all_written()
        audit.accept(a_read(2))
        there.store.forgetful = 2
    assert await there.reads() == [a_read(1), a_read(2)]
    assert await there.fault() is None


async def test_what_is_written_after_nobody_waits_for_it_any_more_is_not_written_twice(there: Auditing) -> None:
    audit = there.process()
    async with audit.writing():
        there.store.late = 1
        audit.accept(a_read(1))
        await audit.all_written()
    assert await there.reads() == [a_read(1)]
    assert await there.fault() is None


async def test_replicas_write_one_chain(there: Auditing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "ROWS", 7)
    audits = [there.process() for _ in range(4)]

    async def reading(number: int) -> None:
        async with audits[number].writing():
            for read in range(20):
                audits[number].accept(a_read(100 * number + read))
                await audits[number].all_written()

    await asyncio.gather(*map(reading, range(4)))
    found = await there.reads()
    assert sorted(one.trace for one in found) == sorted(
        a_read(100 * number + read).trace for number in range(4) for read in range(20)
    )
    for number in range(4):
        own = [one.trace for one in found if int(one.trace, 16) // 100 == number]
        assert own == sorted(own)
    assert await there.fault() is None


async def test_a_process_that_dies_between_opening_a_segment_and_closing_the_last_harms_nothing(
    there: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    await there.write(a_read(1))
    await there.segments._open(2, "2026-11-27T10:00:00.000000Z", there.keys)
    assert await there.fault() is None
    await there.write(a_read(2))
    assert [one.count for one in await there.all()] == [2, 0]
    monkeypatch.setattr(segments, "ROWS", 3)
    await there.write(a_read(3))
    await there.write(a_read(4))
    assert [(one.count, one.state) for one in await there.all()] == [(3, State.CLOSED), (1, State.OPEN)]
    assert await there.fault() is None


async def test_a_process_that_dies_before_it_has_filled_a_segment_in_one_go_harms_nothing(
    there: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "ROWS", 2)
    await there.write(a_read(1), a_read(2))
    await there.segments._open(3, "2026-11-27T10:00:00.000000Z", there.keys)
    assert [(one.count, one.state) for one in await there.all()] == [
        (2, State.CLOSED),
        (0, State.OPEN),
        (0, State.OPEN),
    ]
    assert await there.fault() is None
    head = await there.segments.head()
    assert head is not None
    assert head.last == 2
    await there.write(a_read(3), a_read(4), a_read(5))
    assert await there.reads() == [a_read(number) for number in range(1, 6)]
    assert await there.fault() is None


async def test_rows_with_many_things_are_written_a_few_at_a_time(
    there: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store takes only so much in one document, and what it does not take would be tried for ever."""
    monkeypatch.setattr(writing, "GROUP_THINGS", 50)
    monkeypatch.setattr(segments, "THINGS", 100)
    reads = [replace(a_read(number), things=a_read(number).things * 20) for number in range(1, 31)]
    reads.append(replace(a_read(31), things=a_read(31).things * 200))
    await there.write(*reads)
    assert await there.reads() == reads
    written = await there.all()
    assert max(sum(len(row.read.things) for row in one.rows) for one in written) < 100 + 200
    assert await there.fault() is None


async def test_rows_are_erased_when_their_time_is_over_and_the_chain_still_holds(
    there: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "ROWS", 2)
    for number in range(1, 6):
        await there.write(a_read(number))
    audit = there.process()
    there.clock.at = there.clock.at + RETENTION
    assert await audit.erase() == 0
    there.clock.forward(days=10)
    assert await audit.erase() == 3
    assert await there.reads() == []
    assert [one async for one in there.segments.about("things", "req_1")] == []
    await there.write(a_read(7))
    assert await there.reads() == [a_read(7)]
    assert (await there.all())[-1].first == 6
    assert await there.fault(there.clock.at - RETENTION) is None
    early = await there.fault(there.clock.at - RETENTION - timedelta(days=10))
    assert early is not None


async def test_the_log_says_how_far_the_chain_goes(there: Auditing) -> None:
    with capture_logs() as logged:
        await there.write(a_read(1), a_read(2))
    head = (await there.all())[-1]
    said = [line for line in logged if line["event"] == "audit_head"]
    assert (said[-1]["length"], said[-1]["hash"]) == (2, head.hash)
