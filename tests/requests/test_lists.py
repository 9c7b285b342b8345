"""Work lists: who finds which request where, in which order, page by page, and nothing of anybody else's."""

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from chassis.wire import LISTED_LIMIT
from engines.documents import open_documents
from engines.events import open_events
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests import storage
from services.requests.domain.lifecycle import UNSENT, Party, Status
from tests.builders import QUALIFICATIONS, a_coordinator, a_handler, doctors, the_commission
from tests.requests.exchanges import (
    CALLERS,
    FREE_PORT,
    HUNGARY,
    ITALY,
    WALKED,
    WIRE_STATUS,
    Asking,
    a_draft,
    a_request,
    a_request_for,
    a_stored_draft,
    a_stored_request,
    nurses,
    running,
    text,
)
from vocabulary import pages
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

LISTS = {name.removeprefix("REQUEST_LIST_"): number for name, number in pb.RequestList.items() if number}
TODAY = datetime.now(UTC).date()
LIMIC, NIMIC = LegislativeRole.LIMIC, LegislativeRole.NIMIC


async def page(
    asking: Asking, caller: Caller, name: str, *, first: int = 0, after: str = "", **wanted: Any
) -> pb.ListRequestsResponse:
    answer: pb.ListRequestsResponse = await asking(
        caller,
        "ListRequests",
        list=LISTS[name],
        filter=pb.RequestFilter(**wanted),
        page=common_pb2.Page(first=first, after=after),
    )
    assert len(answer.page_info.cursors) == len(answer.requests)
    return answer


async def listed(asking: Asking, caller: Caller, name: str, *, size: int = 100, **wanted: Any) -> list[str]:
    """The ids on the whole list."""
    found: list[str] = []
    after, more = "", True
    while more:
        answer = await page(asking, caller, name, first=size, after=after, **wanted)
        found += [request.id for request in answer.requests]
        more = answer.page_info.has_next_page
        after = answer.page_info.cursors[-1] if more else ""
    return found


ACTION = "ACTION_REQUIRED"
# Whose turn it is; who is on which other lists follows from the status alone.
WAITS_FOR = {
    Status.SENT: "HU", Status.ACCEPTED: "HU", Status.ANSWERED: "IT", Status.MORE_INFO_REQUESTED: "HU",
    Status.MORE_INFO_REFUSED: "IT", Status.ANSWERED_FINAL: "IT",
}  # fmt: skip
COORDINATORS_WAITED_FOR = {
    Status.PENDING_SEND_APPROVAL: {"IT"}, Status.PENDING_REPLY_APPROVAL: {"HU"}, Status.REFERRED: {"IT", "HU"},
}  # fmt: skip


def lists_of(country: str, status: Status) -> set[str]:
    """The lists of the authority of *country* that a request from Italy to Hungary is on."""
    if status is Status.DELETED or (status in UNSENT and country == "HU"):
        return set()
    if status is Status.DRAFT:
        return {"DRAFTS"}
    return {"SENT" if country == "IT" else "RECEIVED"} | ({ACTION} if WAITS_FOR.get(status) == country else set())


def coordinators_lists(country: str, role: LegislativeRole, status: Status) -> set[str]:
    """The same of its coordinators; the LIMIC is the one that is asked to approve and decide."""
    asked = role is LIMIC and country in COORDINATORS_WAITED_FOR.get(status, set())
    found = set() if status in UNSENT and not asked else {"COORDINATED"}
    return found | ({ACTION} if asked else set())


@pytest.mark.parametrize("status", WALKED)
async def test_a_request_is_on_the_lists_of_those_it_concerns(asking: Asking, status: Status) -> None:
    """Whoever has no role in it finds it on none."""
    request = await a_request(asking, status, desired_date="2999-01-01")
    expected: list[tuple[Caller, set[str]]] = [
        (ITALY, lists_of("IT", status)),
        (HUNGARY, lists_of("HU", status)),
        (a_handler("FR"), set()),
        (a_handler("IT", UserRole.ALLOCATOR), lists_of("IT", status)),
        (a_handler("IT", UserRole.LOCAL_DATA_ADMINISTRATOR), set()),
        (a_handler("IT", module="services/requests"), set()),
        (the_commission(), set()),
        *[
            (a_coordinator(country, role), coordinators_lists(country, role, status))
            for country in ("IT", "HU")
            for role in (LIMIC, NIMIC)
        ],
        (a_coordinator("HU", LIMIC, [UserRole.VIEWER]), set()),
        (a_coordinator("FR", LIMIC), set()),
    ]
    for caller, lists in expected:
        on = set()
        for name in LISTS:
            answer = await page(asking, caller, name, first=3, statuses=[WIRE_STATUS[status]])
            if request.id in {one.id for one in answer.requests}:
                on.add(name)
                assert answer.requests[0] == await asking.read(caller, request.id)
        assert on == lists, caller.user_id


