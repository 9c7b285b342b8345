"""Alerts to very many, while replicas of the service die: each inbox, and each stream, gets each of them once and in turn.

On embedded engines as well, where there can be as many as the design load has: `make faults` goes up to 29 × 518 inboxes, and to
500 alerts for 1,000 streams. What is written to the document store of these tests costs the more the more there is.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from chassis.caller import Signer
from chassis.calls import open_channel
from chassis.inbox import Inbox
from chassis.keys import KeyRing
from chassis.process import clock
from deploy.servers import Servers
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub
from services.alerts.reactions import STREAM
from tests.alerts.dangers import TYPE_ID, on_wire
from tests.chassis.waiting import until
from tests.faults.alerting import System, alerting
from tests.faults.audience import AUTHOR, SENDER, Audience, coordinator
from tests.faults.desk import Desk
from tests.faults.readers import Reader, listening, place
from tests.faults.real.conftest import REPEATED, RUNS, Figures

pytestmark = pytest.mark.timeout(3_600)
REPLICAS = 2
# How many coordinators of each of 29 countries are told of one alert.
EVERYBODY = {"embedded": 518 if REPEATED else 10, "real": 20 if REPEATED else 4}
# Of so many inboxes each has a stream; and so many alerts go to all of them.
STREAMS = {"embedded": min(1_000, 20 * RUNS), "real": min(100, 10 * RUNS)}
ALERTS = {"embedded": 10 * RUNS, "real": 2 * RUNS}
SENT_AT_ONCE = 4
KILLS = 4
LATEST_S = 1_200.0


@asynccontextmanager
async def warned(folder: Path, engines: Mapping[str, str], each: int) -> AsyncIterator[tuple[System, Audience, Desk]]:
    """Replicas of alerts, their audience, and somebody who asks them."""
    audience = Audience(each)
    async with (
        alerting(folder / "alerting", engines, audience, replicas=REPLICAS) as running,
        open_channel(running.address) as channel,
    ):
        signer = Signer(KeyRing(running.folder / "keys"), "gateway")
        yield running, audience, Desk("alerts", AlertsServiceStub(channel), pb, signer)


async def sent(desk: Desk, audience: Audience) -> str:
    """An alert to all countries but Italy."""
    made = await desk.do(AUTHOR, "CreateAlert", type_id=TYPE_ID, values=on_wire())
    await desk.do(AUTHOR, "SubmitAlert", id=made.alert.id)
    await desk.do(SENDER, "BroadcastAlert", id=made.alert.id, countries=[*audience.by_country])
    return str(made.alert.id)


async def compared(running: System, recipients: list[str], alerts: set[str], figures: Figures) -> None:
    """Count what is missing from the inboxes of *recipients*, and what is in them twice; without a gap each has a place of its own."""
    inbox = Inbox(running.documents, STREAM, clock)

    async def one(recipient: str) -> None:
        found: Counter[str] = Counter()
        after, count = "", 0
        while True:
            page = await inbox.read(recipient, after, 500)
            for entry, cursor in zip(page.items, page.cursors, strict=True):
                count += 1
                assert place(cursor) == count, recipient
                found[entry.subject] += 1
            if not page.has_next:
                break
            after = page.cursors[-1]
        figures.lost += len(alerts - found.keys())
        figures.duplicated += sum(found.values()) - len(found)

    for start in range(0, len(recipients), 100):
        await asyncio.gather(*map(one, recipients[start : start + 100]))


async def killed_in_turn(running: System, numbers: Iterable[int], chance: random.Random, figures: Figures) -> None:
    """A replica dies, and is begun again, at moments that chance chooses."""
    for number in numbers:
        victim = running.replicas[number % REPLICAS]
        await asyncio.sleep(chance.random())
        await victim.kill()
        began = time.monotonic()
        await victim.start()
        figures.recovery_s.append(time.monotonic() - began)


async def broadcast_to_everybody(folder: Path, engines: Mapping[str, str], each: int, figures: Figures) -> None:
    """All replicas die when the first inbox has it, and then one after the other."""
    async with warned(folder, engines, each) as (running, audience, desk):
        inbox = Inbox(running.documents, STREAM, clock)
        left = list(audience.abroad)
        giving = asyncio.create_task(sent(desk, audience))

        async def first_has_it() -> bool:
            return bool((await inbox.read(audience.abroad[0], "", 1)).items)

        await until(first_has_it, LATEST_S)
        await asyncio.gather(*(victim.kill() for victim in running.replicas))
        began = time.monotonic()
        await asyncio.gather(*(victim.start() for victim in running.replicas))
        figures.recovery_s.append(time.monotonic() - began)
        id_ = await giving
        await killed_in_turn(running, range(KILLS), random.Random(5), figures)

        async def all_have_it() -> bool:
            while left:
                if id_ not in {entry.subject for entry in (await inbox.read(left[-1], "", 10)).items}:
                    await asyncio.sleep(0.2)
                    return False
                left.pop()
            return True

        with suppress(TimeoutError):
            await until(all_have_it, LATEST_S)
        await compared(running, audience.abroad, {id_}, figures)
    figures.runs, figures.acknowledged, figures.retried = 1, len(audience.abroad), desk.ledger.retried
    assert (figures.lost, figures.duplicated) == (0, 0)


async def streams_of_many(
    folder: Path, engines: Mapping[str, str], streams: int, alerts: int, figures: Figures
) -> None:
    each = -(-streams // 29)
    async with warned(folder, engines, each) as (running, audience, desk):
        everybody = [coordinator(id_, country) for country, ids in audience.by_country.items() for id_ in ids]
        readers = [Reader(desk, one) for one in everybody[:streams]]
        told: set[str] = set()
        left = iter(range(alerts))

        async def send() -> None:
            for _ in left:
                told.add(await sent(desk, audience))

        async with listening(readers):
            async with asyncio.TaskGroup() as group:
                for _ in range(SENT_AT_ONCE):
                    group.create_task(send())
                for number in range(KILLS):

                    async def enough(number: int = number) -> bool:
                        return len(told) >= (number + 1) * alerts // (KILLS + 2)

                    await until(enough, LATEST_S)
                    await killed_in_turn(running, [number], random.Random(number), figures)
            acknowledged = time.monotonic()

            async def all_have_heard() -> bool:
                await asyncio.sleep(0.1)
                return all(len(one.heard) >= alerts for one in readers)

            with suppress(TimeoutError):
                await until(all_have_heard, LATEST_S)
            figures.recovery_s.append(time.monotonic() - acknowledged)
        await compared(running, audience.abroad, told, figures)
    assert [one.wrong for one in readers if one.wrong] == []
    figures.lost += sum(len(told - {*one.alerts.values()}) for one in readers)
    figures.duplicated += sum(len(one.heard) - len({*one.alerts.values()}) for one in readers)
    figures.runs, figures.acknowledged = 1, alerts * len(readers)
    figures.retried = desk.ledger.retried + sum(one.lives for one in readers)
    assert figures.retried > 0
    assert (figures.lost, figures.duplicated) == (0, 0)


async def test_everybody_on_embedded_engines(tmp_path: Path, figures: Figures) -> None:
    """Both replicas of alerts are killed in turn during a broadcast to everybody, embedded engines (F9)."""
    await broadcast_to_everybody(tmp_path, {}, EVERYBODY["embedded"], figures)


async def test_everybody_on_real_engines(tmp_path: Path, servers: Servers, figures: Figures) -> None:
    """Both replicas of alerts are killed in turn during a broadcast to everybody, real engines (F9)."""
    await broadcast_to_everybody(tmp_path, _own(servers), EVERYBODY["real"], figures)


async def test_streams_on_embedded_engines(tmp_path: Path, figures: Figures) -> None:
    """Both replicas of alerts are killed in turn while many streams hear of many alerts, embedded engines (F9)."""
    await streams_of_many(tmp_path, {}, STREAMS["embedded"], ALERTS["embedded"], figures)


async def test_streams_on_real_engines(tmp_path: Path, servers: Servers, figures: Figures) -> None:
    """Both replicas of alerts are killed in turn while many streams hear of many alerts, real engines (F9)."""
    await streams_of_many(tmp_path, _own(servers), STREAMS["real"], ALERTS["real"], figures)


def _own(servers: Servers) -> dict[str, str]:
    """Databases and topics that no other test uses."""
    name = f"t{time.monotonic_ns()}"
    return {
        "DOCUMENTS_URL": servers.documents_url.replace("imi-", f"{name}-"),
        "EVENTS_URL": f"{servers.events_url}&prefix={name}.",
    }
