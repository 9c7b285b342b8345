"""Every cell of the table: each status, each action, each side, each role."""

import pytest

from services.requests.domain.lifecycle import TRANSITIONS, WRITERS, Action, Side, Status, step
from vocabulary.refusals import Conflict, Forbidden
from vocabulary.roles import UserRole

HANDLER = frozenset({UserRole.REQUEST_HANDLER})

# The table of the domain, written down a second time: who may do what, and what it leads to.
EXPECTED = {
    (Status.DRAFT, Action.EDIT): (Side.REQUESTER, Status.DRAFT),
    (Status.DRAFT, Action.SEND): (Side.REQUESTER, Status.SENT),
    (Status.SENT, Action.ACCEPT): (Side.RESPONDER, Status.ACCEPTED),
    (Status.SENT, Action.WITHDRAW): (Side.REQUESTER, Status.WITHDRAWN),
    (Status.ACCEPTED, Action.SAVE): (Side.RESPONDER, Status.ACCEPTED),
    (Status.ACCEPTED, Action.ANSWER): (Side.RESPONDER, Status.ANSWERED),
    (Status.ACCEPTED, Action.WITHDRAW): (Side.REQUESTER, Status.WITHDRAWN),
    (Status.ANSWERED, Action.CLOSE): (Side.REQUESTER, Status.CLOSED),
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("side", [*Side, None])
def test_each_cell_leads_where_the_table_says_or_is_refused(status: Status, action: Action, side: Side | None) -> None:
    allowed = EXPECTED.get((status, action))
    if allowed is None:
        with pytest.raises(Conflict) as conflict:
            step(status, action, side, HANDLER)
        assert conflict.value.reason == "TRANSITION"
    elif side is not allowed[0]:
        with pytest.raises(Forbidden):
            step(status, action, side, HANDLER)
    else:
        assert step(status, action, side, HANDLER) is allowed[1]


@pytest.mark.parametrize("role", UserRole)
@pytest.mark.parametrize(("status", "action"), EXPECTED)
def test_only_writers_write(status: Status, action: Action, role: UserRole) -> None:
    side, after = EXPECTED[status, action]
    if role in WRITERS:
        assert step(status, action, side, frozenset({role})) is after
    else:
        with pytest.raises(Forbidden):
            step(status, action, side, frozenset({role}))


def test_every_status_can_be_reached_and_only_two_are_final() -> None:
    reached = {Status.DRAFT} | {row.next for actions in TRANSITIONS.values() for row in actions.values()}
    assert reached == set(Status)
    assert {status for status, actions in TRANSITIONS.items() if not actions} == {Status.CLOSED, Status.WITHDRAWN}
