"""An audit on each document engine: several processes write one chain, which is found by, erased and verified."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.audit import segments, writing
from chassis.audit.segments import AUDIT
from chassis.chains import SigningKeys
from chassis.keys import KeyRing
from engines.documents import open_documents, prepare_documents
from tests.chassis.audits import RETENTION, SERVICE, Auditing, Store, a_read
from tests.chassis.ticking import Clock

KIND = "documents"


async def test_processes_write_one_chain_that_is_searched_and_erased(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "ROWS", 5)
    monkeypatch.setattr(writing, "GATHER_S", 0.01)
    await prepare_documents(url, [AUDIT])
    async with open_documents(url, [AUDIT]) as documents:
        there = Auditing(Store(documents), SigningKeys(KeyRing(tmp_path), f"{SERVICE}_audit"), Clock())

        async def reading(number: int) -> None:
            audit = there.process()
            async with audit.writing():
                for read in range(10):
                    audit.accept(a_read(100 * number + read))
                    await audit.all_written()

        await asyncio.gather(*map(reading, (1, 2, 3)))
        assert sorted(int(one.trace, 16) for one in await there.reads()) == [
            100 * number + read for number in (1, 2, 3) for read in range(10)
        ]
        assert await there.fault() is None
        about = [one async for one in there.segments.about("things", "req_204")]
        assert len(about) == 1
        assert a_read(204) in [row.read for row in about[0].rows]
        numbers = [one.number async for one in there.segments.about("people", "usr_anna", up_to=3)]
        assert numbers == [3, 2, 1]
        there.clock.at += RETENTION + timedelta(days=10)
        assert await there.process().erase() >= 3
        assert await there.reads() == []
        assert await there.fault(there.clock.at - RETENTION) is None
