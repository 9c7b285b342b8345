"""Who stands above whom, and what a person is to an authority: by rank, area and territory, and never to their own."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from services.directory.domain.authorities import Authority
from services.directory.domain.coordination import RANK, Person, actors, is_above, reach, registrar
from services.directory.domain.registration import Actor
from services.directory.domain.views import View, sees_history, view
from tests.cells import cell
from tests.directory.bodies import ALERTS, a_coordinator, an_access, an_authority
from vocabulary.participants import Level, Status
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import COORDINATING, LegislativeRole, UserRole

LAZIO = {"level": Level.REGIONAL, "region": "IT-62"}
NATIONAL = ["IT"]
TERRITORIES = {"": NATIONAL, "IT-62": ["IT-62", "IT"], "IT-RM": ["IT-RM", "IT-62", "IT"], "IT-25": ["IT-25", "IT"]}
ROLES = [role for role in LegislativeRole if role is not LegislativeRole.COMMISSION]
COORDINATOR = {ALERTS: {UserRole.COORDINATOR}}


def a_person(authority: Authority, roles: Any = None, authority_id: str = "aut_above") -> Person:
    """Somebody who acts as coordinator in services alerts; at the Commission, everywhere."""
    if roles is None:
        roles = {"*": {UserRole.COORDINATOR}} if authority.country == "EU" else COORDINATOR
    return Person(user_id="usr_1", authority_id=authority_id, authority=authority, user_roles=roles)


def subject(role: LegislativeRole = LegislativeRole.COMPETENT_AUTHORITY, **changed: Any) -> Authority:
    """An authority whose validating and access coordinator is ``aut_above``."""
    access = replace(an_access(ALERTS, role), access_coordinator="aut_above")
    return an_authority(**{"access": (access,), "validating_coordinator": "aut_above", **changed})


def test_a_coordinator_stands_above_lower_ranks_in_its_own_territory() -> None:
    for by, role, region in product(ROLES, ROLES, TERRITORIES):
        with cell(by, role, region):
            there = by is not LegislativeRole.SDIMIC or region in ("IT-62", "IT-RM")
            expected = by in COORDINATING and RANK[by] > RANK[role] and there
            assert is_above(a_coordinator(by), "services", role, TERRITORIES[region]) is expected


@pytest.mark.parametrize("by", ROLES)
def test_only_the_regional_and_the_national_coordinator_stand_above_in_every_area(by: LegislativeRole) -> None:
    everywhere = is_above(a_coordinator(by), "firearms", LegislativeRole.COMPETENT_AUTHORITY, TERRITORIES["IT-62"])
    assert everywhere is (by in (LegislativeRole.SDIMIC, LegislativeRole.NIMIC))


@pytest.mark.parametrize("status", Status)
def test_only_an_active_coordinator_coordinates(status: Status) -> None:
    above = a_coordinator(LegislativeRole.LIMIC, status=status)
    active = status is Status.ACTIVE
    assert is_above(above, "services", LegislativeRole.COMPETENT_AUTHORITY, NATIONAL) is active
    found = actors(a_person(above), "aut_1", subject(), NATIONAL)
    assert bool(found) is active


def test_what_a_coordinator_is_to_an_authority() -> None:
    for by, role in product(LegislativeRole, [*ROLES]):
        with cell(by, role):
            found = actors(a_person(a_coordinator(by)), "aut_1", subject(role), TERRITORIES["IT-62"])
            if by is LegislativeRole.COMMISSION:
                assert found == ({Actor.COMMISSION} if role is LegislativeRole.NIMIC else set())
            elif by in COORDINATING and RANK[by] > RANK[role]:
                linked = {Actor.VALIDATING_COORDINATOR, Actor.ACCESS_COORDINATOR}
                assert found == (linked | {Actor.NIMIC} if by is LegislativeRole.NIMIC else linked)
            else:
                assert found == frozenset()


@pytest.mark.parametrize("role", UserRole)
def test_only_who_acts_as_coordinator_is_one(role: UserRole) -> None:
    for above in (LegislativeRole.LIMIC, LegislativeRole.NIMIC):
        found = actors(a_person(a_coordinator(above), {ALERTS: {role}}), "aut_1", subject(), NATIONAL)
        assert bool(found) is (role is UserRole.COORDINATOR)
    elsewhere = {"firearms/requests": {role}}
    assert not actors(a_person(a_coordinator(LegislativeRole.LIMIC), elsewhere), "aut_1", subject(), NATIONAL)


@pytest.mark.parametrize("by", LegislativeRole)
@pytest.mark.parametrize("administers", [True, False])
def test_nobody_is_a_coordinator_of_their_own_authority(by: LegislativeRole, administers: bool) -> None:
    # A token alone makes nobody an administrator: the authority must name them.
    roles = {"*": frozenset({UserRole.COORDINATOR}), "": frozenset({UserRole.LOCAL_DATA_ADMINISTRATOR})}
    administrators = ("usr_1",) if administers else ("usr_2",)
    own = a_coordinator(by, validating_coordinator="aut_1", administrators=administrators)
    found = actors(a_person(own, roles, "aut_1"), "aut_1", own, TERRITORIES["IT-62"])
    assert found == ({Actor.ADMINISTRATOR} if administers else set())


def test_who_has_left_their_authority_is_nothing_to_any_other() -> None:
    for by in (LegislativeRole.LIMIC, LegislativeRole.NIMIC):
        left = a_person(a_coordinator(by, former_users=("usr_1",)))
        assert actors(left, "aut_1", subject(), NATIONAL) == frozenset()
        assert reach(left) is None
        with pytest.raises(Forbidden):
            registrar(subject(), left, NATIONAL)
    commission = a_person(a_coordinator(LegislativeRole.COMMISSION, former_users=("usr_1",)))
    assert not commission.is_commission
    assert actors(commission, "aut_1", subject(LegislativeRole.NIMIC), NATIONAL) == frozenset()


def test_at_the_national_coordinator_too_one_acts_in_ones_own_areas_only() -> None:
    two = subject(access=(*subject().access, an_access("firearms/requests")))
    nimic = a_person(a_coordinator(LegislativeRole.NIMIC))
    assert Actor.NIMIC in actors(nimic, "aut_1", two, NATIONAL)
    assert Actor.NIMIC in actors(nimic, "aut_1", two, NATIONAL, ALERTS)
    assert Actor.NIMIC not in actors(nimic, "aut_1", two, NATIONAL, "firearms/requests")


def test_a_link_is_to_one_module_and_to_one_authority() -> None:
    two = subject(access=(*subject().access, an_access("services/requests")))
    limic = a_coordinator(LegislativeRole.LIMIC)
    assert Actor.ACCESS_COORDINATOR in actors(a_person(limic), "aut_1", two, NATIONAL, ALERTS)
    assert Actor.ACCESS_COORDINATOR not in actors(a_person(limic), "aut_1", two, NATIONAL, "services/requests")
    assert actors(a_person(limic, authority_id="aut_other"), "aut_1", two, NATIONAL) == frozenset()


def test_who_validated_an_authority_is_above_it_no_more_once_it_coordinates_where_they_do_not() -> None:
    """Whoever adds people to it could act as what it has become: in another area, or of a higher rank."""
    for by, grown, module in product(COORDINATING, ROLES, ("services/requests", "firearms/requests")):
        with cell(by, grown, module):
            above, part = a_coordinator(by), an_access(module, grown)
            one = subject(access=(*subject().access, part), region="IT-62")
            found = actors(a_person(above), "aut_1", one, TERRITORIES["IT-62"])
            has_grown = grown in COORDINATING and not is_above(above, part.area, grown, TERRITORIES["IT-62"])
            assert (Actor.VALIDATING_COORDINATOR in found) is not has_grown
            # The part that they look after is still theirs to look after.
            assert Actor.ACCESS_COORDINATOR in found


def test_whose_authority_is_gone_is_nobody() -> None:
    gone = Person(user_id="usr_1", authority_id="aut_above", authority=None, user_roles=COORDINATOR)
    assert actors(gone, "aut_1", subject(), NATIONAL) == frozenset()
    with pytest.raises(Forbidden):
        registrar(subject(), gone, NATIONAL)


@pytest.mark.parametrize(
    ("by", "changed", "territories", "field"),
    [
        (LegislativeRole.LIMIC, {"country": "HU"}, ["HU"], "authority.country"),
        (LegislativeRole.SDIMIC, {}, NATIONAL, "authority.region"),
        (LegislativeRole.SDIMIC, {**LAZIO, "region": "IT-25"}, TERRITORIES["IT-25"], "authority.region"),
        (
            LegislativeRole.LIMIC,
            {"access": (an_access(), an_access("firearms/requests"))},
            NATIONAL,
            "authority.access[1].module",
        ),
        (
            LegislativeRole.LIMIC,
            {"access": (an_access(), an_access("services/requests", LegislativeRole.LIMIC))},
            NATIONAL,
            "authority.access[1].legislativeRole",
        ),
    ],
)
def test_a_refusal_names_what_is_not_the_coordinators_to_give(
    by: LegislativeRole, changed: dict[str, Any], territories: list[str], field: str
) -> None:
    with pytest.raises(Forbidden) as refused:
        registrar(subject(**changed), a_person(a_coordinator(by)), territories)
    assert refused.value.field == field


def test_an_authority_is_registered_for_something() -> None:
    with pytest.raises(Invalid) as refused:
        registrar(subject(access=()), a_person(a_coordinator(LegislativeRole.LIMIC)), NATIONAL)
    assert (refused.value.field, refused.value.reason) == ("authority.access", "EMPTY")
    with pytest.raises(Forbidden):
        registrar(subject(access=()), a_person(a_coordinator(LegislativeRole.COMMISSION)), NATIONAL)


STRANGER = a_person(an_authority(), {}, "aut_stranger")
COMMISSION = a_person(a_coordinator(LegislativeRole.COMMISSION), {"*": {UserRole.VIEWER}}, "aut_eu")
SEEN_BY_ALL = {
    Status.ACTIVE: View.PUBLIC,
    Status.SUSPENDED: View.NAME,
    Status.DEREGISTERED: View.NAME,
    Status.INVITED: View.NOTHING,
    Status.REQUESTED: View.NOTHING,
    Status.REJECTED: View.NOTHING,
}


def test_what_is_not_active_is_for_itself_its_coordinators_and_the_commission() -> None:
    for status, actor in product(Status, [None, *Actor]):
        with cell(status, actor):
            one = subject(status=status)
            inside = actor in (Actor.VALIDATING_COORDINATOR, Actor.ACCESS_COORDINATOR, Actor.NIMIC, Actor.COMMISSION)
            found = {actor} if actor else set()
            assert view(STRANGER, "aut_1", one, found) is (View.INSIDE if inside else SEEN_BY_ALL[status])
            assert view(a_person(one, {}, "aut_1"), "aut_1", one, set()) is View.INSIDE
            assert view(COMMISSION, "aut_1", one, set()) is View.INSIDE
            assert sees_history(found) is (inside or actor is Actor.ADMINISTRATOR)
