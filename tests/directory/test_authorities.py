"""Who may register whom, what an authority must say of itself, and the posts of which there is one."""

from typing import Any

import pytest

from services.directory.domain.authorities import (
    CONTACT_LIMIT,
    Authority,
    Contact,
    Level,
    Registrar,
    check,
    register,
)
from tests.directory.bodies import an_access, an_authority
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import LegislativeRole

COORDINATORS = {LegislativeRole.DIMIC, LegislativeRole.LIMIC, LegislativeRole.SDIMIC, LegislativeRole.NIMIC}
MODULES = {"services": "services/alerts", "firearms": "firearms/requests"}


def a_registrar(role: LegislativeRole, *, acting: bool = True) -> Registrar:
    """Somebody at an authority with *role* in services in Italy, or at the Commission."""
    if role is LegislativeRole.COMMISSION:
        return Registrar(country="EU", legislative_roles={"*": role}, coordinated_areas=frozenset())
    areas = {"services"} if acting and role in COORDINATORS else set()
    return Registrar(country="IT", legislative_roles={"services": role}, coordinated_areas=frozenset(areas))


def may_register(registrar: LegislativeRole, role: LegislativeRole, country: str, area: str) -> bool:
    """The rule, written down a second time."""
    if role is LegislativeRole.COMMISSION or country == "EU":
        return False
    if registrar is LegislativeRole.COMMISSION:
        return role is LegislativeRole.NIMIC
    return registrar in COORDINATORS and role is not LegislativeRole.NIMIC and (country, area) == ("IT", "services")


@pytest.mark.parametrize("area", MODULES)
@pytest.mark.parametrize("country", ["IT", "HU", "EU"])
@pytest.mark.parametrize("role", LegislativeRole)
@pytest.mark.parametrize("registrar", LegislativeRole)
def test_a_coordinator_registers_in_its_area_and_country_and_the_commission_the_national_one(
    registrar: LegislativeRole, role: LegislativeRole, country: str, area: str
) -> None:
    new = an_authority(country=country, access=(an_access(MODULES[area], role),))
    if may_register(registrar, role, country, area):
        register(new, a_registrar(registrar))
    else:
        with pytest.raises(Forbidden):
            register(new, a_registrar(registrar))


@pytest.mark.parametrize("role", sorted(COORDINATORS))
def test_at_a_coordinator_only_those_register_who_act_as_coordinator(role: LegislativeRole) -> None:
    with pytest.raises(Forbidden):
        register(an_authority(), a_registrar(role, acting=False))


@pytest.mark.parametrize("area", MODULES)
def test_whoever_coordinates_all_areas_registers_in_each(area: str) -> None:
    everywhere = Registrar(
        country="IT", legislative_roles={"*": LegislativeRole.NIMIC}, coordinated_areas=frozenset("*")
    )
    register(an_authority(access=(an_access(MODULES[area]),)), everywhere)


def test_a_refusal_names_the_country_or_the_area_that_is_not_the_coordinators() -> None:
    by = a_registrar(LegislativeRole.LIMIC)
    with pytest.raises(Forbidden) as refused:
        register(an_authority(country="HU"), by)
    assert refused.value.field == "authority.country"
    with pytest.raises(Forbidden) as refused:
        register(an_authority(access=(an_access(), an_access("firearms/requests"))), by)
    assert refused.value.field == "authority.access[1].module"


def test_one_national_part_among_others_is_for_nobody_to_register() -> None:
    mixed = an_authority(access=(an_access(), an_access("services/requests", LegislativeRole.NIMIC)))
    for role in LegislativeRole:
        with pytest.raises(Forbidden):
            register(mixed, a_registrar(role))


