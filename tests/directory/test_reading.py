"""What everybody may read of the directory, and what only services may."""

from typing import Any

import pytest

from chassis.caller import Caller
from protos.directory.v1 import directory_pb2 as pb
from services.directory import wire
from services.directory.domain.authorities import Authority
from services.directory.training.authorities import COMMISSION_ID, coordinator_id
from tests.builders import a_handler, doctors
from tests.directory.bodies import (
    ALERTS,
    ISSUER,
    a_registrar,
    an_administrator,
    somebody,
)
from tests.directory.conftest import Asking
from vocabulary import countries
from vocabulary.refusals import Forbidden, Invalid, Unauthenticated
from vocabulary.roles import LegislativeRole, UserRole

READER = a_handler("FR")
BATCHES = {
    "Authorities": [doctors("HU"), coordinator_id("IT", "*"), doctors("EL")],
    "Countries": ["SE", "EL", "AT"],
    "Regions": ["IT-62", "DE-BY", "BG-12"],
    "Areas": ["services", "firearms", "e-commerce"],
    "Concepts": ["nurse", "doctor", "customs"],
}
NAMES = {"Authorities": "informal_name", "Concepts": "label"}


def key_of(one: Any) -> str:
    return str(one.id if hasattr(one, "id") else one.code)


async def batch(asking: Asking, kind: str, **fields: Any) -> list[Any]:
    return list(getattr(await asking(READER, f"BatchGet{kind}", **fields), kind.lower()))


def languages_of(kind: str, one: Any) -> set[str]:
    return set(getattr(one, NAMES.get(kind, "name")).texts)


@pytest.mark.parametrize("kind", BATCHES)
async def test_a_batch_is_in_the_order_asked_for_each_once_without_what_does_not_exist(
    asking: Asking, kind: str
) -> None:
    first, second, third = BATCHES[kind]
    found = await batch(asking, kind, ids=[first, "nobody", second, first, "", third])
    assert [key_of(one) for one in found] == [first, second, third]
    assert [key_of(one) for one in await batch(asking, kind, ids=[third, first])] == [third, first]
    assert await batch(asking, kind) == []


@pytest.mark.parametrize("kind", [*BATCHES, "Users"])
async def test_a_batch_holds_a_thousand_ids_and_no_more(asking: Asking, kind: str) -> None:
    thousand = [f"x{number}" for number in range(1_000)]
    assert await batch(asking, kind, ids=thousand * 2) == []
    with pytest.raises(Invalid) as refused:
        await asking(READER, f"BatchGet{kind}", ids=[*thousand, "y"])
    assert (refused.value.field, refused.value.reason) == ("ids", "TOO_MANY")


@pytest.mark.parametrize("kind", BATCHES)
async def test_the_languages_wanted_are_sent_and_only_those(asking: Asking, kind: str) -> None:
    asked = BATCHES[kind][:1]
    (everything,) = await batch(asking, kind, ids=asked)
    assert {"bg", "de", "fr"} < languages_of(kind, everything)
    (some,) = await batch(asking, kind, ids=asked, languages=["bg", "FR-be"])
    assert languages_of(kind, some) == {"bg", "fr"}


async def test_a_name_that_is_not_there_in_the_languages_wanted_is_sent_in_another(asking: Asking) -> None:
    (doctor,) = await batch(asking, "Concepts", ids=["doctor"], languages=["is"])
    assert dict(doctor.label.texts) == {"is": "læknir"}
    (molise,) = await batch(asking, "Regions", ids=["IT-67"], languages=["mt", "it"])
    assert dict(molise.name.texts) == {"it": "Molise"}


@pytest.mark.parametrize("method", [*(f"BatchGet{kind}" for kind in BATCHES), "ListCountries", "ListAreas"])
async def test_an_unknown_language_is_refused_by_place(asking: Asking, method: str) -> None:
    with pytest.raises(Invalid) as refused:
        await asking(READER, method, languages=["it", "tlh"])
    assert (refused.value.field, refused.value.reason) == ("languages[1]", "UNKNOWN_LANGUAGE")


async def test_all_countries_and_areas_are_listed_in_the_languages_wanted(asking: Asking) -> None:
    listed = (await asking(READER, "ListCountries", languages=["mt"])).countries
    assert [one.code for one in listed] == list(countries.ALL)
    assert {(one.code, *one.languages) for one in listed} >= {("BE", "nl", "fr", "de"), ("EL", "el")}
    areas = (await asking(READER, "ListAreas", languages=["mt"])).areas
    assert len(areas) == 10
    assert all(set(one.name.texts) == {"mt"} for one in [*listed, *areas])
    (services,) = (one for one in areas if one.code == "services")
    assert (services.act, list(services.modules)) == (
        "2006/123/EC",
        ["services/requests", "services/alerts", "services/repository"],
    )


async def test_the_helpdesks_are_the_national_coordinators_country_by_country(
    asking: Asking, training: dict[str, Authority]
) -> None:
    helpdesks = (await asking(READER, "ListHelpdesks")).helpdesks
    assert [one.authority_id for one in helpdesks] == [coordinator_id(country, "*") for country in countries.ALL]
    for one in helpdesks:
        assert wire.contact_from(one.contact) == training[one.authority_id].contact


PUBLIC = ["aut_office", "aut_hungary"]


