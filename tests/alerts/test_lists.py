"""Which alerts are on whose list, in which order, page after page."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis.caller import Caller
from protos.alerts.v1 import alerts_pb2 as pb
from protos.common.v1 import common_pb2
from services.alerts.domain.lifecycle import Status
from tests.alerts.cast import (
    AT_COORDINATOR,
    AUTHORITIES,
    COMMISSION,
    HU_COORDINATOR,
    IT_COORDINATOR,
    ITALY,
    someone,
)
from tests.alerts.conftest import Asking, another
from tests.alerts.dangers import TYPE_ID
from tests.alerts.threads import BEGUN, KNOWN_TO, WIRE_STATUS, a_full_alert, an_alert
from vocabulary.refusals import Invalid
from vocabulary.roles import UserRole

READ = {UserRole.VIEWER, UserRole.ALERT_HANDLER, UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR}


@pytest.fixture(scope="module")
async def alone(asking: Asking, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """A service with the alerts of these tests only."""
    async with another(asking, tmp_path_factory.mktemp("lists")) as service:
        yield service


@pytest.fixture(scope="module")
async def made(alone: Asking) -> dict[Status, str]:
    """One alert of Italy in each status; the last is passed on in Hungary."""
    draft, submitted = [await an_alert(alone, status) for status in (Status.DRAFT, Status.SUBMITTED)]
    full = await a_full_alert(alone)
    return {Status.DRAFT: draft.id, Status.SUBMITTED: submitted.id, Status.BROADCAST: full.id}


async def listed(asking: Asking, caller: Caller, **narrowed: Any) -> list[str]:
    page = common_pb2.Page(first=100)
    found = await asking(caller, "ListAlerts", filter=pb.AlertFilter(**narrowed), page=page)
    assert not found.page_info.has_next_page
    return [alert.id for alert in found.alerts]


async def pages(asking: Asking, caller: Caller, size: int) -> AsyncIterator[list[pb.Alert]]:
    after, more = "", True
    while more:
        answer = await asking(caller, "ListAlerts", page=common_pb2.Page(first=size, after=after))
        assert len(answer.page_info.cursors) == len(answer.alerts)
        yield list(answer.alerts)
        after, more = "".join(answer.page_info.cursors[-1:]), answer.page_info.has_next_page


@pytest.mark.parametrize("authority_id", AUTHORITIES)
async def test_on_a_list_is_exactly_what_its_reader_may_know_of(
    alone: Asking, made: dict[Status, str], authority_id: str
) -> None:
    """The last changed first, each once, as a read by its id shows it."""
    theirs = [id_ for status, id_ in made.items() if authority_id in KNOWN_TO[status]][::-1]
    for role in UserRole:
        caller = someone(authority_id, role)
        assert await listed(alone, caller) == (theirs if role in READ else [])
    assert await listed(alone, someone(authority_id)) == []
    reader = someone(authority_id, UserRole.VIEWER)
    shown = (await alone(reader, "ListAlerts")).alerts
    assert list(shown) == list((await alone(reader, "BatchGetAlerts", ids=theirs)).alerts)
    # What is hidden takes no place on a page, and is no reason for another one.
    assert [[alert.id for alert in page] async for page in pages(alone, reader, 1)] == (
        [[id_] for id_ in theirs] or [[]]
    )


async def test_an_alert_that_concerns_an_authority_twice_is_listed_once(alone: Asking) -> None:
    """As its author, and as a coordinator of the author's country."""
    austria = someone("aut_at_coordinator", UserRole.ALERT_HANDLER, UserRole.COORDINATOR)
    alert = await an_alert(alone, Status.SUBMITTED, author=austria)
    assert await listed(alone, austria) == [alert.id]


@pytest.fixture(scope="module")
async def drafts(alone: Asking) -> list[str]:
    """Seven drafts of one authority, the third of which was changed last."""
    author = someone("aut_fr_trade", UserRole.ALERT_HANDLER)
    ids = [(await an_alert(alone, Status.DRAFT, author=author)).id for _ in range(7)]
    await alone.do(author, "EditAlert", id=ids[2])
    return [ids[2], *reversed([id_ for id_ in ids if id_ != ids[2]])]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 100])
