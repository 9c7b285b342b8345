"""The directory as clients see it: fields and links, no rules."""

from typing import cast

import strawberry

from gateway.batches import AREAS, AUTHORITIES, CONCEPTS, COUNTRIES, REGIONS
from gateway.enums import (
    AuthorityLevel,
    AuthorityStatus,
    Language,
    LegislativeRole,
    UserRole,
    WorkflowRole,
)
from gateway.readings import given, is_message, link, links, localized, part, speak
from gateway.schema.common import GatewayInfo, Node
from protos.directory.v1 import directory_pb2 as pb


@strawberry.type(description="One of the 30 countries. Codes are ISO 3166-1, but EL for Greece.")
class Country:
    code: str
    name: str = localized("name")
    languages: list[Language] = strawberry.field(description="In which its authorities bear their official names.")


@strawberry.type(description="A subdivision of a country (ISO 3166-2).")
class Region:
    code: str
    name: str = localized("name")
    country: Country | None = link(COUNTRIES, "country_code")
    parent_code: str | None = given("parent_code")


@strawberry.type(description="A keyword: a profession, an activity, a competence.")
class Concept:
    id: strawberry.ID
    label: str = localized("label")
    area_codes: list[str]


@strawberry.type(description="A field of single-market law in which authorities exchange information.")
class Area:
    code: str
    name: str = localized("name")
    act: str = strawberry.field(description="The number of the Union act.")
    concepts: list[Concept] = links(CONCEPTS, "concept_ids")
    modules: list[str]


@strawberry.type(description="How to reach an authority.")
class Contact:
    email: str | None = given("email")
    phone: str | None = given("phone")
    website: str | None = given("website")
    town: str | None = given("town")


@strawberry.type(description="An authority's part in one module, such as services/alerts.")
class ModuleAccess:
    module: str
    legislative_role: LegislativeRole
    workflow_roles: list[WorkflowRole]


@strawberry.type(description="A body that takes part: a competent authority, a coordinator, or the Commission.")
class Authority(Node):
    is_type_of = is_message(pb.Authority)

    revision: int
    name: str = localized(
        "informal_name",
        "What it is called in the reader's language; its own name where nobody has said.",
        otherwise="official_name",
    )
    official_name: str = localized("official_name", "Its own name, in the reader's language if it has one there.")
    description: str = localized("description")
    country: Country | None = link(COUNTRIES, "country_code", "Null for the Commission.")
    level: AuthorityLevel
    region: Region | None = link(REGIONS, "region_code")
    status: AuthorityStatus
    languages: list[Language] = strawberry.field(description="Those its staff understand, the preferred one first.")
    contact: Contact | None = part("contact")
    concepts: list[Concept] = links(CONCEPTS, "concept_ids")
    areas: list[Area] = links(AREAS, "area_codes")
    access: list[ModuleAccess]


@strawberry.type(description="A role in one module; with an empty module, in the authority itself; `*` stands for all.")
class RoleInModule:
    module: str
    role: UserRole


@strawberry.type(description="A person acting for an authority.")
class User(Node):
    is_type_of = is_message(pb.User)

    name: str
    language: Language | None = given("language")
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    roles: list[RoleInModule]


@strawberry.type(description="Where to ask for help: the National IMI Coordinator of each country.")
class Helpdesk:
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    contact: Contact | None = part("contact")


@strawberry.type
class DirectoryQueries:
    @strawberry.field(description="Who is signed in; null if nobody is.")
    async def viewer(self, info: GatewayInfo) -> User | None:
        person = info.context.person
        return cast("User", person.user) if person else None

    @strawberry.field
    async def authority(
        self,
        info: GatewayInfo,
        id: strawberry.ID,
        language: Language | None = None,
    ) -> Authority | None:
        speak(info, language)
        return cast("Authority | None", await info.context.load(AUTHORITIES, id))

    @strawberry.field(description="The areas of legislation.")
    async def areas(self, info: GatewayInfo, language: Language | None = None) -> list[Area]:
        speak(info, language)
        directory = info.context.backends.directory
        request = pb.ListAreasRequest(languages=info.context.languages)
        response = await directory.call(directory.stub.ListAreas, request)
        return cast("list[Area]", response.areas)

    @strawberry.field(description="The 30 countries.")
    async def countries(self, info: GatewayInfo, language: Language | None = None) -> list[Country]:
        speak(info, language)
        directory = info.context.backends.directory
        request = pb.ListCountriesRequest(languages=info.context.languages)
        response = await directory.call(directory.stub.ListCountries, request)
        return cast("list[Country]", response.countries)

    @strawberry.field(description="Whom to ask for help, country by country.")
    async def helpdesks(self, info: GatewayInfo, language: Language | None = None) -> list[Helpdesk]:
        speak(info, language)
        directory = info.context.backends.directory
        response = await directory.call(directory.stub.ListHelpdesks, pb.ListHelpdesksRequest())
        return cast("list[Helpdesk]", response.helpdesks)
