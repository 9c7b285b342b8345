"""What all the RPCs stand on: the parts of the service, how a command changes an entry, what its giver sees of it."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.audit import noting
from chassis.caller import Caller, current_person
from chassis.inbox import Inbox
from chassis.references import References
from protos.repositories.v1.repositories_pb2_grpc import RepositoriesServiceServicer
from services.repositories import wire
from services.repositories.changes import Seal
from services.repositories.definitions import Definitions, Renewed
from services.repositories.domain.auditing import parts
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Actor, Entry, let_go
from services.repositories.domain.lifecycle import Action, Status
from services.repositories.domain.views import view
from services.repositories.files import EntryFiles
from services.repositories.links.keeping import LinkChecks
from services.repositories.readers import actor, current_reader, shown
from services.repositories.search.answering import Searching
from services.repositories.subjects import Subjects
from vocabulary.audit import Kind, Part
from vocabulary.files import File
from vocabulary.refusals import NotFound

Answer = TypeVar("Answer", bound=Message)
# The entry after a command, or a refusal. It may ask others first.
Decide = Callable[[Entry, Definition, Actor], Awaitable[Entry]]


class Commands(RepositoriesServiceServicer):
    """The parts of the service, and what is done with every entry."""

    def __init__(
        self,
        definitions: Definitions,
        entries: Aggregates[Entry],
        searching: Searching,
        links: LinkChecks,
        references: References,
        files: EntryFiles,
        subjects: Subjects,
        inbox: Inbox,
        seal: Seal,
        renewed: Renewed,
        now: Callable[[], datetime],
    ) -> None:
        self._definitions = definitions
        self._entries = entries
        self._searching = searching
        self._links = links
        self._references = references
        self._files = files
        self._subjects = subjects
        self._inbox = inbox
        self._seal = seal
        self._renewed = renewed
        self._now = now

    async def _change(self, message: Any, action: Action, answer_type: type[Answer], decide: Decide) -> Answer:
        """What *decide* makes of the entry that *message* names, answered with what its giver sees of it."""
        caller = current_person()
        make: Any = answer_type
        is_new = False
        gone: list[File] = []

        async def decided(before: Kept[Entry]) -> tuple[Entry, Sequence[Message]]:
            nonlocal is_new
            is_new = True
            definition = await self._definitions.of(before.state)
            by = actor(caller, definition, self._now())
            if view(before.state, definition, by) is None:
                raise NotFound(f"there is no entry {before.id!r}", field="id")
            after = await decide(before.state, definition, by)
            gone[:] = let_go(before.state, after)
            # In case that this ends before it is through.
            await self._files.let_go(gone)
            return after, [wire.changed(before.id, before.revision + 1, action, before.state, after)]

        def answered(kept: Kept[Entry]) -> Answer:
            reply: Answer = make(entry=self._answer(kept, caller))
            return reply

        key = CommandKey.of(message, caller)
        # Of a draft that is deleted, the answers to earlier commands say what it said.
        forget = action is Action.DELETE_DRAFT
        reply = await self._entries.change(message.id, key, decided, answered, answer_type, forget=forget)
        if not is_new:
            if cut := await self._require_seen(message.id, caller):
                revision: int = reply.entry.revision  # type: ignore[attr-defined]
                note(Kept(cut.id, revision, cut.state), await self._definitions.of(cut.state))
        elif forget:
            await self._files.discard(gone)
        return reply

    async def _require_seen(self, id_: str, caller: Caller) -> Kept[Entry] | None:
        """Raises NotFound for whoever gives a command again but does not see the entry any more: its first answer is content, too.

        Whoever sent it back does not see the draft, who approved it need not be one of its readers, and nobody sees what was deleted:
        they are told once more that it was done.
        """
        kept = await self._entries.get(id_)
        assert kept is not None  # entries are never removed
        before = kept.state
        if before.status is Status.DELETED:
            return None
        as_it_was = {Status.DRAFT: Status.PENDING_APPROVAL, Status.PUBLISHED: Status.UPDATE_PENDING}
        before = replace(before, status=as_it_was.get(before.status, before.status))
        definition = await self._definitions.of(before)
        cut = shown(Kept(id_, kept.revision, before), definition, actor(caller, definition, self._now()))
        if cut is None:
            raise NotFound(f"there is no entry {id_!r}", field="id")
        return cut

    async def _required(self, code: str) -> Definition:
        """The newest definition of the repository *code*; raises Invalid if there is none, or none for whoever has not signed in."""
        await self._definitions.ensure([code] if code else [])
        if not current_reader().service:
            return self._definitions.require(code)
        return self._definitions.require_public(code)

    async def _shown(self, found: Iterable[Kept[Entry]], caller: Caller, *more: Part) -> list[Kept[Entry]]:
        """What *caller* may see of each of *found*, without those they may not know of, noted in the audit as read (`note`)."""
        cut = []
        for kept in found:
            definition = await self._definitions.of(kept.state)
            one = shown(kept, definition, actor(caller, definition, self._now()))
            if one:
                note(one, definition, *more)
                cut.append(one)
        return cut

    def _answer(self, kept: Kept[Entry], caller: Caller) -> Any:
        """The answer to a command: the entry as its actor sees it now; that it is gone, if nobody does; the rest without content."""
        definition = self._definitions[kept.state.repository]
        cut = shown(kept, definition, actor(caller, definition, self._now()))
        if cut:
            note(cut, definition)
        else:
            state = replace(kept.state, draft=None, published=None, earlier=(), history=(), return_reason="")
            cut = Kept(kept.id, kept.revision, state)
        return wire.entry(cut, definition)


def note(cut: Kept[Entry], definition: Definition, *more: Part) -> None:
    """Note in the audit that an entry is shown as far as *cut* has it, and as *more* parts if it is read in another way as well."""
    if found := parts(cut.state, definition):
        noting.shown(Kind.ENTRY, cut.id, cut.revision, *found, *more)


def simply(rule: Callable[[Entry, Definition, Actor], Entry]) -> Decide:
    """A decision that asks nobody."""

    async def decide(before: Entry, definition: Definition, by: Actor) -> Entry:
        return rule(before, definition, by)

    return decide
