"""An engine that fails is left alone, tried again, and used when it works; one whose budget is spent waits for the next month."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.translation.domain.breaker import IN_A_ROW, PAUSE, QUOTA_PAUSE, WINDOW, Breaker, State
from services.translation.domain.budget import fits, is_warning, month, month_end

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def failing(times: int, breaker: Breaker | None = None) -> Breaker:
    breaker = breaker or Breaker()
    for _ in range(times):
        breaker.failed(NOW)
    return breaker


def test_five_failures_in_a_row_open_it_and_four_do_not() -> None:
    assert failing(IN_A_ROW - 1).let_through(NOW)
    assert not failing(IN_A_ROW).let_through(NOW)


def test_half_of_the_last_twenty_open_it() -> None:
    breaker = Breaker()
    for _ in range(WINDOW // 2 - 1):
        breaker.succeeded()
        breaker.failed(NOW)
    assert breaker.let_through(NOW)
    breaker.succeeded()
    breaker.failed(NOW)
    assert not breaker.let_through(NOW)


def test_after_a_pause_one_call_tries_and_its_outcome_decides() -> None:
    later = NOW + PAUSE
    breaker = failing(IN_A_ROW)
    assert breaker.state(later - timedelta(microseconds=1)) is State.OPEN
    assert breaker.state(later) is State.HALF_OPEN
    assert breaker.let_through(later)
    assert not breaker.let_through(later)
    breaker.failed(later)
    assert not breaker.let_through(later + PAUSE / 2)
    assert breaker.let_through(later + PAUSE)
    breaker.succeeded()
    assert breaker.is_closed(later + PAUSE)
    assert failing(IN_A_ROW - 1, breaker).is_closed(later + PAUSE)


def test_a_trial_that_was_not_made_lets_another_one_try() -> None:
    breaker = failing(IN_A_ROW)
    assert breaker.let_through(NOW + PAUSE)
    breaker.released()
    assert breaker.let_through(NOW + PAUSE)


def test_a_trial_that_never_ended_does_not_lock_it_for_ever() -> None:
    breaker = failing(IN_A_ROW)
    assert breaker.let_through(NOW + PAUSE)
    assert not breaker.let_through(NOW + PAUSE * 2 - timedelta(seconds=1))
    assert breaker.let_through(NOW + PAUSE * 2)


def test_an_engine_is_left_alone_for_as_long_as_it_asks() -> None:
    breaker = Breaker()
    breaker.failed(NOW, timedelta(minutes=5))
    assert not breaker.let_through(NOW + timedelta(minutes=4))
    assert breaker.let_through(NOW + timedelta(minutes=5))


def test_a_spent_quota_is_waited_for() -> None:
    breaker = Breaker()
    breaker.spent(NOW, NOW + timedelta(days=3))
    assert breaker.for_quota
    assert not breaker.let_through(NOW + timedelta(days=2))
    assert breaker.let_through(NOW + timedelta(days=3))
    breaker.succeeded()
    assert not breaker.for_quota
    breaker.spent(NOW)
    assert not breaker.let_through(NOW + QUOTA_PAUSE - timedelta(seconds=1))
    assert breaker.let_through(NOW + QUOTA_PAUSE)


@given(st.lists(st.sampled_from(["ok", "bad", "spent", "pass"]), max_size=60))
def test_whatever_happens_it_closes_again_once_the_engine_works(course: list[str]) -> None:
    breaker, now = Breaker(), NOW
    for step in course:
        now += timedelta(seconds=7)
        if step == "pass" or not breaker.let_through(now):
            continue
        if step == "ok":
            breaker.succeeded()
        elif step == "bad":
            breaker.failed(now)
        else:
            breaker.spent(now)
    now += QUOTA_PAUSE
    assert breaker.let_through(now)
    breaker.succeeded()
    assert breaker.is_closed(now)


def test_a_budget_is_a_months_and_begins_anew_with_the_next() -> None:
    assert (month(NOW), month_end(NOW)) == ("2026-11", datetime(2026, 12, 1, tzinfo=UTC))
    assert month_end(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)


@given(st.integers(0, 200), st.integers(1, 100), st.integers(1, 150))
def test_a_budget_is_never_overspent_and_its_warning_comes_once(spent: int, characters: int, limit: int) -> None:
    assert fits(spent, characters, 0)
    assert fits(spent, characters, limit) is (spent + characters <= limit)
    warned = 0
    total = 0
    while fits(total, characters, limit):
        warned += is_warning(total, characters, limit)
        total += characters
    assert total <= limit
    assert warned == (total >= limit * 0.8)
