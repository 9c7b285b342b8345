"""Work lists narrowed, sorted and counted: each filter leaves what it names, and a count is what a list would have."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.calls import open_channel
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2, worklists_pb2
from protos.requests.v1.worklists_pb2_grpc import WorkListsServiceStub
from services.directory.training.authorities import national_id
from services.requests import lists
from services.requests.domain.lifecycle import Status
from services.requests.wiring import requests
from tests.builders import QUALIFICATIONS, a_coordinator, a_handler, the_commission
from tests.requests.exchanges import TOMORROW, WIRE_STATUS, Asking, a_draft, a_request, nurses, text
from tests.requests.test_lists import LISTS, listed, page
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import LegislativeRole, UserRole

Count = Callable[..., Awaitable[dict[str, int]]]
ROMANIA, NETHERLANDS, SWEDEN = a_handler("RO"), a_handler("NL"), a_handler("SE")


@pytest.fixture
async def count(asking: Asking) -> AsyncIterator[Count]:
    """Asks another replica on the same store."""
    async with requests(asking.settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        stub = WorkListsServiceStub(channel)

        async def counted(caller: Caller, **wanted: Any) -> dict[str, int]:
            asked = worklists_pb2.CountRequestsRequest(filter=requests_pb2.RequestFilter(**wanted))
            answer = await asking.peer(caller).call(stub.CountRequests, asked)
            names = {number: name for name, number in LISTS.items()}
            return {names[one.list]: one.count for one in answer.counts}

        yield counted


@pytest.fixture(scope="module")
async def made(asking: Asking) -> dict[str, str]:
    """Requests of Romania's: to two countries, and one from a third."""
    return {
        "draft": (await a_request(asking, Status.DRAFT, requester=ROMANIA, responder=SWEDEN)).id,
        "sweden": (await a_request(asking, Status.SENT, requester=ROMANIA, responder=SWEDEN)).id,
        "dated": (await a_request(asking, Status.SENT, requester=ROMANIA, responder=SWEDEN, desired_date=TOMORROW)).id,
        "later": (
            await a_request(
                asking, Status.ACCEPTED, requester=ROMANIA, responder=NETHERLANDS, desired_date="2999-01-01"
            )
        ).id,
        "answered": (await a_request(asking, Status.ANSWERED, requester=ROMANIA, responder=NETHERLANDS)).id,
        "received": (await a_request(asking, Status.SENT, requester=NETHERLANDS, responder=ROMANIA)).id,
    }


async def found(asking: Asking, made: dict[str, str], name: str, caller: Caller = ROMANIA, **wanted: Any) -> set[str]:
    """What of *made* is on a list."""
    ids = set(await listed(asking, caller, name, **wanted))
    assert ids <= set(made.values())
    return {key for key, id_ in made.items() if id_ in ids}


async def test_the_partners_country_is_that_of_the_other_side_whichever_asks(
    asking: Asking, made: dict[str, str]
) -> None:
    assert await found(asking, made, "SENT", partner_countries=["SE"]) == {"sweden", "dated"}
    assert await found(asking, made, "SENT", partner_countries=["NL", "SE"]) == {"sweden", "dated", "later", "answered"}
    assert await found(asking, made, "SENT", partner_countries=["RO"]) == set()
    assert await found(asking, made, "RECEIVED", partner_countries=["NL"]) == {"received"}
    assert await found(asking, made, "RECEIVED", partner_countries=["SE"]) == set()
    assert await found(asking, made, "DRAFTS", partner_countries=["SE"]) == {"draft"}
    assert await found(asking, made, "ACTION_REQUIRED", partner_countries=["NL"]) == {"answered", "received"}


async def test_what_is_mine_is_what_i_began_or_was_given(asking: Asking, made: dict[str, str]) -> None:
    colleague = a_handler("RO", UserRole.SUPERVISOR)
    assert await found(asking, made, "SENT", mine=True) == {"sweden", "dated", "later", "answered"}
    assert await found(asking, made, "SENT", colleague, mine=True) == set()
    assert await found(asking, made, "DRAFTS", mine=True) == {"draft"}
    assert await found(asking, made, "ACTION_REQUIRED", mine=True) == {"answered"}
    # Nobody has been given what came in.
    assert await found(asking, made, "RECEIVED", mine=True) == set()
    assert await found(asking, made, "COORDINATED", mine=True) == set()
    assert await found(
        asking, made, "SENT", mine=True, partner_countries=["SE"], statuses=[WIRE_STATUS[Status.SENT]]
    ) == {
        "sweden",
        "dated",
    }


async def test_a_case_is_on_the_lists_of_whoever_it_is_assigned_to(asking: Asking) -> None:
    malta, allocator = a_handler("MT"), a_handler("MT", UserRole.ALLOCATOR)
    async with asking.settled(malta, allocation=True):
        request = await a_request(asking, Status.SENT, requester=a_handler("CY"), responder=malta)
        await asking.settle_user(malta.user_id, malta.authority_id, UserRole.REQUEST_HANDLER)
        assert request.id not in await listed(asking, malta, "RECEIVED", mine=True)
        await asking.do(allocator, "AssignRequest", id=request.id, user_ids=[malta.user_id])
        for name in ("RECEIVED", "ACTION_REQUIRED"):
            assert request.id in await listed(asking, malta, name, mine=True)
            assert request.id not in await listed(asking, allocator, name, mine=True)


