"""Whoever is shown an alert is in the audit, and so is whoever asked for one that is not theirs; nothing that it says is."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chassis.audit.segments import AUDIT
from chassis.caller import Caller
from engines.documents import open_documents, pages
from protos.alerts.v1 import alerts_pb2
from protos.common.v1 import audit_pb2 as pb
from protos.common.v1 import common_pb2
from services.alerts.domain import auditing
from services.alerts.domain.lifecycle import Status
from tests.alerts.cast import (
    AT_COORDINATOR,
    COMMISSION,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HUNGARY,
    IT_COORDINATOR,
    ITALY,
    as_party,
    someone,
)
from tests.alerts.conftest import Asking
from tests.alerts.test_cap import xml
from tests.alerts.test_receipts_rpc import rendered, until_recorded
from tests.alerts.threads import a_full_alert, an_alert, last_changed, ruled
from tests.audits import administrator, listed, method_of, parts_of
from tests.cells import cell
from vocabulary.audit import Known
from vocabulary.refusals import Forbidden, NotFound
from vocabulary.roles import UserRole

FULL = {"CONTENT", "PERSONAL_DATA"}


async def reads(asking: Asking, caller: Caller, **asked: Any) -> list[pb.AuditedRead]:
    return list((await listed(asking.peer(caller), asking.channel, **asked)).reads)


async def last(asking: Asking, reader: Caller, id_: str) -> tuple[str, str, set[str]]:
    """How the authority of *reader* read the alert last: who, by which method, what of it."""
    read = (await reads(asking, administrator(reader), id=id_))[0]
    assert read.things[0].revision, "which of its revisions"
    return read.user_id, method_of(read), parts_of(read, id_)


async def test_each_way_to_read_an_alert_is_written_down(asking: Asking) -> None:
    alert = await a_full_alert(asking)
    await until_recorded(asking, alert)
    words = common_pb2.FreeText(text="di più", language="it")
    ways: list[tuple[Caller, str, set[str], Callable[[], Awaitable[Any]]]] = [
        (ITALY, "BatchGetAlerts", FULL, lambda: asking(ITALY, "BatchGetAlerts", ids=[alert.id])),
        (COMMISSION, "BatchGetAlerts", {"CONTENT"}, lambda: asking(COMMISSION, "BatchGetAlerts", ids=[alert.id])),
        (HUNGARY, "ListAlerts", {*FULL, "LISTED"}, lambda: last_changed(asking, HUNGARY)),
        (ITALY, "RenderReceipt", {"REPORT"}, lambda: rendered(asking, ITALY, alert.id)),
        (
            IT_COORDINATOR,
            "RenderReceipt",
            {*FULL, "REPORT"},
            lambda: rendered(asking, IT_COORDINATOR, alert.id, content=True),
        ),
        (HU_COORDINATOR, "RenderCap", {"CONTENT", "REPORT"}, lambda: xml(asking, HU_COORDINATOR, alert.id)),
        (ITALY, "RenderCap", {*FULL, "REPORT"}, lambda: xml(asking, ITALY, alert.id, personal=True)),
        (
            ITALY,
            "AddAlertInformation",
            FULL,
            lambda: asking.do(ITALY, "AddAlertInformation", id=alert.id, text=words),
        ),
    ]
    for reader, method, parts, way in ways:
        with cell(method, reader.user_id):
            await way()
            assert await last(asking, reader, alert.id) == (reader.user_id, method, parts)
    again = common_pb2.Command(idempotency_key="told-again")
    before = len(await reads(asking, administrator(ITALY), id=alert.id, user_id=ITALY.user_id))
    for times in (1, 2):
        await asking.do(ITALY, "AddAlertInformation", id=alert.id, text=words, command=again)
        assert await last(asking, ITALY, alert.id) == (ITALY.user_id, "AddAlertInformation", FULL)
        assert len(await reads(asking, administrator(ITALY), id=alert.id, user_id=ITALY.user_id)) == before + times
    read = (await reads(asking, administrator(ITALY), id=alert.id, user_id=ITALY.user_id))[0]
    assert (read.direct, read.refused, read.country_code, len(read.trace_id)) == (False, "", "IT", 32)
    assert read.things[0].revision == alert.revision + 2


async def test_who_asks_for_what_is_not_theirs_is_written_down_as_well(asking: Asking) -> None:
    alert = await an_alert(asking)
    with pytest.raises(NotFound):
        await rendered(asking, AT_COORDINATOR, alert.id)
    assert await asking.read(AT_COORDINATOR, alert.id) is None
    found = await reads(asking, administrator(AT_COORDINATOR), id=alert.id)
    assert [(read.user_id, method_of(read), read.refused) for read in found] == [
        (AT_COORDINATOR.user_id, "BatchGetAlerts", ""),
        (AT_COORDINATOR.user_id, "RenderReceipt", "NOT_FOUND"),
    ]
    assert [parts_of(read, alert.id) for read in found] == [{"WITHHELD"}] * 2
    # What is no id at all may be anything, and is not kept.
    with pytest.raises(NotFound):
        await rendered(asking, AT_COORDINATOR, "alt_Mario Rossi")
    assert all("Rossi" not in str(read) for read in await reads(asking, administrator(AT_COORDINATOR)))


async def test_nothing_of_what_an_alert_says_is_kept(asking: Asking) -> None:
    alert = await a_full_alert(asking)
    await asking.read(ITALY, alert.id)
    await reads(asking, administrator(ITALY), id=alert.id)
    texts = [one.value.text.text for one in alert.values if one.value.HasField("text")]
    assert texts
    async with open_documents(asking.settings.documents("alerts"), [AUDIT]) as documents:
        kept = str([page async for page in pages(documents, AUDIT, size=20)])
    assert alert.id in kept
    assert not [text for text in texts if text in kept]


async def test_one_authority_knows_its_own_people_and_of_others_the_country(asking: Asking) -> None:
    alert = await a_full_alert(asking)
    for reader in (HUNGARY, HU_COORDINATOR, FR_COORDINATOR, ITALY, IT_COORDINATOR):
        await asking.read(reader, alert.id)
    for reader in (ITALY, HUNGARY, FR_COORDINATOR):
        with cell(reader.user_id):
            found = await reads(asking, administrator(reader), id=alert.id, page=common_pb2.Page(first=100))
            told = {(one.country_code, one.authority_id, one.user_id) for one in found if "GetAlerts" in one.operation}
            assert {country for country, _, _ in told} == {"IT", "HU", "FR"}
            for country, authority, user in told:
                assert bool(authority) is (country == reader.country)
                assert bool(user) is (authority == reader.authority_id)
            assert all(one.trace_id == "" for one in found if one.authority_id != reader.authority_id)
    # Whoever has no part in it learns of no reader, nor that there are any.
    assert await reads(asking, administrator(someone("aut_fr_labour", UserRole.VIEWER)), id=alert.id) == []


async def test_the_audit_is_for_those_who_answer_for_data_protection(asking: Asking) -> None:
    nimic = someone("aut_it_nimic", UserRole.COORDINATOR)
    for caller, may in (
        (administrator(ITALY), True),
        (nimic, True),
        (someone("aut_it_nimic", UserRole.VIEWER), False),
        (ITALY, False),
        (IT_COORDINATOR, False),
        (COMMISSION, False),
    ):
        with cell(caller.user_id):
            if may:
                await reads(asking, caller)
                continue
            with pytest.raises(Forbidden):
                await reads(asking, caller)


async def test_to_read_the_audit_is_a_read(asking: Asking) -> None:
    alert = await an_alert(asking)
    reader = administrator(HU_COORDINATOR)
    await reads(asking, reader, id=alert.id)
    await reads(asking, reader)
    found = await reads(asking, reader, user_id=reader.user_id)
    assert [(method_of(one), one.things[0].kind, one.things[0].id) for one in found[:2]] == [
        ("ListReads", pb.AUDITED_KIND_AUDIT, reader.authority_id),
        ("ListReads", pb.AUDITED_KIND_AUDIT, alert.id),
    ]
    with pytest.raises(Forbidden):
        await reads(asking, HUNGARY, id=alert.id)
    assert (await reads(asking, administrator(HUNGARY)))[0].refused == "FORBIDDEN"


async def test_pages_go_on_where_the_last_one_ended(asking: Asking) -> None:
    alert = await an_alert(asking)
    for _ in range(5):
        await asking.read(ITALY, alert.id)
    reader = administrator(ITALY)
    whole = await listed(asking.peer(reader), asking.channel, id=alert.id, page=common_pb2.Page(first=100))
    found: list[pb.AuditedRead] = []
    after = ""
    while True:
        page = await listed(
            asking.peer(reader), asking.channel, id=alert.id, page=common_pb2.Page(first=2, after=after)
        )
        found += page.reads
        if not page.page_info.has_next_page:
            break
        after = page.page_info.cursors[-1]
    # To look is a read, too: what was read since the first look comes before it.
    assert list(whole.reads) == [one for one in found if one.sequence <= whole.reads[0].sequence]
    assert [one.sequence for one in found] == sorted({one.sequence for one in found}, reverse=True)


def test_who_has_a_part_in_an_alert_may_know_that_others_have_read_it() -> None:
    for status in (Status.DRAFT, Status.SUBMITTED, Status.BROADCAST):
        for caller, known in (
            (ITALY, True),
            (IT_COORDINATOR, status is not Status.DRAFT),
            (HU_COORDINATOR, status is Status.BROADCAST),
            (HUNGARY, False),
            (AT_COORDINATOR, False),
            (COMMISSION, False),
        ):
            with cell(status, caller.user_id):
                found = auditing.known(ruled(status), as_party(caller))
                assert found is (Known.COUNTRIES if known else Known.NOTHING)
                assert auditing.known(ruled(status), as_party(administrator(caller))) is found


async def test_a_list_that_is_refused_is_an_attempt(asking: Asking) -> None:
    lone = administrator(ITALY)
    with pytest.raises(Forbidden):
        await asking(lone, "ReadInbox", page=common_pb2.Page(first=1))
    read = (await reads(asking, lone, user_id=lone.user_id))[0]
    assert (method_of(read), read.refused, list(read.things)) == ("ReadInbox", "FORBIDDEN", [])
    assert alerts_pb2.DESCRIPTOR.services_by_name["AlertsService"].full_name in read.operation
