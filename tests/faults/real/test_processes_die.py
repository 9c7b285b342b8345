"""Processes that are killed, replaced, or race each other."""

import asyncio
import random
import time
import uuid
from contextlib import AsyncExitStack

import pytest

from chassis.calls import open_channel
from deploy.cluster import Cluster
from deploy.servers import Servers
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from tests.faults.real.conftest import REPEATED, RUNS, Figures
from tests.faults.real.ledger import HUNGARY, Office
from vocabulary.refusals import Conflict

pytestmark = pytest.mark.timeout(1200)
PEOPLE = 6
# The store is one for tests: it looks through all it has for each question, so that many runs must not fill it.
PAUSE_S = 1.0 if REPEATED else 0.0
CALM_S = 1.0


async def test_killed_service(system: Cluster, servers: Servers, figures: Figures) -> None:
    """A replica of requests is killed under load (F1)."""
    chance = random.Random(7)
    async with Office.opened(system) as office:
        async with office.working(PEOPLE, PAUSE_S):
            for run in range(RUNS):
                await asyncio.sleep(CALM_S + chance.random())
                victim = system.parts["requests"][run % 2]
                await victim.kill()
                began = time.monotonic()
                await victim.start()
                figures.recovery_s.append(time.monotonic() - began)
        figures.runs = RUNS
        figures.add(office.ledger, await office.verdict(servers.events_url))
    assert office.ledger.failed == []
    assert (figures.lost, figures.duplicated) == (0, 0)


async def test_both_replicas_killed(system: Cluster, servers: Servers, figures: Figures) -> None:
    """All replicas of requests are killed at once (F1)."""
    async with Office.opened(system) as office:
        async with office.working(PEOPLE, PAUSE_S):
            for _ in range(max(1, RUNS // 3)):
                await asyncio.sleep(CALM_S)
                began = time.monotonic()
                for victim in system.parts["requests"]:
                    await victim.kill()
                await asyncio.gather(*(victim.start() for victim in system.parts["requests"]))
                figures.recovery_s.append(time.monotonic() - began)
                figures.runs += 1
        figures.add(office.ledger, await office.verdict(servers.events_url))
    assert office.ledger.failed == []
    assert (figures.lost, figures.duplicated) == (0, 0)


async def test_racing_commands(system: Cluster, servers: Servers, figures: Figures) -> None:
    """Two replicas, commands racing on the same request: one winner, the others a typed CONFLICT."""
    async with Office.opened(system) as office, AsyncExitStack() as stack:
        stubs = [
            RequestsServiceStub(await stack.enter_async_context(open_channel(f"127.0.0.1:{one.port}")))
            for one in system.parts["requests"]
        ]
        for _ in range(RUNS * 5):
            id_ = await office.begun()
            commands = [
                pb.AcceptRequestRequest(id=id_, command=common_pb2.Command(idempotency_key=str(uuid.uuid4())))
                for _ in range(4)
            ]
            racing = [
                office.peer(HUNGARY).call(stubs[number % 2].AcceptRequest, command)
                for number, command in enumerate(commands)
            ]
            ended = await asyncio.gather(*racing, return_exceptions=True)
            winners = [one for one in ended if isinstance(one, pb.AcceptRequestResponse)]
            losers = [one for one in ended if isinstance(one, Conflict) and one.reason == "TRANSITION"]
            assert (len(winners), len(losers)) == (1, 3), ended
            office.ledger.note(id_, "ACCEPT")
            figures.runs += 1
        figures.add(office.ledger, await office.verdict(servers.events_url))
    assert (figures.lost, figures.duplicated) == (0, 0)