def test_the_commission_registers_nobody_without_a_part() -> None:
    """It would have a way around registering national coordinators only."""
    with pytest.raises(Forbidden):
        register(an_authority(access=()), a_registrar(LegislativeRole.COMMISSION))


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"country": "GR"}, "country", "UNKNOWN_COUNTRY"),
        ({"country": ""}, "country", "UNKNOWN_COUNTRY"),
        ({"country": "it"}, "country", "UNKNOWN_COUNTRY"),
        ({"country": "EU"}, "level", "LEVEL"),
        ({"level": Level.UNION}, "level", "LEVEL"),
        ({"official_name": {}}, "officialName", "EMPTY"),
        ({"official_name": {"it": ""}}, "officialName", "EMPTY"),
        ({"languages": ()}, "languages", "EMPTY"),
        ({"languages": ("it", "tlh")}, "languages[1]", "UNKNOWN_LANGUAGE"),
        ({"level": Level.REGIONAL}, "region", "REGION"),
        ({"region": "IT-62"}, "region", "REGION"),
        ({"country": "EU", "level": Level.UNION, "region": "IT-62"}, "region", "REGION"),
        ({"access": (an_access(), an_access("firearms/requests"), an_access())}, "access[2].module", "REPEATED"),
        *(
            ({"contact": Contact(**{name: "x" * (CONTACT_LIMIT + 1)})}, f"contact.{name}", "TOO_LONG")
            for name in Contact.__slots__
        ),
        *(
            ({"contact": Contact(email=email)}, "contact.email", "NOT_AN_EMAIL")
            for email in ("imi", "@imi", "imi@", "@", "imi @ufficio.example")
        ),
    ],
)
@pytest.mark.parametrize("at", ["authority.", ""])
def test_what_is_wrong_is_refused_by_name(changed: dict[str, Any], field: str, reason: str, at: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(an_authority(**changed), at=at)
    assert (refused.value.field, refused.value.reason) == (at + field, reason)


@pytest.mark.parametrize(
    "authority",
    [
        an_authority(),
        an_authority(access=()),
        an_authority(contact=Contact()),
        an_authority(contact=Contact(**dict.fromkeys(("phone", "website", "town"), "x" * CONTACT_LIMIT))),
        an_authority(level=Level.REGIONAL, region="IT-62"),
        an_authority(level=Level.LOCAL),
        an_authority(level=Level.LOCAL, region="IT-RM"),
        an_authority(country="EU", level=Level.UNION),
    ],
)
def test_what_is_right_stays_as_it_is(authority: Authority) -> None:
    assert check(authority) == authority


def test_languages_are_written_in_one_way_and_once_the_preferred_one_first() -> None:
    assert check(an_authority(languages=("no", "IT", "nb", "it-CH", "en"))).languages == ("nb", "it", "en")


NIMIC, LIMIC = LegislativeRole.NIMIC, LegislativeRole.LIMIC


@pytest.mark.parametrize(
    ("changed", "posts"),
    [
        ({"access": (an_access("services/alerts", NIMIC), an_access("firearms/requests", NIMIC))}, ("NIMIC:IT",)),
        ({"access": (an_access("services/alerts", LIMIC),)}, ("LIMIC:services:IT",)),
        (
            {"access": (an_access("services/alerts", LIMIC),), "region": "IT-62", "level": Level.REGIONAL},
            ("LIMIC:services:IT-62",),
        ),
        (
            {
                "access": (
                    an_access("services/alerts", LIMIC),
                    an_access("services/requests", LIMIC),
                    an_access("firearms/requests", LIMIC),
                )
            },
            ("LIMIC:services:IT", "LIMIC:firearms:IT"),
        ),
        *(
            ({"access": (an_access("services/alerts", role),)}, ())
            for role in LegislativeRole
            if role not in (NIMIC, LIMIC)
        ),
        ({"access": ()}, ()),
    ],
)
def test_there_is_one_nimic_of_a_country_and_one_limic_of_an_area_in_a_country_or_region(
    changed: dict[str, Any], posts: tuple[str, ...]
) -> None:
    assert an_authority(**changed).posts == posts


def test_an_authority_is_in_the_areas_of_its_modules() -> None:
    several = (an_access("services/alerts"), an_access("firearms/requests"), an_access("services/requests"))
    assert an_authority(access=several).areas == ("services", "firearms")
    assert an_authority(access=(an_access("*", LegislativeRole.COMMISSION),)).areas == ()
