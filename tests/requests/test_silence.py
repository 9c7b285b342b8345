"""What the system remarks upon by itself: said by the request alone, due at the right time, done once."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.requests.domain.deadlines import inactive_at, reminder_at
from services.requests.domain.exchange import Coordinators
from services.requests.domain.lifecycle import OPEN, UNSENT, Action, Status
from services.requests.domain.requests import HistoryEntry, Request
from services.requests.domain.silence import due, involve, remind, sides
from tests.builders import doctors
from tests.requests.exchanges import NOW, a_stored_request
from vocabulary.refusals import Conflict

DAY = timedelta(days=1)
REMIND, INVOLVE = Action.REMIND, Action.INVOLVE_COORDINATORS
LIMICS = ("aut_limic_it", "aut_limic_hu")


def entry(action: Action, at: datetime, after: Status = Status.SENT) -> HistoryEntry:
    return HistoryEntry(at=at, authority_id="aut", user_id="usr", action=action, before=after, after=after)


def a_request(status: Status = Status.SENT, *history: HistoryEntry) -> Request:
    steps = history or (entry(Action.SEND, NOW, status),)
    return a_stored_request(status, history=steps, coordinators=Coordinators())


def test_a_responder_is_reminded_a_week_after_the_request_reached_it() -> None:
    request = a_request()
    assert due(request)[REMIND] == reminder_at(NOW)
    with pytest.raises(Conflict) as early:
        remind(request, NOW + 7 * DAY - timedelta(seconds=1))
    assert early.value.reason == "NOT_DUE"
    after = remind(request, NOW + 7 * DAY)
    assert after.status is Status.SENT
    assert after.history[:-1] == request.history
    last = after.history[-1]
    assert (last.action, last.authority_id, last.user_id) == (REMIND, "", "")
    assert (last.before, last.after, last.at) == (Status.SENT, Status.SENT, NOW + 7 * DAY)
    assert replace(after, history=(), changed_at=NOW) == replace(request, history=())


@pytest.mark.parametrize(
    ("history", "reached"),
    [
        ((entry(Action.SEND, NOW),), NOW),
        ((entry(Action.SEND, NOW, Status.PENDING_SEND_APPROVAL), entry(Action.APPROVE, NOW + DAY)), NOW + DAY),
        ((entry(Action.SEND, NOW), entry(Action.FORWARD, NOW + 5 * DAY)), NOW + 5 * DAY),
        ((entry(Action.SPLIT, NOW),), NOW),
        # Who assigns it to somebody has not accepted it; who has it now has not been reminded before.
        ((entry(Action.SEND, NOW), entry(Action.ASSIGN, NOW + DAY)), NOW),
        ((entry(Action.SEND, NOW), entry(REMIND, NOW + 7 * DAY), entry(Action.FORWARD, NOW + 9 * DAY)), NOW + 9 * DAY),
        ((entry(Action.SEND, NOW), entry(REMIND, NOW + 7 * DAY)), None),
        ((entry(Action.SEND, NOW), entry(REMIND, NOW + 7 * DAY), entry(INVOLVE, NOW + 61 * DAY)), None),
    ],
)
def test_the_week_begins_when_it_comes_to_somebody(history: tuple[HistoryEntry, ...], reached: datetime | None) -> None:
    found = due(a_request(Status.SENT, *history)).get(REMIND)
    assert found == (None if reached is None else reminder_at(reached))


@pytest.mark.parametrize("status", Status)
def test_only_what_is_sent_is_reminded_of_and_only_what_is_open_has_coordinators_brought_in(status: Status) -> None:
    found = due(a_request(status))
    assert (REMIND in found) is (status is Status.SENT)
    assert (INVOLVE in found) is (status in OPEN)
    if status not in OPEN:
        for late in (remind, lambda request, now: involve(request, LIMICS, now)):
            with pytest.raises(Conflict):
                late(a_request(status), NOW + 1000 * DAY)


@pytest.mark.parametrize("status", sorted(OPEN))
def test_after_two_months_without_a_step_coordinators_are_brought_in(status: Status) -> None:
    request = a_request(status)
    when = inactive_at(NOW)
    with pytest.raises(Conflict) as early:
        involve(request, LIMICS, when - timedelta(seconds=1))
    assert early.value.reason == "NOT_DUE"
    after = involve(request, LIMICS, when)
    assert (after.status, after.coordinators.involved) == (status, LIMICS)
    assert set(LIMICS) <= set(after.coordinators.all)
    assert after.history[-1].action is INVOLVE
    # And again after another two months, by whoever coordinates then; nobody is told twice.
    assert due(after)[INVOLVE] == inactive_at(when)
    again = involve(after, ("", "aut_limic_hu", "aut_nimic_it"), inactive_at(when))
    assert again.coordinators.involved == (*LIMICS, "aut_nimic_it")


def test_a_reminder_is_no_step_of_theirs_and_any_step_begins_the_two_months_anew() -> None:
    reminded = a_request(Status.SENT, entry(Action.SEND, NOW), entry(REMIND, NOW + 7 * DAY))
    assert due(reminded)[INVOLVE] == inactive_at(NOW)
    for action in (Action.SAVE, Action.ASSIGN, Action.GIVE_OPINION):
        seen = a_request(Status.ACCEPTED, entry(Action.SEND, NOW), entry(action, NOW + 50 * DAY, Status.ACCEPTED))
        assert due(seen)[INVOLVE] == inactive_at(NOW + 50 * DAY)


@pytest.mark.parametrize("status", sorted(OPEN))
def test_coordinators_of_the_responder_hear_of_no_request_before_it_is_sent(status: Status) -> None:
    both = [(doctors("IT"), "IT"), (doctors("HU"), "HU")]
    assert sides(a_request(status)) == (both[:1] if status in UNSENT else both)


@given(
    st.sampled_from(sorted(OPEN)),
    st.lists(
        st.tuples(st.sampled_from([Action.SEND, Action.FORWARD, Action.SAVE, REMIND, INVOLVE]), st.integers(0, 90))
    ),
    st.integers(0, 400),
)
def test_what_is_done_is_not_due_any_more(status: Status, steps: list[tuple[Action, int]], days: int) -> None:
    """Otherwise a timer would fire for ever; and nothing is done that is not said to be due."""
    at, history = NOW, [entry(Action.SEND, NOW, status)]
    for action, later in steps:
        at += later * DAY
        history.append(entry(action, at, status))
    request, now = a_request(status, *history), at + days * DAY
    for action, done in ((REMIND, remind), (INVOLVE, lambda request, now: involve(request, LIMICS, now))):
        when = due(request).get(action)
        if when is None or when > now:
            with pytest.raises(Conflict):
                done(request, now)
        else:
            later_due = due(done(request, now)).get(action)
            assert later_due is None or later_due > now
