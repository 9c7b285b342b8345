"""A replica that goes while many call it: those whom it has not begun to answer ask another."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from chassis.caller import Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.settings import ServiceSettings
from protos.translation.v1 import translation_pb2 as pb
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.translation.wiring import translation

# So many that some always wait to be begun.
CALLERS = 128
CALLS = 600


async def test_no_call_fails_while_a_replica_drains(tmp_path: Path) -> None:
    settings = ServiceSettings(data_dir=tmp_path, listen_address="127.0.0.1:0")
    peer = Peer("translation", Signer(KeyRing(settings.keys), "gateway").for_service)
    answered = 0
    gone = asyncio.Event()
    async with translation(settings) as stays, AsyncExitStack() as leaving:
        goes = await leaving.enter_async_context(translation(settings))
        async with open_channel(f"127.0.0.1:{stays.port},127.0.0.1:{goes.port}") as channel:
            stub = TranslationServiceStub(channel)

            async def call() -> None:
                nonlocal answered
                while not gone.is_set():
                    await peer.call(stub.GetCapabilities, pb.GetCapabilitiesRequest())
                    answered += 1
                    if answered == CALLS:
                        await leaving.aclose()
                        gone.set()

            async with asyncio.TaskGroup() as group:
                for _ in range(CALLERS):
                    group.create_task(call())
    assert answered > CALLS
