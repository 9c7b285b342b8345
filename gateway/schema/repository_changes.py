"""The changes of a repository, live."""

from collections.abc import AsyncGenerator
from datetime import datetime

import strawberry

from gateway.batches import ENTRIES
from gateway.enums import EntryChangeKind, Language
from gateway.readings import given, link, moment, part, speak
from gateway.schema.common import GatewayInfo
from gateway.schema.repositories import RepositoryEntry
from gateway.streams.following import follow
from gateway.streams.sources import WATCH_REPOSITORY


@strawberry.type(description="What became of an entry that the reader may read, or might until now.")
class EntryChange:
    id: strawberry.ID = strawberry.field(description="A change that comes twice has the same id.")
    entry_id: strawberry.ID
    kind: EntryChangeKind
    version: int | None = given("version", "What is readable then; null if nothing is.")
    at: datetime | None = moment("at")
    entry: RepositoryEntry | None = link(ENTRIES, "entry_id", "As it is now; null if it is no longer readable.")


@strawberry.type(description="A change; or without one, a sign that nothing has been missed.")
class RepositoryChange:
    cursor: str = strawberry.field(description="Resume with this. Comes at least every 30 seconds.")
    at: datetime | None = moment("at")
    change: EntryChange | None = part("change")


@strawberry.type
class RepositoriesSubscriptions:
    @strawberry.subscription(
        description="Every change of what the signed-in person may read in a repository, live. `after` resumes without a gap; "
        "without it, from now on."
    )
    def repository_changes(
        self,
        info: GatewayInfo,
        repository: strawberry.ID,
        after: str | None = None,
        language: Language | None = None,
    ) -> AsyncGenerator[RepositoryChange, None]:
        speak(info, language)
        return follow(info.context, WATCH_REPOSITORY.asking(repository=repository), after)