TASKS = {
    Status.PENDING_SEND_APPROVAL: [(Party.SENDING_APPROVER, ["APPROVE_SENDING"])],
    Status.SENT: [(Party.RESPONDER, ["ACCEPT"])],
    Status.ACCEPTED: [(Party.RESPONDER, ["ANSWER"])],
    Status.PENDING_REPLY_APPROVAL: [(Party.REPLY_APPROVER, ["APPROVE_REPLY"])],
    Status.ANSWERED: [(Party.REQUESTER, ["EVALUATE_REPLY"])],
    Status.MORE_INFO_REQUESTED: [(Party.RESPONDER, ["GIVE_MORE_INFORMATION"])],
    Status.MORE_INFO_REFUSED: [(Party.REQUESTER, ["DECIDE_ON_REFUSAL"])],
    Status.REFERRED: [
        (Party.REQUESTER_REFERRAL, ["GIVE_OPINION"]),
        (Party.RESPONDER_REFERRAL, ["GIVE_OPINION", "DECIDE_REFERRAL"]),
    ],
    Status.ANSWERED_FINAL: [(Party.REQUESTER, ["CLOSE"])],
}


def tasks(request: pb.Request | None) -> list[str]:
    return [pb.RequestTask.Name(task).removeprefix("REQUEST_TASK_") for task in request.tasks] if request else []


@pytest.mark.parametrize("status", WALKED)
async def test_each_row_says_why_it_is_there(
    asking: Asking, standing: dict[Status, pb.Request], status: Status
) -> None:
    expected = {CALLERS[party].authority_id: wanted for party, wanted in TASKS.get(status, [])}
    for caller in CALLERS.values():
        found = tasks(await asking.read(caller, standing[status].id))
        assert found == expected.get(caller.authority_id, []), caller.user_id


async def test_a_proposed_date_waits_for_the_requester_and_a_returned_draft_too(asking: Asking) -> None:
    proposed = await a_request_for(asking, "AcceptProposedDate", Status.ACCEPTED)
    assert tasks(await asking.read(ITALY, proposed.id)) == ["DECIDE_ON_DATE"]
    assert tasks(proposed) == ["ANSWER"]
    accepted = [WIRE_STATUS[Status.ACCEPTED]]
    assert proposed.id in await listed(asking, ITALY, ACTION, statuses=accepted)
    pending = await a_request(asking, Status.PENDING_SEND_APPROVAL)
    await asking.do(a_coordinator("IT", LIMIC), "ReturnRequest", id=pending.id, reason=text("più precisi"))
    assert tasks(await asking.read(ITALY, pending.id)) == ["CORRECT_DRAFT"]
    assert pending.id in await listed(asking, ITALY, ACTION, statuses=[WIRE_STATUS[Status.DRAFT]])


async def test_the_opinion_of_a_coordinator_is_waited_for_once(asking: Asking) -> None:
    request = await a_request(asking, Status.REFERRED)
    ours, theirs = a_coordinator("IT", LIMIC), a_coordinator("HU", LIMIC)
    given = await asking.do(ours, "GiveOpinion", id=request.id, text=text("manca l'anno"))
    assert tasks(given) == []
    assert request.id not in await listed(asking, ours, ACTION)
    assert tasks(await asking.read(theirs, request.id)) == ["GIVE_OPINION", "DECIDE_REFERRAL"]


@pytest.mark.parametrize("role", LegislativeRole)
async def test_only_coordinators_of_a_country_have_a_list_of_what_they_coordinate(
    asking: Asking, role: LegislativeRole
) -> None:
    """Others of the same authority learn nothing of it, not even how much there is."""
    may = role in (LIMIC, NIMIC)
    await a_request(asking, Status.SENT, responder=a_handler("SK"))
    answer = await page(asking, a_coordinator("SK", role), "COORDINATED")
    assert bool(answer.requests) is may
    assert {request.view for request in answer.requests} <= {pb.REQUEST_VIEW_WITHOUT_PERSONAL_DATA}
    for other in (UserRole.VIEWER, UserRole.REQUEST_HANDLER, UserRole.SUPERVISOR, UserRole.ALLOCATOR):
        answer = await page(asking, a_coordinator("SK", role, [other]), "COORDINATED", first=1)
        assert answer == pb.ListRequestsResponse(page_info=common_pb2.PageInfo())


