"""Directory things ↔ protobuf, and nothing else."""

from collections.abc import Collection, Mapping, Sequence

from chassis import wire
from chassis.aggregates import Kept
from chassis.wire import EnumOnWire, few, localized
from engines.search import Facet
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import participants_pb2, registration_pb2, search_pb2
from services.directory.domain.authorities import (
    DESCRIPTION_LIMIT,
    NAME_LIMIT,
    AccessStatus,
    Authority,
    Contact,
    ModuleAccess,
)
from services.directory.domain.users import ADMINISTRATOR, User
from services.directory.reference import Area, Concept, Country, Reference, Region
from services.directory.search.explanation import Match, PlaceRelation
from services.directory.search.places import Kind, Place
from services.directory.search.question import Understood
from vocabulary import countries
from vocabulary.participants import Level, Status
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

LEVEL = EnumOnWire(Level, pb.AuthorityLevel)
STATUS = EnumOnWire(Status, pb.AuthorityStatus)
ACCESS_STATUS = EnumOnWire(AccessStatus, pb.AccessStatus)
LEGISLATIVE_ROLE = EnumOnWire(LegislativeRole, pb.LegislativeRole)
WORKFLOW_ROLE = EnumOnWire(WorkflowRole, pb.WorkflowRole)
USER_ROLE = EnumOnWire(UserRole, pb.UserRole)
PLACE_RELATION = EnumOnWire(PlaceRelation, search_pb2.PlaceRelation)


def authority(kept: Kept[Authority], wanted: Collection[str]) -> pb.Authority:
    state = kept.state
    return pb.Authority(
        id=kept.id,
        revision=kept.revision,
        country_code=state.country,
        level=LEVEL.to_wire(state.level),
        region_code=state.region or None,
        status=STATUS.to_wire(state.status),
        # The official name is shown in every language it has: it is the authority's own.
        official_name=localized(state.official_name, ()),
        informal_name=localized(state.informal_name, wanted),
        description=localized(state.description, wanted),
        languages=state.languages,
        contact=contact(state.contact),
        concept_ids=state.concepts,
        area_codes=state.areas,
        access=[module_access(access) for access in state.access],
    )


def authority_name(kept: Kept[Authority], wanted: Collection[str]) -> pb.Authority:
    """Of an authority that takes part no more: what the exchanges it took part in must still be able to show."""
    whole = authority(kept, wanted)
    return pb.Authority(
        id=whole.id,
        revision=whole.revision,
        country_code=whole.country_code,
        level=whole.level,
        status=whole.status,
        official_name=whole.official_name,
        informal_name=whole.informal_name,
    )


def participant(kept: Kept[Authority]) -> participants_pb2.Participant:
    """What other services keep a copy of: nothing personal, and no contact."""
    state = kept.state
    return participants_pb2.Participant(
        id=kept.id,
        revision=kept.revision,
        country_code=state.country,
        region_code=state.region or None,
        level=LEVEL.to_wire(state.level),
        status=STATUS.to_wire(state.status),
        official_name=localized(state.official_name, ()),
        informal_name=localized(state.informal_name, ()),
        languages=state.languages,
        concept_ids=state.concepts,
        parts=map(participant_part, state.access),
        validating_coordinator_id=state.validating_coordinator,
    )


def participant_part(access: ModuleAccess) -> participants_pb2.ParticipantPart:
    return participants_pb2.ParticipantPart(
        module=access.module,
        legislative_role=LEGISLATIVE_ROLE.to_wire(access.legislative_role),
        workflow_roles=map(WORKFLOW_ROLE.to_wire, access.workflow_roles),
        access_coordinator_id=access.access_coordinator,
        approval_coordinator_id=access.approval_coordinator,
        referral_coordinator_id=access.referral_coordinator,
        approve_outgoing=access.approve_outgoing,
        approve_reply=access.approve_reply,
        allocation=access.allocation,
    )


def authority_from(draft: registration_pb2.AuthorityDraft, *, at: str) -> Authority:
    """The authority that *draft* describes; raises Invalid for what the wire can tell is wrong."""
    return Authority(
        country=draft.country_code,
        level=LEVEL.from_wire(draft.level, field=f"{at}.level"),
        region=draft.region_code,
        official_name=wire.localized_from(draft.official_name, at=f"{at}.officialName", limit=NAME_LIMIT),
        informal_name=wire.localized_from(draft.informal_name, at=f"{at}.informalName", limit=NAME_LIMIT),
        description=wire.localized_from(draft.description, at=f"{at}.description", limit=DESCRIPTION_LIMIT),
        languages=tuple(draft.languages),
        contact=contact_from(draft.contact),
        concepts=tuple(dict.fromkeys(draft.concept_ids)),
        access=tuple(
            module_access_from(access, at=f"{at}.access[{index}]")
            for index, access in enumerate(few(draft.access, at=f"{at}.access"))
        ),
    )


