"""Registration as clients see it: what they send, and nothing of the rules."""

from typing import cast

import strawberry

from gateway.enums import AuthorityLevel, Language, LegislativeRole, WorkflowRole
from gateway.readings import attr
from gateway.schema.common import Command, GatewayInfo, command
from gateway.schema.directory import Authority
from protos.common.v1 import common_pb2
from protos.directory.v1 import directory_pb2
from protos.directory.v1 import registration_pb2 as pb


@strawberry.input
class LocalizedTextInput:
    language: Language
    text: str


def _localized(given: list[LocalizedTextInput]) -> common_pb2.LocalizedText:
    return common_pb2.LocalizedText(texts={one.language.value: one.text for one in given})


@strawberry.input
class ContactInput:
    email: str = ""
    phone: str = ""
    website: str = ""
    town: str = ""


def _contact(given: ContactInput) -> directory_pb2.Contact:
    return directory_pb2.Contact(email=given.email, phone=given.phone, website=given.website, town=given.town)


@strawberry.input
class ModuleAccessInput:
    module: str
    legislative_role: LegislativeRole
    workflow_roles: list[WorkflowRole]


@strawberry.input
class AuthorityInput:
    country: str
    level: AuthorityLevel
    region: str | None = None
    official_name: list[LocalizedTextInput]
    informal_name: list[LocalizedTextInput] = strawberry.field(default_factory=list)
    description: list[LocalizedTextInput] = strawberry.field(default_factory=list)
    languages: list[Language]
    contact: ContactInput = strawberry.field(default_factory=ContactInput)
    concepts: list[strawberry.ID] = strawberry.field(default_factory=list)
    access: list[ModuleAccessInput] = strawberry.field(default_factory=list)


@strawberry.input
class RegisterAuthorityInput(Command):
    authority: AuthorityInput


@strawberry.type
class RegisterAuthorityPayload:
    authority: Authority = attr("authority")


@strawberry.input(description="The parts to change; what is absent stays.")
class EditAuthorityInput(Command):
    id: strawberry.ID
    contact: ContactInput | None = None
    informal_name: list[LocalizedTextInput] | None = None
    description: list[LocalizedTextInput] | None = None
    languages: list[Language] | None = None
    concepts: list[strawberry.ID] | None = None


@strawberry.type
class EditAuthorityPayload:
    authority: Authority = attr("authority")


@strawberry.type
class RegistrationMutations:
    @strawberry.mutation(description="A coordinator registers an authority it will coordinate; it is active at once.")
    async def register_authority(self, info: GatewayInfo, input: RegisterAuthorityInput) -> RegisterAuthorityPayload:
        registration = info.context.backends.registration
        one = input.authority
        draft = pb.AuthorityDraft(
            country_code=one.country,
            level=one.level.value,
            region_code=one.region or "",
            official_name=_localized(one.official_name),
            informal_name=_localized(one.informal_name),
            description=_localized(one.description),
            languages=[language.value for language in one.languages],
            contact=_contact(one.contact),
            concept_ids=one.concepts,
            access=[
                directory_pb2.ModuleAccess(
                    module=access.module,
                    legislative_role=access.legislative_role.value,
                    workflow_roles=[role.value for role in access.workflow_roles],
                )
                for access in one.access
            ],
        )
        request = pb.RegisterAuthorityRequest(command=command(input), authority=draft)
        response = await registration.call(registration.stub.RegisterAuthority, request)
        return cast("RegisterAuthorityPayload", response)

    @strawberry.mutation(description="A local data administrator changes its own authority's data.")
    async def edit_authority(self, info: GatewayInfo, input: EditAuthorityInput) -> EditAuthorityPayload:
        registration = info.context.backends.registration
        request = pb.EditAuthorityRequest(
            command=command(input),
            id=input.id,
            contact=None if input.contact is None else _contact(input.contact),
            informal_name=None if input.informal_name is None else _localized(input.informal_name),
            description=None if input.description is None else _localized(input.description),
            languages=[language.value for language in input.languages or ()],
            concept_ids=input.concepts or (),
        )
        response = await registration.call(registration.stub.EditAuthority, request)
        return cast("EditAuthorityPayload", response)
