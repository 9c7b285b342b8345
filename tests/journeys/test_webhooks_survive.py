"""Two replicas of alerts, each a process of its own: the one that is delivering is killed, and the other one goes on."""

import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from chassis.calls import open_channel
from chassis.settings import ServiceSettings
from protos.alerts.v1 import webhooks_pb2 as pb
from protos.common.v1 import common_pb2
from services.alerts.webhooks.book import LEASE
from tests.alerts.cast import HU_COORDINATOR
from tests.alerts.conftest import a_directory
from tests.alerts.endpoints import Endpoint, a_certificate, an_endpoint
from tests.alerts.outgoing import HU_ADMINISTRATOR, Outgoing
from tests.alerts.threads import an_alert
from tests.chassis.waiting import until
from tests.journeys.processes import Process, a_process
from tests.ports import a_dead_address
from vocabulary.refusals import Unavailable

# What a process takes to start, on a machine that does much else.
PATIENCE_S = 120.0


@asynccontextmanager
async def a_replica(folder: Path, name: str, **environment: str) -> AsyncIterator[tuple[Process, Outgoing]]:
    address = a_dead_address()
    settings = ServiceSettings(data_dir=folder)
    output = folder / f"{name}.log"
    async with (
        a_process("services.alerts", output, DATA_DIR=str(folder), LISTEN_ADDRESS=address, **environment) as process,
        open_channel(address) as channel,
    ):
        replica = Outgoing(channel, settings)

        async def answers() -> bool:
            assert process.process.returncode is None, process.said()
            try:
                await replica(HU_ADMINISTRATOR, "ListWebhooks")
            except Unavailable:
                return False
            return True

        await until(answers, PATIENCE_S)
        yield process, replica


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[Endpoint]:
    async with an_endpoint(a_certificate(tmp_path / "hooks", "localhost")[0]) as opened:
        yield opened


@pytest.mark.timeout(600)
async def test_a_replica_that_is_killed_while_it_delivers_loses_no_entry(tmp_path: Path, endpoint: Endpoint) -> None:
    data = tmp_path / "data"
    data.mkdir()
    async with AsyncExitStack() as stack:
        environment = {
            "DIRECTORY_ADDRESS": await stack.enter_async_context(a_directory(data)),
            "SSL_CERT_FILE": str(tmp_path / "hooks/authority.pem"),
            "WEBHOOK_PORTS": str(endpoint.port),
            "WEBHOOK_LOOPBACK": "allowed",
        }
        process, first = await stack.enter_async_context(a_replica(data, "first", **environment))
        made = (await first(HU_ADMINISTRATOR, "RegisterWebhook", name="Hook", url=endpoint.url)).webhook
        endpoint.secret = made.secret
        await first(HU_ADMINISTRATOR, "VerifyWebhook", id=made.id)

        async def came(count: int) -> bool:
            return len(endpoint.entries) >= count

        ids = [(await an_alert(first)).id for _ in range(5)]
        await until(lambda: came(5), PATIENCE_S)
        # The only replica has sent the sixth, and is told nothing about it before it dies.
        endpoint.may_answer.clear()
        ids.append((await an_alert(first)).id)
        await until(lambda: came(6), PATIENCE_S)
        _, second = await stack.enter_async_context(a_replica(data, "second", **environment))
        process.process.send_signal(signal.SIGKILL)
        await process.ended(PATIENCE_S)
        endpoint.may_answer.set()
        ids += [(await an_alert(second)).id for _ in range(5)]

        async def all_came() -> bool:
            return {one.data["alertId"] for one in endpoint.entries} == {*ids}

        await until(all_came, PATIENCE_S + LEASE.total_seconds())

        async def hook() -> pb.Webhook:
            (found,) = (await second(HU_ADMINISTRATOR, "ListWebhooks")).webhooks
            assert isinstance(found, pb.Webhook)
            return found

        # What is about one alert is in its order in a log, and so is what is in one inbox; alerts may change places on the way to it.
        inbox = (await second(HU_COORDINATOR, "ReadInbox", page=common_pb2.Page(first=100))).entries
        order = [entry.alert_id for entry in inbox]
        assert sorted(order) == sorted(ids)

        async def noted() -> bool:
            return bool((await hook()).attempts) and (await hook()).attempts[0].alert_id == order[-1]

        await until(noted, PATIENCE_S)
        assert (await hook()).status == pb.WEBHOOK_STATUS_ACTIVE
    told = [one.data["alertId"] for one in endpoint.entries]
    assert list(dict.fromkeys(told)) == order
    repeated = [one for one in endpoint.entries if told.count(one.data["alertId"]) > 1]
    assert {one.data["alertId"] for one in repeated} == {ids[5]}
    assert len({one.headers["webhook-id"] for one in repeated}) == 1
    assert all(one.signed_by(made.secret) for one in endpoint.entries)
