"""Who reads the audit of a service goes through it in pages, by cursors that may be anybody's invention."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chassis.audit.rpc import READS, AuditRpc
from chassis.caller import Caller, set_current
from protos.common.v1 import audit_pb2 as pb
from protos.common.v1 import common_pb2
from tests.cells import cell
from tests.chassis.audits import a_read, auditing
from vocabulary import pages
from vocabulary.audit import Known
from vocabulary.refusals import Invalid
from vocabulary.roles import UserRole

ADMINISTRATOR = Caller(
    user_id="usr_anna",
    authority_id="aut_it",
    country="IT",
    user_roles={"": frozenset({UserRole.LOCAL_DATA_ADMINISTRATOR})},
)
NO_CONTEXT: Any = None


async def test_a_cursor_that_no_page_has_ended_with_is_refused_as_one(tmp_path: Path) -> None:
    async def nothing(_: Caller, __: str) -> Known:
        return Known.NOTHING

    async def listed(after: str) -> pb.ListReadsResponse:
        set_current(ADMINISTRATOR)
        page = common_pb2.Page(first=1, after=after)
        return await rpc.ListReads(pb.ListReadsRequest(page=page), NO_CONTEXT)

    async with auditing(tmp_path) as there:
        audit = there.process()
        rpc = AuditRpc(audit, there.segments, there.keys, nothing)
        async with audit.writing():
            for number in (1, 2):
                audit.accept(a_read(number))
            first = await asyncio.create_task(listed(""))
            assert [one.sequence for one in first.reads] == [2]
            second = await asyncio.create_task(listed(first.page_info.cursors[0]))
            assert [one.sequence for one in second.reads] == [1]
            for number, sequence in ((2**70, 1), (1, 2**70), (-1, 1), (1, -(2**70))):
                with cell(number, sequence), pytest.raises(Invalid) as refused:
                    await asyncio.create_task(listed(pages.cursor(READS, number, sequence)))
                assert refused.value.reason == "CURSOR"
