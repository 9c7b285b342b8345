"""What a reader may do, and why not what they may not: what is said beforehand is what the command then meets."""

import pytest

from chassis.caller import Caller
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.lifecycle import EVER, TRANSITIONS, Action, Party, Status
from services.requests.domain.silence import BY_ITSELF
from tests.builders import a_handler
from tests.cells import cell
from tests.requests.exchanges import (
    CALLERS,
    HUNGARY,
    ITALY,
    METHODS,
    WALKED,
    WIRE_STATUS,
    Asking,
    a_request,
    a_request_for,
    fields_of,
    refused,
)
from vocabulary.refusals import Conflict, Forbidden, NotFound, Refusal
from vocabulary.roles import UserRole

# Deleted for everybody, or returned to those who draft it.
OUT_OF_SIGHT = (pb.REQUEST_STATUS_DELETED, pb.REQUEST_STATUS_DRAFT)


async def actions(asking: Asking, caller: Caller, id_: str) -> dict[str, pb.PossibleAction]:
    """What is said of each action."""
    (found,) = (await asking(caller, "BatchGetActions", ids=[id_])).actions
    return {pb.RequestAction.Name(one.action).removeprefix("REQUEST_ACTION_"): one for one in found.actions}


@pytest.mark.parametrize("status", sorted(WALKED))
async def test_each_command_is_done_or_refused_as_the_table_says_and_was_foretold(
    asking: Asking, standing: dict[Status, pb.Request], status: Status
) -> None:
    """Each command given by each party: done, and answered with what its giver sees, or refused by name with nothing changed."""
    id_ = standing[status].id
    for party, caller in CALLERS.items():
        known, held = await asking.read(caller, id_), parties_of(party, status)
        foretold = await actions(asking, caller, id_) if known else {}
        assert set(foretold) == (set(Action) - {Action.CREATE, *BY_ITSELF} if known else set())
        for action, method in METHODS.items():
            row = TRANSITIONS[status].get(action)
            with cell(party, method):
                if row and row.parties & held:
                    if "ProposedDate" in method:
                        refusal = await refused(asking, caller, method, Conflict, **fields_of(method, id_, party))
                        assert was_foretold(foretold[action], refusal)
                    request = await a_request_for(asking, method, status)
                    said = (await actions(asking, caller, request.id))[action]
                    after = await asking.do(caller, method, **fields_of(method, request.id, party))
                    assert (said.possible, said.code, said.reason, said.message) == (True, "", "", "")
                    assert after.status in (WIRE_STATUS[row.next], WIRE_STATUS[row.approval or row.next])
                    assert after.id == request.id
                    seen = await asking.read(caller, request.id)
                    assert seen == after or (seen is None and after.status in OUT_OF_SIGHT)
                elif known is None:
                    refusal = await refused(asking, caller, method, NotFound, **fields_of(method, id_, party))
                    assert refusal.message == f"there is no request {id_!r}"
                else:
                    kind = Forbidden if row or not held & EVER[action] else Conflict
                    refusal = await refused(asking, caller, method, kind, **fields_of(method, id_, party))
                    assert kind is Forbidden or refusal.reason == "TRANSITION"
                    assert was_foretold(foretold[action], refusal)


def was_foretold(said: pb.PossibleAction, met: Refusal) -> bool:
    return (said.possible, said.code, said.reason, said.message) == (False, met.code, met.reason, met.message)


def parties_of(party: Party, status: Status) -> set[Party]:
    """What the caller that stands for *party* is: coordinators are several parties, once they have been asked."""
    asked: dict[Party, set[Party]] = {
        Party.SENDING_APPROVER: {Party.SENDING_APPROVER} if status is Status.PENDING_SEND_APPROVAL else set(),
        Party.REPLY_APPROVER: {Party.REPLY_APPROVER} if status is Status.PENDING_REPLY_APPROVAL else set(),
    }
    referred = status in (Status.REFERRED, Status.ANSWERED_FINAL)
    italian, hungarian = CALLERS[Party.REQUESTER_REFERRAL], CALLERS[Party.RESPONDER_REFERRAL]
    if CALLERS[party] == italian:
        return asked[Party.SENDING_APPROVER] | ({Party.REQUESTER_REFERRAL} if referred else set())
    if CALLERS[party] == hungarian:
        referral = {Party.RESPONDER_REFERRAL} if referred else set[Party]()
        return {Party.RESPONDER_COORDINATOR} | asked[Party.REPLY_APPROVER] | referral
    return {party}


async def test_what_a_request_lacks_speaks_against_sending_it(asking: Asking) -> None:
    empty = pb.RequestDraft(question_set_id="professional-qualifications:1")
    draft = await asking.do(ITALY, "CreateRequest", draft=empty)
    said = (await actions(asking, ITALY, draft.id))["SEND"]
    assert (said.possible, said.code, said.reason) == (False, "INVALID", "MISSING_FIELD")


async def test_a_date_is_decided_on_when_one_was_proposed(asking: Asking) -> None:
    without = await a_request(asking, Status.ACCEPTED)
    said = (await actions(asking, ITALY, without.id))["ACCEPT_PROPOSED_DATE"]
    assert (said.possible, said.reason) == (False, "NO_PROPOSED_DATE")
    proposed = await a_request_for(asking, "AcceptProposedDate", Status.ACCEPTED)
    assert (await actions(asking, ITALY, proposed.id))["ACCEPT_PROPOSED_DATE"].possible


async def test_what_one_may_not_know_of_says_nothing(asking: Asking, standing: dict[Status, pb.Request]) -> None:
    ids = [request.id for request in standing.values()]
    assert not (await asking(a_handler("FR"), "BatchGetActions", ids=ids)).actions
    theirs = (await asking(HUNGARY, "BatchGetActions", ids=ids)).actions
    assert standing[Status.DRAFT].id not in {one.id for one in theirs}
    viewer = await actions(asking, a_handler("IT", UserRole.VIEWER), standing[Status.DRAFT].id)
    assert not any(one.possible for one in viewer.values())
