"""What all the RPCs stand on: the parts of the service, how a command changes an alert, what its giver sees of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.audit import noting
from chassis.caller import Caller, current_person
from chassis.inbox import Inbox
from chassis.references import References
from chassis.wire import field_values_from
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1.alerts_pb2_grpc import AlertsServiceServicer
from protos.common.v1 import common_pb2
from services.alerts import wire
from services.alerts.domain.alerts import Alert, Party
from services.alerts.domain.auditing import parts
from services.alerts.domain.lifecycle import Status
from services.alerts.domain.types import AlertType
from services.alerts.domain.views import View, seen, view
from services.alerts.filters.selecting import Selecting
from services.alerts.readers import party
from services.alerts.recipients import Recipients
from vocabulary.audit import Kind, Part
from vocabulary.refusals import NotFound
from vocabulary.values import Value

Answer = TypeVar("Answer", bound=Message)
# The alert after a command, or a refusal. It may ask others first.
Decide = Callable[[Alert, AlertType, Party], Awaitable[Alert]]


class Commands(AlertsServiceServicer):
    """The parts of the service, and what is done with every alert."""

    def __init__(
        self,
        types: Mapping[str, AlertType],
        alerts: Aggregates[Alert],
        references: References,
        recipients: Recipients,
        inbox: Inbox,
        selecting: Selecting,
        now: Callable[[], datetime],
    ) -> None:
        self._types = types
        self._alerts = alerts
        self._references = references
        self._recipients = recipients
        self._inbox = inbox
        self._selecting = selecting
        self._now = now

    async def _change(self, message: Any, answer_type: type[Answer], decide: Decide, *, forget: bool = False) -> Answer:
        """What *decide* makes of the alert that *message* names, answered with what its giver sees of it.

        To *forget* is to keep nothing of what it was.
        """
        caller = current_person()
        make: Any = answer_type
        is_new = False

        async def decided(before: Kept[Alert]) -> tuple[Alert, Sequence[Message]]:
            nonlocal is_new
            is_new = True
            by = party(caller, before.state.area, self._now())
            if view(before.state, by) is None:
                raise NotFound(f"there is no alert {before.id!r}", field="id")
            after = await decide(before.state, self._types[before.state.type_id], by)
            return after, [wire.changed(before.id, before.revision + 1, before.state, after)]

        def answered(kept: Kept[Alert]) -> Answer:
            reply: Answer = make(alert=self._answer(kept, caller))
            return reply

        key = CommandKey.of(message, caller)
        reply = await self._alerts.change(message.id, key, decided, answered, answer_type, forget=forget)
        if not is_new:
            alert = await self._require_seen(message.id, caller)
            first: pb.Alert = reply.alert  # type: ignore[attr-defined]
            noting.shown(
                Kind.ALERT, first.id, first.revision, *parts(alert, wire.VIEW.from_wire(first.view, field="view"))
            )
        return reply

    async def _require_seen(self, id_: str, caller: Caller) -> Alert:
        """The alert; raises NotFound for whoever gives a command again but does not see it any more: its first answer is content, too.

        Whoever sent it back does not see the draft, and whoever deleted it sees it no more: they are told once more that it was
        done.
        """
        kept = await self._alerts.get(id_)
        assert kept is not None  # alerts are never removed
        before = kept.state
        if before.status is Status.DRAFT:
            before = replace(before, status=Status.SUBMITTED)
        elif before.is_discarded:
            before = replace(before, status=Status.DRAFT)
        if view(before, party(caller, before.area, self._now())) is None:
            raise NotFound(f"there is no alert {id_!r}", field="id")
        return before

    async def _checked(self, kind: AlertType, given: Sequence[common_pb2.FieldValue]) -> Mapping[str, Value]:
        """The values of a form, each of its field's type and referring to something that exists."""
        values = kind.check(field_values_from(given, at="values"), complete=False)
        await self._references.check_form(kind.fields, values, at="values")
        return values

    def _shown(self, found: Sequence[Kept[Alert]], caller: Caller, *more: Part) -> list[pb.Alert]:
        """What *caller* may see of *found*, noted in the audit as read, and as *more* parts if it is read in another way as well."""
        shown = []
        for kept in found:
            who = party(caller, kept.state.area, self._now())
            how = view(kept.state, who)
            if how is not None:
                shown.append(self._cut(kept, how, who, *more))
        return shown

    def _answer(self, kept: Kept[Alert], caller: Caller) -> pb.Alert:
        """The answer to a command: the alert as its actor sees it now, or saw it last."""
        who = party(caller, kept.state.area, self._now())
        return self._cut(kept, view(kept.state, who) or View.FULL, who)

    def _cut(self, kept: Kept[Alert], how: View, who: Party, *more: Part) -> pb.Alert:
        noting.shown(Kind.ALERT, kept.id, kept.revision, *parts(kept.state, how), *more)
        state = seen(kept.state, self._types[kept.state.type_id], how, who)
        return wire.alert(Kept(kept.id, kept.revision, state), how)


def simply(rule: Callable[[Alert, AlertType, Party], Alert]) -> Decide:
    """A decision that asks nobody."""

    async def decide(before: Alert, kind: AlertType, by: Party) -> Alert:
        return rule(before, kind, by)

    return decide
