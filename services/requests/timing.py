"""What happens to requests by itself; see `chassis.duties`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, Kept
from chassis.duties import Duties, command_of
from chassis.participants import Participants
from chassis.timers import Timer, Timers
from protos.requests.v1 import events_pb2
from services.requests import wire
from services.requests.attachments import Attachments
from services.requests.domain import silence
from services.requests.domain.lifecycle import Action
from services.requests.domain.parties import COUNTRY_COORDINATORS
from services.requests.domain.requests import Request, let_go
from services.requests.domain.retention import HIDING
from vocabulary.files import File
from vocabulary.participants import Participant
from vocabulary.roles import REQUESTS, WorkflowRole, module


class Timing(Duties[Request, events_pb2.RequestChanged]):
    """Reminds of requests, brings in coordinators, blocks and erases, when it is time."""

    def __init__(
        self,
        requests: Aggregates[Request],
        timers: Timers,
        participants: Participants,
        attachments: Attachments,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(requests, timers, silence.BY_ITSELF, events_pb2.RequestChanged, lambda told: told.request_id)
        self._requests = requests
        self._participants = participants
        self._attachments = attachments
        self._now = now

    def due(self, state: Request) -> Mapping[Action, datetime]:
        return silence.due(state)

    async def act(self, kept: Kept[Request], timer: Timer) -> None:
        action = Action(timer.kind)
        silence.require_due(kept.state, action, self._now())
        coordinators = await self._coordinators(kept.state) if action is Action.INVOLVE_COORDINATORS else []

        gone: list[File] = []

        async def decided(before: Kept[Request]) -> tuple[Request, Sequence[Message]]:
            after = _done(before.state, action, coordinators, self._now())
            gone[:] = let_go(before.state, after)
            # Before it has them no more; and if this ends in between, they are removed a day later.
            await self._attachments.let_go(gone, disowned=True)
            return after, [wire.changed(before.id, before.revision + 1, before.state, after)]

        await self._requests.change(
            kept.id,
            command_of(timer),
            decided,
            lambda after: events_pb2.RequestChanged(request_id=after.id, revision=after.revision),
            events_pb2.RequestChanged,
            # The answers to earlier commands say what the request held.
            forget=action in HIDING,
        )
        await self._attachments.discard(gone)

    async def _coordinators(self, request: Request) -> list[str]:
        """One for each side: the authority's own, or the coordinator of the area in its country, or that of the country."""
        wanted = module(request.area, REQUESTS)
        known = await self._participants.get_many([id_ for id_, _ in silence.sides(request)])
        found = []
        for id_, country in silence.sides(request):
            own = await self._named(known[id_], wanted) if id_ in known else ""
            found.append(own or await self._instead(id_, country, wanted))
        return [id_ for id_ in found if id_]

    async def _named(self, authority: Participant, wanted: str) -> str:
        """The coordinator named for an authority's requests, the one nearest to their content first; never itself, nor one that
        takes part no more.
        """
        part = authority.part(wanted)
        named = (part.referral_coordinator, part.approval_coordinator, part.access_coordinator) if part else ()
        there = await self._participants.get_many([id_ for id_ in named if id_ not in ("", authority.id)])
        taking_part = {id_ for id_, one in there.items() if one.has(WorkflowRole.REQUEST_PARTNER, module=wanted)}
        return next((id_ for id_ in named if id_ in taking_part), "")

    async def _instead(self, id_: str, country: str, wanted: str) -> str:
        for role in COUNTRY_COORDINATORS:
            for one in await self._participants.taking_part(role, module=wanted, countries=[country]):
                if one.id != id_:
                    return one.id
        return ""


def _done(request: Request, action: Action, coordinators: Sequence[str], now: datetime) -> Request:
    match action:
        case Action.REMIND:
            return silence.remind(request, now)
        case Action.BLOCK:
            return silence.block(request, now)
        case Action.ERASE:
            return silence.erase(request, now)
        case _:
            return silence.involve(request, coordinators, now)