def module_access(access: ModuleAccess) -> pb.ModuleAccess:
    return pb.ModuleAccess(
        module=access.module,
        legislative_role=LEGISLATIVE_ROLE.to_wire(access.legislative_role),
        workflow_roles=[WORKFLOW_ROLE.to_wire(role) for role in access.workflow_roles],
        status=ACCESS_STATUS.to_wire(access.status),
    )


def module_access_from(message: pb.ModuleAccess, *, at: str) -> ModuleAccess:
    return ModuleAccess(
        module=message.module,
        legislative_role=LEGISLATIVE_ROLE.from_wire(message.legislative_role, field=f"{at}.legislativeRole"),
        workflow_roles=tuple(
            WORKFLOW_ROLE.from_wire(role, field=f"{at}.workflowRoles[{index}]")
            for index, role in enumerate(few(message.workflow_roles, at=f"{at}.workflowRoles"))
        ),
    )


def contact(contact: Contact) -> pb.Contact:
    return pb.Contact(email=contact.email, phone=contact.phone, website=contact.website, town=contact.town)


def contact_from(message: pb.Contact) -> Contact:
    return Contact(
        email=message.email.strip(),
        phone=message.phone.strip(),
        website=message.website.strip(),
        town=message.town.strip(),
    )


def user(kept: Kept[User], authority: Authority | None = None) -> pb.User:
    """A person with their roles; who administers their *authority*, and who has left it, is kept with that."""
    state = kept.state
    administers = authority is not None and kept.id in authority.administrators
    has_left = not state.active or (authority is not None and kept.id in authority.former_users)
    held_roles = (*state.roles, ADMINISTRATOR) if administers else state.roles
    return pb.User(
        id=kept.id,
        revision=kept.revision,
        authority_id=state.authority_id,
        name=state.name,
        language=state.language,
        languages=state.languages,
        roles=[pb.RoleInModule(module=held.module, role=USER_ROLE.to_wire(held.role)) for held in held_roles],
        active=not has_left,
    )


def country(country: Country, wanted: Collection[str]) -> pb.Country:
    return pb.Country(
        code=country.code,
        name=localized(country.name, wanted),
        languages=countries.LANGUAGES[country.code],
    )


def region(region: Region, wanted: Collection[str]) -> pb.Region:
    return pb.Region(
        code=region.code,
        country_code=region.country,
        parent_code=region.parent or None,
        name=localized(region.name, wanted),
    )


def area(area: Area, wanted: Collection[str]) -> pb.Area:
    return pb.Area(
        code=area.code,
        name=localized(area.name, wanted),
        act=area.act,
        concept_ids=area.concepts,
        modules=area.modules,
        national_modules=area.national,
    )


def concept(concept: Concept, wanted: Collection[str]) -> pb.Concept:
    return pb.Concept(
        id=concept.id,
        label=localized(concept.label, wanted),
        area_codes=concept.areas,
        broader_id=concept.broader or None,
    )


def place(place: Place, reference: Reference, wanted: Collection[str]) -> search_pb2.PlaceName:
    if place.kind is Kind.COUNTRY:
        return search_pb2.PlaceName(country_code=place.code)
    if place.kind is Kind.REGION:
        return search_pb2.PlaceName(region_code=place.code)
    city = reference.cities[place.code]
    return search_pb2.PlaceName(
        city=search_pb2.City(
            id=city.id, country_code=city.country, region_code=city.region or None, name=localized(city.name, wanted)
        )
    )


def understanding(asked: Understood, reference: Reference, wanted: Collection[str]) -> search_pb2.Understanding:
    return search_pb2.Understanding(
        language=asked.language,
        concept_ids=[one.concept for one in asked.concepts],
        places=[place(one, reference, wanted) for one in asked.places],
        words=asked.rest if asked.concepts else asked.names,
    )


def match(authority_id: str, match: Match) -> search_pb2.AuthorityMatch:
    return search_pb2.AuthorityMatch(
        authority_id=authority_id,
        concept_ids=match.concepts,
        name=[search_pb2.Fragment(text=text, is_hit=is_hit) for text, is_hit in match.name],
        place=PLACE_RELATION.to_wire(match.place) if match.place else None,
    )


def facets(counted: Mapping[Facet, Sequence[tuple[str, int]]]) -> search_pb2.AuthorityFacets:
    def counts(field: str) -> list[search_pb2.Count]:
        return [search_pb2.Count(value=value, count=count) for value, count in counted.get(field, ())]

    return search_pb2.AuthorityFacets(
        countries=counts("country"),
        areas=counts("area"),
        levels=[
            search_pb2.LevelCount(level=LEVEL.to_wire(Level(one.value)), count=one.count) for one in counts("level")
        ],
        languages=counts("language"),
        concepts=counts("concept"),
    )
