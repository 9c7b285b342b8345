"""Every cell of the table: each status, each action, each party; and what the table as a whole must be like."""

import pytest

from services.requests.domain.lifecycle import (
    ENDED,
    EVER,
    FINAL,
    OPEN,
    TRANSITIONS,
    WHO,
    Action,
    Party,
    Status,
    step,
)
from tests.cells import cell
from vocabulary.refusals import Conflict, Forbidden, Invalid

ASKER, ANSWERER = Party.REQUESTER, Party.RESPONDER
BOTH_ASSIGN = (Party.REQUESTER_ALLOCATOR, Party.RESPONDER_ALLOCATOR)
BOTH_REFER = (Party.REQUESTER_REFERRAL, Party.RESPONDER_REFERRAL)
REASON = True
ASSIGNED_IN = [
    "SENT", "ACCEPTED", "PENDING_REPLY_APPROVAL", "ANSWERED", "MORE_INFO_REQUESTED", "MORE_INFO_REFUSED", "REFERRED",
    "ANSWERED_FINAL",
]  # fmt: skip
# The table of the domain, written down a second time: who may do what, what it leads to, and whether it needs a reason.
WRITTEN: list[tuple[str | None, str, tuple[Party, ...], str, bool]] = [
    (None, "CREATE", (ASKER,), "DRAFT", False),
    ("DRAFT", "EDIT", (ASKER,), "DRAFT", False),
    ("DRAFT", "DELETE", (ASKER,), "DELETED", False),
    ("DRAFT", "SEND", (ASKER,), "SENT", False),
    ("DRAFT", "ASSIGN", BOTH_ASSIGN[:1], "DRAFT", False),
    ("PENDING_SEND_APPROVAL", "APPROVE", (Party.SENDING_APPROVER,), "SENT", False),
    ("PENDING_SEND_APPROVAL", "RETURN", (Party.SENDING_APPROVER,), "DRAFT", REASON),
    ("PENDING_SEND_APPROVAL", "ASSIGN", BOTH_ASSIGN[:1], "PENDING_SEND_APPROVAL", False),
    ("SENT", "ACCEPT", (ANSWERER,), "ACCEPTED", False),
    ("SENT", "FORWARD", (ANSWERER, Party.RESPONDER_COORDINATOR), "SENT", REASON),
    ("SENT", "WITHDRAW", (ASKER,), "WITHDRAWN", False),
    ("ACCEPTED", "ACCEPT_PROPOSED_DATE", (ASKER,), "ACCEPTED", False),
    ("ACCEPTED", "REFUSE_PROPOSED_DATE", (ASKER,), "ACCEPTED", False),
    ("ACCEPTED", "FORWARD", (ANSWERER,), "SENT", REASON),
    ("ACCEPTED", "SPLIT", (ANSWERER,), "ACCEPTED", False),
    ("ACCEPTED", "SAVE", (ANSWERER,), "ACCEPTED", False),
    ("ACCEPTED", "RELEASE", (ANSWERER,), "ACCEPTED", False),
    ("ACCEPTED", "ANSWER", (ANSWERER,), "ANSWERED", False),
    ("ACCEPTED", "WITHDRAW", (ASKER,), "WITHDRAWN", REASON),
    ("PENDING_REPLY_APPROVAL", "APPROVE", (Party.REPLY_APPROVER,), "ANSWERED", False),
    ("PENDING_REPLY_APPROVAL", "RETURN", (Party.REPLY_APPROVER,), "ACCEPTED", REASON),
    ("ANSWERED", "REQUEST_MORE_INFORMATION", (ASKER,), "MORE_INFO_REQUESTED", False),
    ("ANSWERED", "CLOSE", (ASKER,), "CLOSED", False),
    ("MORE_INFO_REQUESTED", "GIVE_MORE_INFORMATION", (ANSWERER,), "ANSWERED", False),
    ("MORE_INFO_REQUESTED", "REFUSE_MORE_INFORMATION", (ANSWERER,), "MORE_INFO_REFUSED", REASON),
    ("MORE_INFO_REFUSED", "ACCEPT_REFUSAL", (ASKER,), "CLOSED", False),
    ("MORE_INFO_REFUSED", "REFER", (ASKER,), "REFERRED", False),
    ("REFERRED", "GIVE_OPINION", BOTH_REFER, "REFERRED", False),
    ("REFERRED", "DECIDE_SATISFACTORY", (Party.RESPONDER_REFERRAL,), "ANSWERED_FINAL", False),
    ("REFERRED", "DECIDE_MUST_IMPROVE", (Party.RESPONDER_REFERRAL,), "ACCEPTED", REASON),
    ("ANSWERED_FINAL", "CLOSE", (ASKER,), "CLOSED", False),
    *[(status, "ASSIGN", BOTH_ASSIGN, status, False) for status in ASSIGNED_IN],
    ("SENT", "REMIND", (Party.SYSTEM,), "SENT", False),
    ("CLOSED", "BLOCK", (Party.SYSTEM,), "BLOCKED", False),
    ("WITHDRAWN", "BLOCK", (Party.SYSTEM,), "BLOCKED", False),
    ("BLOCKED", "PROVE", (ASKER, ANSWERER), "BLOCKED", REASON),
    ("BLOCKED", "ERASE", (Party.SYSTEM,), "DELETED", False),
    *[
        (status, "INVOLVE_COORDINATORS", (Party.SYSTEM,), status, False)
        for status in ("PENDING_SEND_APPROVAL", *ASSIGNED_IN)
    ],
]
EXPECTED = {
    (None if status is None else Status(status), Action(action)): (set(parties), Status(after), reason)
    for status, action, parties, after, reason in WRITTEN
}
# Where the settings of an authority put an approval in between.
APPROVED = {
    (Status.DRAFT, Action.SEND): Status.PENDING_SEND_APPROVAL,
    (Status.ACCEPTED, Action.ANSWER): Status.PENDING_REPLY_APPROVAL,
}
STATUSES: list[Status | None] = [None, *Status]


