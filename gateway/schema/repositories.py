"""Information repositories as clients see them: fields and links, no rules."""

from datetime import datetime
from typing import Annotated, Any, cast

import strawberry

from gateway.batches import AUTHORITIES, COUNTRIES, ENTRIES, ENTRY_ACTIONS, REPOSITORIES
from gateway.enums import EntryStatus, Language
from gateway.readings import given, is_message, link, moment, speak
from gateway.schema.common import Connection, GatewayInfo, Node, connection, page
from gateway.schema.directory import Authority, Country
from gateway.schema.repository_parts import (
    EntryDiff,
    EntryHistoryEntry,
    EntryVersion,
    LinkCheck,
    PossibleEntryAction,
    Repository,
    diff,
    version_of,
)
from gateway.schema.translation_whole import PlacedText, translations
from protos.repositories.v1 import repositories_pb2 as pb


def _version(name: str, description: str) -> Any:
    async def resolve(root: Any, info: GatewayInfo) -> Any:
        return await version_of(info, root.repository_code, getattr(root, name)) if root.HasField(name) else None

    return strawberry.field(resolver=resolve, description=description)


async def _earlier(root: Any, info: GatewayInfo) -> Any:
    return [await version_of(info, root.repository_code, one) for one in root.earlier]


async def _actions(root: Any, info: GatewayInfo) -> Any:
    found: pb.EntryActions | None = await info.context.load(ENTRY_ACTIONS, root.id)
    return found.actions if found else []


@strawberry.type(description="An entry of a repository, with its versions. What the reader may not see is absent.")
class RepositoryEntry(Node):
    is_type_of = is_message(pb.Entry)

    revision: int
    repository: Repository | None = link(REPOSITORIES, "repository_code")
    status: EntryStatus
    owner: Authority | None = link(AUTHORITIES, "owner_id")
    country: Country | None = link(COUNTRIES, "country_code")
    published: EntryVersion | None = _version("published", "What readers see; null before the first publication.")
    draft: EntryVersion | None = _version(
        "draft", "What the owner prepares; null for everybody else but the approver it waits for."
    )
    earlier: list[EntryVersion] = strawberry.field(
        resolver=_earlier, description="The newest first, of many only those; `entryVersions` has all of them."
    )
    history: list[EntryHistoryEntry] = strawberry.field(description="To its owner alone.")
    return_reason: str | None = given("return_reason", "Why the approver sent it back. To its owner alone.")
    actions: list[PossibleEntryAction] = strawberry.field(
        resolver=_actions, description="What the reader may do now; and of all else, why not."
    )
    links: list[LinkCheck] = strawberry.field(description="How the addresses in what is published answered.")
    translations: list[PlacedText] = translations()
    created_at: datetime | None = moment("created_at")
    changed_at: datetime | None = moment("changed_at")


def _listed(method: str, description: str) -> Any:
    """The list of entries of a repository that the RPC *method* gives."""

    async def resolve(
        info: GatewayInfo,
        repository: strawberry.ID,
        first: int | None = None,
        after: str | None = None,
        language: Language | None = None,
    ) -> Any:
        speak(info, language)
        repositories = info.context.backends.repositories
        request = getattr(pb, f"{method}Request")(repository=repository, page=page(first, after))
        response = await repositories.call(getattr(repositories.stub, method), request)
        return connection(response.entries, response.page_info, after)

    return strawberry.field(resolver=resolve, description=description)


@strawberry.type
class RepositoriesQueries:
    @strawberry.field(description="The repositories there are, in the newest version of each.")
    async def repositories(self, info: GatewayInfo, language: Language | None = None) -> list[Repository]:
        speak(info, language)
        repositories = info.context.backends.repositories
        request = pb.ListRepositoriesRequest(languages=info.context.languages)
        response = await repositories.call(repositories.stub.ListRepositories, request)
        return cast("list[Repository]", response.repositories)

    @strawberry.field(description="A repository in its newest version, or in the one asked for; null if there is none.")
    async def repository(
        self, info: GatewayInfo, code: strawberry.ID, version: int | None = None, language: Language | None = None
    ) -> Repository | None:
        speak(info, language)
        id_ = code if version is None else f"{code}:{version}"
        return cast("Repository | None", await info.context.load(REPOSITORIES, id_))

    @strawberry.field(description="An entry; null if there is none, or none that the reader may know of.")
    async def repository_entry(
        self, info: GatewayInfo, id: strawberry.ID, language: Language | None = None
    ) -> RepositoryEntry | None:
        speak(info, language)
        return cast("RepositoryEntry | None", await info.context.load(ENTRIES, id))

    own_entries: Connection[RepositoryEntry] = _listed(
        "ListOwnEntries", "All entries of the signed-in person's own authority, drafts included."
    )
    pending_entries: Connection[RepositoryEntry] = _listed(
        "ListPendingEntries", "Entries of the signed-in coordinator's country that wait for their approval."
    )

    @strawberry.field(
        description="Everything that was ever published of an entry, the newest first, as far as the reader sees it."
    )
    async def entry_versions(
        self,
        info: GatewayInfo,
        id: strawberry.ID,
        first: int | None = None,
        after: str | None = None,
        language: Language | None = None,
    ) -> Connection[EntryVersion]:
        speak(info, language)
        repositories = info.context.backends.repositories
        request = pb.ListEntryVersionsRequest(id=id, page=page(first, after))
        response = await repositories.call(repositories.stub.ListEntryVersions, request)
        versions = [await version_of(info, response.repository_code, one) for one in response.versions]
        return cast("Connection[EntryVersion]", connection(versions, response.page_info, after))

    @strawberry.field(description="What differs between two versions of an entry; for instance from its predecessor.")
    async def diff(
        self,
        info: GatewayInfo,
        entry: strawberry.ID,
        from_: Annotated[int, strawberry.argument(name="from")],
        to: int,
        language: Language | None = None,
    ) -> EntryDiff:
        speak(info, language)
        repositories = info.context.backends.repositories
        request = pb.DiffEntryRequest(id=entry, to=to, **{"from": from_})
        found = await repositories.call(repositories.stub.DiffEntry, request)
        return cast("EntryDiff", await diff(info, found))
