"""Which day it is: a day is one of Brussels, wherever a server stands."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BRUSSELS = ZoneInfo("Europe/Brussels")


def day_of(at: datetime) -> date:
    """The day that *at* is in."""
    return at.astimezone(BRUSSELS).date()


def end_of(day: date) -> datetime:
    """The moment at which *day* is over."""
    # Not the beginning of the next one: the last day that can be written, 9999-12-31, has none.
    return datetime.combine(day, time.max, BRUSSELS).astimezone(UTC) + timedelta.resolution


def months_after(at: datetime, months: int) -> datetime:
    """The same time of the same day of the month, so many *months* after *at*; of the last day, in a month that is shorter."""
    local = at.astimezone(BRUSSELS)
    years, month = divmod(local.month - 1 + months, 12)
    year = local.year + years
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)
