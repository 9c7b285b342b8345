"""Every cell of the table: each status, each action, each side, each role."""

import pytest

from services.alerts.domain.lifecycle import TRANSITIONS, Action, Side, Status, step
from vocabulary.refusals import Conflict, Forbidden
from vocabulary.roles import UserRole

WRITE = {UserRole.ALERT_HANDLER, UserRole.COORDINATOR}
DISPATCH = {UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR}
COORDINATE = {UserRole.COORDINATOR}
OWN = {Side.AUTHOR}
COUNTRY = {Side.COORDINATOR}
ADDRESSED = {Side.RECEIVER}

# The table of the domain, written down a second time: who may do what in which roles, and what it leads to.
STEPS = {
    (None, Action.CREATE): (OWN, WRITE, Status.DRAFT),
    (Status.DRAFT, Action.EDIT): (OWN, WRITE, Status.DRAFT),
    (Status.DRAFT, Action.SUBMIT): (OWN, WRITE, Status.SUBMITTED),
    (Status.SUBMITTED, Action.RETURN): (COUNTRY, COORDINATE, Status.DRAFT),
    (Status.SUBMITTED, Action.BROADCAST): (COUNTRY, COORDINATE, Status.BROADCAST),
    (Status.BROADCAST, Action.ACKNOWLEDGE): (ADDRESSED, DISPATCH, Status.BROADCAST),
    (Status.BROADCAST, Action.DISSEMINATE): (ADDRESSED, DISPATCH, Status.BROADCAST),
    (Status.BROADCAST, Action.ADD_INFORMATION): (set(Side), WRITE | DISPATCH, Status.BROADCAST),
    (Status.BROADCAST, Action.APPROVE_INFORMATION): (COUNTRY | ADDRESSED, COORDINATE, Status.BROADCAST),
}


@pytest.mark.parametrize("status", [None, *Status])
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("side", [*Side, None])
def test_each_cell_leads_where_the_table_says_or_is_refused(
    status: Status | None, action: Action, side: Side | None
) -> None:
    sides = {side} if side else set()
    allowed = STEPS.get((status, action))
    for roles in (set(), *({role} for role in UserRole)):
        if allowed is None:
            with pytest.raises(Conflict) as conflict:
                step(status, action, sides, roles)
            assert conflict.value.reason == "TRANSITION"
        elif side in allowed[0] and roles & allowed[1]:
            assert step(status, action, sides, roles) is allowed[2]
        else:
            with pytest.raises(Forbidden):
                step(status, action, sides, roles)


def test_every_status_can_be_reached_from_nothing() -> None:
    reached: set[Status | None] = {None}
    while more := {row.next for status in reached for row in TRANSITIONS[status].values()} - reached:
        reached |= more
    assert reached == {None, *Status}


def test_a_refused_step_says_what_is_possible_instead() -> None:
    with pytest.raises(Conflict, match=r"BROADCAST is not possible while the alert is DRAFT; possible is EDIT, SUBMIT"):
        step(Status.DRAFT, Action.BROADCAST, {Side.COORDINATOR}, {UserRole.COORDINATOR})
    with pytest.raises(Forbidden, match=r"only the authority that wrote the alert may do this"):
        step(Status.DRAFT, Action.SUBMIT, {Side.COORDINATOR}, {UserRole.COORDINATOR})
