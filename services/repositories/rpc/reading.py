"""Reads: entries, their versions and what differs between them, repositories, searches and lists."""

from collections.abc import Sequence

from chassis import lists
from chassis.aggregates import Kept
from chassis.audit import noting
from chassis.caller import Caller, current_person
from chassis.server import Call
from chassis.wire import batch, page_size, wanted_languages
from engines.documents import AnyOf
from protos.common.v1 import common_pb2
from protos.repositories.v1 import definitions_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories import storage, wire
from services.repositories.domain.actions import possibilities
from services.repositories.domain.audiences import Visibility
from services.repositories.domain.definitions import Definition
from services.repositories.domain.differences import differences
from services.repositories.domain.entries import Entry, Version
from services.repositories.readers import actor, current_reader, shown
from services.repositories.rpc.commands import Commands, note
from services.repositories.wire_definitions import repository
from vocabulary import pages
from vocabulary.audit import Part
from vocabulary.refusals import Forbidden, NotFound

PENDING, VERSIONS = "pending entries", "entry versions"


class Reading(Commands):
    async def BatchGetEntries(self, request: pb.BatchGetEntriesRequest, context: Call) -> pb.BatchGetEntriesResponse:
        caller = current_reader()
        asked = batch(request.ids)
        found = await self._shown(await self._entries.get_many(asked), caller)
        noting.withheld(asked, (kept.id for kept in found))
        return pb.BatchGetEntriesResponse(entries=await self._written(found))

    async def BatchGetEntryActions(
        self, request: pb.BatchGetEntryActionsRequest, context: Call
    ) -> pb.BatchGetEntryActionsResponse:
        caller = current_person()
        answer = pb.BatchGetEntryActionsResponse()
        for kept in await self._entries.get_many(batch(request.ids)):
            definition = await self._definitions.of(kept.state)
            by = actor(caller, definition, self._now())
            if shown(kept, definition, by):
                answer.actions.append(wire.actions(kept.id, possibilities(kept.state, definition, by)))
        return answer

    async def BatchGetRepositories(
        self, request: pb.BatchGetRepositoriesRequest, context: Call
    ) -> pb.BatchGetRepositoriesResponse:
        caller = current_reader()
        wanted, ids = wanted_languages(request.languages), batch(request.ids)
        await self._definitions.ensure(ids)
        answer = pb.BatchGetRepositoriesResponse()
        for id_ in ids:
            definition = self._definitions.version(id_)
            if definition and (found := _repository(definition, self._definitions[definition.code], wanted, caller)):
                # The key of a batch is what was asked for: a code alone is the newest version's.
                found.id = id_
                answer.repositories.append(found)
        return answer

    async def ListRepositories(self, request: pb.ListRepositoriesRequest, context: Call) -> pb.ListRepositoriesResponse:
        caller = current_reader()
        wanted = wanted_languages(request.languages)
        listed = [_repository(one, one, wanted, caller) for one in self._definitions.values()]
        return pb.ListRepositoriesResponse(repositories=[one for one in listed if one])

    async def SearchEntries(self, request: pb.SearchEntriesRequest, context: Call) -> pb.SearchEntriesResponse:
        caller = current_reader()
        definition = await self._required(request.repository)
        who = actor(caller, definition, self._now())
        found, answer = await self._searching.search(definition, request, who)
        for kept in found:
            note(kept, definition, Part.LISTED)
        answer.entries.extend(await self._written(found))
        return answer

    async def SuggestEntries(self, request: pb.SuggestEntriesRequest, context: Call) -> pb.SuggestEntriesResponse:
        caller = current_reader()
        definition = await self._required(request.repository)
        said_by, answer = await self._searching.suggest(definition, request, actor(caller, definition, self._now()))
        for kept in said_by:
            note(kept, definition, Part.LISTED)
        return answer

    async def ListOwnEntries(self, request: pb.ListOwnEntriesRequest, context: Call) -> pb.ListOwnEntriesResponse:
        caller = current_person()
        definition = await self._required(request.repository)
        by = actor(caller, definition, self._now())
        if not by.areas:
            raise Forbidden("only a repository editor sees the entries that the authority prepares")
        # A draft that says no area yet is that of every editor.
        wanted = [storage.own(definition.code, caller.authority_id, area) for area in sorted({*by.areas, ""})]
        entries, page_info = await self._list(wanted, request.page, "own entries", caller)
        return pb.ListOwnEntriesResponse(entries=map(self._entry, entries), page_info=page_info)

    async def ListPendingEntries(
        self, request: pb.ListPendingEntriesRequest, context: Call
    ) -> pb.ListPendingEntriesResponse:
        caller = current_person()
        definition = await self._required(request.repository)
        by = actor(caller, definition, self._now())
        if not by.approves:
            raise Forbidden("only a coordinator approves entries")
        wanted = [storage.waiting(definition.code, caller.country, area) for area in sorted(by.approves)]
        entries, page_info = await self._waiting(wanted, request.page, caller)
        return pb.ListPendingEntriesResponse(entries=map(self._entry, entries), page_info=page_info)

    async def ListEntryVersions(
        self, request: pb.ListEntryVersionsRequest, context: Call
    ) -> pb.ListEntryVersionsResponse:
        kept = await self._readable(request.id)
        definition = await self._definitions.of(kept.state)
        size, after = page_size(request.page), request.page.after
        below = int(pages.position(after, VERSIONS, (str, int))[1]) if after else None
        versions = [one for one in _versions(kept.state) if below is None or one.number < below]
        cursors = [pages.cursor(VERSIONS, kept.id, one.number) for one in versions[:size]]
        return pb.ListEntryVersionsResponse(
            id=kept.id,
            repository_code=kept.state.repository,
            versions=wire.versions(versions[:size], definition),
            page_info=common_pb2.PageInfo(cursors=cursors, has_next_page=len(versions) > size),
        )

    async def DiffEntry(self, request: pb.DiffEntryRequest, context: Call) -> pb.DiffEntryResponse:
        kept = await self._readable(request.id)
        by_number = {one.number: one for one in _versions(kept.state)}
        numbers = {"from": getattr(request, "from"), "to": request.to}
        for name, number in numbers.items():
            if number not in by_number:
                raise NotFound(f"there is no version {number} of {kept.id!r}", field=name)
        before, after = (by_number[number] for number in numbers.values())
        definition = await self._definitions.of(kept.state)
        return pb.DiffEntryResponse(
            id=kept.id,
            repository_code=definition.code,
            **numbers,
            from_schema_version=before.schema_version,
            to_schema_version=after.schema_version,
            differences=[
                wire.difference(one, definition, before, after)
                for one in differences(definition, before.values, after.values)
            ],
        )

    async def _written(self, found: Sequence[Kept[Entry]]) -> list[pb.Entry]:
        """*found*, as their reader sees them, with what is known of their addresses."""
        links = await self._links.of(found)
        entries = [self._entry(kept) for kept in found]
        for entry in entries:
            entry.links.extend(links.get(entry.id, ()))
        return entries

    def _entry(self, kept: Kept[Entry]) -> pb.Entry:
        return wire.entry(kept, self._definitions[kept.state.repository])

    async def _readable(self, id_: str) -> Kept[Entry]:
        """The entry as the caller sees it; raises NotFound if they may not know of it."""
        kept = await self._entries.get(id_)
        found = await self._shown([kept] if kept else [], current_reader())
        if not found:
            raise NotFound(f"there is no entry {id_!r}", field="id")
        return found[0]

    async def _list(
        self, wanted: Sequence[str], page: common_pb2.Page, kind: str, caller: Caller
    ) -> tuple[list[Kept[Entry]], common_pb2.PageInfo]:
        found, page_info = await lists.page(
            self._entries,
            {"lists": AnyOf(wanted)},
            page,
            kind=kind,
            sort="changed_at",
            position=lambda entry: lists.sortable(entry.changed_at),
        )
        return await self._shown(found, caller, Part.LISTED), page_info

    async def _waiting(
        self, wanted: Sequence[str], page: common_pb2.Page, caller: Caller
    ) -> tuple[list[Kept[Entry]], common_pb2.PageInfo]:
        """What waits for *caller*: not what their own authority prepares, which is for another one to approve."""
        size, more = page_size(page), True
        read = common_pb2.Page(first=min(size + 1, pages.MAXIMUM_SIZE), after=page.after)
        found: list[tuple[Kept[Entry], str]] = []
        while more and len(found) <= size:
            listed, info = await lists.page(
                self._entries,
                {"lists": AnyOf(wanted)},
                read,
                kind=PENDING,
                sort="changed_at",
                position=lambda entry: lists.sortable(entry.changed_at),
            )
            others = {kept.id: kept for kept in listed if kept.state.owner_id != caller.authority_id}
            cut = {kept.id: kept for kept in await self._shown(others.values(), caller, Part.LISTED)}
            cursors = zip(listed, info.cursors, strict=True)
            found += [(cut[kept.id], cursor) for kept, cursor in cursors if kept.id in cut]
            more = info.has_next_page
            # Of an authority that prepares much itself, much is passed over.
            read = common_pb2.Page(first=pages.MAXIMUM_SIZE, after=info.cursors[-1] if more else "")
        entries = [kept for kept, _ in found[:size]]
        return entries, common_pb2.PageInfo(
            cursors=[cursor for _, cursor in found[:size]], has_next_page=len(found) > size
        )


def _repository(
    definition: Definition, newest: Definition, wanted: Sequence[str], caller: Caller
) -> definitions_pb2.Repository | None:
    """*definition* as *caller* may know it: whoever has not signed in knows what is public, and which of its fields are.

    That is said by the *newest* version, of what was written for an earlier one as well.
    """
    if not caller.service:
        return repository(definition, wanted)
    if newest.visibility is not Visibility.PUBLIC:
        return None
    public = [
        one.code
        for one in definition.fields
        if (newest.rule(one.code).audience or newest.audience).visibility is Visibility.PUBLIC
    ]
    return repository(definition, wanted, public)


def _versions(entry: Entry) -> list[Version]:
    """What is seen of the versions of *entry*, the newest first; what is in preparation before all."""
    return [*([entry.draft] if entry.draft else []), *entry.once_published]
