"""The training data: the same everywhere, complete, and nobody's."""

from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from chassis.outbox import Outbox
from chassis.process import clock
from engines.documents import open_documents
from engines.events import open_events
from services.directory import storage
from services.directory.domain.authorities import Authority, Contact, check
from services.directory.domain.coordination import Person, looks_after, registrar
from services.directory.domain.registration import Actor
from services.directory.domain.users import RoleInModule, fits
from services.directory.reference import Reference
from services.directory.settings import DirectorySettings
from services.directory.training import administered, load
from services.directory.training.authorities import COMMISSION_ID, authorities, coordinator_id, national_id
from services.directory.training.people import administrators, people
from tests.directory.bodies import a_user, an_access, an_authority, stored
from tests.directory.conftest import FREE_PORT, running
from vocabulary import countries, languages
from vocabulary.participants import Level, Status
from vocabulary.roles import LegislativeRole, UserRole

Bodies = dict[str, Authority]


def test_the_same_authorities_are_made_each_time(reference: Reference, training: Bodies) -> None:
    again = authorities(reference)
    assert again == training
    assert list(again) == list(training)
    assert people() == people()


def test_ids_and_names_are_those_of_every_other_installation(training: Bodies) -> None:
    """Tutorials and tests elsewhere rely on them."""
    doctors = national_id("IT", "professional-qualifications", "doctor")
    assert doctors == "aut_10C9QFGPAM4R0CD6JC4DNZCW58"
    assert training[doctors].official_name == {"it": "Ordine nazionale: medico"}


def test_about_three_thousand_authorities_are_spread_over_all_countries(training: Bodies) -> None:
    assert 2_700 <= len(training) <= 3_300
    by_country = Counter(one.country for one in training.values())
    assert by_country.pop("EU") == 1
    assert set(by_country) == set(countries.ALL)
    assert min(by_country.values()) >= 50
    assert {one.level for one in training.values()} == set(Level)
    assert {one.status for one in training.values()} == {Status.ACTIVE}


def test_every_country_has_exactly_one_nimic(training: Bodies) -> None:
    nimics = {
        id_: one.country
        for id_, one in training.items()
        if any(access.legislative_role is LegislativeRole.NIMIC for access in one.access)
    }
    assert nimics == {coordinator_id(country, "*"): country for country in countries.ALL}


def test_every_area_of_a_country_has_exactly_one_limic(training: Bodies, reference: Reference) -> None:
    posts = Counter(post for one in training.values() for post in one.posts if post.startswith("LIMIC"))
    assert posts == {f"LIMIC:{area}:{country}": 1 for area in reference.areas for country in countries.ALL}
    for country in countries.ALL:
        for area in reference.areas:
            assert f"LIMIC:{area}:{country}" in training[coordinator_id(country, area)].posts


def test_an_official_name_is_in_the_countrys_own_languages_and_an_informal_one_in_all(training: Bodies) -> None:
    for id_, one in training.items():
        if id_ != COMMISSION_ID:
            assert tuple(one.official_name) == countries.LANGUAGES[one.country]
            assert set(one.informal_name) == set(languages.ALL)
            assert set(one.description) == set(languages.ALL)
            assert all([*one.official_name.values(), *one.informal_name.values(), *one.description.values()])
            assert one.languages[: len(one.official_name)] == tuple(one.official_name)


def test_every_authority_meets_the_rules_and_refers_to_what_exists(training: Bodies, reference: Reference) -> None:
    for one in training.values():
        assert check(one) == one
        assert set(one.concepts) <= set(reference.concepts)
        assert not one.region or reference.regions[one.region].country == one.country
        if one.country != countries.UNION:
            assert one.access
            assert {access.module for access in one.access} <= reference.modules


def test_every_concept_has_an_authority_in_every_area_of_it(training: Bodies, reference: Reference) -> None:
    there = {(area, concept) for one in training.values() for area in one.areas for concept in one.concepts}
    assert {(area, concept.id) for concept in reference.concepts.values() for area in concept.areas} <= there


def test_no_address_leads_to_anybody(training: Bodies) -> None:
    for one in training.values():
        assert one.contact.email.endswith(".example")
        assert one.contact.phone.startswith("+000 ") or one.country == countries.UNION
        assert one.contact.website.endswith(".example") or one.country == countries.UNION
    assert training[COMMISSION_ID].contact == Contact(email="imi@commission.example", town="Bruxelles")


