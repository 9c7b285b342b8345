"""Who sees how much of an alert: each person, each role, each status, each field."""

from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import Any

import pytest

from chassis.caller import Caller
from services.alerts.domain import receiving
from services.alerts.domain.alerts import Alert
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.views import View, seen, view
from tests.alerts.cast import (
    AUTHORITIES,
    COMMISSION_ID,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HU_REGION,
    HUNGARY,
    IT_COORDINATOR,
    ITALY,
    as_party,
    someone,
)
from tests.alerts.dangers import PERSONAL, TYPE, a_danger
from tests.alerts.threads import BEGUN, KNOWN_TO, acknowledged, ruled, said
from tests.cells import cell
from vocabulary.roles import UserRole

READING = {UserRole.VIEWER, UserRole.ALERT_HANDLER, UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR}
ITALIANS = ["aut_it_labour", "aut_it_coordinator", "aut_it_region", "aut_it_nimic"]
HU_COORDINATORS = ["aut_hu_coordinator", "aut_hu_region", "aut_hu_nimic"]
FR_COORDINATORS = ["aut_fr_coordinator", "aut_fr_region", "aut_fr_nimic"]
# In France too an authority is told.
TO_WHOM = {**KNOWN_TO, Status.BROADCAST: KNOWN_TO[Status.BROADCAST] | {"aut_fr_labour"}}


@lru_cache(1)
def full() -> Alert:
    """Broadcast; both countries told their labour authority; one piece of information is shared, each country proposes one."""
    alert = receiving.disseminate(acknowledged(), TYPE, ["aut_hu_labour"], as_party(HU_COORDINATOR))
    alert = receiving.disseminate(alert, TYPE, ["aut_fr_labour"], as_party(FR_COORDINATOR))
    alert = receiving.add_information(alert, TYPE, "inf_shared", said("SECRET visto"), as_party(HUNGARY))
    alert = receiving.approve_information(alert, TYPE, "inf_shared", as_party(HU_REGION))
    alert = receiving.add_information(alert, TYPE, "inf_it", said("SECRET visto"), as_party(ITALY))
    alert = receiving.add_information(alert, TYPE, "inf_hu", said("SECRET visto"), as_party(HUNGARY))
    return receiving.add_information(alert, TYPE, "inf_fr", said("SECRET visto"), as_party(FR_COORDINATOR))


def in_status(status: Status) -> Alert:
    return full() if status is Status.BROADCAST else ruled(status)


@pytest.mark.parametrize("status", BEGUN)
@pytest.mark.parametrize("authority_id", AUTHORITIES)
def test_an_alert_exists_for_its_parties_only_and_for_readers_only(status: Status, authority_id: str) -> None:
    expected = View.FULL if authority_id in TO_WHOM[status] else None
    if expected and authority_id == COMMISSION_ID:
        expected = View.WITHOUT_PERSONAL_DATA
    for role in UserRole:
        who = as_party(someone(authority_id, role))
        assert view(in_status(status), who) is (expected if role in READING else None)
    assert view(in_status(status), as_party(someone(authority_id))) is None


@pytest.mark.parametrize("module", ["services/requests", "professional-qualifications/alerts", ""])
def test_a_role_in_another_module_shows_nothing(module: str) -> None:
    for status, authority_id in product(BEGUN, AUTHORITIES):
        with cell(status, authority_id):
            assert view(in_status(status), as_party(someone(authority_id, *UserRole, module=module))) is None


@pytest.mark.parametrize("status", BEGUN)
@pytest.mark.parametrize("caller", [ITALY, IT_COORDINATOR, HUNGARY, HU_COORDINATOR])
def test_an_authority_that_no_longer_takes_part_sees_nothing(status: Status, caller: Caller) -> None:
    """Not even what it wrote."""
    assert view(in_status(status), as_party(replace(caller, workflow_roles={}))) is None


def shown_to(caller: Caller, alert: Alert) -> Alert:
    who = as_party(caller)
    how = view(alert, who)
    assert how is not None
    return seen(alert, TYPE, how, who)


EVERYBODY = sorted(TO_WHOM[Status.BROADCAST])


@pytest.mark.parametrize("authority_id", EVERYBODY)
def test_whom_a_country_told_is_its_own(authority_id: str) -> None:
    shown = shown_to(someone(authority_id, UserRole.VIEWER), full())
    country = AUTHORITIES[authority_id].country
    assert {one.country: one.told for one in shown.addressed} == {
        "HU": ("aut_hu_labour",) if country == "HU" else (),
        "FR": ("aut_fr_labour",) if country == "FR" else (),
    }
    assert all(one.acknowledged_at and one.acknowledged_by for one in shown.addressed)


