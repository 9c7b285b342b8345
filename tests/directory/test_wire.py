"""What goes over the wire comes back the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.aggregates import Kept
from chassis.wire import LISTED_LIMIT, EnumOnWire
from protos.common.v1 import common_pb2
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import registration_pb2
from services.directory import wire
from services.directory.domain.authorities import DESCRIPTION_LIMIT, NAME_LIMIT, Authority, Contact, ModuleAccess
from services.directory.domain.users import RoleInModule, User
from services.directory.reference import Area, Concept, Country, Region
from services.directory.wire_inside import workflow_roles_from
from services.directory.wire_people import roles_from
from tests.directory.bodies import a_draft, access_on_wire, an_access, in_languages
from vocabulary import countries, languages
from vocabulary.participants import Level, Status
from vocabulary.refusals import Invalid
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

words = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40)
texts = st.dictionaries(st.sampled_from(languages.ALL), words, max_size=4)
several = st.lists(words, max_size=3, unique=True).map(tuple)
codes = st.lists(st.sampled_from(languages.ALL), max_size=4, unique=True)
accesses = st.builds(
    ModuleAccess,
    module=words,
    legislative_role=st.sampled_from(LegislativeRole),
    workflow_roles=st.lists(st.sampled_from(WorkflowRole), max_size=3).map(tuple),
)
maybe = words | st.just("")
bodies = st.builds(
    Authority,
    country=words,
    level=st.sampled_from(Level),
    region=maybe,
    status=st.sampled_from(Status),
    official_name=texts,
    informal_name=texts,
    description=texts,
    languages=several,
    contact=st.builds(Contact, email=maybe, phone=maybe, website=maybe, town=maybe),
    concepts=several,
    access=st.lists(accesses, max_size=3).map(tuple),
)
people = st.builds(
    User,
    authority_id=words,
    name=words,
    language=st.sampled_from(languages.ALL),
    signin=st.just(""),
    roles=st.lists(st.builds(RoleInModule, module=maybe, role=st.sampled_from(UserRole)), max_size=3).map(tuple),
)


def over(message: Any) -> Any:
    """*message* as it arrives."""
    return type(message).FromString(message.SerializeToString())


def contact_on_wire(contact: Contact) -> pb.Contact:
    return pb.Contact(email=contact.email, phone=contact.phone, website=contact.website, town=contact.town)


def draft_of(authority: Authority) -> registration_pb2.AuthorityDraft:
    return registration_pb2.AuthorityDraft(
        country_code=authority.country,
        level=wire.LEVEL.to_wire(authority.level),
        region_code=authority.region,
        official_name=in_languages(**authority.official_name),
        informal_name=in_languages(**authority.informal_name),
        description=in_languages(**authority.description),
        languages=authority.languages,
        contact=contact_on_wire(authority.contact),
        concept_ids=authority.concepts,
        access=map(access_on_wire, authority.access),
    )


def authority_back(message: pb.Authority) -> Kept[Authority]:
    return Kept(
        message.id,
        message.revision,
        Authority(
            country=message.country_code,
            level=wire.LEVEL.from_wire(message.level, field=""),
            region=message.region_code,
            status=wire.STATUS.from_wire(message.status, field=""),
            official_name=dict(message.official_name.texts),
            informal_name=dict(message.informal_name.texts),
            description=dict(message.description.texts),
            languages=tuple(message.languages),
            contact=wire.contact_from(message.contact),
            concepts=tuple(message.concept_ids),
            access=tuple(wire.module_access_from(access, at="") for access in message.access),
        ),
    )


@given(words, st.integers(1, 2**40), bodies)
def test_an_authority_comes_back_whole(id_: str, revision: int, authority: Authority) -> None:
    kept = Kept(id_, revision, authority)
    message = over(wire.authority(kept, ()))
    assert authority_back(message) == kept
    assert tuple(message.area_codes) == authority.areas
    assert message.HasField("region_code") is bool(authority.region)


@given(bodies)
def test_a_draft_is_what_it_says_and_active(authority: Authority) -> None:
    described = wire.authority_from(over(draft_of(authority)), at="authority")
    kept = authority_back(over(wire.authority(Kept("aut_1", 1, described), ()))).state
    assert described == kept
    assert described.status is Status.ACTIVE
    assert draft_of(described) == draft_of(authority)


@given(bodies, codes)
def test_names_are_in_the_languages_wanted_and_the_official_one_in_all_it_has(
    authority: Authority, wanted: list[str]
) -> None:
    message = over(wire.authority(Kept("aut_1", 1, authority), wanted))
    assert dict(message.official_name.texts) == authority.official_name
    for sent, had in ((message.informal_name, authority.informal_name), (message.description, authority.description)):
        there = set(wanted) & set(had)
        assert set(sent.texts) == there if wanted and there else len(sent.texts) >= bool(had)
        assert sent.texts.items() <= had.items()


@given(people)
def test_a_person_comes_back_without_what_they_sign_in_with(user: User) -> None:
    message = over(wire.user(Kept("usr_1", 1, user)))
    back = User(
        authority_id=message.authority_id,
        name=message.name,
        language=message.language,
        signin="",
        roles=tuple(
            RoleInModule(module=held.module, role=wire.USER_ROLE.from_wire(held.role, field=""))
            for held in message.roles
        ),
    )
    assert (message.id, back) == ("usr_1", user)
    assert "signin" not in pb.User.DESCRIPTOR.fields_by_name


@given(texts, words, several)
def test_countries_regions_areas_and_concepts_come_back(
    names: dict[str, str], code: str, listed: tuple[str, ...]
) -> None:
    country = over(wire.country(Country("BE", names), ()))
    assert (country.code, dict(country.name.texts)) == ("BE", names)
    assert tuple(country.languages) == countries.LANGUAGES["BE"]
    region = over(wire.region(Region(code, "BE", "", names), ()))
    assert Region(region.code, region.country_code, region.parent_code, dict(region.name.texts)) == Region(
        code, "BE", "", names
    )
    assert not region.HasField("parent_code")
    assert over(wire.region(Region(code, "BE", "BE-VLG", names), ())).parent_code == "BE-VLG"
    area = over(wire.area(Area(code, names, "2006/123/EC", listed, (code,)), ()))
    assert (area.code, dict(area.name.texts), area.act) == (code, names, "2006/123/EC")
    assert (tuple(area.concept_ids), tuple(area.modules)) == (listed, (code,))
    concept = over(wire.concept(Concept(code, names, listed), ()))
    assert (concept.id, dict(concept.label.texts), tuple(concept.area_codes)) == (code, names, listed)


ENUMS: list[tuple[EnumOnWire[Any], Any, Any]] = [
    (wire.LEVEL, Level, pb.AuthorityLevel),
    (wire.STATUS, Status, pb.AuthorityStatus),
    (wire.LEGISLATIVE_ROLE, LegislativeRole, pb.LegislativeRole),
    (wire.WORKFLOW_ROLE, WorkflowRole, pb.WorkflowRole),
    (wire.USER_ROLE, UserRole, pb.UserRole),
]


@pytest.mark.parametrize(("translated", "domain", "numbers"), ENUMS, ids=lambda one: getattr(one, "__name__", ""))
def test_every_word_of_the_wire_has_its_meaning_and_no_other_number_has_one(
    translated: EnumOnWire[Any], domain: Any, numbers: Any
) -> None:
    assert {translated.to_wire(member) for member in domain} == set(numbers.values()) - {0}
    for member in domain:
        number = translated.to_wire(member)
        assert numbers.Name(number).endswith(f"_{member}")
        assert translated.from_wire(number, field="") is member
    for unknown in (0, -1, max(numbers.values()) + 1):
        with pytest.raises(Invalid) as refused:
            translated.from_wire(unknown, field="here")
        assert (refused.value.field, refused.value.reason) == ("here", "UNKNOWN_VALUE")


NONE: Any = 99
NOT_A_ROLE = pb.ModuleAccess(module="services/alerts", legislative_role=NONE)
NOT_A_PART = pb.ModuleAccess(
    module="services/alerts",
    legislative_role=pb.LEGISLATIVE_ROLE_LIMIC,
    workflow_roles=[pb.WORKFLOW_ROLE_ALERT_AUTHORITY, NONE],
)


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"level": 0}, "level", "UNKNOWN_VALUE"),
        ({"level": 99}, "level", "UNKNOWN_VALUE"),
        ({"access": [access_on_wire(an_access()), NOT_A_ROLE]}, "access[1].legislativeRole", "UNKNOWN_VALUE"),
        ({"access": [NOT_A_PART]}, "access[0].workflowRoles[1]", "UNKNOWN_VALUE"),
        ({"official_name": in_languages(it="x" * (NAME_LIMIT + 1))}, "officialName.it", "TOO_LONG"),
        ({"informal_name": in_languages(hu="x" * (NAME_LIMIT + 1))}, "informalName.hu", "TOO_LONG"),
        ({"description": in_languages(hu="x" * (DESCRIPTION_LIMIT + 1))}, "description.hu", "TOO_LONG"),
        ({"official_name": in_languages(tlh="x")}, "officialName.tlh", "UNKNOWN_LANGUAGE"),
        ({"access": [pb.ModuleAccess()] * (LISTED_LIMIT + 1)}, "access", "TOO_MANY"),
        (
            {
                "access": [
                    pb.ModuleAccess(
                        legislative_role=pb.LEGISLATIVE_ROLE_LIMIC,
                        workflow_roles=[pb.WORKFLOW_ROLE_ALERT_AUTHORITY] * (LISTED_LIMIT + 1),
                    )
                ]
            },
            "access[0].workflowRoles",
            "TOO_MANY",
        ),
    ],
)
def test_what_the_wire_can_tell_is_wrong_is_refused_by_name(changed: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        wire.authority_from(a_draft(**changed), at="authority")
    assert (refused.value.field, refused.value.reason) == (f"authority.{field}", reason)


def test_more_roles_than_anybody_holds_are_refused_before_they_are_looked_at() -> None:
    roles = [pb.RoleInModule(role=pb.USER_ROLE_VIEWER)] * (LISTED_LIMIT + 1)
    for turned in (lambda: roles_from(roles, at="roles"), lambda: workflow_roles_from([1] * (LISTED_LIMIT + 1))):
        with pytest.raises(Invalid) as refused:
            turned()
        assert refused.value.reason == "TOO_MANY"


def test_blanks_around_what_was_typed_and_repetitions_are_dropped() -> None:
    typed = a_draft(
        official_name=common_pb2.LocalizedText(texts={"it": "  Ufficio ", "no": "Kontor", "fr": "  "}),
        contact=pb.Contact(email=" imi@nuovo.example ", phone=" 1 ", website=" w ", town=" Torino\n"),
        concept_ids=["plumber", "electrician", "plumber"],
    )
    found = wire.authority_from(typed, at="authority")
    assert found.official_name == {"it": "Ufficio", "nb": "Kontor"}
    assert found.contact == Contact(email="imi@nuovo.example", phone="1", website="w", town="Torino")
    assert found.concepts == ("plumber", "electrician")
