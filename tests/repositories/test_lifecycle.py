"""Every cell of the tables: each status, each action, each side; and what the tables as a whole must be like."""

from dataclasses import replace

import pytest

from services.repositories.domain.lifecycle import (
    ENDED,
    GIVEN,
    IN_FORCE,
    TRANSITIONS,
    VIEWS,
    WAITING,
    WHO,
    Action,
    Side,
    Status,
    Trait,
    View,
    named,
    step,
    table,
    traits,
)
from tests.cells import cell
from tests.repositories.registers import REGISTERS
from vocabulary.refusals import Conflict, Forbidden

KINDS = {approval: replace(REGISTERS, approval=approval) for approval in (False, True)}
EDITOR, APPROVER, SYSTEM = {Side.EDITOR}, {Side.APPROVER}, {Side.SYSTEM}

Rows = dict[tuple[str | None, str], tuple[set[Side], str]]

# The tables of the domain, written down a second time.
BOTH: Rows = {
    (None, "CREATE"): (EDITOR, "DRAFT"),
    ("DRAFT", "EDIT"): (EDITOR, "DRAFT"),
    ("DRAFT", "DELETE_DRAFT"): (EDITOR, "DELETED"),
    ("PENDING_APPROVAL", "EDIT"): (EDITOR, "DRAFT"),
    ("PENDING_APPROVAL", "DELETE_DRAFT"): (EDITOR, "DELETED"),
    ("PENDING_APPROVAL", "RETURN"): (APPROVER, "DRAFT"),
    ("PENDING_APPROVAL", "APPROVE"): (APPROVER, "PUBLISHED"),
    ("PUBLISHED", "EDIT"): (EDITOR, "PUBLISHED"),
    ("PUBLISHED", "REVERT"): (EDITOR, "PUBLISHED"),
    ("PUBLISHED", "DELETE_DRAFT"): (EDITOR, "PUBLISHED"),
    ("PUBLISHED", "WITHDRAW"): (EDITOR, "WITHDRAWN"),
    ("PUBLISHED", "EXPIRE"): (SYSTEM, "EXPIRED"),
    ("UPDATE_PENDING", "EDIT"): (EDITOR, "PUBLISHED"),
    ("UPDATE_PENDING", "DELETE_DRAFT"): (EDITOR, "PUBLISHED"),
    ("UPDATE_PENDING", "RETURN"): (APPROVER, "PUBLISHED"),
    ("UPDATE_PENDING", "APPROVE"): (APPROVER, "PUBLISHED"),
    ("UPDATE_PENDING", "WITHDRAW"): (EDITOR, "WITHDRAWN"),
    ("UPDATE_PENDING", "EXPIRE"): (SYSTEM, "EXPIRED"),
    ("WITHDRAWN", "ARCHIVE"): (EDITOR | SYSTEM, "ARCHIVED"),
    ("WITHDRAWN", "ERASE"): (SYSTEM, "DELETED"),
    ("EXPIRED", "ARCHIVE"): (EDITOR | SYSTEM, "ARCHIVED"),
    ("EXPIRED", "ERASE"): (SYSTEM, "DELETED"),
    ("ARCHIVED", "ERASE"): (SYSTEM, "DELETED"),
}
ONLY: dict[bool, Rows] = {
    False: {
        ("DRAFT", "PUBLISH"): (EDITOR, "PUBLISHED"),
        ("PUBLISHED", "PUBLISH"): (EDITOR, "PUBLISHED"),
    },
    True: {
        ("DRAFT", "SUBMIT"): (EDITOR, "PENDING_APPROVAL"),
        ("PUBLISHED", "SUBMIT"): (EDITOR, "UPDATE_PENDING"),
    },
}
SEEN = {
    ("DRAFT", "EDITOR"): "WHOLE",
    ("PENDING_APPROVAL", "EDITOR"): "WHOLE",
    ("PENDING_APPROVAL", "APPROVER"): "WAITING",
    ("PUBLISHED", "EDITOR"): "WHOLE",
    ("PUBLISHED", "COLLEAGUE"): "PUBLISHED",
    ("PUBLISHED", "READER"): "PUBLISHED",
    ("UPDATE_PENDING", "EDITOR"): "WHOLE",
    ("UPDATE_PENDING", "APPROVER"): "WAITING",
    ("UPDATE_PENDING", "COLLEAGUE"): "PUBLISHED",
    ("UPDATE_PENDING", "READER"): "PUBLISHED",
    ("WITHDRAWN", "EDITOR"): "WHOLE",
    ("WITHDRAWN", "COLLEAGUE"): "PUBLISHED",
    ("EXPIRED", "EDITOR"): "WHOLE",
    ("EXPIRED", "COLLEAGUE"): "PUBLISHED",
    ("ARCHIVED", "EDITOR"): "WHOLE",
}


