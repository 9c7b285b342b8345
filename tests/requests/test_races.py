"""Of two who want different things at the same moment one gets it, and the other is told why not."""

import asyncio
from typing import Any

import pytest

from chassis.caller import Caller
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.lifecycle import Status
from tests.builders import a_coordinator, a_handler
from tests.requests.exchanges import (
    GOOD_ANSWERS,
    HUNGARY,
    ITALY,
    Asking,
    a_request,
    fields_of,
    nurses,
    text,
)
from vocabulary.refusals import Conflict, Refusal
from vocabulary.roles import LegislativeRole, UserRole

COLLEAGUE = a_handler("HU", UserRole.SUPERVISOR)
COORDINATOR = a_coordinator("HU", LegislativeRole.LIMIC)
ROUNDS = 8
Move = tuple[Caller, str]
RACES: dict[str, tuple[Status, Move, Move]] = {
    "withdraw or accept": (Status.SENT, (ITALY, "WithdrawRequest"), (HUNGARY, "AcceptRequest")),
    "withdraw or answer": (Status.ACCEPTED, (ITALY, "WithdrawRequest"), (HUNGARY, "AnswerRequest")),
    "forward or answer": (Status.ACCEPTED, (HUNGARY, "ForwardRequest"), (COLLEAGUE, "AnswerRequest")),
    "forward or accept": (Status.SENT, (COORDINATOR, "ForwardRequest"), (HUNGARY, "AcceptRequest")),
    "forward and forward": (Status.SENT, (COORDINATOR, "ForwardRequest"), (HUNGARY, "ForwardRequest")),
    "two handlers accept": (Status.SENT, (COLLEAGUE, "AcceptRequest"), (HUNGARY, "AcceptRequest")),
    "two handlers answer": (Status.ACCEPTED, (COLLEAGUE, "AnswerRequest"), (HUNGARY, "AnswerRequest")),
    "split or answer": (Status.ACCEPTED, (COLLEAGUE, "SplitRequest"), (HUNGARY, "AnswerRequest")),
    "close or ask more": (Status.ANSWERED, (ITALY, "CloseRequest"), (ITALY, "RequestMoreInformation")),
    "give or refuse": (Status.MORE_INFO_REQUESTED, (HUNGARY, "GiveMoreInformation"), (COLLEAGUE, "RefuseMoreInformation")),
    "accept the refusal or refer": (Status.MORE_INFO_REFUSED, (ITALY, "AcceptRefusal"), (ITALY, "ReferRequest")),
    "approve or return": (Status.PENDING_REPLY_APPROVAL, (COORDINATOR, "ApproveRequest"), (COORDINATOR, "ReturnRequest")),
}  # fmt: skip


# After the one the other can still be done; what it meets is the state that the first has made.
BOTH_POSSIBLE = {"withdraw or accept"}


async def both(asking: Asking, request: pb.Request, *moves: Move) -> list[Any]:
    """How each of the *moves*, made at once, ends."""
    made = (asking.do(caller, method, **fields_of(method, request.id)) for caller, method in moves)
    return list(await asyncio.gather(*made, return_exceptions=True))


@pytest.mark.parametrize("race", RACES)
async def test_one_of_two_wins(asking: Asking, race: str) -> None:
    status, *moves = RACES[race]
    for turn in range(ROUNDS):
        request = await a_request(asking, status)
        ended = await both(asking, request, *(moves if turn % 2 else reversed(moves)))
        won = [one for one in ended if isinstance(one, pb.Request)]
        lost = [one for one in ended if isinstance(one, Refusal)]
        assert len(won) + len(lost) == 2, ended
        assert len(won) == 1 or race in BOTH_POSSIBLE
        after = await asking.read(ITALY, request.id)
        assert after is not None
        assert after.status in {one.status for one in won}


async def test_of_withdrawing_and_accepting_in_either_order_nothing_is_lost(asking: Asking) -> None:
    """Accepted first, it is withdrawn with its reason; withdrawn first, it is not accepted any more."""
    for _ in range(ROUNDS):
        request = await a_request(asking, Status.SENT)
        ended = await both(asking, request, (ITALY, "WithdrawRequest"), (HUNGARY, "AcceptRequest"))
        after = await asking.read(ITALY, request.id)
        assert after is not None
        assert after.status == pb.REQUEST_STATUS_WITHDRAWN
        told = [pb.RequestAction.Name(entry.action).removeprefix("REQUEST_ACTION_") for entry in after.history]
        accepted = isinstance(ended[1], pb.Request)
        assert told == ["CREATE", "SEND", *(["ACCEPT"] if accepted else []), "WITHDRAW"]
        if not accepted:
            assert isinstance(ended[1], Conflict)


async def test_two_who_save_at_once_keep_both_what_they_wrote(asking: Asking) -> None:
    for _ in range(ROUNDS):
        request = await a_request(asking, Status.ACCEPTED)
        await asyncio.gather(
            asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=GOOD_ANSWERS[:1]),
            asking.do(COLLEAGUE, "SaveAnswers", id=request.id, answers=GOOD_ANSWERS[1:]),
        )
        after = await asking.read(HUNGARY, request.id)
        assert after is not None
        assert [one.question_code for one in after.answers] == ["PQ1", "PQ3"]


async def test_of_two_splits_of_the_same_question_one_is_done(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    fields = {"id": request.id, "responder_id": nurses("HU"), "question_codes": ["PQ3"], "reason": text("ők", "hu")}
    two = (asking.do(caller, "SplitRequest", **fields) for caller in (HUNGARY, COLLEAGUE))
    ended = await asyncio.gather(*two, return_exceptions=True)
    assert sum(isinstance(one, Refusal) for one in ended) == 1
    after = await asking.read(ITALY, request.id)
    assert after is not None
    assert len(after.children) == 1
