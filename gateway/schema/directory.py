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
from gateway.schema.common import Connection, GatewayInfo, Node, connection, page
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import search_pb2


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


@strawberry.input(description="Each list narrows; an empty one does not. Values in a list are alternatives.")
class AuthorityFilter:
    countries: list[str] = strawberry.field(default_factory=list)
    regions: list[str] = strawberry.field(default_factory=list)
    areas: list[str] = strawberry.field(default_factory=list)
    concepts: list[str] = strawberry.field(default_factory=list)
    languages: list[Language] = strawberry.field(default_factory=list)
    levels: list[AuthorityLevel] = strawberry.field(default_factory=list)
    module: str | None = None
    exact_region: bool = strawberry.field(
        default=False, description="With regions: leave out authorities that serve a larger territory."
    )


def _filter(given: AuthorityFilter | None) -> search_pb2.AuthorityFilter | None:
    if given is None:
        return None
    return search_pb2.AuthorityFilter(
        countries=given.countries,
        regions=given.regions,
        areas=given.areas,
        concepts=given.concepts,
        languages=[language.value for language in given.languages],
        levels=[level.value for level in given.levels],
        module=given.module or "",
        exact_region=given.exact_region,
    )


@strawberry.type
class DirectoryQueries:
    @strawberry.field(description="Who is signed in; null if nobody is.")
    async def viewer(self, info: GatewayInfo) -> User | None:
        person = info.context.person
        return cast("User", person.user) if person else None

    @strawberry.field(
        description="Authorities for a text in any language: keywords, names, places. Without a text, all that the filter leaves."
    )
    async def search_authorities(
        self,
        info: GatewayInfo,
        text: str | None = None,
        language: Language | None = None,
        filter: AuthorityFilter | None = None,  # a name of the contract
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[Authority]:
        search = info.context.backends.search
        request = search_pb2.SearchAuthoritiesRequest(
            text=text or "",
            language=speak(info, language),
            filter=_filter(filter),
            page=page(first, after),
            languages=info.context.languages,
        )
        response = await search.call(search.stub.SearchAuthorities, request)
        return cast(
            "Connection[Authority]",
            connection(response.authorities, response.page_info, after, response.total),
        )

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
