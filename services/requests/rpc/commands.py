"""What all the RPCs stand on: the parts of the service, how a command changes a request, what its giver sees of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.audit import noting
from chassis.caller import Caller, current_person
from chassis.inbox import Inbox
from chassis.wire import free_text_from
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.requests_pb2_grpc import RequestsServiceServicer
from services.requests import wire
from services.requests.attachments import Attachments
from services.requests.coordinators import Coordinators
from services.requests.domain.auditing import parts
from services.requests.domain.identity import warnings
from services.requests.domain.lifecycle import Side
from services.requests.domain.questions import QuestionSet
from services.requests.domain.requests import Actor, Request, let_go
from services.requests.domain.retention import disclosed
from services.requests.domain.tasks import turns
from services.requests.domain.views import View, revision_for, seen, view
from services.requests.lists import Lists
from services.requests.question_sets import QuestionSets
from services.requests.readers import actor, reader
from vocabulary.audit import Kind, Part
from vocabulary.refusals import NotFound, Stale
from vocabulary.roles import UserRole
from vocabulary.values import FreeText

Answer = TypeVar("Answer", bound=Message)
# The request after a command, or a refusal. It may ask others first.
Decide = Callable[[Kept[Request], Actor], Awaitable[Request]]


class Commands(RequestsServiceServicer):
    """The parts of the service, and what is done with every request."""

    def __init__(
        self,
        question_sets: QuestionSets,
        requests: Aggregates[Request],
        attachments: Attachments,
        coordinators: Coordinators,
        inbox: Inbox,
        now: Callable[[], datetime],
    ) -> None:
        self._question_sets = question_sets
        self._requests = requests
        self._attachments = attachments
        self._coordinators = coordinators
        self._inbox = inbox
        self._now = now
        self._lists = Lists(requests, now)

    async def _change(
        self,
        message: Any,
        answer_type: type[Answer],
        decide: Decide,
        *,
        forget: bool = False,
    ) -> Answer:
        """What *decide* makes of the request that *message* names, answered with what its giver sees of it.

        To *forget* is to keep nothing of what it was.
        """
        caller = current_person()
        command = CommandKey.of(message, caller)
        make: Any = answer_type
        is_new = False

        async def decided(before: Kept[Request]) -> tuple[Request, Sequence[Message]]:
            nonlocal is_new
            is_new = True
            if view(before.state, reader(caller, before.state.area)) is None:
                raise NotFound(f"there is no request {before.id!r}", field="id")
            await self._question_sets.ensure([before.state.question_set_id])
            after = await decide(before, actor(caller, before.state.area, self._now()))
            # The revision that the caller has seen: steps that are not for them to observe do not count.
            revision = revision_for(before.state, before.revision, caller.authority_id)
            if command.expected_revision not in (None, revision):
                raise Stale(
                    f"it is at revision {revision}, not {command.expected_revision}; read it again", field="revision"
                )
            await self._attachments.let_go(let_go(before.state, after))
            return after, [wire.changed(before.id, before.revision + 1, before.state, after)]

        def answered(kept: Kept[Request]) -> Answer:
            reply: Answer = make(request=shown(kept, caller))
            return reply

        reply = await self._requests.change(
            message.id, replace(command, expected_revision=None), decided, answered, answer_type, forget=forget
        )
        return reply if is_new else await self._again(reply, answered, caller)

    async def _again(self, reply: Answer, answered: Callable[[Kept[Request]], Answer], caller: Caller) -> Answer:
        """The first answer to a command; where its giver sees less of the request by now, no more personal data than that."""
        first: pb.Request = reply.request  # type: ignore[attr-defined]
        kept = await self._requests.get(first.id)
        assert kept is not None
        how, was = view(kept.state, reader(caller, kept.state.area)), wire.VIEW.from_wire(first.view, field="view")
        # Whoever has given something away, or is not assigned to it any more, sees less of it than those without personal data.
        harmless = {how} if how is View.WITHOUT_ANSWERS else {View.WITHOUT_PERSONAL_DATA, how}
        if how is View.FULL or was in harmless:
            noting.shown(Kind.REQUEST, kept.id, first.revision, *parts(kept.state, was))
            return reply
        if how is None:
            raise NotFound(f"there is no request {kept.id!r}", field="id")
        return answered(kept)

    def _questions_of(self, request: Request) -> QuestionSet:
        return self._question_sets[request.question_set_id]


def simply(rule: Callable[[Request, Actor], Request]) -> Decide:
    """A decision that asks nobody."""

    async def decide(before: Kept[Request], who: Actor) -> Request:
        return rule(before.state, who)

    return decide


def text_of(message: Any, name: str) -> FreeText | None:
    """The free text *name* of *message*; None where there is none."""
    text: common_pb2.FreeText = getattr(message, name)
    return free_text_from(text, at=name) if message.HasField(name) else None


def shown(kept: Kept[Request], caller: Caller, *more: Part) -> pb.Request:
    """What *caller* sees of a request that they may know of, and what their authority has to do with it.

    It is noted in the audit as read, and as *more* parts if it is read in another way as well.
    """
    state = kept.state
    by = reader(caller, state.area)
    how = view(state, by) or View.WITHOUT_PERSONAL_DATA
    revision = revision_for(state, kept.revision, caller.authority_id, how)
    noting.shown(Kind.REQUEST, kept.id, revision, *parts(state, how), *more)
    message = wire.request(Kept(kept.id, revision, seen(state, how, by)), how)
    coordinates = UserRole.COORDINATOR in by.roles
    message.tasks.extend(
        wire.TASK.to_wire(turn.task)
        for turn in turns(state)
        if turn.authority_id == caller.authority_id and (coordinates or not turn.coordinator)
    )
    side = state.side(caller.authority_id)
    if side is not None:
        message.handler_ids.extend(state.handling(side).user_ids)
    if side is Side.REQUESTER and how is View.FULL and not state.accepted:
        message.warnings.extend(wire.warning(one) for one in warnings(disclosed(state).draft))
    return message


def visible(found: Sequence[Kept[Request]], caller: Caller) -> list[Kept[Request]]:
    """Those of *found* that are for *caller* to know of."""
    return [kept for kept in found if view(kept.state, reader(caller, kept.state.area)) is not None]