async def test_pages_follow_each_other_without_gap_or_repetition(alone: Asking, drafts: list[str], size: int) -> None:
    found = [page async for page in pages(alone, someone("aut_fr_trade", UserRole.VIEWER), size)]
    assert [alert.id for page in found for alert in page] == drafts
    assert [len(page) for page in found[:-1]] == [size] * (len(found) - 1)


async def test_without_a_size_a_page_has_twenty(alone: Asking) -> None:
    author = someone("aut_fr_labour", UserRole.ALERT_HANDLER)
    await asyncio.gather(*(an_alert(alone, Status.DRAFT, author=author) for _ in range(21)))
    answer = await alone(author, "ListAlerts")
    assert (len(answer.alerts), answer.page_info.has_next_page) == (20, True)


async def test_an_alert_that_changes_while_one_pages_is_not_shown_twice(alone: Asking) -> None:
    author = someone("aut_hu_trade", UserRole.ALERT_HANDLER)
    ids = [(await an_alert(alone, Status.DRAFT, author=author)).id for _ in range(4)]
    seen: list[str] = []
    async for page in pages(alone, author, 2):
        seen += [alert.id for alert in page]
        await alone.do(author, "EditAlert", id=ids[3])
    assert seen == ids[::-1]
    assert await listed(alone, author) == [ids[3], *ids[2::-1]]


@pytest.mark.parametrize("statuses", [[], [Status.DRAFT], [Status.SUBMITTED], [Status.BROADCAST], [*BEGUN]])
@pytest.mark.parametrize("types", [[], ["services"], [TYPE_ID], [TYPE_ID, "services", "services"]])
async def test_a_filter_narrows_by_status_and_by_type_in_one_version_or_all(
    alone: Asking, made: dict[Status, str], statuses: list[Status], types: list[str]
) -> None:
    narrowed = {"statuses": [WIRE_STATUS[status] for status in statuses], "types": types}
    expected = [made[status] for status in reversed(BEGUN) if status in statuses or not statuses]
    assert await listed(alone, ITALY, **narrowed) == expected


async def test_a_filter_shows_nobody_more_than_their_list(alone: Asking, made: dict[Status, str]) -> None:
    drafts = {"statuses": [pb.ALERT_STATUS_DRAFT, pb.ALERT_STATUS_SUBMITTED], "types": ["services"]}
    assert await listed(alone, IT_COORDINATOR, **drafts) == [made[Status.SUBMITTED]]
    for stranger in (HU_COORDINATOR, COMMISSION, someone("aut_it_trade", *UserRole)):
        assert await listed(alone, stranger, **drafts) == []


@pytest.mark.parametrize(
    ("narrowed", "field", "reason"),
    [
        ({"types": ["services", "services:2"]}, "filter.types[1]", "UNKNOWN_ALERT_TYPE"),
        ({"types": [""]}, "filter.types[0]", "UNKNOWN_ALERT_TYPE"),
        ({"types": ["SERVICES"]}, "filter.types[0]", "UNKNOWN_ALERT_TYPE"),
        ({"statuses": [pb.ALERT_STATUS_DRAFT, pb.ALERT_STATUS_UNSPECIFIED]}, "filter.statuses[1]", "UNKNOWN_VALUE"),
        ({"statuses": [77]}, "filter.statuses[0]", "UNKNOWN_VALUE"),
        # Said of the list, before what is in it is looked at.
        ({"severities": [1] * 100 + [77]}, "filter.severities", "TOO_MANY"),
    ],
)
async def test_an_unfit_filter_is_refused_by_name(
    alone: Asking, narrowed: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as found:
        await listed(alone, AT_COORDINATOR, **narrowed)
    assert (found.value.field, found.value.reason) == (field, reason)


async def test_a_cursor_of_the_inbox_is_none_of_the_list(alone: Asking) -> None:
    watching = alone.watch(ITALY)
    cursor = (await anext(watching)).cursor
    await watching.aclose()
    with pytest.raises(Invalid) as found:
        await alone(ITALY, "ListAlerts", page=common_pb2.Page(after=cursor))
    assert (found.value.field, found.value.reason) == ("after", "CURSOR")
