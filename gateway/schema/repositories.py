"""Information repositories as clients see them: fields and links, no rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import strawberry

from gateway.batches import AUTHORITIES, COUNTRIES, REPOSITORIES
from gateway.enums import EntryStatus, Language, Visibility
from gateway.readings import given, is_message, link, localized, moment, speak
from gateway.schema.common import (
    Command,
    Connection,
    FieldValueInput,
    Filled,
    FormField,
    GatewayInfo,
    Node,
    command,
    connection,
    field_values,
    filled,
    page,
)
from gateway.schema.directory import Authority, Country
from gateway.schema.values import FieldValue
from protos.repositories.v1 import repositories_pb2 as pb


@strawberry.type(description="A data set that authorities keep for each other.")
class Repository:
    code: strawberry.ID
    schema_version: int
    title: str = localized("title")
    description: str = localized("description")
    visibility: Visibility
    fields: list[FormField]


@dataclass(frozen=True, slots=True)
class _Version:
    """A version beside the fields of its repository."""

    version: pb.EntryVersion
    fields: Sequence[Any]

    @property
    def values(self) -> list[Filled]:
        return filled(self.version.values, self.fields)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.version, name)


@strawberry.type(description="What an entry says, or said.")
class EntryVersion:
    number: int
    schema_version: int
    values: list[FieldValue]
    at: datetime | None = moment("version.at")
    reason: str | None = given("reason")


def _version(name: str, description: str) -> Any:
    async def resolve(root: Any, info: GatewayInfo) -> Any:
        if not root.HasField(name):
            return None
        repository = await info.context.load(REPOSITORIES, root.repository_code)
        return _Version(getattr(root, name), repository.fields)

    return strawberry.field(resolver=resolve, description=description)


async def _earlier(root: Any, info: GatewayInfo) -> Any:
    repository = await info.context.load(REPOSITORIES, root.repository_code)
    return [_Version(version, repository.fields) for version in root.earlier]


@strawberry.type(description="An entry of a repository, with its versions.")
class RepositoryEntry(Node):
    is_type_of = is_message(pb.Entry)

    revision: int
    repository: Repository | None = link(REPOSITORIES, "repository_code")
    status: EntryStatus
    owner: Authority | None = link(AUTHORITIES, "owner_id")
    country: Country | None = link(COUNTRIES, "country_code")
    published: EntryVersion | None = _version("published", "What readers see; null before the first publication.")
    draft: EntryVersion | None = _version("draft", "What the owner prepares; null for everybody else.")
    earlier: list[EntryVersion] = strawberry.field(resolver=_earlier, description="The newest first.")
    created_at: datetime | None = moment("created_at")
    changed_at: datetime | None = moment("changed_at")


@strawberry.input(description="Each list narrows; an empty one does not.")
class EntryFilter:
    countries: list[str] = strawberry.field(default_factory=list)
    areas: list[str] = strawberry.field(default_factory=list)
    concepts: list[str] = strawberry.field(default_factory=list)


@strawberry.type
class RepositoriesQueries:
    @strawberry.field(description="The repositories there are.")
    async def repositories(self, info: GatewayInfo, language: Language | None = None) -> list[Repository]:
        speak(info, language)
        repositories = info.context.backends.repositories
        request = pb.ListRepositoriesRequest(languages=info.context.languages)
        response = await repositories.call(repositories.stub.ListRepositories, request)
        return cast("list[Repository]", response.repositories)

    @strawberry.field(
        description="Published entries for a text in any language. Without a text, all that the filter leaves."
    )
    async def repository_entries(
        self,
        info: GatewayInfo,
        repository: strawberry.ID,
        text: str | None = None,
        filter: EntryFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        language: Language | None = None,
    ) -> Connection[RepositoryEntry]:
        speak(info, language)
        repositories = info.context.backends.repositories
        narrowed = filter or EntryFilter()
        request = pb.SearchEntriesRequest(
            repository=repository,
            text=text or "",
            filter=pb.EntryFilter(countries=narrowed.countries, areas=narrowed.areas, concepts=narrowed.concepts),
            page=page(first, after),
        )
        response = await repositories.call(repositories.stub.SearchEntries, request)
        found = connection(response.entries, response.page_info, after, response.total)
        return cast("Connection[RepositoryEntry]", found)

    @strawberry.field(description="All entries of the signed-in person's own authority, drafts included.")
    async def own_entries(
        self,
        info: GatewayInfo,
        repository: strawberry.ID,
        first: int | None = None,
        after: str | None = None,
        language: Language | None = None,
    ) -> Connection[RepositoryEntry]:
        speak(info, language)
        repositories = info.context.backends.repositories
        request = pb.ListOwnEntriesRequest(repository=repository, page=page(first, after))
        response = await repositories.call(repositories.stub.ListOwnEntries, request)
        return cast("Connection[RepositoryEntry]", connection(response.entries, response.page_info, after))


@strawberry.input
class CreateEntryInput(Command):
    repository: strawberry.ID
    values: list[FieldValueInput] = strawberry.field(default_factory=list)


@strawberry.input
class EditEntryInput(Command):
    id: strawberry.ID
    values: list[FieldValueInput] = strawberry.field(description="Replace the values as a whole.")
    reason: str | None = None


@strawberry.input
class PublishEntryInput(Command):
    id: strawberry.ID


@strawberry.input
class WithdrawEntryInput(Command):
    id: strawberry.ID
    reason: str


@strawberry.type
class CreateEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class EditEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class PublishEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class WithdrawEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class RepositoriesMutations:
    @strawberry.mutation
    async def create_entry(self, info: GatewayInfo, input: CreateEntryInput) -> CreateEntryPayload:
        repositories = info.context.backends.repositories
        message = pb.CreateEntryRequest(
            command=command(input), repository=input.repository, values=field_values(input.values)
        )
        return cast("CreateEntryPayload", await repositories.call(repositories.stub.CreateEntry, message))

    @strawberry.mutation(description="Changes the draft; of a published entry, prepares the next version.")
    async def edit_entry(self, info: GatewayInfo, input: EditEntryInput) -> EditEntryPayload:
        repositories = info.context.backends.repositories
        message = pb.EditEntryRequest(
            command=command(input), id=input.id, values=field_values(input.values), reason=input.reason or ""
        )
        return cast("EditEntryPayload", await repositories.call(repositories.stub.EditEntry, message))

    @strawberry.mutation(
        description="Readers see the draft from now on; what they saw before is kept as an earlier version."
    )
    async def publish_entry(self, info: GatewayInfo, input: PublishEntryInput) -> PublishEntryPayload:
        repositories = info.context.backends.repositories
        message = pb.PublishEntryRequest(command=command(input), id=input.id)
        return cast("PublishEntryPayload", await repositories.call(repositories.stub.PublishEntry, message))

    @strawberry.mutation
    async def withdraw_entry(self, info: GatewayInfo, input: WithdrawEntryInput) -> WithdrawEntryPayload:
        repositories = info.context.backends.repositories
        message = pb.WithdrawEntryRequest(command=command(input), id=input.id, reason=input.reason)
        return cast("WithdrawEntryPayload", await repositories.call(repositories.stub.WithdrawEntry, message))
