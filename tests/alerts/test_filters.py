"""A filter: each of its lists narrows, an empty one does not, and what it lists must be there."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.domain.alerts import News
from services.alerts.domain.filters import (
    EVERYTHING,
    FILTERS_LIMIT,
    LIST_LIMIT,
    NAME_LIMIT,
    Delivery,
    Filter,
    Member,
    SavedFilter,
    Severity,
    checked,
    checked_name,
    edit,
    matches,
    remove,
    save,
)
from tests.alerts.dangers import AREA, NOW, TYPE
from tests.alerts.threads import ruled
from vocabulary.refusals import Conflict, Forbidden, Invalid

ALERT = replace(ruled(), severity="HIGH")
ANNA = Member(user_id="usr_anna", authority_id="aut_1", reads=True, administers=False, now=NOW)
BERT = replace(ANNA, user_id="usr_bert")
CHIEF = replace(ANNA, user_id="usr_chief", reads=False, administers=True)
NOBODY = replace(ANNA, user_id="usr_nobody", reads=False)


def filters() -> st.SearchStrategy[Filter]:
    def some(values: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
        return st.lists(st.sampled_from(values), max_size=3).map(tuple)

    return st.builds(
        Filter,
        types=some([TYPE.code, TYPE.id, "other", "other:1"]),
        areas=some([AREA, "firearms"]),
        severities=some(list(Severity)),
        kinds=some(list(News)),
    )


@given(filters(), st.sampled_from(News), st.sampled_from(["", *Severity]))
def test_an_entry_is_meant_if_each_list_is_empty_or_has_it(wanted: Filter, news: News, severity: str) -> None:
    alert = replace(ALERT, severity=severity)
    expected = (
        (not wanted.types or bool({TYPE.code, TYPE.id} & set(wanted.types)))
        and (not wanted.areas or alert.area in wanted.areas)
        and (not wanted.severities or severity in wanted.severities)
        and (not wanted.kinds or news in wanted.kinds)
    )
    assert matches(wanted, news, alert, TYPE) is expected


@given(filters(), st.sampled_from(News))
def test_each_list_alone_means_no_less_than_all_of_them(wanted: Filter, news: News) -> None:
    alone = [
        Filter(types=wanted.types),
        Filter(areas=wanted.areas),
        Filter(severities=wanted.severities),
        Filter(kinds=wanted.kinds),
    ]
    assert matches(wanted, news, ALERT, TYPE) is all(matches(one, news, ALERT, TYPE) for one in alone)
    assert matches(EVERYTHING, news, ALERT, TYPE)


def test_an_alert_that_says_no_severity_has_none_of_those_asked_for() -> None:
    wanted = Filter(severities=tuple(Severity))
    assert not matches(wanted, News.BROADCAST, replace(ALERT, severity=""), TYPE)


def test_what_a_filter_lists_must_be_there() -> None:
    refused = {
        "TOO_MANY": Filter(areas=(AREA,) * (LIST_LIMIT + 1)),
        "UNKNOWN_ALERT_TYPE": Filter(types=(TYPE.code, "nothing")),
        "UNKNOWN_AREA": Filter(areas=(AREA, "nowhere")),
    }
    fields = {
        "TOO_MANY": "filter.areas",
        "UNKNOWN_ALERT_TYPE": "filter.types[1]",
        "UNKNOWN_AREA": "filter.areas[1]",
    }
    for reason, wanted in refused.items():
        with pytest.raises(Invalid) as found:
            checked(wanted, [TYPE], at="filter")
        assert (found.value.reason, found.value.field) == (reason, fields[reason])


def test_what_is_listed_twice_is_kept_once() -> None:
    twice = Filter(types=(TYPE.code, TYPE.code), areas=(AREA, AREA), kinds=(News.BROADCAST, News.BROADCAST))
    assert checked(twice, [TYPE], at="filter") == Filter(types=(TYPE.code,), areas=(AREA,), kinds=(News.BROADCAST,))


def a_saved_filter(by: Member = ANNA) -> SavedFilter:
    return save(" Grave ", Filter(severities=(Severity.HIGH,)), Delivery.NONE, by, there=0)


def test_a_filter_is_saved_under_a_name() -> None:
    saved = a_saved_filter()
    assert (saved.name, saved.authority_id, saved.created_by) == ("Grave", "aut_1", "usr_anna")


def test_a_name_is_one_line_of_text() -> None:
    for name, reason in {
        "": "EMPTY",
        "  ": "EMPTY",
        "a" * (NAME_LIMIT + 1): "TOO_LONG",
        "a\nb": "CONTROL_CHARACTER",
        "a\u202eb": "CONTROL_CHARACTER",
    }.items():
        with pytest.raises(Invalid) as refused:
            checked_name(name)
        assert (refused.value.reason, refused.value.field) == (reason, "name"), repr(name)


def test_an_authority_saves_so_many_filters() -> None:
    with pytest.raises(Conflict) as refused:
        save("one more", EVERYTHING, Delivery.NONE, ANNA, there=FILTERS_LIMIT)
    assert refused.value.reason == "TOO_MANY_FILTERS"


def test_only_who_made_it_or_an_administrator_changes_it() -> None:
    saved = a_saved_filter()
    changes: list[Callable[[Member], SavedFilter]] = [
        lambda by: edit(saved, by, name="x", wanted=None, delivery=None, in_use=False),
        lambda by: remove(saved, by, in_use=False),
    ]
    for change in changes:
        for by in (ANNA, CHIEF):
            assert change(by) != saved
        for by in (BERT, NOBODY):
            with pytest.raises(Forbidden):
                change(by)


def test_what_an_edit_does_not_give_stays() -> None:
    saved = a_saved_filter()
    later = replace(ANNA, now=NOW + timedelta(hours=1))
    edited = edit(saved, later, name=None, wanted=None, delivery=Delivery.EMAIL, in_use=False)
    assert edited == replace(saved, delivery=Delivery.EMAIL, changed_at=later.now)
    assert edit(saved, later, name="New", wanted=EVERYTHING, delivery=None, in_use=False) == replace(
        saved, name="New", filter=EVERYTHING, changed_at=later.now
    )


def test_a_filter_that_a_webhook_goes_by_stays_one_for_webhooks() -> None:
    saved = replace(a_saved_filter(), delivery=Delivery.WEBHOOK)
    with pytest.raises(Conflict) as refused:
        remove(saved, ANNA, in_use=True)
    assert (refused.value.reason, refused.value.field) == ("IN_USE", "id")
    with pytest.raises(Conflict) as refused:
        edit(saved, ANNA, name=None, wanted=None, delivery=Delivery.NONE, in_use=True)
    assert (refused.value.reason, refused.value.field) == ("IN_USE", "delivery")
    for delivery in (None, Delivery.WEBHOOK):
        assert edit(saved, ANNA, name="x", wanted=EVERYTHING, delivery=delivery, in_use=True).name == "x"
