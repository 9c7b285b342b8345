"""Working days, the law's last day, urgency, and when silence is remarked upon."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.requests.domain.deadlines import (
    URGENT_REASON_MINIMUM,
    Limits,
    Place,
    add_working_days,
    check_urgency,
    inactive_at,
    is_working_day,
    legal_deadline,
    reminder_at,
    working_days,
)
from services.requests.limits import limits, limits_of
from vocabulary import countries
from vocabulary.refusals import Invalid
from vocabulary.values import FreeText

AREAS = Path(__file__).resolve().parents[2] / "services/directory/catalogue/areas/structure.toml"
POSTING, DOCUMENTS = limits()["posting-of-workers"], limits()["public-documents"]
GERMANY, GREECE, ITALY = Place("DE"), Place("EL"), Place("IT")
WHY = FreeText(text="The workers leave the country on Friday.", language="en")

# A public holiday of each country in 2026 that falls on a weekday and that most of the others do not have.
NATIONAL = {
    "AT": "2026-10-26",
    "BE": "2026-07-21",
    "BG": "2026-03-03",
    "HR": "2026-06-22",
    "CY": "2026-10-01",
    "CZ": "2026-09-28",
    "DK": "2026-04-02",
    "EE": "2026-06-24",
    "FI": "2026-12-24",
    "FR": "2026-07-14",
    "DE": "2026-05-25",
    "EL": "2026-03-25",
    "HU": "2026-08-20",
    "IE": "2026-03-17",
    "IT": "2026-06-02",
    "LV": "2026-11-18",
    "LT": "2026-07-06",
    "LU": "2026-06-23",
    "MT": "2026-02-10",
    "NL": "2026-04-27",
    "PL": "2026-11-11",
    "PT": "2026-06-10",
    "RO": "2026-12-01",
    "SK": "2026-12-24",
    "SI": "2026-04-27",
    "ES": "2026-10-12",
    "SE": "2026-01-06",
    "IS": "2026-06-17",
    "LI": "2026-12-08",
    "NO": "2026-05-14",
}

days = st.dates(date(2020, 1, 1), date(2045, 12, 31))
places = st.sampled_from([Place(country) for country in countries.ALL] + [Place("DE", "DE-BY"), Place("IT", "IT-RM")])
counts = st.integers(0, 40)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2045, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize("country", countries.ALL)
def test_every_country_has_its_holidays(country: str) -> None:
    assert not is_working_day(date.fromisoformat(NATIONAL[country]), Place(country))
    assert not is_working_day(date(2026, 1, 1), Place(country))
    assert not is_working_day(date(2026, 12, 25), Place(country))
    in_the_year = working_days(date(2025, 12, 31), date(2026, 12, 31), Place(country))
    assert 240 <= in_the_year <= 255


def test_easter_monday_is_kept_where_and_when_it_is() -> None:
    def keeping(day: date) -> set[str]:
        return {country for country in countries.ALL if not is_working_day(day, Place(country))}

    orthodox = {"BG", "CY", "EL", "RO"}
    assert keeping(date(2026, 4, 13)) == orthodox
    # Spain leaves it to its regions; Estonia, Malta and Portugal work.
    assert keeping(date(2026, 4, 6)) == set(countries.ALL) - orthodox - {"EE", "ES", "MT", "PT"}


@pytest.mark.parametrize(
    ("day", "place", "works"),
    [
        ("2026-06-04", Place("DE", "DE-BY"), False),
        ("2026-06-04", Place("DE", "DE-BE"), True),
        ("2026-06-04", Place("DE"), True),
        ("2026-06-29", Place("IT", "IT-RM"), False),
        ("2026-06-29", Place("IT", "IT-MI"), True),
        # Alsace keeps Good Friday; a region that the calendars do not know has the country's holidays.
        ("2026-04-03", Place("FR", "FR-6AE"), False),
        ("2026-04-03", Place("FR", "FR-IDF"), True),
        ("2026-07-21", Place("BE", "BE-VLG"), False),
        # The institutions have no country: their working days are all weekdays.
        ("2026-05-01", Place("EU"), True),
        ("2026-05-02", Place("EU"), False),
    ],
)
def test_a_region_has_the_holidays_of_its_own_where_they_are_known(day: str, place: Place, works: bool) -> None:
    assert is_working_day(date.fromisoformat(day), place) is works


@given(days, places)
def test_no_weekend_is_a_working_day(day: date, place: Place) -> None:
    assert not (day.weekday() >= 5 and is_working_day(day, place))


@settings(deadline=None)
@given(days, counts, places)
def test_a_deadline_is_a_working_day_with_so_many_up_to_it(day: date, count: int, place: Place) -> None:
    last = add_working_days(day, count, place)
    assert is_working_day(last, place) or count == 0
    assert working_days(day, last, place) == count


@settings(deadline=None)
@given(days, counts, counts, places)
def test_days_add_up(day: date, one: int, other: int, place: Place) -> None:
    assert add_working_days(add_working_days(day, one, place), other, place) == add_working_days(
        day, one + other, place
    )


@settings(deadline=None)
@given(days, st.integers(0, 30), counts, places)
def test_later_or_more_is_never_earlier(day: date, later: int, count: int, place: Place) -> None:
    last = add_working_days(day, count, place)
    assert add_working_days(day + timedelta(days=later), count, place) >= last
    assert add_working_days(day, count + 1, place) > last


@pytest.mark.parametrize(
    ("sent", "limits_", "place", "how", "last"),
    [
        # The 25th working day after a Monday without holidays in between is the Monday five weeks later.
        ("2026-06-15", POSTING, ITALY, {}, "2026-07-20"),
        # Christmas, St Stephen's on a Saturday, New Year and Epiphany in between.
        ("2026-12-21", POSTING, ITALY, {}, "2027-01-28"),
        ("2026-06-15", POSTING, ITALY, {"urgent": True}, "2026-06-17"),
        ("2026-12-23", POSTING, GERMANY, {"urgent": True}, "2026-12-28"),
        ("2026-04-08", POSTING, GREECE, {"urgent": True}, "2026-04-14"),
        ("2026-06-15", DOCUMENTS, ITALY, {}, "2026-06-22"),
        ("2026-06-15", DOCUMENTS, ITALY, {"central": True}, "2026-06-29"),
        ("2026-05-11", DOCUMENTS, GERMANY, {}, "2026-05-19"),
        # An act that knows no urgency is not hurried by it.
        ("2026-06-15", DOCUMENTS, ITALY, {"urgent": True}, "2026-06-22"),
    ],
)
def test_known_deadlines(sent: str, limits_: Limits, place: Place, how: dict[str, bool], last: str) -> None:
    at = datetime.fromisoformat(f"{sent}T12:00+00:00")
    assert legal_deadline(limits_, at, place, **how) == date.fromisoformat(last)


def test_the_day_of_sending_is_that_of_brussels() -> None:
    """At eleven at night in Greenwich it is the next day there."""
    late, later = datetime(2026, 6, 14, 21, 59, tzinfo=UTC), datetime(2026, 6, 14, 22, 1, tzinfo=UTC)
    assert legal_deadline(DOCUMENTS, late, ITALY) == date(2026, 6, 19)
    assert legal_deadline(DOCUMENTS, later, ITALY) == date(2026, 6, 22)


def test_what_the_law_does_not_limit_has_no_last_day() -> None:
    unlimited = [area for area, one in limits().items() if one.working_days is None]
    assert len(unlimited) == 8
    for area in unlimited:
        assert legal_deadline(limits()[area], datetime(2026, 6, 15, tzinfo=UTC), ITALY, urgent=True) is None


@settings(deadline=None)
@given(moments, places, st.booleans(), st.sampled_from(list(limits().values())))
def test_urgency_never_makes_it_later(at: datetime, place: Place, central: bool, one: Limits) -> None:
    calm = legal_deadline(one, at, place, central=central)
    hurried = legal_deadline(one, at, place, urgent=True, central=central)
    assert calm is None or (hurried is not None and hurried <= calm)


def test_the_limits_are_said_for_every_area_of_the_directory() -> None:
    areas = tomllib.loads(AREAS.read_text(encoding="utf-8"))["areas"]
    assert list(limits()) == [area["code"] for area in areas]
    assert all(one.basis for one in limits().values())


@pytest.mark.parametrize("table", [{"working_day": 5}, {"working_days": "5"}, {"urgent": 1}])
def test_limits_that_are_mistyped_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        limits_of(table)


def test_urgency_needs_a_reason_and_a_law_that_knows_it() -> None:
    def checked(one: Limits, urgent: bool, reason: FreeText | None, complete: bool = True) -> FreeText | None:
        return check_urgency(one, urgent=urgent, reason=reason, at="draft", complete=complete)

    assert checked(POSTING, True, FreeText(text=f"  {WHY.text} ", language="EN")) == WHY
    assert checked(POSTING, True, None, complete=False) is None
    assert checked(DOCUMENTS, False, None) is None
    short = FreeText(text="x" * (URGENT_REASON_MINIMUM - 1), language="en")
    for arguments, field, reason in (
        ((DOCUMENTS, True, WHY), "draft.urgent", "NO_URGENT_REQUESTS"),
        ((POSTING, True, None), "draft.urgentReason", "MISSING_FIELD"),
        ((POSTING, True, short), "draft.urgentReason.text", "TOO_SHORT"),
        ((POSTING, True, FreeText(text=" ", language="en")), "draft.urgentReason.text", "EMPTY"),
        ((POSTING, True, FreeText(text=WHY.text, language="xx")), "draft.urgentReason.language", "UNKNOWN_LANGUAGE"),
        ((POSTING, False, WHY), "draft.urgentReason", "CONTRADICTION"),
    ):
        with pytest.raises(Invalid) as refused:
            checked(*arguments)
        assert (refused.value.field, refused.value.reason) == (field, reason)


@pytest.mark.parametrize(
    ("reached", "reminded"),
    [
        ("2026-06-15T08:30+00:00", "2026-06-22T08:30+00:00"),
        # The clocks change in between, and half past ten stays half past ten.
        ("2026-10-20T08:30+00:00", "2026-10-27T09:30+00:00"),
        ("2026-03-25T09:30+00:00", "2026-04-01T08:30+00:00"),
    ],
)
def test_a_reminder_is_due_a_week_later_at_the_same_time_of_day(reached: str, reminded: str) -> None:
    assert reminder_at(datetime.fromisoformat(reached)) == datetime.fromisoformat(reminded)


@pytest.mark.parametrize(
    ("last", "inactive"),
    [
        ("2026-06-15T08:30+00:00", "2026-08-15T08:30+00:00"),
        ("2026-12-31T12:00+00:00", "2027-02-28T12:00+00:00"),
        ("2027-12-31T12:00+00:00", "2028-02-29T12:00+00:00"),
        ("2026-11-30T12:00+00:00", "2027-01-30T12:00+00:00"),
        ("2026-09-15T08:30+00:00", "2026-11-15T09:30+00:00"),
        # In Brussels it is July already.
        ("2026-06-30T22:30+00:00", "2026-08-31T22:30+00:00"),
    ],
)
def test_two_months_end_on_the_same_day_of_the_month_or_on_its_last(last: str, inactive: str) -> None:
    assert inactive_at(datetime.fromisoformat(last)) == datetime.fromisoformat(inactive)


@given(moments, st.timedeltas(timedelta(), timedelta(days=400)))
def test_who_acts_later_is_remarked_upon_no_earlier(at: datetime, later: timedelta) -> None:
    brussels = ZoneInfo("Europe/Brussels")
    assert timedelta(days=58) < inactive_at(at) - at < timedelta(days=63)
    # A night of two hours repeated is compared by the day.
    assert inactive_at(at + later).astimezone(brussels).date() >= inactive_at(at).astimezone(brussels).date()
    assert reminder_at(at + later + timedelta(hours=1)) >= reminder_at(at)
