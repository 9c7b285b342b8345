"""What an authority must say of itself, and the posts of which there is one."""

from dataclasses import replace
from typing import Any

import pytest

from services.directory.domain.authorities import (
    CONTACT_LIMIT,
    AccessStatus,
    Authority,
    Contact,
    ModuleAccess,
    check,
    with_part,
)
from tests.directory.bodies import an_access, an_authority
from vocabulary.participants import Level, Status
from vocabulary.refusals import Invalid
from vocabulary.roles import LegislativeRole


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
            (
                {"access": (an_access(), an_access("firearms/requests", role)), **place},
                "access[1].legislativeRole",
                reason,
            )
            for role, place, reason in (
                (LegislativeRole.SDIMIC, {}, "LEGISLATIVE_ROLE"),
                (LegislativeRole.NIMIC, {"level": Level.REGIONAL, "region": "IT-62"}, "LEGISLATIVE_ROLE"),
            )
        ),
        *(
            (
                {"access": (part,)},
                "access[0].approvalCoordinatorId",
                "APPROVAL_COORDINATOR",
            )
            for part in (replace(an_access(), approve_outgoing=True), replace(an_access(), approve_reply=True))
        ),
        *(
            ({"contact": Contact(**{name: "x" * (CONTACT_LIMIT + 1)})}, f"contact.{name}", "TOO_LONG")
            for name in Contact.__slots__
        ),
        *(
            ({"contact": Contact(email=email)}, "contact.email", "NOT_AN_EMAIL")
            for email in (
                "imi",
                "@imi",
                "imi@",
                "@",
                "imi @ufficio.example",
                "imi@ufficio.example\nBcc:x@y",
                "imi\0@ufficio.example",
            )
        ),
        ({"official_name": {"it": "Ufficio\0"}}, "officialName.it", "CONTROL_CHARACTER"),
        ({"informal_name": {"it": "Ufficio", "en": "Office\x1b[2J"}}, "informalName.en", "CONTROL_CHARACTER"),
        ({"description": {"it": "\x07"}}, "description.it", "CONTROL_CHARACTER"),
        *(
            ({"contact": Contact(**{name: "a\x08b"})}, f"contact.{name}", "CONTROL_CHARACTER")
            for name in ("phone", "website", "town")
        ),
        *(
            ({"contact": Contact(website=website)}, "contact.website", "NOT_A_LINK")
            for website in (
                "javascript:alert(1)",
                "JavaScript:alert(1)",
                "java\nscript:alert(1)",
                "\u200bjavascript:alert(1)",
                "data:text/html,x",
                "mailto:imi@ufficio.example",
                "https://ufficio.example/ pagina",
            )
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
        *(
            an_authority(contact=Contact(website=website))
            for website in (
                "https://ufficio.example/a:b?c=d:e",
                "HTTP://ufficio.example",
                "www.ufficio.example",
                "ufficio.example:8080/imi",
                "münchen.example/über:uns",
            )
        ),
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


@pytest.mark.parametrize("status", Status)
def test_a_post_is_held_from_validation_to_deregistration_and_no_longer(status: Status) -> None:
    holder = an_authority(access=(an_access(role=LIMIC),), status=status)
    assert bool(holder.posts) is (status in (Status.ACTIVE, Status.SUSPENDED))


def test_what_is_only_requested_holds_no_post_and_is_in_no_area() -> None:
    waiting = replace(an_access(role=LIMIC), status=AccessStatus.REQUESTED)
    applicant = with_part(an_authority(access=()), waiting)
    assert (applicant.posts, applicant.areas, applicant.access) == ((), (), ())
    assert applicant.part("services/alerts") == waiting


@pytest.mark.parametrize("status", AccessStatus)
def test_a_part_takes_the_place_of_what_there_was_in_its_module(status: AccessStatus) -> None:
    before = an_authority(access=(an_access(), an_access("firearms/requests"), an_access("services/requests")))
    part: ModuleAccess = replace(an_access("firearms/requests", LIMIC), status=status)
    after = with_part(before, part)
    assert [one.module for one in after.all_access].count("firearms/requests") == 1
    assert after.part("firearms/requests") == part
    assert (part in after.access) is (status is AccessStatus.ACTIVE)
    again = with_part(after, replace(part, status=AccessStatus.ACTIVE))
    assert {one.module for one in again.access} == {one.module for one in before.access}
    assert again.inactive_access == ()
