"""So many streams each system may have open at the alerts service, whichever tokens it shows; the gateway is not counted there."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import pytest
from grpc import aio

from chassis.places import Places
from imi_client.protos.alerts.v1 import alerts_pb2 as pb
from imi_client.protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub
from imi_client.refusals import refusal
from tests.alerts.cast import HU_COORDINATOR
from tests.chassis.waiting import until
from tests.clients.conftest import PATIENCE_S, Service, a_service
from vocabulary.refusals import Conflict

LIMIT = 3


async def opened(
    service: Service, channel: aio.Channel, who: str
) -> "aio.UnaryStreamCall[pb.WatchInboxRequest, pb.WatchInboxResponse]":
    """A stream that has said its first word."""
    token = await service.token(who)()
    metadata = aio.Metadata(("authorization", f"Bearer {token}"))
    call = AlertsServiceStub(channel).WatchInbox(pb.WatchInboxRequest(), metadata=metadata)
    async with asyncio.timeout(PATIENCE_S):
        assert await call.read() is not aio.EOF
    return call


async def test_a_system_has_so_many_streams_and_one_more_when_one_ends(tmp_path: Path) -> None:
    async with a_service(tmp_path, streams_per_person=LIMIT) as service, AsyncExitStack() as stack:
        channels = [await stack.enter_async_context(aio.insecure_channel(service.address)) for _ in range(2)]
        # Over whichever connection, with another token each time.
        calls = [await opened(service, channels[number % 2], "hungary") for number in range(LIMIT)]
        with pytest.raises(aio.AioRpcError) as error:
            await opened(service, channels[0], "hungary")
        refused = refusal(error.value)
        assert (refused.status, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "TOO_MANY_STREAMS")
        assert str(LIMIT) in str(refused)
        assert refused.lasts
        # What is no stream is answered; so are others, a colleague among them, and the gateway, which listens for many.
        client = AlertsServiceStub(channels[0])
        token = await service.token("hungary")()
        await client.ReadInbox(pb.ReadInboxRequest(), metadata=aio.Metadata(("authorization", f"Bearer {token}")))
        others = [await opened(service, channels[1], who) for who in ("france", "viewer")]
        for _ in range(LIMIT + 1):
            watching = service.asking.watch(HU_COORDINATOR)
            await anext(watching)
            stack.push_async_callback(watching.aclose)
        calls[0].cancel()

        async def may_open() -> bool:
            try:
                calls.append(await opened(service, channels[0], "hungary"))
            except aio.AioRpcError as error:
                return refusal(error).reason != "TOO_MANY_STREAMS"
            return True

        await until(may_open)
        assert len(calls) == LIMIT + 1
        for call in (*calls, *others):
            call.cancel()


async def test_a_stream_that_is_refused_for_another_reason_takes_no_place(tmp_path: Path) -> None:
    async with a_service(tmp_path, streams_per_person=1) as service, aio.insecure_channel(service.address) as channel:
        for _ in range(3):
            with pytest.raises(aio.AioRpcError) as error:
                await opened(service, channel, "nothing")
            assert error.value.code() is grpc.StatusCode.PERMISSION_DENIED
        (await opened(service, channel, "hungary")).cancel()


def test_places_are_counted_for_each_and_forgotten_when_they_are_given_back() -> None:
    places = Places(2)
    for who in ("usr_a", "usr_b", "usr_a"):
        places.take(who)
    with pytest.raises(Conflict, match="you have 2 live streams open here already") as refused:
        places.take("usr_a")
    assert refused.value.reason == "TOO_MANY_STREAMS"
    with places.one("usr_b"), pytest.raises(Conflict):
        places.take("usr_b")
    for who in ("usr_a", "usr_b", "usr_a"):
        places.give_back(who)
    assert not places._taken
    unlimited = Places()
    for _ in range(1_000):
        unlimited.take("usr_a")
