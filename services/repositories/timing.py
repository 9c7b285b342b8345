"""What happens to entries by itself; see `chassis.duties`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, Kept
from chassis.duties import READ_BATCH, Duties, command_of
from chassis.outbox import topic
from chassis.reactions import Reactions
from chassis.timers import Timer, Timers
from engines.events import Event, Events
from protos.repositories.v1 import events_pb2
from services.repositories import wire
from services.repositories.definitions import Definitions
from services.repositories.domain import ending
from services.repositories.domain.entries import Entry, let_go
from services.repositories.domain.lifecycle import ENDED, Action, Status
from services.repositories.files import EntryFiles
from vocabulary.files import File

# What is put away and erased by itself in the end.
KEPT = ENDED | {Status.ARCHIVED}


class Timing(Duties[Entry, events_pb2.EntryChanged]):
    """Expires, archives and erases entries when it is time."""

    def __init__(
        self,
        entries: Aggregates[Entry],
        definitions: Definitions,
        timers: Timers,
        files: EntryFiles,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(entries, timers, ending.BY_ITSELF, events_pb2.EntryChanged, lambda told: told.entry_id)
        self._entries = entries
        self._definitions = definitions
        self._files = files
        self._now = now

    def due(self, state: Entry) -> Mapping[Action, datetime]:
        return ending.due(state, self._definitions[state.repository])

    def follow_definitions(self, events: Events, service: str) -> Reactions:
        """Arrange the timers of what has ended anew where a repository has a new version: that says how long it is kept."""

        async def published(seen: Sequence[Event]) -> None:
            await self._definitions.refresh()
            codes = {found.code for event in seen if (found := self._definitions.version(event.subject))}
            async for page in self._entries.pages(size=READ_BATCH):
                for kept in page:
                    if kept.state.repository in codes and kept.state.status in KEPT:
                        await self._arrange(kept)

        by_type = {events_pb2.DefinitionPublished.DESCRIPTOR.full_name: published}
        return Reactions(events, f"{service}-retention", [topic(service)], by_type)

    async def _arrange(self, kept: Kept[Entry]) -> None:
        await self._definitions.ensure_for([kept.state])
        await super()._arrange(kept)

    async def act(self, kept: Kept[Entry], timer: Timer) -> None:
        action = Action(timer.kind)
        if action is Action.ERASE:
            # It cannot be undone: how long it is kept may have been said a moment ago, to another process.
            await self._definitions.refresh()
        definition = await self._definitions.of(kept.state)
        ending.require_due(kept.state, definition, action, self._now())

        gone: list[File] = []

        async def decided(before: Kept[Entry]) -> tuple[Entry, Sequence[Message]]:
            after = ending.done(before.state, definition, action, self._now())
            gone[:] = let_go(before.state, after)
            # In case that this ends before it is through.
            await self._files.let_go(gone)
            return after, [wire.changed(before.id, before.revision + 1, action, before.state, after)]

        await self._entries.change(
            kept.id,
            command_of(timer),
            decided,
            lambda after: events_pb2.EntryChanged(entry_id=after.id, revision=after.revision),
            events_pb2.EntryChanged,
            # The answers to earlier commands say what the entry said.
            forget=action is Action.ERASE,
        )
        if action is Action.ERASE:
            await self._files.discard(gone)
