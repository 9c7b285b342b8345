"""Drafts: begun, changed, taken from an earlier version, thrown away."""

from collections.abc import Mapping

from chassis.aggregates import CommandKey
from chassis.caller import Caller, current_person
from chassis.server import Call
from chassis.uploads.keeping import chosen
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories import wire
from services.repositories.domain import drafting
from services.repositories.domain.definitions import Definition
from services.repositories.domain.drafting import Content
from services.repositories.domain.entries import Actor, Entry
from services.repositories.domain.lifecycle import Action
from services.repositories.readers import actor
from services.repositories.rpc.commands import Commands, simply
from vocabulary import ids
from vocabulary.files import File
from vocabulary.values import Value


class Drafting(Commands):
    async def CreateEntry(self, request: pb.CreateEntryRequest, context: Call) -> pb.CreateEntryResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        definition = await self._required(request.repository)
        by = actor(caller, definition, self._now())
        content = await self._content(request, definition, None, caller)
        new = drafting.create(definition, content, by)
        id_ = command.new_id(ids.ENTRY)
        event = wire.changed(id_, 1, Action.CREATE, None, new)
        reply = await self._entries.create(
            id_, command, new, [event], lambda kept: pb.CreateEntryResponse(entry=self._answer(kept, caller))
        )
        await self._require_seen(id_, caller)
        return reply

    async def EditEntry(self, request: pb.EditEntryRequest, context: Call) -> pb.EditEntryResponse:
        caller = current_person()

        async def edited(before: Entry, definition: Definition, by: Actor) -> Entry:
            content = await self._content(request, definition, before, caller)
            return drafting.edit(before, definition, content, request.reason, by)

        return await self._change(request, Action.EDIT, pb.EditEntryResponse, edited)

    async def RevertEntry(self, request: pb.RevertEntryRequest, context: Call) -> pb.RevertEntryResponse:
        return await self._change(
            request,
            Action.REVERT,
            pb.RevertEntryResponse,
            simply(
                lambda entry, definition, by: drafting.revert(entry, definition, request.version, request.reason, by)
            ),
        )

    async def DeleteEntryDraft(self, request: pb.DeleteEntryDraftRequest, context: Call) -> pb.DeleteEntryDraftResponse:
        return await self._change(
            request, Action.DELETE_DRAFT, pb.DeleteEntryDraftResponse, simply(drafting.delete_draft)
        )

    async def _content(
        self,
        given: pb.CreateEntryRequest | pb.EditEntryRequest,
        definition: Definition,
        before: Entry | None,
        caller: Caller,
    ) -> Content:
        """What a draft says, each value of its field's type and referring to something that exists."""
        last = drafting.basis(before, definition) if before else None
        values = definition.check(wire.values_from(given.values, definition, last), complete=False)
        await self._references.check_form(definition.fields, values, at="values")
        return Content(
            values=values,
            files=await self._attached(values, caller),
            valid_from=wire.day_from(given.valid_from, at="validFrom"),
            valid_to=wire.day_from(given.valid_to, at="validTo"),
        )

    async def _attached(self, values: Mapping[str, Value], caller: Caller) -> tuple[File, ...]:
        """The files that stand in *values*; raises Invalid naming the id of one that the caller's authority has not uploaded."""
        wanted = list(dict.fromkeys(id_ for value in values.values() for id_ in value.files or ()))
        if not wanted:
            return ()
        pick = chosen(await self._files.found(wanted, caller))
        for index, value in enumerate(values.values()):
            pick(value.files or (), f"values[{index}].value.files")
        return pick(wanted, "values")
