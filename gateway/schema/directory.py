"""The directory as clients see it: fields and links, no rules."""

import datetime as dt
from typing import Annotated, Any, cast

import strawberry

from gateway.batches import AREAS, AUTHORITIES, CONCEPTS, COUNTRIES, REGIONS
from gateway.enums import (
    AccessStatus,
    AuthorityLevel,
    AuthorityStatus,
    DirectoryCommand,
    Language,
    LegislativeRole,
    UserRole,
    WorkflowRole,
)
from gateway.readings import given, is_message, link, links, localized, moment, part, speak
from gateway.schema.common import Connection, GatewayInfo, Node
from gateway.schema.people import DirectoryChange, history, suggested_languages, users
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


AuthorityLink = Annotated["Authority", strawberry.lazy("gateway.schema.directory")]


@strawberry.type(
    description="An authority's part in one module, such as services/alerts. From `accessCoordinator` on it is for those inside: "
    "the authority itself and its coordinators."
)
class ModuleAccess:
    module: str
    legislative_role: LegislativeRole
    workflow_roles: list[WorkflowRole]
    status: AccessStatus
    access_coordinator: AuthorityLink | None = link(
        AUTHORITIES, "access_coordinator_id", "Who grants, changes and ends it."
    )
    approval_coordinator: AuthorityLink | None = link(AUTHORITIES, "approval_coordinator_id")
    referral_coordinator: AuthorityLink | None = link(AUTHORITIES, "referral_coordinator_id")
    approve_outgoing: bool = strawberry.field(description="Whether requests wait for the approval coordinator.")
    approve_reply: bool = strawberry.field(description="Whether replies wait for the approval coordinator.")
    allocation: bool = strawberry.field(description="Whether each request is assigned to somebody first.")
    reason: str | None = given("reason", "Why it was refused or withdrawn.")
    actions: list[DirectoryCommand] = strawberry.field(description="What the viewer may do with it now.")


@strawberry.type(description="Whom a coordinator has invited to register an authority.")
class InvitationState:
    email: str
    language: Language
    expires_at: dt.datetime | None = moment("expires_at")
    number: int = strawberry.field(description="How many codes there have been, this one included.")


@strawberry.type(description="Who has registered an authority by invitation.")
class Applicant:
    name: str
    language: Language
    languages: list[Language]


def all_access(root: Any) -> list[Any]:
    """The parts of an authority, those that are active first."""
    return [*root.access, *root.inactive_access]


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
    suggested_languages: list[Language] = suggested_languages()
    contact: Contact | None = part("contact")
    concepts: list[Concept] = links(CONCEPTS, "concept_ids")
    areas: list[Area] = links(AREAS, "area_codes")
    access: list[ModuleAccess] = strawberry.field(
        resolver=all_access,
        description="Its parts in modules: the active ones, and for those inside the others as well.",
    )
    validating_coordinator: AuthorityLink | None = link(
        AUTHORITIES, "validating_coordinator_id", "Who validated or registered it. For those inside, like what follows."
    )
    reason: str | None = given("reason", "Why it was rejected or suspended, or its invitation withdrawn.")
    invitation: InvitationState | None = part("invitation")
    applicant: Applicant | None = part("applicant")
    actions: list[DirectoryCommand] = strawberry.field(
        description="What the viewer may do with it now; what they may do with a part of its is said there."
    )
    users: Connection["User"] | None = users()
    history: Connection[DirectoryChange] | None = history()


@strawberry.type(description="A role in one module; with an empty module, in the authority itself; `*` stands for all.")
class RoleInModule:
    module: str
    role: UserRole


@strawberry.type(description="A person acting for an authority.")
class User(Node):
    is_type_of = is_message(pb.User)

    name: str
    language: Language | None = given("language")
    languages: list[Language] = strawberry.field(description="Those they understand, the preferred one first.")
    active: bool = strawberry.field(description="Whether they still work there.")
    revision: int
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    roles: list[RoleInModule]


@strawberry.type(description="Where to ask for help: the National IMI Coordinator of a country, or the Commission.")
class Helpdesk:
    country: Country | None = link(COUNTRIES, "country_code", "Null for the Commission.")
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    contact: Contact | None = part("contact")


@strawberry.type
class DirectoryQueries:
    @strawberry.field(description="Who is signed in; null if nobody is.")
    async def viewer(self, info: GatewayInfo) -> User | None:
        context = info.context
        return cast("User", context.signed_in.user) if context.sign_in else None

    @strawberry.field(description="Null for an authority that there is not, or that the reader may not know of.")
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

    @strawberry.field(description="Whom to ask for help: in one country, or in each of them.")
    async def helpdesks(
        self, info: GatewayInfo, country: str | None = None, language: Language | None = None
    ) -> list[Helpdesk]:
        speak(info, language)
        return cast("list[Helpdesk]", (await _helpdesks(info, country)).helpdesks)

    @strawberry.field(
        description="The Commission's helpdesk, for National IMI Coordinators and where a country has none."
    )
    async def commission_helpdesk(self, info: GatewayInfo, language: Language | None = None) -> Helpdesk | None:
        speak(info, language)
        found = await _helpdesks(info, None)
        return cast("Helpdesk | None", found.commission if found.HasField("commission") else None)


async def _helpdesks(info: GatewayInfo, country: str | None) -> pb.ListHelpdesksResponse:
    directory = info.context.backends.directory
    return await directory.call(directory.stub.ListHelpdesks, pb.ListHelpdesksRequest(country_code=country or ""))
