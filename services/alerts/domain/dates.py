"""When a number of days has passed.

Days are counted as Council Regulation (EEC, Euratom) No 1182/71 has it: the day of the event is not counted, and a period ends with
the last hour of its last day.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import holidays

from vocabulary import countries
from vocabulary.days import BRUSSELS, day_of, end_of

_DAY = timedelta(days=1)
_SATURDAY = 5


def over(at: datetime, days: int) -> datetime:
    """When a period of so many calendar *days* from *at* on is over."""
    return end_of(day_of(at) + _DAY * days)


def within(at: datetime, days: int) -> datetime:
    """The same time of the day, so many *days* after *at*: for what has to be done before they are over."""
    return (at.astimezone(BRUSSELS) + _DAY * days).astimezone(UTC)


def after_working_days(day: date, count: int, country: str) -> date:
    """The *count*-th working day after *day*, which is not counted itself: no public holiday of *country*, Saturday or Sunday."""
    free = _holidays(country)
    while count > 0:
        day += _DAY
        if day.weekday() < _SATURDAY and day not in free:
            count -= 1
    return day


@lru_cache(maxsize=64)
def _holidays(country: str) -> holidays.HolidayBase:
    return holidays.country_holidays(countries.iso(country))
