"""Those who write, send and pass on alerts in one system, those who listen, and what is measured of it."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from chassis.caller import Caller, Signer
from chassis.calls import open_channel
from chassis.inbox import Entry, Inbox
from chassis.keys import KeyRing
from chassis.outbox import topic
from chassis.process import clock
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub
from protos.alerts.v1.events_pb2 import AlertChanged
from protos.common.v1 import common_pb2
from services.alerts.reactions import STREAM
from tests.alerts.dangers import TYPE_ID, on_wire
from tests.faults.alerting import System
from tests.faults.audience import AUTHOR, SENDER, Audience, coordinator
from tests.faults.desk import Desk
from vocabulary import pages

AT_ONCE = 8
PAUSE_S = 0.05
# Everybody has heard within this time, or something is wrong.
LATEST_S = 600.0

BROADCAST = "Broadcast to all countries"
PASSED_ON = "Acknowledged, and passed on to everybody by name, by one country after the other"
ADDED = "Information for everybody"
ALONE = "Broadcasts to one country each, one after the other"
BESIDE = "The same, while a stream reads a long inbox from its beginning"
STEPS = (BROADCAST, PASSED_ON, ADDED, ALONE, BESIDE)


@dataclass(slots=True)
class Step:
    """From the acknowledgement of a command, or of the first of several, to the last inbox and to the streams; drafts meanwhile."""

    last_s: list[float] = field(default_factory=list)
    streams_s: list[float] = field(default_factory=list)
    meanwhile_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Taken:
    """What was measured on one set of engines."""

    name: str
    command_s: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    caught_up_s: list[float] = field(default_factory=list)
    inboxes_per_s: list[float] = field(default_factory=list)
    steps: dict[str, Step] = field(default_factory=lambda: {name: Step() for name in STEPS})
    backfill_per_s: list[float] = field(default_factory=list)


class Office:
    """Everybody who does something in one system."""

    def __init__(self, name: str, running: System, audience: Audience, stub: AlertsServiceStub) -> None:
        self.taken = Taken(name)
        self._system = running
        self._audience = audience
        self._desk = Desk("alerts", stub, pb, Signer(KeyRing(running.folder / "keys"), "gateway"))
        # The events of each alert that are due to somebody, and when each stream had which.
        self._due: dict[str, list[str]] = {}
        self._heard: dict[str, list[float]] = {}
        self._streams: Counter[str] = Counter()
        self._sent: list[str] = []

    @classmethod
    @asynccontextmanager
    async def opened(cls, name: str, running: System, audience: Audience, streams: int) -> AsyncIterator["Office"]:
        """At work in *running*, with *streams* open."""
        async with AsyncExitStack() as stack:
            channel = await stack.enter_async_context(open_channel(running.address))
            office = cls(name, running, audience, AlertsServiceStub(channel))
            tail = await stack.enter_async_context(running.events.tail([topic("alerts")]))
            group = await stack.enter_async_context(asyncio.TaskGroup())
            everybody = [coordinator(id_, country) for country, ids in audience.by_country.items() for id_ in ids]
            listening = everybody[:: max(1, len(everybody) // max(1, streams))][:streams]
            tasks = [group.create_task(office._follow(tail))]
            office._streams = Counter(one.country for one in listening)
            opened = [asyncio.Event() for _ in listening]
            for one, begun in zip(listening, opened, strict=True):
                tasks.append(group.create_task(office._listen(one, begun)))
            await asyncio.gather(*(begun.wait() for begun in opened))
            try:
                yield office
            finally:
                for task in tasks:
                    task.cancel()

    async def take(self, alerts: int) -> None:
        """*alerts* alerts, each to one country, `AT_ONCE` at a time."""
        countries = list(self._audience.by_country)
        left = iter(range(alerts))
        sent: dict[str, str] = {}
        began = time.perf_counter()

        async def one() -> None:
            for number in left:
                country = countries[number % len(countries)]
                id_ = await self._drafted(self.taken.command_s)
                await self._do(SENDER, "BroadcastAlert", self.taken.command_s, id=id_, countries=[country])
                sent[id_] = country

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(one())
        acknowledged = time.perf_counter()
        self.taken.per_second.append(alerts / (acknowledged - began))
        for id_, country in sent.items():
            await self._system.until_delivered((await self._dues(id_, 2))[1], self._audience.by_country[country])
        self._sent += sent
        now = time.perf_counter()
        self.taken.caught_up_s.append(now - acknowledged)
        inboxes = sum(len(self._audience.by_country[country]) for country in sent.values())
        self.taken.inboxes_per_s.append(inboxes / (now - began))

    async def warn_everybody(self) -> None:
        """One alert that is broadcast, passed on and added to, one after the other."""
        id_ = await self._drafted([])
        by_country = self._audience.by_country

        async def broadcast() -> None:
            await self._do(SENDER, "BroadcastAlert", [], id=id_, countries=list(by_country))

        async def pass_on() -> None:
            for country, ids in by_country.items():
                await self._do(coordinator(ids[0], country), "AcknowledgeAlert", [], id=id_)
                await self._do(coordinator(ids[0], country), "DisseminateAlert", [], id=id_, authority_ids=ids)

        async def share() -> None:
            await self._do(SENDER, "ApproveAlertInformation", [], id=id_, information_id=information)

        await self._step(BROADCAST, id_, 2, broadcast)
        await self._step(PASSED_ON, id_, 2 + len(by_country), pass_on)
        text = common_pb2.FreeText(text="Visto anche a Roma", language="it")
        added = await self._do(AUTHOR, "AddAlertInformation", [], id=id_, text=text)
        information = added.information[0].id
        await self._step(ADDED, id_, 4 + len(by_country), share)

    async def warn_beside_a_backfill(self, alerts: int, entries: int) -> None:
        """*alerts* alerts with nothing else to do, and as many while somebody reads *entries* entries."""
        await self._warn_one_by_one(ALONE, alerts)
        country, ids = next(iter(self._audience.by_country.items()))
        reader = coordinator(ids[0], country)
        inbox = Inbox(self._system.documents, STREAM, clock)
        of_the_past = [
            Entry(id=str(uuid.uuid4()), subject=self._sent[n % len(self._sent)], kind="BROADCAST", at=clock())
            for n in range(entries)
        ]
        await inbox.append(reader.authority_id, *of_the_past)
        read, first_at, last_at = 0, 0.0, 0.0

        async def backfill() -> None:
            cursor = pages.cursor(STREAM, reader.authority_id, 0)
            request = pb.WatchInboxRequest(after_cursor=cursor)
            nonlocal read, first_at, last_at
            async for _ in self._desk.peer(reader).stream(self._desk.stub.WatchInbox, request):
                read, last_at = read + 1, time.perf_counter()
                first_at = first_at or last_at

        reading = asyncio.create_task(backfill())
        await self._warn_one_by_one(BESIDE, alerts)
        reading.cancel()
        if read > 1:
            self.taken.backfill_per_s.append(read / (last_at - first_at))

    async def _warn_one_by_one(self, name: str, alerts: int) -> None:
        """From each acknowledgement to the streams of the one country."""
        step = self.taken.steps[name]
        countries = [country for country in list(self._audience.by_country)[1:] if self._streams[country]]
        used = self._system.cpu_s()
        for number in range(alerts if countries else 0):
            country = countries[number % len(countries)]
            id_ = await self._drafted(step.meanwhile_s)
            await self._do(SENDER, "BroadcastAlert", step.meanwhile_s, id=id_, countries=[country])
            began = time.perf_counter()
            due = (await self._dues(id_, 2))[1]
            async with asyncio.timeout(LATEST_S):
                while len(self._heard.get(due, [])) < self._streams[country]:
                    await asyncio.sleep(0.005)
            heard = [at - began for at in self._heard[due]]
            step.streams_s += heard
            step.last_s.append(max(heard))
        step.cpu_s.append(self._system.cpu_s() - used)

    async def _step(self, name: str, id_: str, dues: int, give: Callable[[], Awaitable[None]]) -> None:
        """Give a command, or several, until the alert owes *dues* deliveries; wait for the last inbox."""
        step = self.taken.steps[name]
        several = name == PASSED_ON
        writing = asyncio.create_task(self._write(step.meanwhile_s))
        used = self._system.cpu_s()
        began = time.perf_counter()
        await give()
        if not several:
            began = time.perf_counter()
        due = await self._dues(id_, dues)
        async with asyncio.timeout(LATEST_S):
            await self._system.until_delivered(due[-1], self._last(name))
        step.last_s.append(time.perf_counter() - began)
        step.cpu_s.append(self._system.cpu_s() - used)
        writing.cancel()
        if not several:
            step.streams_s += [at - began for at in self._heard.get(due[-1], [])]

    def _last(self, name: str) -> list[str]:
        """Whom the last delivery of a step concerns."""
        return list(self._audience.by_country.values())[-1] if name == PASSED_ON else self._audience.abroad

    async def _write(self, seconds: list[float]) -> None:
        """Drafts, one after the other, for ever."""
        while True:
            await self._do(AUTHOR, "CreateAlert", seconds, type_id=TYPE_ID, values=on_wire())
            await asyncio.sleep(PAUSE_S)

    async def _drafted(self, seconds: list[float]) -> str:
        """An alert that waits to be broadcast."""
        made = await self._do(AUTHOR, "CreateAlert", seconds, type_id=TYPE_ID, values=on_wire())
        await self._do(AUTHOR, "SubmitAlert", seconds, id=made.id)
        return made.id

    async def _do(self, caller: Caller, method: str, seconds: list[float], **fields: Any) -> pb.Alert:
        """A command, sent again under its key while a store is too busy to take it; how long that took goes to *seconds*."""
        began = time.perf_counter()
        answer: Any = await self._desk.do(caller, method, **fields)
        seconds.append(time.perf_counter() - began)
        alert: pb.Alert = answer.alert
        return alert

    async def _dues(self, id_: str, count: int) -> list[str]:
        """The events of an alert that are due to somebody, once there are *count* of them."""
        async with asyncio.timeout(LATEST_S):
            while len(self._due.get(id_, [])) < count:
                await asyncio.sleep(0.01)
        return list(self._due.get(id_, []))

    async def _follow(self, tail: AsyncIterator[Any]) -> None:
        async for received in tail:
            message = AlertChanged.FromString(received.event.data)
            if message.delivery_id:
                self._due.setdefault(message.alert_id, []).append(received.event.id)

    async def _listen(self, caller: Caller, begun: asyncio.Event) -> None:
        async for item in self._desk.peer(caller).stream(self._desk.stub.WatchInbox, pb.WatchInboxRequest()):
            begun.set()
            if item.HasField("entry"):
                self._heard.setdefault(item.entry.id, []).append(time.perf_counter())
