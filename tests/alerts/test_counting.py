"""How many alerts of an authority are open: the directory asks, and nobody else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chassis.caller import Caller
from chassis.calls import open_channel
from chassis.settings import ServiceSettings
from protos.alerts.v1 import counting_pb2 as pb
from protos.alerts.v1.counting_pb2_grpc import CountingServiceStub
from services.alerts.domain.lifecycle import Status
from services.alerts.wiring import alerts
from tests.alerts.cast import IT_COORDINATOR, ITALY
from tests.alerts.conftest import FREE_PORT, Asking, a_directory
from tests.alerts.dangers import text
from tests.alerts.threads import an_alert
from vocabulary.refusals import Forbidden


@dataclass(frozen=True, slots=True)
class Counting:
    """Asks a service for somebody."""

    asking: Asking
    stub: CountingServiceStub

    async def open(self, authority_id: str, caller: str | Caller = "directory") -> int:
        by = Caller(service=caller) if isinstance(caller, str) else caller
        asked = pb.CountOpenExchangesRequest(authority_id=authority_id)
        return (await self.asking.peer(by).call(self.stub.CountOpenExchanges, asked)).open


@pytest.fixture
async def counting(tmp_path: Path) -> AsyncIterator[Counting]:
    async with a_directory(tmp_path) as address:
        settings = ServiceSettings(data_dir=tmp_path, listen_address=FREE_PORT, directory_address=address)
        async with alerts(settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
            yield Counting(Asking(channel, settings), CountingServiceStub(channel))


async def test_what_an_authority_has_submitted_is_open_and_a_draft_is_not(counting: Counting) -> None:
    author = ITALY.authority_id
    assert await counting.open(author) == 0
    for status, expected in ((Status.DRAFT, 0), (Status.SUBMITTED, 1), (Status.BROADCAST, 2)):
        await an_alert(counting.asking, status)
        assert await counting.open(author) == expected
    assert await counting.open("aut_hu_coordinator") == await counting.open("aut_nobody") == 0
    alert = await an_alert(counting.asking)
    assert await counting.open(author) == 3
    await counting.asking.do(IT_COORDINATOR, "WithdrawAlert", id=alert.id, reason=text("infondata"))
    assert await counting.open(author) == 2, "what has ended is not open"


@pytest.mark.parametrize("caller", [ITALY, "requests", "gateway", "alerts"])
async def test_nobody_but_the_directory_may_ask(counting: Counting, caller: str | Caller) -> None:
    with pytest.raises(Forbidden):
        await counting.open(ITALY.authority_id, caller)
