"""How many requests of an authority are open: the directory asks, and nobody else."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from chassis.caller import Caller
from chassis.calls import open_channel
from protos.requests.v1 import counting_pb2 as pb
from protos.requests.v1.counting_pb2_grpc import CountingServiceStub
from services.requests.domain.lifecycle import OPEN, UNSENT, Status
from services.requests.wiring import requests
from tests.builders import a_coordinator
from tests.requests.exchanges import HUNGARY, ITALY, LIMIC, WALKED, Asking, a_request, fields_of
from vocabulary.refusals import Forbidden

Count = Callable[[str, Caller], Awaitable[int]]
DIRECTORY = Caller(service="directory")


@pytest.fixture
async def count(asking: Asking) -> AsyncIterator[Count]:
    """Asks another replica on the same store."""
    async with requests(asking.settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        stub = CountingServiceStub(channel)

        async def counted(authority_id: str, caller: Caller) -> int:
            asked = pb.CountOpenExchangesRequest(authority_id=authority_id)
            return (await asking.peer(caller).call(stub.CountOpenExchanges, asked)).open

        yield counted


async def test_it_is_open_for_both_sides_from_its_sending_to_its_end(asking: Asking, count: Count) -> None:
    asked, answering = [await count(one.authority_id, DIRECTORY) for one in (ITALY, HUNGARY)]
    for status in WALKED:
        await a_request(asking, status)
        asked += status in OPEN
        answering += status in OPEN and status not in UNSENT
        assert await count(ITALY.authority_id, DIRECTORY) == asked, status
        assert await count(HUNGARY.authority_id, DIRECTORY) == answering, status
    assert await count("aut_nobody", DIRECTORY) == 0


@pytest.mark.parametrize(
    ("status", "country", "method"),
    [
        (Status.PENDING_SEND_APPROVAL, "IT", "ApproveRequest"),
        (Status.PENDING_REPLY_APPROVAL, "HU", "ApproveRequest"),
        (Status.REFERRED, "HU", "DecideReferral"),
    ],
)
async def test_it_is_open_for_a_coordinator_for_as_long_as_it_waits_for_that_one(
    asking: Asking, count: Count, status: Status, country: str, method: str
) -> None:
    """Who gives an opinion holds nothing up."""
    both = {one: a_coordinator(one, LIMIC) for one in ("IT", "HU")}
    before = {one: await count(who.authority_id, DIRECTORY) for one, who in both.items()}
    request = await a_request(asking, status)
    for one, who in both.items():
        assert await count(who.authority_id, DIRECTORY) == before[one] + (one == country)
    await asking.do(both[country], method, **fields_of(method, request.id))
    assert await count(both[country].authority_id, DIRECTORY) == before[country]


@pytest.mark.parametrize("caller", [ITALY, *(Caller(service=name) for name in ("alerts", "gateway", "requests"))])
async def test_nobody_but_the_directory_may_ask(count: Count, caller: Caller) -> None:
    with pytest.raises(Forbidden):
        await count(ITALY.authority_id, caller)
