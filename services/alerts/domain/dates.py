"""Which day it is, and when a number of days has passed. A day is one of Brussels, wherever a server stands.

Days are counted as Council Regulation (EEC, Euratom) No 1182/71 has it: the day of the event is not counted, and a period ends with
the last hour of its last day.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from vocabulary import countries

BRUSSELS = ZoneInfo("Europe/Brussels")
_DAY = timedelta(days=1)
_SATURDAY = 5


def day_of(at: datetime) -> date:
    """The day that *at* is in."""
    return at.astimezone(BRUSSELS).date()


def end_of(day: date) -> datetime:
    """The moment at which *day* is over."""
    return datetime.combine(day + _DAY, time(), BRUSSELS).astimezone(UTC)


def over(at: datetime, days: int) -> datetime:
    """When a period of so many calendar *days* from *at* on is over."""
    return end_of(day_of(at) + _DAY * days)


def within(at: datetime, days: int) -> datetime:
    """The same time of the day, so many *days* after *at*: for what has to be done before they are over."""
    return (at.astimezone(BRUSSELS) + _DAY * days).astimezone(UTC)


def within_months(at: datetime, months: int) -> datetime:
    """The same time of the same day of the month, so many *months* after *at*; of the last day, in a month that is shorter."""
    local = at.astimezone(BRUSSELS)
    years, month = divmod(local.month - 1 + months, 12)
    year = local.year + years
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)


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