@pytest.mark.parametrize("status", STATUSES)
def test_each_cell_leads_where_the_table_says_or_is_refused(status: Status | None) -> None:
    for action in Action:
        with cell(action):
            allowed = EXPECTED.get((status, action))
            ever = {party for (_, known), (parties, _, _) in EXPECTED.items() if known is action for party in parties}
            for party in [*Party, None]:
                parties = {party} if party else set()
                if not parties & ever:
                    with pytest.raises(Forbidden):
                        step(status, action, parties, reasoned=True)
                elif allowed is None:
                    with pytest.raises(Conflict) as conflict:
                        step(status, action, parties, reasoned=True)
                    assert conflict.value.reason == "TRANSITION"
                elif party not in allowed[0]:
                    with pytest.raises(Forbidden):
                        step(status, action, parties, reasoned=True)
                else:
                    assert step(status, action, parties, reasoned=True) is allowed[1]


def test_a_reason_is_asked_for_where_the_table_says_so() -> None:
    for (status, action), (parties, after, reason) in EXPECTED.items():
        with cell(status, action):
            if reason:
                with pytest.raises(Invalid) as found:
                    step(status, action, parties)
                assert (found.value.field, found.value.reason) == ("reason", "MISSING_FIELD")
            else:
                assert step(status, action, parties) is after


def test_an_approval_comes_in_between_for_sending_and_replying_only() -> None:
    for (status, action), (parties, after, _) in EXPECTED.items():
        with cell(status, action):
            reached = step(status, action, parties, reasoned=True, approval=True)
            assert reached is (after if status is None else APPROVED.get((status, action), after))


def test_a_person_may_be_several_parties_at_once() -> None:
    assert step(Status.SENT, Action.ACCEPT, {Party.RESPONDER, Party.RESPONDER_ALLOCATOR}) is Status.ACCEPTED


# What the table as a whole must be like: a model check over its statuses.


def next_of(status: Status | None) -> set[Status]:
    rows = TRANSITIONS[status].values()
    return {row.next for row in rows} | {row.approval for row in rows if row.approval}


def reached_from(*starts: Status) -> set[Status]:
    found, waiting = set(starts), list(starts)
    while waiting:
        new = next_of(waiting.pop()) - found
        found |= new
        waiting += new
    return found


def test_every_status_can_be_reached_from_a_draft() -> None:
    assert reached_from(Status.DRAFT) == set(Status)
    assert next_of(None) == {Status.DRAFT}


def test_a_child_that_begins_as_sent_reaches_every_status_but_those_of_drafts() -> None:
    assert set(Status) - reached_from(Status.SENT) == {Status.DRAFT, Status.PENDING_SEND_APPROVAL}


def test_only_what_is_deleted_is_dead_and_whatever_has_ended_comes_to_that_by_itself() -> None:
    assert {Status.DELETED} == FINAL
    for status in ENDED - FINAL:
        (row,) = (one for one in TRANSITIONS[status].values() if one.next is not status)
        assert row.parties == {Party.SYSTEM}, status
        assert Status.DELETED in reached_from(status), status
    for status in set(Status) - FINAL:
        assert next_of(status) - {status}, status


@pytest.mark.parametrize("status", sorted(OPEN))
def test_every_status_that_is_open_can_reach_closure(status: Status) -> None:
    assert Status.CLOSED in reached_from(status)


def test_open_is_everything_between_sending_and_the_end() -> None:
    assert set(Status) - OPEN == {Status.DRAFT, Status.CLOSED, Status.WITHDRAWN, Status.BLOCKED, Status.DELETED}
    assert set(Status) - OPEN - {Status.DRAFT} == ENDED


def test_every_party_has_a_part_and_a_name() -> None:
    assert {party for parties in EVER.values() for party in parties} == set(Party) == set(WHO)
    assert all(EVER[action] for action in Action)
