"""What a request waits for, and from whom: the work list of each authority is made of this."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.requests.domain.lifecycle import Action, Side, Status
from services.requests.domain.requests import Request


class Task(StrEnum):
    """Why a request is on somebody's list of things to do."""

    CORRECT_DRAFT = "CORRECT_DRAFT"
    APPROVE_SENDING = "APPROVE_SENDING"
    ACCEPT = "ACCEPT"
    ASSIGN = "ASSIGN"
    DECIDE_ON_DATE = "DECIDE_ON_DATE"
    ANSWER = "ANSWER"
    APPROVE_REPLY = "APPROVE_REPLY"
    EVALUATE_REPLY = "EVALUATE_REPLY"
    GIVE_MORE_INFORMATION = "GIVE_MORE_INFORMATION"
    DECIDE_ON_REFUSAL = "DECIDE_ON_REFUSAL"
    GIVE_OPINION = "GIVE_OPINION"
    DECIDE_REFERRAL = "DECIDE_REFERRAL"
    CLOSE = "CLOSE"


# Nobody but the coordinator that was asked brings it further.
DECIDING = frozenset({Task.APPROVE_SENDING, Task.APPROVE_REPLY, Task.DECIDE_REFERRAL})


@dataclass(frozen=True, slots=True)
class Turn:
    """An authority that has something to do: one of the two, or one of the coordinators that were asked."""

    authority_id: str
    task: Task
    coordinator: bool = False


_OF_A_SIDE: Mapping[Status, tuple[Side, Task]] = {
    Status.SENT: (Side.RESPONDER, Task.ACCEPT),
    Status.ACCEPTED: (Side.RESPONDER, Task.ANSWER),
    Status.ANSWERED: (Side.REQUESTER, Task.EVALUATE_REPLY),
    Status.MORE_INFO_REQUESTED: (Side.RESPONDER, Task.GIVE_MORE_INFORMATION),
    Status.MORE_INFO_REFUSED: (Side.REQUESTER, Task.DECIDE_ON_REFUSAL),
    Status.ANSWERED_FINAL: (Side.REQUESTER, Task.CLOSE),
}


def turns(request: Request) -> tuple[Turn, ...]:
    """Who has something to do before *request* goes on, and what."""
    sides = {Side.REQUESTER: request.requester_id, Side.RESPONDER: request.draft.responder_id}
    asked = request.coordinators
    found: list[Turn] = []
    if request.status is Status.DRAFT and any(entry.action is Action.RETURN for entry in request.history):
        found.append(Turn(request.requester_id, Task.CORRECT_DRAFT))
    if request.status is Status.PENDING_SEND_APPROVAL:
        found.append(Turn(asked.sending_approval, Task.APPROVE_SENDING, coordinator=True))
    if request.status is Status.PENDING_REPLY_APPROVAL:
        found.append(Turn(asked.reply_approval, Task.APPROVE_REPLY, coordinator=True))
    if request.status in _OF_A_SIDE:
        side, task = _OF_A_SIDE[request.status]
        handling = request.handling(side)
        if handling.allocation and not handling.user_ids:
            found.append(Turn(sides[side], Task.ASSIGN))
        found.append(Turn(sides[side], task))
    if request.status is Status.ACCEPTED and request.proposed_date:
        found.append(Turn(request.requester_id, Task.DECIDE_ON_DATE))
    if request.status is Status.REFERRED:
        found += _referral(request)
    return tuple(found)


def _referral(request: Request) -> list[Turn]:
    asked = request.coordinators
    last = max((at for at, entry in enumerate(request.history) if entry.action is Action.REFER), default=0)
    heard = {entry.authority_id for entry in request.history[last:] if entry.action is Action.GIVE_OPINION}
    coordinators = (asked.requester_referral, asked.responder_referral)
    found = [Turn(id_, Task.GIVE_OPINION, coordinator=True) for id_ in coordinators if id_ not in heard]
    return [*found, Turn(asked.responder_referral, Task.DECIDE_REFERRAL, coordinator=True)]
