"""Engines that go away, lose what they can lose, or deliver twice."""

import asyncio
import time
import uuid
from datetime import UTC, datetime

import pytest

from chassis.reactions import ATTEMPTS, dead
from deploy.cluster import Cluster
from deploy.servers import Servers
from engines.documents import open_documents
from engines.events import Event, Received, open_events
from protos.requests.v1 import events_pb2
from services.requests import storage
from tests.chassis.waiting import until
from tests.faults.real.conftest import RUNS, Figures
from tests.faults.real.ledger import POISON, TOPIC, Office

pytestmark = pytest.mark.timeout(1200)
PEOPLE = 4


async def owes_nothing(servers: Servers) -> None:
    """Return when every event is published."""
    url = servers.documents_url.replace("{service}", "requests")
    async with open_documents(url, storage.COLLECTIONS) as documents:

        async def is_clear() -> bool:
            return not await documents.pending(1)

        await until(is_clear, 120)


async def test_broker_down(system: Cluster, servers: Servers, figures: Figures) -> None:
    """Kafka is down under load: commands go on, events arrive later, in order (F2)."""
    down_s = 60.0 if RUNS > 10 else 12.0
    async with Office.opened(system) as office:
        async with office.working(PEOPLE, pause_s=0.2):
            await asyncio.sleep(1)
            before = office.ledger.count
            await servers.kafka.kill()
            await asyncio.sleep(down_s)
            accepted = office.ledger.count - before
            await servers.kafka.start()
            began = time.monotonic()
        await owes_nothing(servers)
        figures.recovery_s.append(time.monotonic() - began)
        figures.add(office.ledger, await office.verdict(servers.events_url))
        figures.runs = 1
    assert accepted > 0
    # The first call of a command may have been under way when nothing answered any more; none failed for good.
    assert office.ledger.failed == []
    assert (figures.lost, figures.duplicated) == (0, 0)


async def test_store_killed(system: Cluster, servers: Servers, figures: Figures) -> None:
    """The document store is killed under load and comes back (F12, without a second node)."""
    async with Office.opened(system) as office:
        async with office.working(PEOPLE, pause_s=0.2):
            for _ in range(max(1, RUNS // 3)):
                await asyncio.sleep(1)
                await servers.mongo.kill()
                began = time.monotonic()
                await servers.mongo.start()
                figures.recovery_s.append(time.monotonic() - began)
                figures.runs += 1
                await asyncio.sleep(2)
        figures.add(office.ledger, await office.verdict(servers.events_url))
    assert office.ledger.failed == []
    assert (figures.lost, figures.duplicated) == (0, 0)


async def test_every_event_twice(system: Cluster, servers: Servers, figures: Figures) -> None:
    """Every event is delivered twice, some ten times (F3)."""
    async with Office.opened(system) as office:
        async with office.working(PEOPLE):
            await asyncio.sleep(3)
        await office.verdict(servers.events_url)
        async with open_events(servers.events_url) as events:
            async with events.join(f"copy-{uuid.uuid4()}", [TOPIC]) as member:
                copied: list[Received] = []
                while found := await member.poll(limit=500, wait_s=3.0):
                    copied += found
            for number, received in enumerate(copied):
                await events.publish(TOPIC, [received.event] * (9 if number % 20 == 0 else 1))
        figures.add(office.ledger, await office.verdict(servers.events_url))
        figures.runs = 1
    assert (figures.lost, figures.duplicated) == (0, 0)


async def test_poison(system: Cluster, servers: Servers, figures: Figures) -> None:
    """An event that nobody can read: it is set aside with its bytes, and its partition goes on (F4)."""
    async with Office.opened(system) as office:
        id_ = await office.exchange()
        bad = Event(
            id=f"{POISON}{uuid.uuid4()}",
            type=events_pb2.RequestChanged.DESCRIPTOR.full_name,
            source="/test",
            subject=id_,
            time=datetime.now(UTC),
            data=b"\xff\xff\xff",
        )
        async with (
            open_events(servers.events_url) as events,
            events.join(f"dead-{uuid.uuid4()}", [dead(TOPIC)]) as member,
        ):
            began = time.monotonic()
            await events.publish(TOPIC, [bad])
            async with asyncio.timeout(30):
                while True:
                    found = [one for one in await member.poll(wait_s=1.0) if one.event.id == bad.id]
                    if found:
                        break
            figures.recovery_s.append(time.monotonic() - began)
        assert found[0].event.data == bad.data
        assert f"failed {ATTEMPTS} times" in found[0].failure
        await office.exchange()
        figures.add(office.ledger, await office.verdict(servers.events_url))
        figures.runs = 1
    assert (figures.lost, figures.duplicated) == (0, 0)
