"""Every cell of the two tables: each status with each action or view, for each side."""

import pytest

from services.repositories.domain.lifecycle import TRANSITIONS, VIEWS, Action, Side, Status, View, step
from vocabulary.refusals import Conflict, Forbidden

# The tables of the domain, written down a second time.
STEPS = {
    (None, Action.CREATE): Status.DRAFT,
    (Status.DRAFT, Action.EDIT): Status.DRAFT,
    (Status.DRAFT, Action.PUBLISH): Status.PUBLISHED,
    (Status.DRAFT, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.PUBLISHED, Action.EDIT): Status.PUBLISHED,
    (Status.PUBLISHED, Action.PUBLISH): Status.PUBLISHED,
    (Status.PUBLISHED, Action.WITHDRAW): Status.WITHDRAWN,
}
SEEN = {
    (Status.DRAFT, Side.EDITOR): View.WHOLE,
    (Status.PUBLISHED, Side.EDITOR): View.WHOLE,
    (Status.PUBLISHED, Side.COLLEAGUE): View.PUBLISHED,
    (Status.PUBLISHED, Side.READER): View.PUBLISHED,
    (Status.WITHDRAWN, Side.EDITOR): View.WHOLE,
    (Status.WITHDRAWN, Side.COLLEAGUE): View.PUBLISHED,
}


@pytest.mark.parametrize("status", [None, *Status])
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("side", Side)
def test_each_cell_leads_where_the_table_says_or_is_refused(status: Status | None, action: Action, side: Side) -> None:
    after = STEPS.get((status, action))
    if after is None:
        with pytest.raises(Conflict) as conflict:
            step(status, action, side)
        assert conflict.value.reason == "TRANSITION"
    elif side is not Side.EDITOR:
        with pytest.raises(Forbidden):
            step(status, action, side)
    else:
        assert step(status, action, side) is after


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("side", Side)
def test_each_side_sees_what_the_table_says(status: Status, side: Side) -> None:
    assert VIEWS[status].get(side) is SEEN.get((status, side))


def test_every_status_can_be_reached_and_only_withdrawn_is_final() -> None:
    assert {row.next for actions in TRANSITIONS.values() for row in actions.values()} == set(Status)
    assert [status for status, actions in TRANSITIONS.items() if not actions] == [Status.WITHDRAWN]
