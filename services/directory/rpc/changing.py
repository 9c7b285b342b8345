"""What every command on an authority that is there has in common: who acts, what they may know, the record, the event, the answer."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import Caller, current_person
from protos.directory.v1 import directory_pb2
from services.directory.domain.authorities import Authority
from services.directory.domain.coordination import Person
from services.directory.domain.history import Command
from services.directory.domain.registration import Actor
from services.directory.domain.views import View
from services.directory.reference import Reference
from services.directory.rpc.acting import person
from services.directory.rpc.recording import changed, post_taken, recorded
from services.directory.rpc.showing import Showing
from vocabulary.refusals import Conflict, NotFound

Answer = TypeVar("Answer", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """A command under way: *by*, who is *of* to the authority as it is *before*."""

    by: Person
    of: frozenset[Actor]
    before: Kept[Authority]
    territories: Collection[str]


Decide = Callable[[Acting], Awaitable[Authority]]


class Changing:
    """Changes authorities for people."""

    def __init__(self, reference: Reference, authorities: Aggregates[Authority], now: Callable[[], datetime]) -> None:
        self.reference = reference
        self.authorities = authorities
        self.showing = Showing(reference)
        self.now = now

    async def change(
        self,
        request: Any,
        command: Command,
        decide: Decide,
        answer: Callable[[directory_pb2.Authority], Answer],
        answer_type: type[Answer],
        *,
        of_module: str = "",
        post: str = "id",
        events: Sequence[Message] = (),
    ) -> Answer:
        """Carry *command* out as *decide* says, and tell *events* besides.

        *of_module* is what an access coordinator must be of; *post* is the field at fault if it would take a post that is another's.
        Raises NotFound in the same words for what is not there and for what the person may not know of.
        """
        caller = current_person()
        key = CommandKey.of(request, caller)
        by = await person(caller, self.authorities)
        wanted: list[Authority] = []

        async def decided(before: Kept[Authority]) -> tuple[Authority, Sequence[Message]]:
            acting = self.acting(by, before, of_module)
            after = await decide(acting)
            wanted[:] = [after]
            reason = getattr(request, "reason", "")
            after = recorded(before.state, after, command, caller, self.now(), reason)
            return after, [changed(before.id, before.revision + 1, after), *events]

        try:
            return await self.authorities.change(
                request.id, key, decided, lambda kept: answer(self.showing.answered(by, kept)), answer_type
            )
        except Conflict as conflict:
            if conflict.reason != "ALREADY_EXISTS":
                raise
            raise post_taken(wanted[0], field=post) from conflict

    def acting(self, by: Person, before: Kept[Authority], of_module: str = "") -> Acting:
        """How *by* acts on an authority; raises NotFound if they may not know of it."""
        if self.showing.view(by, before) is View.NOTHING:
            raise NotFound(f"there is no authority {before.id!r}", field="id")
        of = self.showing.actors(by, before, of_module)
        return Acting(by=by, of=of, before=before, territories=self.showing.territories(before.state))

    async def create(
        self,
        id_: str,
        key: CommandKey,
        new: Authority,
        command: Command,
        caller: Caller,
        answer: Callable[[Kept[Authority]], Answer],
    ) -> Answer:
        """Store *new* with its record and its event; raises Conflict if it would take a post that is another's."""
        new = recorded(None, new, command, caller, self.now())
        try:
            return await self.authorities.create(id_, key, new, [changed(id_, 1, new)], answer)
        except Conflict as conflict:
            if conflict.reason != "ALREADY_EXISTS":
                raise
            if await self.authorities.get(id_) is not None:
                known = f"this command made {id_} long ago; its answer is kept no more"
                raise Conflict(known, field="idempotencyKey", reason="ALREADY_EXISTS") from conflict
            raise post_taken(new) from conflict
