"""How many characters an engine may be sent in a month: what it charges for is counted before it is sent.

Months are those of UTC. Source characters are counted as code points, as the engines do.
"""

from datetime import datetime

# From here on somebody should know.
WARNED_AT = 0.8


def month(now: datetime) -> str:
    """The month that *now* counts for, such as ``2026-11``."""
    return f"{now:%Y-%m}"


def month_end(now: datetime) -> datetime:
    """When the next month begins."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.replace(year=now.year + 1, month=1) if now.month == 12 else first.replace(month=now.month + 1)


def fits(spent: int, characters: int, limit: int) -> bool:
    """Whether *characters* may be sent after *spent*; a *limit* of 0 is none."""
    return limit == 0 or spent + characters <= limit


def is_warning(spent: int, characters: int, limit: int) -> bool:
    """Whether it is now that the most of the budget is spent."""
    return limit > 0 and spent < limit * WARNED_AT <= spent + characters
