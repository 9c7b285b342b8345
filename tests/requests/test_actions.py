"""What a reader may do, and why not what they may not: what is said beforehand is what the command then meets."""

import pytest

from chassis.caller import Caller
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.lifecycle import Action, Status
from services.requests.domain.silence import BY_ITSELF
from tests.builders import a_handler
from tests.requests.exchanges import (
    CALLERS,
    HUNGARY,
    ITALY,
    METHODS,
    WALKED,
    Asking,
    a_request,
    a_request_for,
    command,
    fields_of,
)
from vocabulary.refusals import Refusal
from vocabulary.roles import UserRole


async def actions(asking: Asking, caller: Caller, id_: str) -> dict[str, pb.PossibleAction]:
    """What is said of each action."""
    (found,) = (await asking(caller, "BatchGetActions", ids=[id_])).actions
    return {pb.RequestAction.Name(one.action).removeprefix("REQUEST_ACTION_"): one for one in found.actions}


@pytest.mark.parametrize("status", sorted(set(WALKED) - {Status.DELETED}))
async def test_what_is_possible_is_done_and_what_is_not_is_refused_as_foretold(
    asking: Asking, standing: dict[Status, pb.Request], status: Status
) -> None:
    for party, caller in CALLERS.items():
        if await asking.read(caller, standing[status].id) is None:
            continue
        foretold = await actions(asking, caller, standing[status].id)
        assert set(foretold) == set(Action) - {Action.CREATE, *BY_ITSELF}
        for action, method in METHODS.items():
            said = foretold[action]
            request = await a_request(asking, status) if said.possible else standing[status]
            met: Refusal | None = None
            try:
                await asking(caller, method, command=command(), **fields_of(method, request.id, party))
            except Refusal as refusal:
                met = refusal
            assert said.possible is (met is None), action
            assert (said.code, said.reason, said.message) == (
                (met.code, met.reason, met.message) if met else ("", "", "")
            )


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
