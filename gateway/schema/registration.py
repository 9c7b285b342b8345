"""Registration as clients see it: what they send, and nothing of the rules."""

from typing import cast

import strawberry

from gateway.enums import CoordinationList, Language
from gateway.readings import attr, speak
from gateway.schema.common import Command, Connection, GatewayInfo, command, connection, page
from gateway.schema.directory import Authority
from gateway.schema.drafts import (
    AuthorityInput,
    ContactInput,
    LocalizedTextInput,
    codes,
    contact,
    draft,
    localized_text,
)
from protos.directory.v1 import registration_pb2 as pb


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


@strawberry.input
class ValidateAuthorityInput(Command):
    id: strawberry.ID


@strawberry.type
class ValidateAuthorityPayload:
    authority: Authority = attr("authority")


@strawberry.input
class RejectAuthorityInput(Command):
    id: strawberry.ID
    reason: str


@strawberry.type
class RejectAuthorityPayload:
    authority: Authority = attr("authority")


@strawberry.input
class SuspendAuthorityInput(Command):
    id: strawberry.ID
    reason: str


@strawberry.type
class SuspendAuthorityPayload:
    authority: Authority = attr("authority")


@strawberry.input
class ReinstateAuthorityInput(Command):
    id: strawberry.ID


@strawberry.type
class ReinstateAuthorityPayload:
    authority: Authority = attr("authority")


@strawberry.input
class DeregisterAuthorityInput(Command):
    id: strawberry.ID


@strawberry.type
class DeregisterAuthorityPayload:
    authority: Authority = attr("authority")


@strawberry.type
class RegistrationQueries:
    @strawberry.field(description="For coordinators: what waits for them, and whom they look after, by name.")
    async def authorities_to_coordinate(
        self,
        info: GatewayInfo,
        list: CoordinationList,
        first: int | None = None,
        after: str | None = None,
        language: Language | None = None,
    ) -> Connection[Authority]:
        speak(info, language)
        registration = info.context.backends.registration
        request = pb.ListAuthoritiesToCoordinateRequest(
            list=list.value, page=page(first, after), languages=info.context.languages
        )
        response = await registration.call(registration.stub.ListAuthoritiesToCoordinate, request)
        return cast("Connection[Authority]", connection(response.authorities, response.page_info, after))


@strawberry.type
class RegistrationMutations:
    @strawberry.mutation(description="A coordinator registers an authority it will coordinate; it is active at once.")
    async def register_authority(self, info: GatewayInfo, input: RegisterAuthorityInput) -> RegisterAuthorityPayload:
        registration = info.context.backends.registration
        request = pb.RegisterAuthorityRequest(command=command(input), authority=draft(input.authority))
        response = await registration.call(registration.stub.RegisterAuthority, request)
        return cast("RegisterAuthorityPayload", response)

    @strawberry.mutation(description="A local data administrator changes its own authority's data.")
    async def edit_authority(self, info: GatewayInfo, input: EditAuthorityInput) -> EditAuthorityPayload:
        registration = info.context.backends.registration
        request = pb.EditAuthorityRequest(
            command=command(input),
            id=input.id,
            contact=contact(input.contact),
            informal_name=localized_text(input.informal_name, "informalName"),
            description=localized_text(input.description, "description"),
            languages=codes(input.languages),
            concept_ids=input.concepts or (),
            no_languages=input.languages == [],
            no_concepts=input.concepts == [],
        )
        response = await registration.call(registration.stub.EditAuthority, request)
        return cast("EditAuthorityPayload", response)

    @strawberry.mutation(
        description="The validating coordinator accepts a registration: the authority is active, its applicant its first user."
    )
    async def validate_authority(self, info: GatewayInfo, input: ValidateAuthorityInput) -> ValidateAuthorityPayload:
        registration = info.context.backends.registration
        request = pb.ValidateAuthorityRequest(command=command(input), id=input.id)
        return cast("ValidateAuthorityPayload", await registration.call(registration.stub.ValidateAuthority, request))

    @strawberry.mutation(description="The validating coordinator refuses a registration by invitation.")
    async def reject_authority(self, info: GatewayInfo, input: RejectAuthorityInput) -> RejectAuthorityPayload:
        registration = info.context.backends.registration
        request = pb.RejectAuthorityRequest(command=command(input), id=input.id, reason=input.reason)
        return cast("RejectAuthorityPayload", await registration.call(registration.stub.RejectAuthority, request))

    @strawberry.mutation(description="A coordinator suspends an authority: it is found no more and gets nothing new.")
    async def suspend_authority(self, info: GatewayInfo, input: SuspendAuthorityInput) -> SuspendAuthorityPayload:
        registration = info.context.backends.registration
        request = pb.SuspendAuthorityRequest(command=command(input), id=input.id, reason=input.reason)
        return cast("SuspendAuthorityPayload", await registration.call(registration.stub.SuspendAuthority, request))

    @strawberry.mutation(description="A coordinator ends the suspension.")
    async def reinstate_authority(self, info: GatewayInfo, input: ReinstateAuthorityInput) -> ReinstateAuthorityPayload:
        registration = info.context.backends.registration
        request = pb.ReinstateAuthorityRequest(command=command(input), id=input.id)
        return cast("ReinstateAuthorityPayload", await registration.call(registration.stub.ReinstateAuthority, request))

    @strawberry.mutation(
        description="A coordinator deregisters a suspended authority that has no open exchanges, for good."
    )
    async def deregister_authority(
        self, info: GatewayInfo, input: DeregisterAuthorityInput
    ) -> DeregisterAuthorityPayload:
        registration = info.context.backends.registration
        request = pb.DeregisterAuthorityRequest(command=command(input), id=input.id)
        return cast(
            "DeregisterAuthorityPayload", await registration.call(registration.stub.DeregisterAuthority, request)
        )
