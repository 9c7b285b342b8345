"""The tables of registration: every status, every command, every actor; nowhere to be stuck, and nothing that cannot be reached."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

from services.directory.domain.authorities import AccessStatus
from services.directory.domain.history import Command
from services.directory.domain.registration import (
    ACCESS,
    EVER,
    FINAL,
    REASON_LIMIT,
    TRANSITIONS,
    WHO,
    Actor,
    access_step,
    permitted,
    step,
)
from tests.cells import cell
from vocabulary.participants import Status
from vocabulary.refusals import Conflict, Forbidden, Invalid

STATUSES: list[Status | None] = [None, *Status]
ACCESS_STATUSES: list[AccessStatus | None] = [None, *AccessStatus]


@pytest.mark.parametrize("status", STATUSES)
def test_every_cell_of_the_table(status: Status | None) -> None:
    for command, actor in product(Command, Actor):
        with cell(command, actor):
            row = TRANSITIONS[status].get(command)
            if actor not in EVER[command]:
                with pytest.raises(Forbidden) as forbidden:
                    step(status, command, {actor}, "because")
                assert str(status) not in forbidden.value.message, (
                    "whoever may never do it learns nothing of the status"
                )
            elif row is None:
                with pytest.raises(Conflict) as conflict:
                    step(status, command, {actor}, "because")
                assert conflict.value.reason == "TRANSITION"
                assert str(status or "not registered") in conflict.value.message
            elif actor not in row.actors:
                with pytest.raises(Forbidden):
                    step(status, command, {actor}, "because")
            else:
                assert step(status, command, {actor}, "because") is row.next
            assert (command in permitted(status, {actor})) is (row is not None and actor in row.actors)


@pytest.mark.parametrize("status", STATUSES)
def test_nobody_may_do_anything(status: Status | None) -> None:
    assert permitted(status, frozenset()) == ()
    for command in Command:
        with pytest.raises(Forbidden):
            step(status, command, frozenset(), "because")


UNFIT = [("", "EMPTY"), (" \n", "EMPTY"), ("x" * (REASON_LIMIT + 1), "TOO_LONG")]
REASONED = [
    (status, command, min(row.actors))
    for status, rows in TRANSITIONS.items()
    for command, row in rows.items()
    if row.reason
]


def test_what_takes_something_away_needs_a_reason() -> None:
    assert {command for _, command, _ in REASONED} == {
        Command.REJECT,
        Command.SUSPEND,
        Command.WITHDRAW_INVITATION,
        Command.REFUSE_ACCESS,
        Command.WITHDRAW_ACCESS,
    }


def test_without_a_fit_reason_it_is_refused() -> None:
    for (status, command, actor), (reason, why) in product(REASONED, UNFIT):
        with cell(status, command, actor, repr(reason[:9])):
            with pytest.raises(Invalid) as refused:
                step(status, command, {actor}, reason)
            assert (refused.value.field, refused.value.reason) == ("reason", why)


def test_every_cell_of_the_table_of_access() -> None:
    for status, command in product(ACCESS_STATUSES, Command):
        with cell(status, command):
            following = ACCESS[status].get(command)
            if following is not None:
                assert access_step(status, command, "services/alerts") is following
                continue
            with pytest.raises(Conflict) as refused:
                access_step(status, command, "services/alerts")
            assert (refused.value.field, refused.value.reason) == ("module", "TRANSITION")
            assert str(status or "not requested") in refused.value.message


def reached(edges: Mapping[Any, set[Any]], start: Any) -> set[Any]:
    """Every status that a chain of steps leads to from *start*, itself included."""
    found, new = set(), {start}
    while new:
        found |= new
        new = {following for one in new for following in edges[one]} - found
    return found


AUTHORITY_EDGES = {status: {row.next for row in rows.values()} for status, rows in TRANSITIONS.items()}
ACCESS_EDGES = {status: set(rows.values()) for status, rows in ACCESS.items()}


def test_every_status_is_reached_and_none_is_a_dead_end_but_the_final_ones() -> None:
    assert set(TRANSITIONS) == {None, *Status}
    assert reached(AUTHORITY_EDGES, None) == {None, *Status}
    assert {Status.REJECTED, Status.DEREGISTERED} == FINAL
    for status in STATUSES:
        assert reached(AUTHORITY_EDGES, status) & FINAL, "it can be brought to an end"
        assert status in FINAL or AUTHORITY_EDGES[status] - {status}


def test_every_status_of_access_is_reached_and_may_become_active_again() -> None:
    assert set(ACCESS) == {None, *AccessStatus}
    assert reached(ACCESS_EDGES, None) == {None, *AccessStatus}
    assert all(AccessStatus.ACTIVE in reached(ACCESS_EDGES, status) for status in ACCESS_STATUSES)


def test_only_a_suspended_authority_is_deregistered() -> None:
    assert [status for status, rows in TRANSITIONS.items() if Command.DEREGISTER in rows] == [Status.SUSPENDED]


def test_every_command_and_every_actor_is_used_and_every_actor_has_words() -> None:
    assert all(EVER.values())
    assert set().union(*EVER.values()) == set(Actor) == set(WHO)