@pytest.mark.parametrize("authority_id", EVERYBODY)
def test_information_that_waits_is_for_whoever_added_it_and_its_coordinators(authority_id: str) -> None:
    expected = {
        **dict.fromkeys(ITALIANS, ("inf_shared", "inf_it")),
        **dict.fromkeys(["aut_hu_labour", *HU_COORDINATORS], ("inf_shared", "inf_hu")),
        **dict.fromkeys(FR_COORDINATORS, ("inf_shared", "inf_fr")),
        "aut_fr_labour": ("inf_shared",),
        COMMISSION_ID: ("inf_shared",),
    }
    shown = shown_to(someone(authority_id, UserRole.VIEWER), full()).information
    assert tuple(one.id for one in shown) == expected[authority_id]
    assert all(bool(one.text) is (authority_id != COMMISSION_ID) for one in shown)


CREATED, SUBMITTED, RETURNED = ("IT", Action.CREATE), ("IT", Action.SUBMIT), ("IT", Action.RETURN)
BROADCAST, APPROVED = ("IT", Action.BROADCAST), ("HU", Action.APPROVE_INFORMATION)
ACKNOWLEDGED = (("HU", Action.ACKNOWLEDGE), ("FR", Action.ACKNOWLEDGE))
ADDED = {country: (country, Action.ADD_INFORMATION) for country in ("IT", "HU", "FR")}
TOLD = {country: (country, Action.DISSEMINATE) for country in ("HU", "FR")}

WRITING = (CREATED, SUBMITTED, RETURNED, SUBMITTED)
PUBLIC = (BROADCAST, *ACKNOWLEDGED, APPROVED)
STEPS_SHOWN = {
    **dict.fromkeys(ITALIANS, (*WRITING, *PUBLIC, ADDED["IT"])),
    **dict.fromkeys(HU_COORDINATORS, (BROADCAST, *ACKNOWLEDGED, TOLD["HU"], ADDED["HU"], APPROVED, ADDED["HU"])),
    "aut_hu_labour": (BROADCAST, *ACKNOWLEDGED, ADDED["HU"], APPROVED, ADDED["HU"]),
    **dict.fromkeys(FR_COORDINATORS, (BROADCAST, *ACKNOWLEDGED, TOLD["FR"], APPROVED, ADDED["FR"])),
    "aut_fr_labour": PUBLIC,
    COMMISSION_ID: PUBLIC,
}


@pytest.mark.parametrize("authority_id", EVERYBODY)
def test_of_each_others_doings_countries_learn_what_concerns_all(authority_id: str) -> None:
    shown = shown_to(someone(authority_id, UserRole.VIEWER), full())
    assert tuple((entry.country, entry.action) for entry in shown.history) == STEPS_SHOWN[authority_id]


@pytest.mark.parametrize("authority_id", ITALIANS)
def test_before_it_is_broadcast_its_steps_are_its_countrys(authority_id: str) -> None:
    shown = shown_to(someone(authority_id, UserRole.VIEWER), ruled(Status.SUBMITTED))
    assert tuple((entry.country, entry.action) for entry in shown.history) == WRITING


def test_why_an_alert_came_back_is_for_its_author() -> None:
    draft = ruled(Status.DRAFT)
    assert shown_to(ITALY, draft).return_reason == said("troppo vago")
    # Its coordinator gets the answer to its own command after the draft is no longer for it to see.
    assert seen(draft, TYPE, View.FULL, as_party(IT_COORDINATOR)).return_reason is None


@pytest.mark.parametrize("authority_id", EVERYBODY)
def test_the_commission_alone_gets_no_data_of_natural_persons(authority_id: str) -> None:
    shown = shown_to(someone(authority_id, UserRole.VIEWER), full())
    if authority_id == COMMISSION_ID:
        assert set(shown.values) == set(a_danger()) - set(PERSONAL)
        assert "SECRET" not in repr(shown)
    else:
        assert shown.values == a_danger()


@pytest.mark.parametrize("authority_id", EVERYBODY)
def test_the_rest_is_shown_as_it_is(authority_id: str) -> None:
    shown = shown_to(someone(authority_id, UserRole.VIEWER), full())
    cut: dict[str, Any] = {"addressed": (), "information": (), "history": (), "values": {}, "return_reason": None}
    assert replace(shown, **cut) == replace(full(), **cut)


def test_personal_are_the_fields_that_may_name_people() -> None:
    assert {field.code for field in TYPE.fields if field.personal} == set(PERSONAL)
