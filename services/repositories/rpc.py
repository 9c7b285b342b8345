"""The repositories RPCs. Each one reads, decides, writes, answers; the rules are in domain/."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from google.protobuf.message import Message

from chassis import hits, lists
from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import Caller, current_person
from chassis.references import References
from chassis.server import Call
from chassis.wire import batch, field_values_from, page_info, page_size, wanted_languages
from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from protos.repositories.v1.repositories_pb2_grpc import RepositoriesServiceServicer
from services.repositories import wire
from services.repositories.domain import entries as rules
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Actor, Entry
from services.repositories.domain.lifecycle import Action
from services.repositories.index import EntryIndex, Filter
from services.repositories.subjects import Subjects
from vocabulary import countries, ids
from vocabulary.pages import Page
from vocabulary.refusals import Forbidden, Invalid, NotFound
from vocabulary.roles import UserRole, WorkflowRole
from vocabulary.values import Value

SEARCH_TEXT_LIMIT = 200

Answer = TypeVar("Answer", bound=Message)
Decide = Callable[[Entry, Definition, Actor], Awaitable[Entry]]


class RepositoriesRpc(RepositoriesServiceServicer):
    def __init__(
        self,
        definitions: Mapping[str, Definition],
        entries: Aggregates[Entry],
        index: EntryIndex,
        references: References,
        subjects: Subjects,
        now: Callable[[], datetime],
    ) -> None:
        self._definitions = definitions
        self._entries = entries
        self._index = index
        self._references = references
        self._subjects = subjects
        self._now = now

    async def BatchGetEntries(self, request: pb.BatchGetEntriesRequest, context: Call) -> pb.BatchGetEntriesResponse:
        caller = current_person()
        found = await self._entries.get_many(batch(request.ids))
        return pb.BatchGetEntriesResponse(entries=map(wire.entry, self._seen(found, caller)))

    async def BatchGetRepositories(
        self, request: pb.BatchGetRepositoriesRequest, context: Call
    ) -> pb.BatchGetRepositoriesResponse:
        wanted = wanted_languages(request.languages)
        found = [self._definitions[code] for code in batch(request.ids) if code in self._definitions]
        return pb.BatchGetRepositoriesResponse(repositories=[wire.repository(one, wanted) for one in found])

    async def ListRepositories(self, request: pb.ListRepositoriesRequest, context: Call) -> pb.ListRepositoriesResponse:
        wanted = wanted_languages(request.languages)
        listed = self._definitions.values()
        return pb.ListRepositoriesResponse(repositories=[wire.repository(one, wanted) for one in listed])

    async def SearchEntries(self, request: pb.SearchEntriesRequest, context: Call) -> pb.SearchEntriesResponse:
        caller = current_person()
        definition = self._definition(request.repository)
        if len(request.text) > SEARCH_TEXT_LIMIT:
            raise Invalid(f"search for at most {SEARCH_TEXT_LIMIT} characters", field="text", reason="TOO_LONG")
        size, after = page_size(request.page), hits.position(request.page.after, "entries")
        narrowed = await self._filter(request.filter)
        listed = await self._index.find(definition.code, request.text, narrowed, after=after, limit=size)
        positions = {hit.id: hit.position for hit in listed.hits}
        found = await self._entries.get_many(list(positions))
        # The index follows the store: what was withdrawn a moment ago may still be in it.
        shown = self._seen([kept for kept in found if kept.state.published], caller)
        cursors = [hits.cursor("entries", positions[kept.id]) for kept in shown]
        page = Page(shown, cursors, listed.more)
        return pb.SearchEntriesResponse(entries=map(wire.entry, shown), page_info=page_info(page), total=listed.total)

    async def ListOwnEntries(self, request: pb.ListOwnEntriesRequest, context: Call) -> pb.ListOwnEntriesResponse:
        caller = current_person()
        definition = self._definition(request.repository)
        if not self._actor(caller, definition).areas:
            raise Forbidden("only a repository editor sees the entries that the authority prepares")
        shown, page_info = await lists.page(
            self._entries,
            {"repository": definition.code, "owner_id": caller.authority_id},
            request.page,
            kind="own entries",
            sort="changed_at",
            position=lambda entry: lists.sortable(entry.changed_at),
        )
        return pb.ListOwnEntriesResponse(entries=map(wire.entry, shown), page_info=page_info)

    async def CreateEntry(self, request: pb.CreateEntryRequest, context: Call) -> pb.CreateEntryResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        definition = self._definition(request.repository)
        values = await self._checked(definition, request.values)
        new = rules.create(definition, values, self._actor(caller, definition))
        id_ = command.new_id(ids.ENTRY)
        event = wire.changed(id_, 1, Action.CREATE, new)
        return await self._entries.create(
            id_, command, new, [event], lambda kept: pb.CreateEntryResponse(entry=wire.entry(kept))
        )

    async def EditEntry(self, request: pb.EditEntryRequest, context: Call) -> pb.EditEntryResponse:
        async def edited(before: Entry, definition: Definition, by: Actor) -> Entry:
            values = await self._checked(definition, request.values)
            return rules.edit(before, definition, values, request.reason, by)

        return await self._change(
            request,
            Action.EDIT,
            edited,
            lambda kept: pb.EditEntryResponse(entry=wire.entry(kept)),
            pb.EditEntryResponse,
        )

    async def PublishEntry(self, request: pb.PublishEntryRequest, context: Call) -> pb.PublishEntryResponse:
        async def published(before: Entry, definition: Definition, by: Actor) -> Entry:
            return rules.publish(before, definition, by)

        return await self._change(
            request,
            Action.PUBLISH,
            published,
            lambda kept: pb.PublishEntryResponse(entry=wire.entry(kept)),
            pb.PublishEntryResponse,
        )

    async def WithdrawEntry(self, request: pb.WithdrawEntryRequest, context: Call) -> pb.WithdrawEntryResponse:
        async def withdrawn(before: Entry, definition: Definition, by: Actor) -> Entry:
            return rules.withdraw(before, definition, request.reason, by)

        return await self._change(
            request,
            Action.WITHDRAW,
            withdrawn,
            lambda kept: pb.WithdrawEntryResponse(entry=wire.entry(kept)),
            pb.WithdrawEntryResponse,
        )

    async def _change(
        self,
        message: pb.EditEntryRequest | pb.PublishEntryRequest | pb.WithdrawEntryRequest,
        action: Action,
        decide: Decide,
        answer: Callable[[Kept[Entry]], Answer],
        answer_type: type[Answer],
    ) -> Answer:
        caller = current_person()

        async def decided(before: Kept[Entry]) -> tuple[Entry, Sequence[Message]]:
            definition = self._definitions[before.state.repository]
            by = self._actor(caller, definition)
            if rules.seen(before.state, by) is None:
                raise NotFound(f"there is no entry {before.id!r}", field="id")
            after = await decide(before.state, definition, by)
            return after, [wire.changed(before.id, before.revision + 1, action, after)]

        return await self._entries.change(message.id, CommandKey.of(message, caller), decided, answer, answer_type)

    def _definition(self, code: str) -> Definition:
        if code not in self._definitions:
            known = ", ".join(self._definitions)
            raise Invalid(
                f"there is no repository {code!r}; there is {known}", field="repository", reason="UNKNOWN_REPOSITORY"
            )
        return self._definitions[code]

    async def _checked(self, definition: Definition, given: Sequence[common_pb2.FieldValue]) -> Mapping[str, Value]:
        """The values of a draft, each of its field's type and referring to something that exists."""
        values = definition.check(field_values_from(given, at="values"), complete=False)
        await self._references.check_form(definition.fields, values, at="values")
        return values

    async def _filter(self, given: pb.EntryFilter) -> Filter:
        return Filter(
            countries=[
                countries.require(code, field=f"filter.countries[{index}]")
                for index, code in enumerate(given.countries)
            ],
            areas=await self._subjects.require_areas(given.areas, field="filter.areas"),
            concepts=await self._subjects.require_concepts(given.concepts, field="filter.concepts"),
        )

    def _seen(self, found: Sequence[Kept[Entry]], caller: Caller) -> list[Kept[Entry]]:
        """What *caller* may see of *found*."""
        cut = [
            (kept, rules.seen(kept.state, self._actor(caller, self._definitions[kept.state.repository])))
            for kept in found
        ]
        return [Kept(kept.id, kept.revision, state) for kept, state in cut if state]

    def _actor(self, caller: Caller, definition: Definition) -> Actor:
        """*caller* as one who acts on the entries of a repository: an editor where both they and their authority are."""
        modules = [
            module
            for module, held in caller.workflow_roles.items()
            if module.endswith(f"/{definition.kind}")
            and WorkflowRole.REPOSITORY_EDITOR in held
            and caller.has(module, UserRole.REPOSITORY_EDITOR)
        ]
        return Actor(
            authority_id=caller.authority_id,
            country=caller.country,
            areas=frozenset(module.partition("/")[0] for module in modules),
            now=self._now(),
        )