@pytest.mark.parametrize(
    ("caller", "whole"),
    [
        (somebody("aut_office"), False),
        (somebody("aut_hungary", country="HU"), False),
        (a_registrar(LegislativeRole.LIMIC, UserRole.VIEWER), False),
        (a_registrar(LegislativeRole.LIMIC), False),
        (somebody("aut_suspended"), True),
        (a_registrar(LegislativeRole.NIMIC), True),
        (a_registrar(LegislativeRole.COMMISSION, UserRole.VIEWER), True),
        ("requests", True),
    ],
)
async def test_of_what_is_suspended_others_read_the_name_and_the_country_only(
    small: Asking, caller: Caller | str, whole: bool
) -> None:
    found = (await small(caller, "BatchGetAuthorities", ids=[*PUBLIC, "aut_suspended"])).authorities
    assert [one.id for one in found] == [*PUBLIC, "aut_suspended"]
    suspended = found[-1]
    assert suspended.status == pb.AUTHORITY_STATUS_SUSPENDED
    assert (suspended.country_code, dict(suspended.official_name.texts)) == ("IT", {"it": "Ufficio lanterna"})
    assert bool(suspended.access) is bool(suspended.languages) is bool(suspended.contact.email) is whole
    assert all(one.access and one.contact.email for one in found[:-1])


@pytest.mark.parametrize(
    ("caller", "sees"),
    [
        (somebody("aut_office"), False),
        (somebody("aut_applicant"), True),
        (a_registrar(LegislativeRole.NIMIC), True),
        (a_registrar(LegislativeRole.COMMISSION), True),
        ("requests", True),
    ],
)
async def test_that_somebody_has_applied_is_nobody_elses_business(
    small: Asking, caller: Caller | str, sees: bool
) -> None:
    found = (await small(caller, "BatchGetAuthorities", ids=["aut_applicant"])).authorities
    assert bool(found) is sees


async def test_people_are_known_to_their_own_authority_and_to_services_only(small: Asking) -> None:
    wanted = ["usr_hungary", "usr_two", "usr_nobody", "usr_one"]
    for caller, known in (
        (somebody("aut_office"), ["usr_two", "usr_one"]),
        (somebody("aut_hungary"), ["usr_hungary"]),
        (somebody("aut_nimic"), []),
        (an_administrator("aut_limic"), []),
        ("requests", ["usr_hungary", "usr_two", "usr_one"]),
    ):
        found = (await small(caller, "BatchGetUsers", ids=wanted)).users
        assert [one.id for one in found] == known
    (one,) = (await small(somebody("aut_office"), "BatchGetUsers", ids=["usr_one"])).users
    role = pb.RoleInModule(module=ALERTS, role=pb.USER_ROLE_ALERT_HANDLER)
    assert one == pb.User(
        id="usr_one",
        revision=1,
        authority_id="aut_office",
        name="Signora one",
        language="it",
        roles=[role],
        active=True,
    )


async def test_the_gateway_learns_whose_a_sign_in_is(small: Asking) -> None:
    found = await small("gateway", "ResolveUser", issuer=ISSUER, subject="one")
    assert (found.user.id, found.authority.id) == ("usr_one", "aut_office")
    assert list(found.user.roles) == [pb.RoleInModule(module=ALERTS, role=pb.USER_ROLE_ALERT_HANDLER)]
    assert [access.module for access in found.authority.access] == [ALERTS]


async def test_who_administers_is_kept_with_the_authority_and_read_with_the_person(small: Asking) -> None:
    role = pb.RoleInModule(role=pb.USER_ROLE_LOCAL_DATA_ADMINISTRATOR)
    found = await small("gateway", "ResolveUser", issuer=ISSUER, subject="two")
    assert role in found.user.roles
    both = (await small(somebody("aut_office"), "BatchGetUsers", ids=["usr_one", "usr_two"])).users
    assert [role in one.roles for one in both] == [False, True]


async def test_who_works_there_no_more_cannot_sign_in(small: Asking) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await small("gateway", "ResolveUser", issuer=ISSUER, subject="former")
    assert refused.value.reason == "UNKNOWN_USER"


@pytest.mark.parametrize("caller", [a_handler("IT"), somebody("aut_office"), "requests", "directory"])
async def test_nobody_but_who_lets_people_in_may_ask_whose_a_sign_in_is(small: Asking, caller: Caller | str) -> None:
    with pytest.raises(Forbidden):
        await small(caller, "ResolveUser", issuer=ISSUER, subject="one")


async def test_alerts_lets_systems_in_and_may_ask_whose_a_sign_in_is(small: Asking) -> None:
    found = await small("alerts", "ResolveUser", issuer=ISSUER, subject="one")
    assert found == await small("gateway", "ResolveUser", issuer=ISSUER, subject="one")


@pytest.mark.parametrize(
    ("issuer", "subject", "reason"),
    [
        (ISSUER, "nobody", "UNKNOWN_USER"),
        ("https://other.example", "one", "UNKNOWN_USER"),
        ("", "", "UNKNOWN_USER"),
        (ISSUER, "suspended", "AUTHORITY_NOT_ACTIVE"),
        (ISSUER, "lost", "AUTHORITY_NOT_ACTIVE"),
    ],
)
async def test_who_is_unknown_or_whose_authority_is_not_active_cannot_sign_in(
    small: Asking, issuer: str, subject: str, reason: str
) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await small("gateway", "ResolveUser", issuer=issuer, subject=subject)
    assert refused.value.reason == reason


async def test_the_commission_belongs_to_no_country_and_is_no_helpdesk(asking: Asking) -> None:
    (commission,) = await asking.read(COMMISSION_ID)
    assert (commission.country_code, commission.level) == ("EU", pb.AUTHORITY_LEVEL_UNION)
    assert list(commission.area_codes) == []
    helpdesks = (await asking(READER, "ListHelpdesks")).helpdesks
    assert COMMISSION_ID not in {one.authority_id for one in helpdesks}


async def test_a_concept_says_which_wider_one_it_belongs_to(asking: Asking) -> None:
    specialist, doctor = await batch(asking, "Concepts", ids=["specialist_doctor", "doctor"])
    assert specialist.broader_id == "doctor"
    assert not doctor.HasField("broader_id")
