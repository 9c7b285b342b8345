"""Watching changes: each once, in order, from where one left off; and only what is one's own to hear of."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from chassis.caller import Caller
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.lifecycle import Status
from tests.builders import QUALIFICATIONS, a_coordinator, a_handler, doctors, the_commission
from tests.requests.exchanges import GOOD_ANSWERS, SET, Asking, a_draft, a_request, fields_of, nurses, text
from vocabulary import pages
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import LegislativeRole, UserRole

# No other test has requests between these two.
LITHUANIA, LATVIA = a_handler("LT"), a_handler("LV")
ACTIONS = ["CREATE", "SEND", "ACCEPT", "SAVE", "ANSWER", "CLOSE"]


async def watching(asking: Asking, caller: Caller, after: str = "") -> AsyncGenerator[pb.WatchChangesResponse, None]:
    stream = asking.peer(caller).stream(asking.stub.WatchChanges, pb.WatchChangesRequest(after_cursor=after))
    async with aclosing(stream) as messages:
        async for message in messages:
            yield message


async def now(asking: Asking, caller: Caller) -> str:
    """The cursor after all that has happened."""
    async with aclosing(watching(asking, caller)) as messages:
        first = await anext(messages)
        assert not first.HasField("change")
        return first.cursor


async def until(
    asking: Asking, caller: Caller, after: str, last: str, of: pb.Request | None = None
) -> list[pb.WatchChangesResponse]:
    """What comes after a cursor, of one request or of any, up to an action that ends it. The watermark in front is left out."""
    found: list[pb.WatchChangesResponse] = []
    async with asyncio.timeout(30), aclosing(watching(asking, caller, after)) as messages:
        assert (await anext(messages)).cursor == after
        async for message in messages:
            if of and message.change.request_id != of.id:
                continue
            found.append(message)
            if message.change.action == pb.RequestAction.Value(f"REQUEST_ACTION_{last}"):
                break
    return found


def actions(messages: list[pb.WatchChangesResponse]) -> list[str]:
    return [pb.RequestAction.Name(one.change.action).removeprefix("REQUEST_ACTION_") for one in messages]


async def an_exchange(asking: Asking) -> pb.Request:
    """From the draft to the closed case, with answers saved in between."""
    request = await a_request(asking, Status.ACCEPTED, requester=LITHUANIA, responder=LATVIA)
    for caller, method in ((LATVIA, "SaveAnswers"), (LATVIA, "AnswerRequest"), (LITHUANIA, "CloseRequest")):
        await asking.do(caller, method, **fields_of(method, request.id))
    return request


async def test_each_side_hears_what_is_its_to_hear(asking: Asking) -> None:
    """The responder nothing of the draft, the requester nothing of what is only saved, a third nothing at all."""
    third = a_handler("LU")
    starts = [await now(asking, caller) for caller in (LITHUANIA, LATVIA, third)]
    request = await an_exchange(asking)
    mine = await until(asking, LITHUANIA, starts[0], "CLOSE", request)
    theirs = await until(asking, LATVIA, starts[1], "CLOSE", request)
    assert actions(mine) == [action for action in ACTIONS if action != "SAVE"]
    assert actions(theirs) == [action for action in ACTIONS if action != "CREATE"]
    statuses = [pb.RequestStatus.Name(one.change.status).removeprefix("REQUEST_STATUS_") for one in theirs]
    assert statuses == ["SENT", "ACCEPTED", "ACCEPTED", "ANSWERED", "CLOSED"]
    for message in [*mine, *theirs]:
        assert message.change.request_id == request.id
        assert message.HasField("at")
    shared = {one.change.id for one in mine} & {one.change.id for one in theirs}
    assert len(shared) == 4
    assert await now(asking, third) == starts[2]


async def test_one_resumes_after_any_change_with_nothing_lost_and_nothing_repeated(asking: Asking) -> None:
    start = await now(asking, LITHUANIA)
    await an_exchange(asking)
    whole = await until(asking, LITHUANIA, start, "CLOSE")
    assert len({message.cursor for message in whole}) == len(whole) == 5
    for number, message in enumerate(whole[:-1], 1):
        rest = await until(asking, LITHUANIA, message.cursor, "CLOSE")
        assert [(one.cursor, one.change) for one in rest] == [(one.cursor, one.change) for one in whole[number:]]


async def test_what_happens_while_one_watches_comes_at_once_to_everybody_who_does(asking: Asking) -> None:
    colleague = a_handler("LT", UserRole.VIEWER)
    async with (
        asyncio.timeout(30),
        aclosing(watching(asking, LITHUANIA)) as mine,
        aclosing(watching(asking, colleague)) as theirs,
    ):
        assert (await anext(mine)).cursor == (await anext(theirs)).cursor
        for _ in range(3):
            request = await asking.do(LITHUANIA, "CreateRequest", draft=pb.RequestDraft(question_set_id=SET))
            seen, also = await anext(mine), await anext(theirs)
            assert seen.change.request_id == also.change.request_id == request.id
            assert (seen.cursor, seen.change) == (also.cursor, also.change)


async def test_a_cursor_moves_on_over_changes_that_a_person_may_not_see(asking: Asking) -> None:
    """Somebody of the same authority whose role is in another area: the place is passed, without a word on it."""
    elsewhere = a_handler("LT", module="services/requests")
    start = await now(asking, elsewhere)
    assert start == await now(asking, LITHUANIA)
    await an_exchange(asking)
    whole = await until(asking, LITHUANIA, start, "CLOSE")
    passed: list[pb.WatchChangesResponse] = []
    async with asyncio.timeout(30), aclosing(watching(asking, elsewhere, start)) as messages:
        async for message in messages:
            passed.append(message)
            if message.cursor == whole[-1].cursor:
                break
    assert [message.cursor for message in passed] == [start, *(message.cursor for message in whole)]
    assert not any(message.HasField("change") for message in passed)


async def test_those_without_personal_data_hear_that_something_changed_and_no_more(asking: Asking) -> None:
    allocator = a_handler("LV", UserRole.ALLOCATOR)
    start = await now(asking, allocator)
    request = await an_exchange(asking)
    heard = await until(asking, allocator, start, "CLOSE", request)
    assert actions(heard) == ACTIONS[1:]
    assert "Eszter" not in str(heard)


async def test_a_coordinator_hears_of_its_own_requests_only(asking: Asking) -> None:
    """Those of others it finds on its list."""
    coordinator = a_coordinator("LV", LegislativeRole.LIMIC)
    start = await now(asking, coordinator)
    await an_exchange(asking)
    draft = a_draft(responder_id=doctors("LT"))
    own = await asking.do(coordinator, "CreateRequest", draft=draft)
    heard = await until(asking, coordinator, start, "CREATE")
    assert [message.change.request_id for message in heard] == [own.id]


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(the_commission(), id="the Commission"),
        pytest.param(a_handler("IT", UserRole.LOCAL_DATA_ADMINISTRATOR), id="data administrator"),
        pytest.param(a_handler("IT", module=f"{QUALIFICATIONS}/alerts"), id="alert handler"),
        pytest.param(Caller(user_id="usr_1", authority_id=doctors("IT"), country="IT"), id="no roles"),
        pytest.param(Caller(service="alerts"), id="a service"),
    ],
)
async def test_who_has_no_role_in_requests_does_not_watch(asking: Asking, caller: Caller) -> None:
    with pytest.raises(Forbidden):
        await anext(watching(asking, caller))


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param("nonsense", id="malformed"),
        pytest.param(pages.cursor("requests", doctors("LV"), 0), id="of another authority"),
        pytest.param(pages.cursor("alerts", doctors("LT"), 0), id="of another service"),
        pytest.param(pages.cursor("requests", doctors("LT"), -1), id="before the beginning"),
        pytest.param(pages.cursor("requests", doctors("LT"), 10**9), id="ahead of the end"),
        pytest.param(pages.cursor(f"requests {pb.REQUEST_LIST_SENT}", "2026", "req_1"), id="of a list"),
    ],
)
async def test_a_foreign_cursor_is_refused(asking: Asking, cursor: str) -> None:
    with pytest.raises(Invalid) as found:
        await anext(watching(asking, LITHUANIA, cursor))
    assert (found.value.field, found.value.reason) == ("after", "CURSOR")


async def test_who_is_asked_hears_of_it_and_who_gave_it_away_hears_that_and_nothing_later(asking: Asking) -> None:
    approver, nurses_ = a_coordinator("LV", LegislativeRole.LIMIC), a_handler("LV", authority=nurses("LV"))
    starts = [await now(asking, caller) for caller in (approver, LATVIA, nurses_)]
    request = await a_request(asking, Status.SENT, requester=LITHUANIA, responder=LATVIA)
    fields = {"id": request.id, "responder_id": nurses("LV"), "reason": text("nav mūsu", "lv")}
    await asking.do(LATVIA, "ForwardRequest", **fields)
    await asking.do(nurses_, "AcceptRequest", id=request.id)
    async with asking.settled(nurses_, approve_reply=True):
        await asking.do(nurses_, "AnswerRequest", id=request.id, answers=GOOD_ANSWERS)
    await asking.do(approver, "ApproveRequest", id=request.id)
    assert actions(await until(asking, approver, starts[0], "APPROVE", request)) == ["ANSWER", "APPROVE"]
    theirs = await until(asking, nurses_, starts[2], "APPROVE", request)
    assert actions(theirs) == ["FORWARD", "ACCEPT", "ANSWER", "APPROVE"]
    former = await until(asking, LATVIA, starts[1], "FORWARD", request)
    assert actions(former) == ["SEND", "FORWARD"]
    # Everything has been told by now: what the former responder's inbox ends with is its own forwarding.
    assert await now(asking, LATVIA) == former[-1].cursor
