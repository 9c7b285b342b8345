"""Requests are reminded of and coordinators brought in by stored timers: once, whatever happens to the workers that do it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.caller import Signer
from chassis.calls import Peer, open_channel
from chassis.inbox import Entry, Inbox
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.participants import Participants
from chassis.settings import ServiceSettings
from chassis.timers import NEVER, WAKES_AT, Timer, Timers
from engines.events import Events, open_events
from engines.files import Files, open_files
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceStub
from protos.requests.v1 import requests_pb2 as pb
from services.directory.settings import DirectorySettings
from services.directory.training.authorities import coordinator_id
from services.directory.wiring import directory
from services.requests import storage
from services.requests.attachments import attaching
from services.requests.domain.lifecycle import Action, Status
from services.requests.domain.silence import BY_ITSELF
from services.requests.reactions import STREAM
from services.requests.timing import Timing
from tests.builders import QUALIFICATIONS, a_coordinator
from tests.chassis.ticking import Clock
from tests.chassis.waiting import until
from tests.requests.exchanges import FREE_PORT, HUNGARY, ITALY, Asking, a_request, fields_of, nurses, running
from vocabulary.refusals import Conflict
from vocabulary.roles import LegislativeRole

WEEK, MONTHS = timedelta(days=7, hours=2), timedelta(days=63)
LIMICS = [coordinator_id(country, QUALIFICATIONS) for country in ("IT", "HU")]
REMINDED, INVOLVED = pb.REQUEST_ACTION_REMIND, pb.REQUEST_ACTION_INVOLVE_COORDINATORS


@dataclass
class Replicas:
    """A running service, and workers beside it on the same store, whose clock the tests turn."""

    asking: Asking
    clock: Clock
    workers: Sequence[tuple[Timers, Timing]]

    async def timers(self, id_: str) -> dict[str, str]:
        """When each timer of the request wakes, as stored; `NEVER` for one that is over."""
        found = {action: await self.asking.documents.get(storage.TIMERS, f"{id_}:{action}") for action in BY_ITSELF}
        return {action: min(str(timer.body[WAKES_AT]), NEVER) for action, timer in found.items() if timer is not None}

    async def arranged(self, id_: str, *waiting: Action) -> None:
        """Return once the running service has set the timers of *waiting*, and no other."""

        async def are() -> bool:
            found = await self.timers(id_)
            request = await self.asking.documents.get(storage.REQUESTS, id_)
            last = await self.asking.documents.get(storage.TIMERS, f"{id_}:{Action.INVOLVE_COORDINATORS}")
            if request is None or last is None or last.body["version"] != request.revision:
                return False
            return {action for action, wakes in found.items() if wakes != NEVER} == set(waiting)

        await until(are)

    async def fire(self, *, after: timedelta) -> None:
        """Let the workers do what is due so much later, all at once."""
        self.clock.at = datetime.now(UTC) + after
        await asyncio.gather(*(timers.fire_due(timing.fire) for timers, timing in self.workers))

    async def told(self, authority_id: str, id_: str) -> list[Entry]:
        """What the inbox of an authority has about a request."""
        inbox = Inbox(self.asking.documents, STREAM, self.clock)
        return [entry for entry in (await inbox.read(authority_id, "", 10_000)).items if entry.subject == id_]


@pytest.fixture(scope="module")
async def replicas(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Replicas]:
    data = tmp_path_factory.mktemp("timing")
    two = DirectorySettings(data_dir=data, training_data=True, training_countries="HU,IT", listen_address=FREE_PORT)
    async with directory(two) as found:
        where = f"127.0.0.1:{found.port}"
        settings = ServiceSettings(data_dir=data, listen_address=FREE_PORT, directory_address=where)
        async with (
            running(settings) as asking,
            open_channel(where) as channel,
            open_events(settings.events) as events,
            open_files(settings.files("requests")) as stored,
        ):
            clock = Clock(datetime.now(UTC))
            peer = Peer("directory", Signer(KeyRing(settings.keys), "requests").for_service)
            participants = Participants(asking.documents, peer, ParticipantsServiceStub(channel))
            workers = [_worker(asking, events, participants, stored, clock) for _ in range(3)]
            yield Replicas(asking, clock, workers)


def _worker(
    asking: Asking, events: Events, participants: Participants, stored: Files, clock: Clock
) -> tuple[Timers, Timing]:
    outbox = Outbox("requests", asking.documents, events, clock)
    requests = storage.requests(asking.documents, outbox)
    timers = Timers(asking.documents, storage.TIMERS, clock)
    attachments, _ = attaching(asking.settings, asking.documents, outbox, requests, stored, clock)
    return timers, Timing(requests, timers, participants, attachments, clock)


def actions(request: pb.Request | None) -> list[int]:
    assert request is not None
    return [entry.action for entry in request.history]


async def test_a_request_that_is_not_accepted_for_a_week_is_reminded_of_once(replicas: Replicas) -> None:
    asking = replicas.asking
    request = await a_request(asking, Status.SENT)
    await replicas.arranged(request.id, Action.REMIND, Action.INVOLVE_COORDINATORS)
    await replicas.fire(after=timedelta(days=6, hours=22))
    assert REMINDED not in actions(await asking.read(HUNGARY, request.id))
    for _ in range(3):
        await replicas.fire(after=WEEK)
    reminded = await asking.read(HUNGARY, request.id)
    assert reminded is not None
    assert actions(reminded).count(REMINDED) == 1
    assert (reminded.status, reminded.history[-1].authority_id) == (pb.REQUEST_STATUS_SENT, "")
    await replicas.arranged(request.id, Action.INVOLVE_COORDINATORS)

    async def told() -> bool:
        return Action.REMIND in {entry.kind for entry in await replicas.told(HUNGARY.authority_id, request.id)}

    await until(told)
    assert Action.REMIND not in {entry.kind for entry in await replicas.told(ITALY.authority_id, request.id)}


async def test_what_is_accepted_in_time_is_not_reminded_of_and_what_is_over_has_no_timer(replicas: Replicas) -> None:
    asking = replicas.asking
    request = await a_request(asking, Status.SENT)
    await replicas.arranged(request.id, Action.REMIND, Action.INVOLVE_COORDINATORS)
    await asking.do(HUNGARY, "AcceptRequest", id=request.id)
    await replicas.arranged(request.id, Action.INVOLVE_COORDINATORS)
    await replicas.fire(after=WEEK)
    assert REMINDED not in actions(await asking.read(HUNGARY, request.id))
    await asking.do(ITALY, "WithdrawRequest", **fields_of("WithdrawRequest", request.id))
    await replicas.arranged(request.id, Action.BLOCK)
    await replicas.fire(after=MONTHS)
    assert INVOLVED not in actions(await asking.read(ITALY, request.id))


async def test_whoever_gets_a_request_forwarded_has_a_week_of_its_own(replicas: Replicas) -> None:
    asking = replicas.asking
    request = await a_request(asking, Status.SENT)
    await replicas.arranged(request.id, Action.REMIND, Action.INVOLVE_COORDINATORS)
    before = await replicas.timers(request.id)
    await asking.do(HUNGARY, "ForwardRequest", **fields_of("ForwardRequest", request.id))

    async def moved() -> bool:
        return (await replicas.timers(request.id))[Action.REMIND] > before[Action.REMIND]

    await until(moved)
    await replicas.fire(after=WEEK)

    async def told() -> bool:
        return Action.REMIND in {entry.kind for entry in await replicas.told(nurses("HU"), request.id)}

    await until(told)
    assert Action.REMIND not in {entry.kind for entry in await replicas.told(HUNGARY.authority_id, request.id)}


async def test_after_two_silent_months_both_sides_coordinators_are_brought_in(replicas: Replicas) -> None:
    asking = replicas.asking
    request = await a_request(asking, Status.ACCEPTED)
    await replicas.arranged(request.id, Action.INVOLVE_COORDINATORS)
    await replicas.fire(after=timedelta(days=57))
    assert INVOLVED not in actions(await asking.read(ITALY, request.id))
    await replicas.fire(after=MONTHS)
    await replicas.fire(after=MONTHS)
    seen = await asking.read(ITALY, request.id)
    assert actions(seen).count(INVOLVED) == 1

    async def told(authority_id: str) -> bool:
        return Action.INVOLVE_COORDINATORS in {entry.kind for entry in await replicas.told(authority_id, request.id)}

    for who in (*LIMICS, ITALY.authority_id, HUNGARY.authority_id):
        await until(lambda who=who: told(who))  # type: ignore[misc]
    for country in ("IT", "HU"):
        coordinator = a_coordinator(country, LegislativeRole.LIMIC)
        shown = await asking.read(coordinator, request.id)
        assert shown is not None
        assert shown.view == pb.REQUEST_VIEW_WITHOUT_PERSONAL_DATA
        listed = await asking(coordinator, "ListRequests", list=pb.REQUEST_LIST_COORDINATED)
        assert request.id in {one.id for one in listed.requests}
    # Whoever is still silent after two more months is remarked upon again.
    await replicas.fire(after=2 * MONTHS)
    assert actions(await asking.read(ITALY, request.id)).count(INVOLVED) == 2


async def test_a_named_coordinator_that_takes_part_no_more_is_not_brought_in_but_the_next(replicas: Replicas) -> None:
    asking = replicas.asking
    _, timing = replicas.workers[0]
    request = await a_request(asking, Status.ACCEPTED)
    await replicas.arranged(request.id, Action.INVOLVE_COORDINATORS)
    named = coordinator_id("IT", "*")

    async def involved(after: timedelta) -> list[str]:
        await timing._participants.now([ITALY.authority_id, named])  # as if its event had come
        await replicas.fire(after=after)
        stored = await asking.documents.get(storage.REQUESTS, request.id)
        assert stored is not None
        state: Any = stored.body["state"]
        return list(state["coordinators"]["involved"])

    await asking.settle(ITALY.authority_id, referral_coordinator=named)
    try:
        async with asking.standing_as(named, "SUSPENDED"):
            assert await involved(MONTHS) == LIMICS
        await replicas.arranged(request.id, Action.INVOLVE_COORDINATORS)
        assert await involved(2 * MONTHS) == [*LIMICS, named]
    finally:
        await asking.settle(ITALY.authority_id, referral_coordinator="")
        await timing._participants.now([ITALY.authority_id])


async def test_a_timer_that_fires_again_after_a_crash_has_no_second_effect(replicas: Replicas) -> None:
    """The worker died between the command and saying so: the same timer fires once more, and its command is known."""
    asking = replicas.asking
    request = await a_request(asking, Status.SENT)
    await replicas.arranged(request.id, Action.REMIND, Action.INVOLVE_COORDINATORS)
    stored = await asking.documents.get(storage.TIMERS, f"{request.id}:{Action.REMIND}")
    assert stored is not None
    timer = Timer(subject=request.id, kind=Action.REMIND, due=datetime.fromisoformat(str(stored.body["due"])))
    replicas.clock.at = datetime.now(UTC) + WEEK
    _, timing = replicas.workers[0]
    for _ in range(3):
        await timing.fire(timer)
    await asyncio.gather(*(timing.fire(timer) for _, timing in replicas.workers))
    assert actions(await asking.read(HUNGARY, request.id)).count(REMINDED) == 1


async def test_of_an_acceptance_and_a_reminder_at_once_both_find_the_request_as_it_is(replicas: Replicas) -> None:
    asking = replicas.asking
    for _ in range(5):
        request = await a_request(asking, Status.SENT)
        await replicas.arranged(request.id, Action.REMIND, Action.INVOLVE_COORDINATORS)
        await asyncio.gather(asking.do(HUNGARY, "AcceptRequest", id=request.id), replicas.fire(after=WEEK))
        accepted = await asking.read(HUNGARY, request.id)
        assert accepted is not None
        assert accepted.status == pb.REQUEST_STATUS_ACCEPTED
        done = actions(accepted)
        assert REMINDED not in done or done.index(REMINDED) < done.index(pb.REQUEST_ACTION_ACCEPT)


async def test_a_timer_that_was_set_by_mistake_is_put_right(replicas: Replicas) -> None:
    """What the request says prevails over what the timer says."""
    asking = replicas.asking
    request = await a_request(asking, Status.ACCEPTED)
    await replicas.arranged(request.id, Action.INVOLVE_COORDINATORS)
    right = await replicas.timers(request.id)
    timers, _ = replicas.workers[0]
    stored = await asking.documents.get(storage.REQUESTS, request.id)
    assert stored is not None
    for kind in (Action.INVOLVE_COORDINATORS, Action.REMIND):
        wrong = Timer(subject=request.id, kind=kind, due=datetime.now(UTC))
        await timers.set(wrong, version=stored.revision)
    await replicas.fire(after=timedelta(seconds=1))
    assert actions(await asking.read(ITALY, request.id))[-1] == pb.REQUEST_ACTION_ACCEPT
    assert await replicas.timers(request.id) == {**right, Action.REMIND: NEVER}


async def test_a_timer_that_a_clock_found_due_which_is_then_set_back_does_not_count_as_fired(
    replicas: Replicas,
) -> None:
    asking = replicas.asking
    request = await a_request(asking, Status.SENT)
    await replicas.arranged(request.id, Action.REMIND, Action.INVOLVE_COORDINATORS)
    due = datetime.fromisoformat((await replicas.timers(request.id))[Action.REMIND])
    _, timing = replicas.workers[0]
    replicas.clock.at = due - timedelta(seconds=1)
    with pytest.raises(Conflict, match="not due"):
        await timing.fire(Timer(subject=request.id, kind=Action.REMIND, due=due))
    # Of a request that is gone there is nothing to remind anybody.
    await timing.fire(Timer(subject="req_gone", kind=Action.REMIND, due=due))