async def test_a_list_begins_with_the_last_changed(asking: Asking) -> None:
    slovenia = a_handler("SI", authority=nurses("SI"))
    made = [(await a_request(asking, Status.DRAFT, requester=slovenia)).id for _ in range(4)]
    await asking.do(slovenia, "EditRequest", id=made[1], draft=a_draft())
    assert await listed(asking, slovenia, "DRAFTS", size=3) == [made[1], made[3], made[2], made[0]]


async def test_nothing_comes_twice_while_the_list_changes(asking: Asking) -> None:
    """What has been seen and changes again is not seen again; what stays as it is is seen once."""
    portugal = a_handler("PT", authority=nurses("PT"))
    made = [(await a_request(asking, Status.DRAFT, requester=portugal)).id for _ in range(7)]
    first = await page(asking, portugal, "DRAFTS", first=2)
    seen = [request.id for request in first.requests]
    assert seen == [made[6], made[5]]
    await asking.do(portugal, "EditRequest", id=made[6], draft=a_draft())
    await asking.do(portugal, "SendRequest", id=made[4])
    await a_request(asking, Status.DRAFT, requester=portugal)
    after, more = first.page_info.cursors[-1], True
    while more:
        answer = await page(asking, portugal, "DRAFTS", first=2, after=after)
        seen += [request.id for request in answer.requests]
        after, more = answer.page_info.cursors[-1], answer.page_info.has_next_page
    assert seen == [made[6], made[5], made[3], made[2], made[1], made[0]]


async def test_every_cursor_of_a_page_resumes_after_its_item(asking: Asking) -> None:
    malta = a_handler("MT", authority=nurses("MT"))
    for _ in range(4):
        await a_request(asking, Status.DRAFT, requester=malta)
    whole = await page(asking, malta, "DRAFTS")
    assert (len(whole.requests), whole.page_info.has_next_page) == (4, False)
    for number, cursor in enumerate(whole.page_info.cursors, 1):
        rest = await page(asking, malta, "DRAFTS", after=cursor)
        assert list(rest.requests) == list(whole.requests)[number:]


async def test_a_filter_leaves_in_what_it_names(asking: Asking) -> None:
    estonia = a_handler("EE", authority=nurses("EE"))
    made = {status: (await a_request(asking, status, requester=estonia)).id for status in WALKED}
    sent = {made[status] for status in WALKED if status not in (Status.DRAFT, Status.DELETED)}
    assert set(await listed(asking, estonia, "SENT")) == sent
    for status, other in itertools.combinations(WALKED, 2):
        found = await listed(asking, estonia, "SENT", statuses=[WIRE_STATUS[status], WIRE_STATUS[other]])
        assert set(found) == {made[status], made[other]} & sent
    assert set(await listed(asking, estonia, "SENT", areas=[QUALIFICATIONS])) == sent
    assert set(await listed(asking, estonia, "SENT", areas=["services", QUALIFICATIONS])) == sent
    assert await listed(asking, estonia, "SENT", areas=["services"]) == []
    many = [WIRE_STATUS[Status.SENT]] * LISTED_LIMIT
    assert await listed(asking, estonia, "SENT", statuses=many) == [made[Status.SENT]]


@pytest.mark.parametrize("status", [0, 99])
async def test_an_unknown_status_is_refused(asking: Asking, status: int) -> None:
    with pytest.raises(Invalid) as found:
        await page(asking, ITALY, "SENT", statuses=[WIRE_STATUS[Status.SENT], status])
    assert (found.value.field, found.value.reason) == ("filter.statuses[1]", "UNKNOWN_VALUE")


