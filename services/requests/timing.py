"""What happens to requests by itself: each has its timers, set by its own events and fired as commands.

A timer only says when to look. Whether something is due is said by the request as it then is; if it is not, the timers are
arranged anew.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.outbox import topic
from chassis.participants import Participants
from chassis.reactions import Reactions
from chassis.timers import Timer, Timers
from engines.events import Event, Events
from protos.requests.v1 import events_pb2
from services.requests import wire
from services.requests.domain import silence
from services.requests.domain.lifecycle import Action
from services.requests.domain.parties import COUNTRY_COORDINATORS
from services.requests.domain.requests import Request
from vocabulary import ids
from vocabulary.participants import Participant
from vocabulary.refusals import Conflict
from vocabulary.roles import REQUESTS, module


class Timing:
    """Arranges the timers of requests, and does what is due."""

    def __init__(
        self,
        requests: Aggregates[Request],
        timers: Timers,
        participants: Participants,
        now: Callable[[], datetime],
    ) -> None:
        self._requests = requests
        self._timers = timers
        self._participants = participants
        self._now = now

    def follow(self, events: Events) -> Reactions:
        """Arrange the timers of each request that changes; doing it again has no effect."""

        async def changed(seen: Sequence[Event]) -> None:
            told = dict.fromkeys(events_pb2.RequestChanged.FromString(event.data).request_id for event in seen)
            for kept in await self._requests.get_many(list(told)):
                await self._arrange(kept)

        return Reactions(
            events, "requests-timers", [topic("requests")], {events_pb2.RequestChanged.DESCRIPTOR.full_name: changed}
        )

    async def run(self) -> None:
        """Do what is due, for ever."""
        await self._timers.run(self.fire)

    async def fire(self, timer: Timer) -> None:
        """What the system does by itself, once however often the timer fires; nothing, for a request that is gone."""
        action = Action(timer.kind)
        kept = await self._requests.get(timer.subject)
        if kept is None:
            return
        try:
            await self._act(kept, timer, action)
        except Conflict as refusal:
            if refusal.reason != "NOT_DUE":
                raise
            changed = await self._requests.get(timer.subject) or kept
            if silence.due(changed.state).get(action) == timer.due:
                raise  # the clock has just been set back: this timer must not count as fired
            await self._arrange(changed)

    async def _act(self, kept: Kept[Request], timer: Timer, action: Action) -> None:
        silence.require_due(kept.state, action, self._now())
        coordinators = await self._coordinators(kept.state) if action is Action.INVOLVE_COORDINATORS else []

        async def decided(before: Kept[Request]) -> tuple[Request, Sequence[Message]]:
            if action is Action.REMIND:
                after = silence.remind(before.state, self._now())
            else:
                after = silence.involve(before.state, coordinators, self._now())
            return after, [wire.changed(before.id, before.revision + 1, before.state, after)]

        key = ids.derived("timer", timer.id, timer.due.isoformat())
        await self._requests.change(
            timer.subject,
            CommandKey(key=key, fingerprint=key, expected_revision=None),
            decided,
            lambda after: events_pb2.RequestChanged(request_id=after.id, revision=after.revision),
            events_pb2.RequestChanged,
        )

    async def _arrange(self, kept: Kept[Request]) -> None:
        due = silence.due(kept.state)
        for action in silence.BY_ITSELF:
            if action in due:
                timer = Timer(subject=kept.id, kind=action, due=due[action])
                await self._timers.set(timer, version=kept.revision)
            else:
                await self._timers.cancel(kept.id, action, version=kept.revision)

    async def _coordinators(self, request: Request) -> list[str]:
        """One for each side: the authority's own, or the coordinator of the area in its country, or that of the country."""
        wanted = module(request.area, REQUESTS)
        known = await self._participants.get_many([id_ for id_, _ in silence.sides(request)])
        found = []
        for id_, country in silence.sides(request):
            own = _named(known[id_], wanted) if id_ in known else None
            found.append(own or await self._instead(id_, country, wanted))
        return [id_ for id_ in found if id_]

    async def _instead(self, id_: str, country: str, wanted: str) -> str:
        for role in COUNTRY_COORDINATORS:
            for one in await self._participants.taking_part(role, module=wanted, countries=[country]):
                if one.id != id_:
                    return one.id
        return ""


def _named(authority: Participant, wanted: str) -> str:
    """The coordinator named for an authority's requests, the one nearest to their content first; never itself."""
    part = authority.part(wanted)
    named = (part.referral_coordinator, part.approval_coordinator, part.access_coordinator) if part else ()
    return next((id_ for id_ in named if id_ not in ("", authority.id)), "")
