"""Invitations as clients see them: whoever invites, and the invitee, who is nobody's user yet."""

import datetime as dt
from typing import cast

import strawberry

from gateway.enums import AuthorityLevel, AuthorityStatus, Language
from gateway.readings import attr, localized, moment, part, speak
from gateway.schema.common import Command, GatewayInfo, command
from gateway.schema.directory import Area, Authority, Concept, Contact, Country, ModuleAccess, Region, all_access
from gateway.schema.drafts import (
    AuthorityInput,
    ContactInput,
    LocalizedTextInput,
    codes,
    contact,
    draft,
    localized_text,
)
from protos.directory.v1 import directory_pb2
from protos.directory.v1 import registration_pb2 as pb


@strawberry.type(description="An invitation with the code that accepts it, which is shown here and kept nowhere.")
class IssuedInvitation:
    code: str
    expires_at: dt.datetime | None = moment("expires_at")
    authority: Authority = attr("authority")


@strawberry.input
class InviteAuthorityInput(Command):
    authority: AuthorityInput = strawberry.field(
        description="As drafted, with the parts in modules it is invited to take."
    )
    email: str = strawberry.field(description="Where the invitee is reached.")
    language: Language = strawberry.field(description="In which the invitee is written to.")


@strawberry.type
class InviteAuthorityPayload:
    invitation: IssuedInvitation = attr("invitation")


@strawberry.input(description="The invitee to write to; what is absent stays.")
class RenewInvitationInput(Command):
    id: strawberry.ID
    email: str | None = None
    language: Language | None = None


@strawberry.type
class RenewInvitationPayload:
    invitation: IssuedInvitation = attr("invitation")


@strawberry.input
class WithdrawInvitationInput(Command):
    id: strawberry.ID
    reason: str


@strawberry.type
class WithdrawInvitationPayload:
    authority: Authority = attr("authority")


@strawberry.type(description="An authority as an invitee sees it, who cannot look up yet what it refers to.")
class InvitedAuthority:
    id: strawberry.ID
    status: AuthorityStatus
    name: str = localized("informal_name", otherwise="official_name")
    official_name: str = localized("official_name")
    description: str = localized("description")
    level: AuthorityLevel
    country_code: str
    languages: list[Language]
    contact: Contact | None = part("contact")
    access: list[ModuleAccess] = strawberry.field(resolver=all_access)


@strawberry.type(description="What an invitee sees before registering.")
class Invitation:
    authority: InvitedAuthority = attr(
        "authority", "As drafted: the invitee may correct its names, description, contact and languages."
    )
    language: Language
    expires_at: dt.datetime | None = moment("expires_at")
    invited_by: InvitedAuthority | None = part(
        "invited_by", "The coordinator, who validates what the invitee registers."
    )
    country: Country | None = part("country")
    region: Region | None = part("region")
    areas: list[Area]
    concepts: list[Concept]


@strawberry.input(
    description="The person who registers: the authority's first user and local data administrator, once it is validated."
)
class ApplicantInput:
    name: str
    language: Language = strawberry.field(description="Of their screen.")
    languages: list[Language] = strawberry.field(
        default_factory=list, description="Those they understand, the preferred one first."
    )


@strawberry.input(description="What is absent stays as drafted.")
class RegisterByInvitationInput(Command):
    code: str
    applicant: ApplicantInput
    contact: ContactInput | None = None
    official_name: list[LocalizedTextInput] | None = None
    informal_name: list[LocalizedTextInput] | None = None
    description: list[LocalizedTextInput] | None = None
    languages: list[Language] | None = None


@strawberry.type
class RegisterByInvitationPayload:
    authority: InvitedAuthority = attr("authority")


@strawberry.type
class InvitationQueries:
    @strawberry.field(
        description="What a code invites to. For whoever has signed in with the issuer; nobody need know them here."
    )
    async def invitation(self, info: GatewayInfo, code: str, language: Language | None = None) -> Invitation:
        speak(info, language)
        invitations = info.context.verified.invitations
        request = pb.GetInvitationRequest(code=code, languages=info.context.languages)
        return cast("Invitation", (await invitations.call(invitations.stub.GetInvitation, request)).invitation)


@strawberry.type
class InvitationMutations:
    @strawberry.mutation(
        description="A coordinator invites an authority it will coordinate to register; nobody registers uninvited."
    )
    async def invite_authority(self, info: GatewayInfo, input: InviteAuthorityInput) -> InviteAuthorityPayload:
        invitations = info.context.backends.invitations
        request = pb.InviteAuthorityRequest(
            command=command(input), authority=draft(input.authority), email=input.email, language=input.language.value
        )
        return cast("InviteAuthorityPayload", await invitations.call(invitations.stub.InviteAuthority, request))

    @strawberry.mutation(description="A new code, and its time begins anew; the old one is worth nothing any more.")
    async def renew_invitation(self, info: GatewayInfo, input: RenewInvitationInput) -> RenewInvitationPayload:
        invitations = info.context.backends.invitations
        language = input.language.value if input.language else ""
        request = pb.RenewInvitationRequest(
            command=command(input), id=input.id, email=input.email or "", language=language
        )
        return cast("RenewInvitationPayload", await invitations.call(invitations.stub.RenewInvitation, request))

    @strawberry.mutation(description="Nobody can accept it any more.")
    async def withdraw_invitation(self, info: GatewayInfo, input: WithdrawInvitationInput) -> WithdrawInvitationPayload:
        invitations = info.context.backends.invitations
        request = pb.WithdrawInvitationRequest(command=command(input), id=input.id, reason=input.reason)
        return cast("WithdrawInvitationPayload", await invitations.call(invitations.stub.WithdrawInvitation, request))

    @strawberry.mutation(
        description="Somebody who has signed in, and whom the directory does not know yet, accepts an invitation."
    )
    async def register_by_invitation(
        self, info: GatewayInfo, input: RegisterByInvitationInput
    ) -> RegisterByInvitationPayload:
        verified = info.context.verified
        one = input.applicant
        request = pb.RegisterByInvitationRequest(
            command=command(input),
            issuer=verified.bearer.issuer,
            subject=verified.bearer.subject,
            code=input.code,
            applicant=directory_pb2.Applicant(
                name=one.name, language=one.language.value, languages=codes(one.languages)
            ),
            contact=contact(input.contact),
            official_name=localized_text(input.official_name, "officialName"),
            informal_name=localized_text(input.informal_name, "informalName"),
            description=localized_text(input.description, "description"),
            languages=codes(input.languages),
            no_languages=input.languages == [],
        )
        invitations = verified.invitations
        return cast(
            "RegisterByInvitationPayload", await invitations.call(invitations.stub.RegisterByInvitation, request)
        )
