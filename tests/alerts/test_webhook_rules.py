"""Webhooks: what each status allows, which secrets sign, when a failed delivery is tried again and when it stands still."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.domain import deliveries, webhooks
from services.alerts.domain.deliveries import (
    ATTEMPTS_KEPT,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    PAUSED_AFTER,
    Attempt,
    PauseReason,
    Progress,
)
from services.alerts.domain.filters import EVERYTHING, Delivery, Filter, Member, SavedFilter
from services.alerts.domain.webhooks import (
    SECRETS_OVERLAP,
    TRANSITIONS,
    TRIED_EVERY,
    WEBHOOKS_LIMIT,
    Action,
    Selection,
    Status,
    Webhook,
)
from tests.alerts.dangers import NOW
from vocabulary.addresses import Outcome
from vocabulary.refusals import Conflict, Forbidden, Invalid

CHIEF = Member(user_id="usr_chief", authority_id="aut_1", reads=False, administers=True, now=NOW)
READER = replace(CHIEF, reads=True, administers=False)
NEW = webhooks.register("Hook", "https://example.eu/", Selection(filter=EVERYTHING), "c0", CHIEF, there=0)
ACTIVE = webhooks.verify(NEW, CHIEF, url=NEW.url)
IN = {
    Status.UNVERIFIED: NEW,
    Status.ACTIVE: ACTIVE,
    Status.PAUSED: webhooks.pause(ACTIVE, CHIEF),
    Status.REMOVED: webhooks.remove(ACTIVE, CHIEF),
}


def did(action: Action, webhook: Webhook, by: Member = CHIEF) -> Webhook:
    match action:
        case Action.EDIT:
            return webhooks.edit(webhook, by, name="Other", url=None, selection=None)
        case Action.VERIFY:
            return webhooks.verify(webhook, by, url=webhook.url)
        case Action.PING:
            return webhooks.try_now(webhook, action, by)
        case Action.CHANGE_SECRET:
            return webhooks.change_secret(webhook, by, drop_old=False)
        case Action.PAUSE:
            return webhooks.pause(webhook, by)
        case Action.RESUME:
            return webhooks.resume(webhook, by, after_cursor="c1", stands_still=False)
        case Action.REMOVE:
            return webhooks.remove(webhook, by)


def test_each_status_allows_what_the_table_says_and_nothing_else() -> None:
    for status, webhook in IN.items():
        for action in Action:
            expected = TRANSITIONS[status].get(action)
            if expected is not None:
                assert did(action, webhook).status is expected, f"{action} in {status}"
                continue
            with pytest.raises(Conflict) as refused:
                did(action, webhook)
            assert refused.value.reason == "TRANSITION", f"{action} in {status}"


def test_only_an_administrator_does_any_of_it() -> None:
    for status, webhook in IN.items():
        for action in TRANSITIONS[status]:
            with pytest.raises(Forbidden):
                did(action, webhook, READER)
    with pytest.raises(Forbidden):
        webhooks.register("Hook", "https://example.eu/", Selection(), "", READER, there=0)


def test_an_authority_has_so_many_webhooks() -> None:
    with pytest.raises(Conflict) as refused:
        webhooks.register("Hook", "https://example.eu/", Selection(), "", CHIEF, there=WEBHOOKS_LIMIT)
    assert refused.value.reason == "TOO_MANY_WEBHOOKS"


def test_another_address_is_verified_anew_and_goes_on_where_the_last_one_stopped() -> None:
    moved = webhooks.edit(ACTIVE, CHIEF, name=None, url="https://elsewhere.eu/", selection=None)
    assert (moved.status, moved.verified_at, moved.run) == (Status.UNVERIFIED, None, 1)
    again = webhooks.verify(moved, CHIEF, url="https://elsewhere.eu/")
    assert (again.status, again.run, again.start_run) == (Status.ACTIVE, 2, 1)
    assert (ACTIVE.run, ACTIVE.start, ACTIVE.start_run) == (1, "c0", 1)
    same = webhooks.edit(ACTIVE, CHIEF, name="New", url=ACTIVE.url, selection=None)
    assert same == replace(ACTIVE, name="New")


def test_an_address_that_was_changed_while_the_challenge_was_under_way_is_not_verified_by_it() -> None:
    with pytest.raises(Conflict) as refused:
        webhooks.verify(NEW, CHIEF, url="https://before.eu/")
    assert refused.value.reason == "URL_CHANGED"


def test_nobody_knocks_twice_within_seconds() -> None:
    tried = webhooks.try_now(NEW, Action.VERIFY, CHIEF)
    assert tried.status is Status.UNVERIFIED
    soon = replace(CHIEF, now=NOW + TRIED_EVERY - timedelta(microseconds=1))
    with pytest.raises(Conflict) as refused:
        webhooks.try_now(tried, Action.VERIFY, soon)
    assert refused.value.reason == "TOO_SOON"
    later = replace(CHIEF, now=NOW + TRIED_EVERY)
    assert webhooks.try_now(tried, Action.VERIFY, later).tried_at == later.now


def test_two_secrets_sign_while_one_is_being_changed() -> None:
    changed = webhooks.change_secret(ACTIVE, CHIEF, drop_old=False)
    assert ACTIVE.secrets(NOW) == (1,)
    assert changed.secrets(NOW) == (2, 1)
    assert changed.secrets(NOW + SECRETS_OVERLAP) == (2,)
    with pytest.raises(Conflict) as refused:
        webhooks.change_secret(changed, CHIEF, drop_old=False)
    assert refused.value.reason == "SECRET_CHANGING"
    assert webhooks.change_secret(changed, CHIEF, drop_old=True).secrets(NOW) == (3,)
    later = replace(CHIEF, now=NOW + SECRETS_OVERLAP)
    assert webhooks.change_secret(changed, later, drop_old=False).secrets(later.now) == (3, 2)


def test_what_is_not_paused_is_resumed_only_from_a_cursor() -> None:
    with pytest.raises(Conflict) as refused:
        webhooks.resume(ACTIVE, CHIEF, after_cursor="", stands_still=False)
    assert refused.value.reason == "NOT_PAUSED"
    again = webhooks.resume(ACTIVE, CHIEF, after_cursor="c1", stands_still=False)
    assert (again.run, again.start, again.start_run) == (2, "c1", 2)
    assert webhooks.resume(ACTIVE, CHIEF, after_cursor="", stands_still=True).run == 2
    paused = webhooks.resume(IN[Status.PAUSED], CHIEF, after_cursor="", stands_still=False)
    assert (paused.run, paused.start, paused.start_run) == (2, "c0", 1)


def test_only_a_saved_filter_for_webhooks_is_one_for_webhooks() -> None:
    saved = SavedFilter(
        authority_id="aut_1",
        name="x",
        filter=Filter(),
        delivery=Delivery.WEBHOOK,
        created_by="usr_1",
        created_at=NOW,
        changed_at=NOW,
    )
    webhooks.require_for_webhooks(saved, "aut_1", field="savedFilterId")
    unfit = {
        "none": (None, "UNKNOWN_FILTER"),
        "another authority's": (replace(saved, authority_id="aut_2"), "UNKNOWN_FILTER"),
        "removed": (replace(saved, removed=True), "UNKNOWN_FILTER"),
        "for e-mails": (replace(saved, delivery=Delivery.EMAIL), "DELIVERY"),
        "for nothing": (replace(saved, delivery=Delivery.NONE), "DELIVERY"),
    }
    for which, (one, reason) in unfit.items():
        with pytest.raises(Invalid) as refused:
            webhooks.require_for_webhooks(one, "aut_1", field="savedFilterId")
        assert (refused.value.reason, refused.value.field) == (reason, "savedFilterId"), which


def an_attempt(after: timedelta = timedelta(), outcome: Outcome = Outcome.TIMED_OUT, status: int = 0) -> Attempt:
    return Attempt(at=NOW + after, message_id="msg_1", outcome=outcome, http_status=status)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_pause_grows_to_a_day_and_never_further(attempts: int, spread: float) -> None:
    pause = deliveries.pause(attempts, spread)
    assert FIRST_PAUSE / 2 <= pause <= LONGEST_PAUSE
    assert pause <= deliveries.pause(attempts, 0)
    assert deliveries.pause(attempts, 0) <= deliveries.pause(attempts + 1, 0)
    assert deliveries.pause(attempts, 0) <= 2 * deliveries.pause(attempts, 1)


def test_a_failure_keeps_the_cursor_and_is_tried_again_later_each_time() -> None:
    progress, after = Progress(run=1, cursor="c1"), timedelta()
    pauses = []
    while progress.paused is None:
        progress = deliveries.failed(progress, an_attempt(after), spread=0)
        assert (progress.cursor, progress.failing_since) == ("c1", NOW)
        if progress.next_at:
            pauses.append(progress.next_at - NOW - after)
            after = progress.next_at - NOW
    assert pauses[:4] == [timedelta(seconds=5 * 2**n) for n in range(4)]
    assert pauses == sorted(pauses)
    assert max(pauses) == LONGEST_PAUSE
    assert after >= PAUSED_AFTER
    assert (progress.paused, progress.next_at) == (PauseReason.FAILING, None)
    assert progress.attempts == len(pauses) + 1


def test_what_an_endpoint_asks_for_is_respected_up_to_a_day() -> None:
    asked = {timedelta(minutes=10): timedelta(minutes=10), timedelta(days=30): LONGEST_PAUSE, timedelta(): FIRST_PAUSE}
    for wish, pause in asked.items():
        failed = deliveries.failed(Progress(), an_attempt(), spread=0, retry_after=wish)
        assert failed.next_at == NOW + pause


def test_a_pause_begins_when_the_attempt_has_ended() -> None:
    slow = replace(an_attempt(), duration_ms=15_000)
    for asked, pause in ((timedelta(), FIRST_PAUSE), (timedelta(minutes=10), timedelta(minutes=10))):
        failed = deliveries.failed(Progress(), slow, spread=0, retry_after=asked)
        assert failed.next_at == NOW + timedelta(seconds=15) + pause


def test_an_endpoint_that_is_gone_for_good_is_left_alone_at_once() -> None:
    gone = deliveries.failed(Progress(), an_attempt(outcome=Outcome.STATUS_REFUSED, status=410), spread=0)
    assert (gone.paused, gone.next_at) == (PauseReason.GONE, None)


def test_a_success_forgets_the_failures_and_moves_on() -> None:
    failed = deliveries.failed(Progress(run=3, cursor="c1"), an_attempt(), spread=0)
    done = deliveries.delivered(failed, an_attempt(outcome=Outcome.DELIVERED), "c2")
    assert done == Progress(run=3, cursor="c2", recent=done.recent)
    assert [one.outcome for one in done.recent] == [Outcome.DELIVERED, Outcome.TIMED_OUT]


def test_so_many_attempts_are_remembered() -> None:
    progress = Progress()
    for n in range(2 * ATTEMPTS_KEPT):
        progress = deliveries.delivered(progress, replace(an_attempt(), number=n), f"c{n}")
    assert [one.number for one in progress.recent] == list(reversed(range(ATTEMPTS_KEPT, 2 * ATTEMPTS_KEPT)))


def test_another_run_begins_where_it_is_told_or_where_the_one_before_stopped() -> None:
    stands = deliveries.stopped(Progress(run=1, cursor="c5", attempts=9, failing_since=NOW), PauseReason.FAILING)
    resumed = replace(ACTIVE, run=4)
    assert deliveries.begun(stands, resumed) == Progress(run=4, cursor="c5")
    assert deliveries.begun(stands, replace(resumed, start="c1", start_run=3)) == Progress(run=4, cursor="c1")
    assert deliveries.begun(Progress(), resumed) == Progress(run=4, cursor="c0")