@pytest.mark.parametrize("id_", people())
def test_every_person_belongs_to_an_authority_that_takes_part_where_they_have_roles(id_: str, training: Bodies) -> None:
    user = people()[id_]
    authority = training[user.authority_id]
    parts = {access.module: access for access in authority.access}
    assert user.language in languages.OFFICIAL
    assert user.roles or id_ in administrators()[user.authority_id]
    for held in user.roles:
        assert held.role is not UserRole.LOCAL_DATA_ADMINISTRATOR, "that is kept with the authority"
        assert fits(held, authority)
        if held.module != "*":
            assert parts[held.module].workflow_roles


def test_people_sign_in_under_different_names() -> None:
    assert len({user.signin for user in people().values()}) == len(people())


async def test_loading_again_adds_nothing_and_leaves_what_is_there(
    reference: Reference, training: Bodies, tmp_path: Path
) -> None:
    settings = DirectorySettings(data_dir=tmp_path)
    nimic, person = coordinator_id("IT", "*"), next(iter(people()))
    mine, me = an_authority("Era qui prima"), a_user("aut_1", "first")
    await stored(settings, {nimic: mine}, {person: me})
    async with (
        open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        outbox = Outbox("directory", documents, events, clock)
        bodies, users = storage.authorities(documents, outbox), storage.users(documents, outbox)
        await load(reference, bodies, users)
        owed = len(await documents.pending(10_000))
        await load(reference, bodies, users)
        assert len(await documents.pending(10_000)) == owed
        loaded = {kept.id: kept for kept in await bodies.find(limit=5_000)}
        signed_up = {kept.id: kept for kept in await users.find(limit=100)}
    assert owed == len(training) - 1 + len(people()) - 1
    assert {id_: kept.state for id_, kept in loaded.items()} == {**administered(training), nimic: mine}
    assert {id_: kept.state for id_, kept in signed_up.items()} == {**people(), person: me}
    assert {kept.revision for kept in loaded.values()} | {kept.revision for kept in signed_up.values()} == {1}


async def test_of_other_countries_than_the_chosen_ones_there_are_the_coordinators(
    training: Bodies, tmp_path: Path
) -> None:
    settings = DirectorySettings(
        data_dir=tmp_path, training_data=True, training_countries="HU,IT", listen_address=FREE_PORT
    )
    async with running(settings):
        pass
    async with (
        open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        outbox = Outbox("directory", documents, events, clock)
        loaded = {kept.id: kept.state for kept in await storage.authorities(documents, outbox).find(limit=5_000)}
        signed_up = {kept.id for kept in await storage.users(documents, outbox).find(limit=100)}
    whole = {id_: one for id_, one in administered(training).items() if one.country in ("HU", "IT")}
    assert {id_: one for id_, one in loaded.items() if one.country in ("HU", "IT")} == whole
    elsewhere = {id_: one for id_, one in loaded.items() if id_ not in whole}
    assert {coordinator_id("FR", "*"), coordinator_id("FR", "services")} <= set(elsewhere)
    assert {one.country for one in elsewhere.values()} == {"EU", *countries.ALL} - {"HU", "IT"}
    assert not [id_ for id_, one in elsewhere.items() if one.concepts and one.level is not Level.NATIONAL]
    assert national_id("FR", "services", "electrician") not in elsewhere
    assert signed_up == {id_ for id_, one in people().items() if one.authority_id in loaded} < set(people())


def test_a_country_that_there_is_not_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="'XX'"):
        DirectorySettings(training_countries="IT,XX")


async def test_a_directory_that_has_an_authority_gets_no_training_data(tmp_path: Path) -> None:
    settings = DirectorySettings(data_dir=tmp_path, training_data=True, listen_address=FREE_PORT)
    await stored(settings, {"aut_1": an_authority()})
    async with running(settings) as asking:
        found = await asking("gateway", "SearchAuthorities")
    assert [one.id for one in found.authorities] == ["aut_1"]


def test_everybody_has_active_coordinators_above_them(training: Bodies, reference: Reference) -> None:
    for id_, one in training.items():
        if id_ == COMMISSION_ID:
            continue
        territories = reference.territories(one.country, one.region)
        for access in one.access:
            coordinator = training[access.access_coordinator]
            assert looks_after(coordinator, access.area, access.legislative_role, territories)
        assert one.validating_coordinator == one.access[0].access_coordinator


def test_somebody_at_the_commission_may_register_a_national_coordinator(training: Bodies) -> None:
    (one,) = (
        user
        for user in people().values()
        if RoleInModule(module="*", role=UserRole.COORDINATOR) in user.roles and user.authority_id == COMMISSION_ID
    )
    by = Person(
        user_id="usr_1",
        authority_id=COMMISSION_ID,
        authority=training[COMMISSION_ID],
        user_roles={"*": {one.roles[0].role}},
    )
    new = an_authority(country="LI", access=(an_access(role=LegislativeRole.NIMIC),))
    assert registrar(new, by, ["LI"]) is Actor.COMMISSION
