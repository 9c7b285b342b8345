"""The people of an authority, the record of changes and suggested languages, as clients see them."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry

from gateway.batches import AUTHORITIES, SUGGESTED_LANGUAGES
from gateway.enums import DirectoryCommand, Language, UserRole
from gateway.readings import given, link, moment
from gateway.schema.common import Command, Connection, GatewayInfo, command, connection, page
from protos.directory.v1 import directory_pb2
from protos.directory.v1 import people_pb2 as pb

# Defined where authorities are, which have what is here.
if TYPE_CHECKING:
    from gateway.schema.directory import Authority, User

AuthorityLink = Annotated["Authority", strawberry.lazy("gateway.schema.directory")]
UserLink = Annotated["User", strawberry.lazy("gateway.schema.directory")]


@strawberry.type(description="What was done to an authority, its access or its people.")
class DirectoryChange:
    at: dt.datetime | None = moment("at")
    command: DirectoryCommand
    user_id: strawberry.ID | None = given("user_id", "Who did it; an invitee has no id yet.")
    user_name: str | None = given("user_name")
    authority: AuthorityLink | None = link(AUTHORITIES, "authority_id", "For which authority they did it.")
    subject_id: strawberry.ID | None = given(
        "subject_id", "The person it was done to; null for a change of the authority itself."
    )
    subject_name: str | None = given("subject_name")
    fields: list[str] = strawberry.field(description="What it changed, in the words of this schema.")
    reason: str | None = given("reason")


async def _users(
    root: Any, info: GatewayInfo, former: bool = False, first: int | None = None, after: str | None = None
) -> Connection[UserLink]:
    people = info.context.backends.people
    request = pb.ListUsersRequest(authority_id=root.id, former=former, page=page(first, after))
    response = await people.call(people.stub.ListUsers, request)
    return cast("Connection[UserLink]", connection(response.users, response.page_info, after))


async def _history(
    root: Any, info: GatewayInfo, first: int | None = None, after: str | None = None
) -> Connection[DirectoryChange]:
    people = info.context.backends.people
    request = pb.ListChangesRequest(authority_id=root.id, page=page(first, after))
    response = await people.call(people.stub.ListChanges, request)
    return cast("Connection[DirectoryChange]", connection(response.changes, response.page_info, after))


async def _suggested_languages(root: Any, info: GatewayInfo) -> list[Language]:
    found = await info.context.load(SUGGESTED_LANGUAGES, root.id)
    return cast("list[Language]", list(found.languages) if found else [])


def users() -> Any:
    """The field `users` of an authority."""
    return strawberry.field(
        resolver=_users,
        description="Who works there, by name; `former`: who did. For its administrators and the coordinators above it.",
    )


def history() -> Any:
    """The field `history` of an authority."""
    return strawberry.field(
        resolver=_history,
        description="What was done to it and its people, the newest first. For its administrators and its coordinators.",
    )


def suggested_languages() -> Any:
    """The field `suggestedLanguages` of an authority."""
    return strawberry.field(
        resolver=_suggested_languages,
        description="In which languages the viewer best writes to it: those both understand, in the order of its preference; "
        "if there are none, the one it prefers.",
    )


@strawberry.input(description="What identifies a sign-in: the issuer and the subject of OpenID Connect tokens.")
class SignInInput:
    issuer: str
    subject: str


@strawberry.input(description="A role in one module; `*` stands for all.")
class RoleInModuleInput:
    module: str
    role: UserRole


def _roles(given: list[RoleInModuleInput]) -> list[directory_pb2.RoleInModule]:
    return [directory_pb2.RoleInModule(module=one.module, role=one.role.value) for one in given]


@strawberry.input
class AddUserInput(Command):
    authority_id: strawberry.ID
    name: str
    language: Language = strawberry.field(description="Of their screen.")
    languages: list[Language] = strawberry.field(
        default_factory=list, description="Those they understand, the preferred one first."
    )
    signin: SignInInput
    roles: list[RoleInModuleInput] = strawberry.field(default_factory=list)
    administrator: bool = strawberry.field(
        default=False, description="Whether they are a local data administrator of the authority."
    )


@strawberry.input(description="The parts to change; what is absent stays.")
class EditUserInput(Command):
    id: strawberry.ID
    name: str | None = None
    language: Language | None = None
    languages: list[Language] | None = None
    roles: list[RoleInModuleInput] | None = None
    administrator: bool | None = None


@strawberry.input
class DeactivateUserInput(Command):
    id: strawberry.ID
    reason: str = ""


@strawberry.input
class SetLanguagesInput(Command):
    language: Language = strawberry.field(description="Of the viewer's screen.")
    languages: list[Language] = strawberry.field(description="Those the viewer understands, the preferred one first.")


@strawberry.type
class AddUserPayload:
    user: UserLink


@strawberry.type
class EditUserPayload:
    user: UserLink


@strawberry.type
class DeactivateUserPayload:
    user: UserLink


@strawberry.type
class SetLanguagesPayload:
    user: UserLink


@strawberry.type
class PeopleMutations:
    @strawberry.mutation(
        description="A local data administrator, or a coordinator above, lets somebody work for an authority."
    )
    async def add_user(self, info: GatewayInfo, input: AddUserInput) -> AddUserPayload:
        people = info.context.backends.people
        request = pb.AddUserRequest(
            command=command(input),
            authority_id=input.authority_id,
            name=input.name,
            language=input.language.value,
            languages=[language.value for language in input.languages],
            signin=pb.SignIn(issuer=input.signin.issuer, subject=input.signin.subject),
            roles=_roles(input.roles),
            administrator=input.administrator,
        )
        return cast("AddUserPayload", await people.call(people.stub.AddUser, request))

    @strawberry.mutation(
        description="They change what somebody is called and what they may do. One administrator is always left."
    )
    async def edit_user(self, info: GatewayInfo, input: EditUserInput) -> EditUserPayload:
        people = info.context.backends.people
        spoken = None if input.languages is None else [language.value for language in input.languages]
        request = pb.EditUserRequest(
            command=command(input),
            id=input.id,
            name=input.name,
            language=None if input.language is None else input.language.value,
            languages=None if spoken is None else pb.Languages(codes=spoken),
            roles=None if input.roles is None else pb.Roles(roles=_roles(input.roles)),
            administrator=input.administrator,
        )
        return cast("EditUserPayload", await people.call(people.stub.EditUser, request))

    @strawberry.mutation(
        description="They end somebody's work for an authority, who signs in no more and keeps their name in what they did."
    )
    async def deactivate_user(self, info: GatewayInfo, input: DeactivateUserInput) -> DeactivateUserPayload:
        people = info.context.backends.people
        request = pb.DeactivateUserRequest(command=command(input), id=input.id, reason=input.reason)
        return cast("DeactivateUserPayload", await people.call(people.stub.DeactivateUser, request))

    @strawberry.mutation(description="The language of the viewer's screen, and those the viewer understands.")
    async def set_languages(self, info: GatewayInfo, input: SetLanguagesInput) -> SetLanguagesPayload:
        people = info.context.backends.people
        request = pb.SetLanguagesRequest(
            command=command(input),
            language=input.language.value,
            languages=[language.value for language in input.languages],
        )
        return cast("SetLanguagesPayload", await people.call(people.stub.SetLanguages, request))