@pytest.mark.parametrize("which", [0, 99])
async def test_an_unknown_list_is_refused(asking: Asking, which: int) -> None:
    with pytest.raises(Invalid) as found:
        await asking(ITALY, "ListRequests", list=which)
    assert (found.value.field, found.value.reason) == ("list", "UNKNOWN_VALUE")
    assert all(name in found.value.message for name in LISTS)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("asked", "field", "reason"),
    [
        (common_pb2.Page(first=101), "first", "PAGE_SIZE"),
        (common_pb2.Page(first=-1), "first", "PAGE_SIZE"),
        (common_pb2.Page(after="nonsense"), "after", "CURSOR"),
        (common_pb2.Page(after=pages.cursor("requests 9", "2026", "req_1")), "after", "CURSOR"),
        (common_pb2.Page(after=pages.cursor("requests", doctors("IT"), 1)), "after", "CURSOR"),
    ],
)
async def test_an_unfit_page_is_refused(
    asking: Asking, name: str, asked: common_pb2.Page, field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as found:
        await asking(ITALY, "ListRequests", list=LISTS[name], page=asked)
    assert (found.value.field, found.value.reason) == (field, reason)


async def test_the_cursor_of_one_list_leads_nowhere_in_another(
    asking: Asking, standing: dict[Status, pb.Request]
) -> None:
    cursor = (await page(asking, ITALY, "SENT", first=1)).page_info.cursors[0]
    for name in LISTS.keys() - {"SENT"}:
        with pytest.raises(Invalid) as found:
            await page(asking, ITALY, name, after=cursor)
        assert (found.value.field, found.value.reason) == ("after", "CURSOR")


async def test_lists_are_for_people(asking: Asking) -> None:
    with pytest.raises(Forbidden):
        await asking(Caller(service="alerts"), "ListRequests", list=pb.REQUEST_LIST_SENT)


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


DUE = {
    "req_long": (Status.SENT, days_ago(30)),
    "req_short": (Status.ACCEPTED, days_ago(1)),
    "req_same_b": (Status.SENT, days_ago(9)),
    "req_same_a": (Status.ACCEPTED, days_ago(9)),
    # Asked a day ahead, so that the test may run over midnight.
    "req_tomorrow": (Status.SENT, days_ago(-2)),
    "req_undated": (Status.SENT, None),
    "req_draft": (Status.DRAFT, days_ago(5)),
    "req_answered": (Status.ANSWERED, days_ago(5)),
    "req_closed": (Status.CLOSED, days_ago(5)),
    "req_withdrawn": (Status.WITHDRAWN, days_ago(5)),
}


@pytest.fixture(scope="module")
async def aged(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """A service whose store holds requests with wished dates that have passed, which nobody could send today."""
    data = tmp_path_factory.mktemp("aged")
    settings = ServiceSettings(data_dir=data, listen_address=FREE_PORT, directory_address="127.0.0.1:1")
    async with (
        open_documents(settings.documents("requests"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        requests = storage.requests(documents, Outbox("requests", documents, events, clock))
        for id_, (status, day) in DUE.items():
            request = a_stored_request(status, draft=a_stored_draft(desired_date=day))
            assert await requests.load([(id_, request, [])])
        elsewhere = a_stored_request(Status.SENT, area="services", draft=a_stored_draft(desired_date=days_ago(3)))
        assert await requests.load([("req_elsewhere", elsewhere, [])])
        draft = a_stored_request(Status.DRAFT, area="services", requester_id="aut_wide")
        assert await requests.load([("req_other_area", draft, [])])
    async with running(settings) as asking:
        yield asking


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_what_is_overdue_is_listed_the_longest_due_first(aged: Asking, size: int) -> None:
    """For both authorities, and only while an answer is awaited."""
    expected = ["req_long", "req_same_a", "req_same_b", "req_short"]
    for caller in (ITALY, HUNGARY):
        assert await listed(aged, caller, "OVERDUE", size=size) == expected
    assert await listed(aged, a_handler("FR"), "OVERDUE") == []


async def test_what_is_overdue_can_be_filtered(aged: Asking) -> None:
    accepted = [WIRE_STATUS[Status.ACCEPTED]]
    assert await listed(aged, ITALY, "OVERDUE", statuses=accepted) == ["req_same_a", "req_short"]


async def test_requests_changed_at_the_same_moment_come_each_once(aged: Asking) -> None:
    whole = await listed(aged, ITALY, "SENT")
    assert await listed(aged, ITALY, "SENT", size=1) == whole
    assert sorted(whole) == sorted(DUE.keys() - {"req_draft"})


async def test_each_area_is_for_its_own_people(aged: Asking) -> None:
    """An authority's case in one area is not for its people in another."""
    elsewhere = a_handler("IT", module="services/requests")
    assert await listed(aged, elsewhere, "OVERDUE") == ["req_elsewhere"]
    assert await listed(aged, elsewhere, "SENT") == ["req_elsewhere"]
    assert await aged.read(elsewhere, "req_long") is None
    assert await aged.read(ITALY, "req_elsewhere") is None


async def test_a_draft_stays_in_its_area(aged: Asking) -> None:
    modules = ("services/requests", f"{QUALIFICATIONS}/requests")
    wide = Caller(
        user_id="usr_wide",
        authority_id="aut_wide",
        country="IT",
        user_roles=dict.fromkeys(modules, frozenset({UserRole.REQUEST_HANDLER})),
        workflow_roles=dict.fromkeys(modules, frozenset({WorkflowRole.REQUEST_PARTNER})),
    )
    before = await aged.read(wide, "req_other_area")
    with pytest.raises(Invalid) as found:
        await aged.do(wide, "EditRequest", id="req_other_area", draft=a_draft(responder_id=""))
    assert (found.value.field, found.value.reason) == ("draft.questionSetId", "OTHER_AREA")
    assert before is not None
    assert await aged.read(wide, "req_other_area") == before
