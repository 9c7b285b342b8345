"""By which day the law wants an answer, and from which day on silence is remarked upon.

Days are counted as Council Regulation (EEC, Euratom) No 1182/71 has it: the day of the event is not counted, and working days are all
days but public holidays, Saturdays and Sundays; the holidays are those of the country, and where they differ the region, of
the authority that answers. A day is one of Brussels. The clock of the law starts when a request is first sent; no forwarding starts it
anew. What an act does not limit is to be answered "as soon as possible", which is no day.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import holidays

from vocabulary import countries
from vocabulary.days import BRUSSELS, day_of, months_after
from vocabulary.refusals import Invalid
from vocabulary.values import FreeText, free_text

DAY = timedelta(days=1)
SATURDAY = 5
# Acceptance is expected within a week.
REMINDER_AFTER = timedelta(days=7)
# Regulation (EU) No 1024/2012, Article 14(7).
INACTIVE_MONTHS = 2
URGENT_REASON_MINIMUM = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the act of one area says of the time for an answer, in working days; None is no limit."""

    working_days: int | None = None
    # For what is asked through a central authority.
    central_working_days: int | None = None
    # Whether the act knows urgent requests, and their limit if they have one of their own.
    urgent: bool = False
    urgent_working_days: int | None = None
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an authority has its working days: a country and perhaps a region (ISO 3166-2)."""

    country: str
    region: str = ""


def is_working_day(day: date, place: Place) -> bool:
    """Whether people of *place* are expected at work on *day*."""
    return day.weekday() < SATURDAY and day not in _holidays(place)


def add_working_days(day: date, count: int, place: Place) -> date:
    """The *count*-th working day after *day*, which is not counted itself; *day* for none."""
    while count > 0:
        day += DAY
        if is_working_day(day, place):
            count -= 1
    return day


def working_days(after: date, until: date, place: Place) -> int:
    """How many working days there are after the day *after*, *until* the other one inclusive."""
    days = (after + DAY * number for number in range(1, (until - after).days + 1))
    return sum(is_working_day(day, place) for day in days)


def legal_deadline(
    limits: Limits, sent_at: datetime, place: Place, *, urgent: bool = False, central: bool = False
) -> date | None:
    """The last day that the law leaves *place* for an answer; None if it names none. Urgency never makes it later."""
    days = limits.central_working_days if central and limits.central_working_days is not None else limits.working_days
    if urgent and limits.urgent and limits.urgent_working_days is not None:
        days = limits.urgent_working_days if days is None else min(days, limits.urgent_working_days)
    return None if days is None else add_working_days(day_of(sent_at), days, place)


def check_urgency(limits: Limits, *, urgent: bool, reason: FreeText | None, at: str, complete: bool) -> FreeText | None:
    """Why it is urgent, as it is kept; raises Invalid where the act knows no urgency, or it is claimed without saying enough.

    *complete* asks for the reason, as one does before a request leaves its author.
    """
    if not urgent:
        if reason is not None:
            raise Invalid("say that it is urgent, or leave out why", field=f"{at}.urgentReason", reason="CONTRADICTION")
        return None
    if not limits.urgent:
        raise Invalid(
            "the law of this area knows no urgent requests; name a desired date instead",
            field=f"{at}.urgent",
            reason="NO_URGENT_REQUESTS",
        )
    if reason is None:
        if complete:
            raise Invalid("say why it is urgent", field=f"{at}.urgentReason", reason="MISSING_FIELD")
        return None
    checked = free_text(reason, at=f"{at}.urgentReason")
    if len(checked.text) < URGENT_REASON_MINIMUM:
        raise Invalid(
            f"say in at least {URGENT_REASON_MINIMUM} characters why it cannot wait",
            field=f"{at}.urgentReason.text",
            reason="TOO_SHORT",
        )
    return checked


def reminder_at(reached_at: datetime) -> datetime:
    """When a responder that a request *reached_at* is reminded that it has not accepted: a week later, by the clock of Brussels."""
    return (reached_at.astimezone(BRUSSELS) + REMINDER_AFTER).astimezone(UTC)


def inactive_at(last_at: datetime) -> datetime:
    """When two months without a step have passed."""
    return months_after(last_at, INACTIVE_MONTHS)


@lru_cache(maxsize=1024)
def _holidays(place: Place) -> holidays.HolidayBase | frozenset[date]:
    """The public holidays of *place*; of a country that is none of ours, none are known."""
    if place.country not in countries.ALL:
        return frozenset()
    code = countries.iso(place.country)
    known = holidays.country_holidays(code).subdivisions
    division = place.region.partition("-")[2]
    return holidays.country_holidays(code, subdiv=division if division in known else None)
