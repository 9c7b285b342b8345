"""Days are Brussels' own, from the first that can be written to the last."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from vocabulary.days import BRUSSELS, day_of, end_of

LAST = date(9999, 12, 31)


@given(st.dates(max_value=LAST - timedelta(days=1)))
@example(date(2026, 3, 29))
@example(date(2026, 10, 25))
def test_a_day_ends_when_the_next_one_begins(day: date) -> None:
    assert end_of(day) == datetime.combine(day + timedelta(days=1), time(), BRUSSELS).astimezone(UTC)
    assert day_of(end_of(day) - timedelta.resolution) == day


def test_the_last_day_that_can_be_written_ends_too() -> None:
    """Many write it for what has no end."""
    assert end_of(LAST) == datetime(9999, 12, 31, 23, tzinfo=UTC)
