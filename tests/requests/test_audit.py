"""Whoever is shown a request, its report or its files is in the audit, and so is whoever asked for what is not theirs."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chassis.caller import Caller
from protos.common.v1 import audit_pb2 as pb
from protos.common.v1 import common_pb2
from protos.requests.v1 import reports_pb2, requests_pb2
from services.requests.domain import auditing
from services.requests.domain.lifecycle import Status
from services.requests.domain.views import View
from tests.audits import administrator, listed, method_of, parts_of
from tests.builders import a_coordinator, a_handler
from tests.cells import cell
from tests.requests.exchanges import (
    HUNGARY,
    ITALY,
    LIMIC,
    Asking,
    a_draft,
    a_request,
    a_stored_request,
    an_upload,
    command,
    downloaded,
)
from vocabulary.audit import Known, Part
from vocabulary.refusals import NotFound

FULL = {"CONTENT", "PERSONAL_DATA"}
COORDINATOR = a_coordinator("HU", LIMIC)
FRANCE = a_handler("FR")


async def reads(asking: Asking, caller: Caller, **asked: Any) -> list[pb.AuditedRead]:
    return list((await listed(asking.peer(caller), asking.channel, **asked)).reads)


async def last(asking: Asking, reader: Caller, id_: str) -> tuple[str, str, set[str]]:
    """How *reader* read the request last: by which method, what of it."""
    read = (await reads(asking, administrator(reader), id=id_, user_id=reader.user_id))[0]
    # A file has none.
    assert read.things[0].revision or method_of(read) == "DownloadFile", "which of its revisions"
    return read.user_id, method_of(read), parts_of(read, id_)


async def report(asking: Asking, caller: Caller, id_: str, *, personal: bool) -> None:
    message = reports_pb2.RenderReportRequest(id=id_, language="en", with_personal_data=personal)
    async for _ in asking.peer(caller).stream(asking.reports.RenderReport, message):
        pass


async def test_each_way_to_read_a_request_is_written_down(asking: Asking) -> None:
    file = await an_upload(asking, ITALY)
    id_ = (await a_request(asking, Status.SENT, file_ids=[file.id])).id
    sent = requests_pb2.REQUEST_LIST_SENT
    ways: list[tuple[Caller, str, set[str], Callable[[], Awaitable[Any]]]] = [
        (ITALY, "BatchGetRequests", FULL, lambda: asking.read(ITALY, id_)),
        (HUNGARY, "BatchGetRequests", {"CONTENT"}, lambda: asking.read(HUNGARY, id_)),
        (COORDINATOR, "BatchGetRequests", {"CONTENT"}, lambda: asking.read(COORDINATOR, id_)),
        (HUNGARY, "AcceptRequest", FULL, lambda: asking.do(HUNGARY, "AcceptRequest", id=id_)),
        (HUNGARY, "BatchGetRequests", FULL, lambda: asking.read(HUNGARY, id_)),
        (HUNGARY, "DownloadFile", {"FILE"}, lambda: downloaded(asking, HUNGARY, file.id)),
        (ITALY, "RenderReport", {*FULL, "REPORT"}, lambda: report(asking, ITALY, id_, personal=True)),
        (COORDINATOR, "RenderReport", {"CONTENT", "REPORT"}, lambda: report(asking, COORDINATOR, id_, personal=True)),
        (HUNGARY, "RenderReport", {"CONTENT", "REPORT"}, lambda: report(asking, HUNGARY, id_, personal=False)),
        (ITALY, "ListRequests", {*FULL, "LISTED"}, lambda: asking(ITALY, "ListRequests", list=sent)),
    ]
    for reader, method, parts, way in ways:
        with cell(method, reader.user_id):
            await way()
            assert await last(asking, reader, id_) == (reader.user_id, method, parts)
    assert parts_of((await reads(asking, administrator(HUNGARY), id=file.id))[0], file.id) == {"FILE"}


async def test_the_answer_to_a_command_that_is_repeated_is_read_once_more(asking: Asking) -> None:
    key = command()
    id_ = (await asking.do(ITALY, "CreateRequest", command=key, draft=a_draft())).id
    await asking.do(ITALY, "CreateRequest", command=key, draft=a_draft())
    await asking.do(ITALY, "SendRequest", id=id_)
    for _ in range(2):
        accepted = await asking.do(HUNGARY, "AcceptRequest", command=key, id=id_)
    for reader, method in ((ITALY, "CreateRequest"), (HUNGARY, "AcceptRequest")):
        found = await reads(asking, administrator(reader), id=id_, user_id=reader.user_id)
        told = [(method_of(one), parts_of(one, id_)) for one in found if method_of(one) == method]
        with cell(method):
            assert told == [(method, FULL)] * 2
    assert {one.things[0].revision for one in found} == {accepted.revision}


async def test_who_asks_for_what_is_not_theirs_is_written_down_as_well(asking: Asking) -> None:
    file = await an_upload(asking, ITALY)
    id_ = (await a_request(asking, Status.SENT, file_ids=[file.id])).id
    assert await asking.read(FRANCE, id_) is None
    with pytest.raises(NotFound):
        await downloaded(asking, FRANCE, file.id)
    with pytest.raises(NotFound):
        await report(asking, FRANCE, id_, personal=True)
    found = await reads(asking, administrator(FRANCE), user_id=FRANCE.user_id)
    assert [(method_of(one), one.refused, one.things[0].id) for one in found[:3]] == [
        ("RenderReport", "NOT_FOUND", id_),
        ("DownloadFile", "NOT_FOUND", file.id),
        ("BatchGetRequests", "", id_),
    ]
    assert all(set(one.things[0].parts) == {pb.AUDITED_PART_WITHHELD} for one in found[:3])


async def test_each_side_knows_that_the_other_has_read_it_and_not_who(asking: Asking) -> None:
    id_ = (await a_request(asking, Status.ACCEPTED)).id
    for reader in (ITALY, HUNGARY, FRANCE):
        await asking.read(reader, id_)
    for reader, other in ((ITALY, HUNGARY), (HUNGARY, ITALY)):
        found = await reads(asking, administrator(reader), id=id_, page=common_pb2.Page(first=100))
        told = {(one.authority_id, one.country_code, one.user_id) for one in found if "BatchGet" in one.operation}
        assert told == {
            (reader.authority_id, reader.country, reader.user_id),
            (other.authority_id, other.country, ""),
            (FRANCE.authority_id, "FR", ""),
        }
    own = await reads(asking, administrator(FRANCE), id=id_)
    assert {one.authority_id for one in own} == {FRANCE.authority_id}
    # By person, it is the own people only.
    assert await reads(asking, administrator(ITALY), id=id_, user_id=HUNGARY.user_id) == []


def test_only_the_two_authorities_may_know_of_reads_and_the_second_once_it_is_sent() -> None:
    for status in Status:
        request = a_stored_request(status)
        sent = status not in (Status.DRAFT, Status.PENDING_SEND_APPROVAL, Status.DELETED)
        with cell(status):
            assert auditing.known(request, request.requester_id) is Known.AUTHORITIES
            assert auditing.known(request, request.draft.responder_id) is (Known.AUTHORITIES if sent else Known.NOTHING)
            assert auditing.known(request, COORDINATOR.authority_id) is Known.NOTHING
            assert auditing.known(request, "") is Known.NOTHING
            for view in View:
                personal = view is View.FULL and status is not Status.BLOCKED
                assert (Part.PERSONAL_DATA in auditing.parts(request, view)) is personal


async def test_the_draft_of_another_authority_is_nothing_to_know_of(asking: Asking) -> None:
    id_ = (await asking.do(ITALY, "CreateRequest", draft=a_draft())).id
    await asking.read(ITALY, id_)
    assert await reads(asking, administrator(HUNGARY), id=id_) == []
