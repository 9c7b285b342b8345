"""Repositories as the Commission defines them: what is sent, and nothing of the rules."""

from decimal import Decimal
from typing import cast

import strawberry

from gateway.batches import REPOSITORIES
from gateway.enums import RepositoryRole, ValueType, Visibility
from gateway.readings import link
from gateway.schema.common import Command, GatewayInfo, command, digits
from gateway.schema.drafts import ChoiceInput, LocalizedTextInput, choices, localized_text
from gateway.schema.repository_parts import Repository
from protos.repositories.v1 import definitions_pb2 as pb


@strawberry.input(
    description="Who reads what is published. The owner's own people with a role in the module always do."
)
class AudienceInput:
    visibility: Visibility
    countries: list[str] = strawberry.field(
        default_factory=list, description="Of COUNTRY: these; without any, the entry's own."
    )
    roles: list[RepositoryRole] = strawberry.field(default_factory=list, description="Of ROLE; at least one.")
    authorities: list[strawberry.ID] = strawberry.field(default_factory=list, description="Of EXPLICIT.")
    authority_fields: list[str] = strawberry.field(
        default_factory=list, description="Of EXPLICIT: codes of the fields whose authorities read the entry."
    )


@strawberry.input
class RepositoryFieldInput:
    code: str = strawberry.field(description="Unique in its repository, such as holder.")
    label: list[LocalizedTextInput] = strawberry.field(description="In all 24 official languages.")
    help: list[LocalizedTextInput] = strawberry.field(
        default_factory=list, description="What is meant, for whoever asks."
    )
    type: ValueType
    choice_list: str | None = strawberry.field(
        default=None, description="The closed list that it takes its choices from."
    )
    choices: list[ChoiceInput] = strawberry.field(default_factory=list, description="Choices of its own.")
    mandatory: bool = False
    personal: bool = strawberry.field(default=False, description="Holds data of natural persons.")
    many: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    searchable: bool = False
    translatable: bool = False
    audience: AudienceInput | None = strawberry.field(
        default=None, description="Who of the repository's readers reads it; null: all of them."
    )


@strawberry.input(description="In whole months after an entry was withdrawn or has expired; null: never by itself.")
class RetentionInput:
    archived_after_months: int | None = None
    erased_after_months: int | None = None


@strawberry.input
class RepositoryDefinitionInput:
    code: str
    version: int = strawberry.field(description="1 for a new repository, otherwise one more than the newest version.")
    title: list[LocalizedTextInput]
    description: list[LocalizedTextInput]
    legal_basis: list[LocalizedTextInput]
    area: str | None = strawberry.field(
        default=None, description="Its one area of legislation; null if each entry says which, in a mandatory field."
    )
    audience: AudienceInput
    editor_roles: list[RepositoryRole] = strawberry.field(
        default_factory=list, description="In which people write entries; none means REPOSITORY_EDITOR."
    )
    approval: bool = strawberry.field(
        default=False, description="Whether another authority approves what is published."
    )
    retention: RetentionInput | None = None
    fields: list[RepositoryFieldInput]


@strawberry.input
class PublishRepositoryInput(Command):
    definition: RepositoryDefinitionInput


@strawberry.type
class PublishRepositoryPayload:
    repository: Repository | None = link(REPOSITORIES, "repository_id")


@strawberry.type
class RepositoryDefinitionsMutations:
    @strawberry.mutation(
        description="For the Commission: a new repository, or the next version of one. What is published never changes; entries "
        "are read by the version that they were written for."
    )
    async def publish_repository(self, info: GatewayInfo, input: PublishRepositoryInput) -> PublishRepositoryPayload:
        repositories = info.context.backends.repositories
        message = pb.PublishDefinitionRequest(command=command(input), definition=_definition(input.definition))
        return cast("PublishRepositoryPayload", await repositories.call(repositories.stub.PublishDefinition, message))


def _definition(given: RepositoryDefinitionInput) -> pb.DefinitionDraft:
    kept = given.retention or RetentionInput()
    return pb.DefinitionDraft(
        code=given.code,
        version=given.version,
        title=localized_text(given.title, "definition.title"),
        description=localized_text(given.description, "definition.description"),
        legal_basis=localized_text(given.legal_basis, "definition.legalBasis"),
        area_code=given.area or "",
        audience=_audience(given.audience),
        editor_roles=[one.value for one in given.editor_roles],
        approval=given.approval,
        retention=pb.Retention(
            archived_after_months=kept.archived_after_months or 0, erased_after_months=kept.erased_after_months or 0
        ),
        fields=[_field(one, f"definition.fields[{index}]") for index, one in enumerate(given.fields)],
    )


def _audience(given: AudienceInput) -> pb.Audience:
    return pb.Audience(
        visibility=given.visibility.value,
        countries=given.countries,
        roles=[one.value for one in given.roles],
        authority_ids=given.authorities,
        authority_fields=given.authority_fields,
    )


def _field(given: RepositoryFieldInput, at: str) -> pb.FieldDraft:
    return pb.FieldDraft(
        code=given.code,
        label=localized_text(given.label, f"{at}.label"),
        help=localized_text(given.help, f"{at}.help"),
        type=given.type.value,
        choice_list=given.choice_list or "",
        choices=choices(given.choices, f"{at}.choices"),
        mandatory=given.mandatory,
        personal=given.personal,
        many=given.many,
        minimum=None if given.minimum is None else digits(given.minimum),
        maximum=None if given.maximum is None else digits(given.maximum),
        searchable=given.searchable,
        translatable=given.translatable,
        audience=_audience(given.audience) if given.audience else None,
    )