async def test_urgent_ones_are_told_apart(asking: Asking) -> None:
    inspectors = national_id("PL", "posting-of-workers", "posted_workers")
    poland = a_handler("PL", authority=inspectors, module="posting-of-workers/requests")
    fields = {"question_set_id": "posting-of-workers:1", "questions": [requests_pb2.AskedQuestionDraft(code="PW1")]}
    urgent = a_draft(responder_id="", urgent=True, urgent_reason=text("i lavoratori ripartono domani", "it"), **fields)
    hasty = await asking.do(poland, "CreateRequest", draft=urgent)
    calm = await asking.do(poland, "CreateRequest", draft=a_draft(responder_id="", **fields))
    assert await listed(asking, poland, "DRAFTS", urgent=True) == [hasty.id]
    assert await listed(asking, poland, "DRAFTS", urgent=False) == [calm.id]
    assert set(await listed(asking, poland, "DRAFTS")) == {hasty.id, calm.id}


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_a_list_by_due_date_begins_with_what_is_due_first_and_ends_with_what_is_not_awaited(
    asking: Asking, made: dict[str, str], size: int
) -> None:
    ids: list[str] = []
    after, more = "", True
    while more:
        answer = await asking(
            ROMANIA,
            "ListRequests",
            list=LISTS["SENT"],
            page=common_pb2.Page(first=size, after=after),
            sort=requests_pb2.REQUEST_SORT_DUE,
        )
        ids += [request.id for request in answer.requests]
        after, more = answer.page_info.cursors[-1], answer.page_info.has_next_page
    assert ids[:2] == [made["dated"], made["later"]]
    assert sorted(ids[2:]) == sorted([made["sweden"], made["answered"]])


async def test_a_cursor_of_one_order_leads_nowhere_in_another(asking: Asking, made: dict[str, str]) -> None:
    cursor = (await page(asking, ROMANIA, "SENT", first=1)).page_info.cursors[0]
    asked = {"list": LISTS["SENT"], "page": common_pb2.Page(after=cursor)}
    with pytest.raises(Invalid) as refused:
        await asking(ROMANIA, "ListRequests", **asked, sort=requests_pb2.REQUEST_SORT_DUE)
    assert (refused.value.field, refused.value.reason) == ("after", "CURSOR")
    await asking(ROMANIA, "ListRequests", **asked, sort=requests_pb2.REQUEST_SORT_CHANGED)


async def test_what_is_unknown_is_refused_by_name(asking: Asking, count: Count) -> None:
    with pytest.raises(Invalid) as refused:
        await page(asking, ROMANIA, "SENT", partner_countries=["SE", "XX"])
    assert (refused.value.field, refused.value.reason) == ("filter.partnerCountries[1]", "UNKNOWN_COUNTRY")
    with pytest.raises(Invalid) as refused:
        await asking(ROMANIA, "ListRequests", list=LISTS["SENT"], sort=9)
    assert (refused.value.field, refused.value.reason) == ("sort", "UNKNOWN_VALUE")
    with pytest.raises(Invalid) as refused:
        await asking(ROMANIA, "ListRequests", list=99, filter=requests_pb2.RequestFilter(mine=True))
    assert (refused.value.field, refused.value.reason) == ("list", "UNKNOWN_VALUE")
    with pytest.raises(Invalid) as refused:
        await count(ROMANIA, statuses=[99])
    assert (refused.value.field, refused.value.reason) == ("filter.statuses[0]", "UNKNOWN_VALUE")


async def test_a_filter_that_names_too_much_is_refused_before_it_is_looked_at(count: Count) -> None:
    many: dict[str, Any] = {"statuses": [1] * 1_001, "partner_countries": ["SE"] * 1_001, "areas": ["services"] * 1_001}
    for name, field in (("statuses", "statuses"), ("partner_countries", "partnerCountries"), ("areas", "areas")):
        with pytest.raises(Invalid) as refused:
            await count(ROMANIA, **{name: many[name]})
        assert (refused.value.field, refused.value.reason) == (f"filter.{field}", "TOO_MANY")


FILTERS: list[dict[str, Any]] = [
    {},
    {"mine": True},
    {"overdue": True},
    {"urgent": False},
    {"urgent": True},
    {"partner_countries": ["NL"]},
    {"areas": [QUALIFICATIONS]},
    {"areas": ["services"]},
    {"statuses": [WIRE_STATUS[Status.SENT], WIRE_STATUS[Status.ANSWERED]]},
]


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(FILTERS, 2)])
@pytest.mark.usefixtures("made")
async def test_a_count_is_what_the_list_has(
    asking: Asking, count: Count, one: dict[str, Any], other: dict[str, Any]
) -> None:
    wanted = {**one, **other}
    for caller in (ROMANIA, a_coordinator("RO", LegislativeRole.LIMIC)):
        counts = await count(caller, **wanted)
        assert counts == {name: len(await listed(asking, caller, name, **wanted)) for name in LISTS}


async def test_a_count_ends_at_its_limit(count: Count, made: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNTED_MAX", 2)
    assert (await count(ROMANIA))["SENT"] == 2 < len(made)


async def test_whoever_has_no_role_in_requests_counts_nothing_and_services_may_not_count(count: Count) -> None:
    assert set((await count(the_commission())).values()) == {0}
    with pytest.raises(Forbidden):
        await count(Caller(service="alerts"))


async def test_who_gave_a_request_away_does_not_learn_whether_it_is_late(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT, responder=a_handler("LT"))
    await asking.do(
        a_handler("LT"), "ForwardRequest", id=request.id, responder_id=nurses("LT"), reason=text("ne mums", "lt")
    )
    assert request.id in await listed(asking, a_handler("LT"), "RECEIVED")
    assert request.id not in await listed(asking, a_handler("LT"), "RECEIVED", overdue=True)
