"""The repositories there are: those that are shipped, and those that the Commission has published since."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import datetime

from chassis.aggregates import Aggregates, CommandKey
from chassis.publications import Publications
from protos.repositories.v1 import definitions_pb2 as pb
from protos.repositories.v1 import events_pb2
from services.repositories.domain.audiences import Visibility
from services.repositories.domain.definitions import Definition, definition_id
from services.repositories.domain.entries import Entry
from services.repositories.storage import Published
from vocabulary.refusals import Conflict, Invalid

_PUBLISHED = events_pb2.DefinitionPublished.DESCRIPTOR.full_name

# What has to follow when there is a new version of a repository that was there before.
Renewed = Callable[[], Awaitable[object]]


class Definitions(Publications[Published], Mapping[str, Definition]):
    """The newest version of every repository, by code; and every version, by id."""

    def __init__(self, shipped: Mapping[str, Definition], published: Aggregates[Published]) -> None:
        super().__init__(published, "repositories", _PUBLISHED)
        self._shipped = shipped
        self._versions: dict[str, Definition] = {}
        self._newest: dict[str, Definition] = {}
        self._take(shipped.values())

    def __getitem__(self, code: str) -> Definition:
        return self._newest[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._newest)

    def __len__(self) -> int:
        return len(self._newest)

    def version(self, id_: str) -> Definition | None:
        """The definition of this id, or of this code the newest one."""
        return self._versions.get(id_) or self._newest.get(id_)

    def require(self, code: str) -> Definition:
        """The newest definition of *code*; raises Invalid if there is none."""
        return _among(self._newest, code)

    def require_public(self, code: str) -> Definition:
        """As `require`, as if there were none but those that everybody reads."""
        public = {code: one for code, one in self._newest.items() if one.visibility is Visibility.PUBLIC}
        return _among(public, code)

    def all_versions(self) -> Iterable[Definition]:
        return self._versions.values()

    async def ensure(self, ids: Iterable[str]) -> None:
        """Read what has been published, if one of *ids*, or of these codes, is not here yet."""
        if any(id_ not in self._newest and id_ not in self._versions for id_ in ids):
            await self.refresh()

    async def ensure_for(self, entries: Iterable[Entry]) -> None:
        """Read what has been published, if one of *entries* was written for a version that is not here yet."""
        await self.ensure({definition_id(one.repository, one.schema_version) for one in entries})

    async def of(self, entry: Entry) -> Definition:
        """The newest definition of the repository of *entry*, which is no older than what is written in it."""
        await self.ensure_for([entry])
        return self._newest[entry.repository]

    async def publish(
        self, definition: Definition, command: CommandKey, user_id: str, now: datetime, renewed: Renewed
    ) -> pb.PublishDefinitionResponse:
        """Keep *definition* for ever; raises Conflict if there is another one of this id.

        If readers may be others from now on, *renewed* is done; a command that was answered does it again.
        """
        if definition.id in self._shipped:
            raise Conflict(f"there is a definition {definition.id}", reason="ALREADY_EXISTS")
        response = await self._published.create(
            definition.id,
            command,
            Published(definition=definition, user_id=user_id, at=now),
            [events_pb2.DefinitionPublished(repository_id=definition.id)],
            lambda kept: pb.PublishDefinitionResponse(repository_id=kept.id),
        )
        await self.refresh()
        if definition.version > 1:
            await renewed()
        return response

    def _add(self, found: Iterable[Published]) -> None:
        self._take(one.definition for one in found)

    def _take(self, found: Iterable[Definition]) -> None:
        known = {**self._versions}
        known.update((one.id, one) for one in found if one.id not in known)
        if len(known) == len(self._versions):
            return
        self._versions = known
        self._newest = {}
        for one in sorted(known.values(), key=lambda one: (one.code, one.version)):
            before = self._newest.get(one.code)
            self._newest[one.code] = one.after(before) if before else one


def _among(known: Mapping[str, Definition], code: str) -> Definition:
    if code not in known:
        there = ", ".join(known) or "none"
        raise Invalid(
            f"there is no repository {code!r}; there is {there}", field="repository", reason="UNKNOWN_REPOSITORY"
        )
    return known[code]