@pytest.mark.parametrize("approval", [False, True])
def test_each_cell_leads_where_the_table_says_or_is_refused(approval: bool) -> None:
    expected = {**BOTH, **ONLY[approval]}
    for status in (None, *Status):
        for action in Action:
            for side in Side:
                with cell(status, action, side):
                    row = expected.get((status, action))
                    ever = {one for (_, name), (sides, _) in expected.items() if name == action for one in sides}
                    if row and side in row[0]:
                        assert step(KINDS[approval], status, action, {side}) is Status(row[1])
                        continue
                    with pytest.raises((Conflict, Forbidden)) as refused:
                        step(KINDS[approval], status, action, {side})
                    if not ever:
                        assert refused.value.reason == "OTHER_REPOSITORY"
                    elif side not in ever or row:
                        assert type(refused.value) is Forbidden
                    else:
                        assert refused.value.reason == "TRANSITION"


def test_each_side_sees_what_the_table_says() -> None:
    found = {(status, side): view for status, views in VIEWS.items() for side, view in views.items()}
    assert found == {(Status(status), Side(side)): View(view) for (status, side), view in SEEN.items()}


def reached_from(approval: bool, start: Status | None) -> set[Status | None]:
    rows = table(KINDS[approval])
    found: set[Status | None] = {start}
    while more := {row.next for status in found for row in rows[status].values()} - found:
        found |= more
    return found


def test_every_status_is_reached_and_comes_to_an_end_and_none_but_the_last_is_dead() -> None:
    """A model check of the tables of both kinds of repositories."""
    waiting = {Status.PENDING_APPROVAL, Status.UPDATE_PENDING}
    assert reached_from(True, None) == {None, *Status}
    assert reached_from(False, None) == {None, *Status} - waiting
    for approval, kind in KINDS.items():
        rows = table(kind)
        for status in reached_from(approval, None):
            with cell(approval, status):
                assert Status.DELETED in reached_from(approval, status)
                assert bool(rows[status]) is (status is not Status.DELETED)
                # Nobody waits for the system alone, but what has ended.
                people = {side for row in rows[status].values() for side in row.sides} - {Side.SYSTEM}
                assert bool(people) is (status not in {Status.ARCHIVED, Status.DELETED})


def test_nothing_is_published_that_another_authority_has_not_seen_where_approval_is_asked_for() -> None:
    for status, rows in table(KINDS[True]).items():
        for action, row in rows.items():
            if row.next in IN_FORCE and status not in IN_FORCE:
                assert (action, set(row.sides)) == (Action.APPROVE, APPROVER)


def test_every_action_side_and_trait_has_a_part_and_a_name() -> None:
    rows = [row for actions in TRANSITIONS.values() for row in actions.values()]
    assert {action for actions in TRANSITIONS.values() for action in actions} == set(Action)
    assert {side for row in rows for side in row.sides} == {Side.EDITOR, Side.APPROVER, Side.SYSTEM}
    assert {side for views in VIEWS.values() for side in views} | SYSTEM == set(Side) == set(WHO)
    assert {row.given for row in rows if row.given} == set(Trait) == set(GIVEN)
    assert set(VIEWS) == set(Status) == {status for status in TRANSITIONS if status}
    assert not IN_FORCE & ENDED
    assert {status for status in Status if Side.APPROVER in VIEWS[status]} == WAITING
    assert [traits(KINDS[approval]) for approval in KINDS] == [{Trait.NO_APPROVAL}, {Trait.APPROVAL}]


def test_a_refused_step_says_what_is_possible_instead_and_for_whom() -> None:
    kind = KINDS[True]
    with pytest.raises(
        Conflict, match="SUBMIT is not possible while the entry is WITHDRAWN; possible is ARCHIVE, ERASE"
    ):
        step(kind, Status.WITHDRAWN, Action.SUBMIT, EDITOR)
    with pytest.raises(Conflict, match="entries of registers have no PUBLISH"):
        step(kind, Status.DRAFT, Action.PUBLISH, EDITOR)
    with pytest.raises(
        Forbidden, match=r"^APPROVE is for a coordinator, at another authority of the owner's country only$"
    ):
        step(kind, Status.PENDING_APPROVAL, Action.APPROVE, EDITOR)
    assert named({Side.SYSTEM, Side.EDITOR}) == "an editor of the authority that owns the entry or the system"
