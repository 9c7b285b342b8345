"""How long whoever was let in stays: as long as the token lasts, whatever else is away."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from chassis import sign_ins
from chassis.admission import LOOK_AGAIN_S, Admission, admitted
from chassis.bearers import IssuerTokens
from chassis.caller import Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from tests.clients.conftest import PATIENCE_S, people_of
from tests.gateway.issuer import AUDIENCE, an_issuer
from vocabulary.refusals import Unauthenticated, Unavailable

MESSAGES = 20


class Counting(Peer):
    """Calls the directory, and counts how often."""

    calls = 0

    async def call(self, method: Any, request: Any) -> Any:
        self.calls += 1
        return await super().call(method, request)


async def without_end() -> AsyncGenerator[int, None]:
    """Whose next is always there already."""
    while True:
        yield 0


async def numbers() -> AsyncGenerator[int, None]:
    for number in range(MESSAGES):
        yield number


async def heard(admission: Admission) -> list[int]:
    async with asyncio.timeout(PATIENCE_S):
        return [number async for number in admission.lasting(numbers())]


async def test_who_reads_reads_on_without_directory_and_issuer_and_does_not_wait_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are asked once in a while, not for each message; and nobody else is let in meanwhile."""
    monkeypatch.setattr(sign_ins, "REMEMBERED_S", 0.0)
    keys = KeyRing(tmp_path / "keys")
    async with AsyncExitStack() as channels, AsyncExitStack() as others:
        issuer = await others.enter_async_context(an_issuer())
        address = await others.enter_async_context(people_of(issuer, tmp_path))
        channel = await channels.enter_async_context(open_channel(address))
        peer = Counting("directory", Signer(keys, "alerts").for_service)
        own = sign_ins.SignIns(IssuerTokens(issuer.url, AUDIENCE), peer, DirectoryServiceStub(channel))
        with_token = {"authorization": f"Bearer {issuer.token('hungary')}"}
        reader = await admitted(own, with_token)
        assert reader is not None
        asked = peer.calls
        reader.looked_at -= LOOK_AGAIN_S
        assert await heard(reader) == [*range(MESSAGES)]
        assert peer.calls == asked + 1
        await others.aclose()
        reader.looked_at -= LOOK_AGAIN_S
        assert await heard(reader) == [*range(MESSAGES)]
        assert peer.calls == asked + 2
        with pytest.raises(Unavailable):
            await admitted(own, with_token)


async def test_a_stream_whose_next_message_is_always_there_ends_with_its_token_too(tmp_path: Path) -> None:
    """As for somebody who catches up with what came in a year."""
    async with an_issuer() as issuer, people_of(issuer, tmp_path) as address, open_channel(address) as channel:
        peer = Peer("directory", Signer(KeyRing(tmp_path / "keys"), "alerts").for_service)
        own = sign_ins.SignIns(IssuerTokens(issuer.url, AUDIENCE), peer, DirectoryServiceStub(channel))
        expires_at = time.time() + 1
        reader = await admitted(own, {"authorization": f"Bearer {issuer.token('hungary', exp=expires_at)}"})
        assert reader is not None

        async def read_on() -> None:
            async for _ in reader.lasting(without_end()):
                assert time.time() < expires_at + LOOK_AGAIN_S / 2

        with pytest.raises(Unauthenticated) as ended:
            await read_on()
        assert ended.value.reason == "TOKEN_EXPIRED"


async def test_where_the_directory_does_not_believe_the_service_nobodys_token_is_called_wrong(tmp_path: Path) -> None:
    """As while keys are changed: a system that was told so would stop, and stay so."""
    async with an_issuer() as issuer, people_of(issuer, tmp_path) as address, open_channel(address) as channel:
        with_token = {"authorization": f"Bearer {issuer.token('hungary')}"}
        for name, folder in (("alerts", "others"), ("translation", "keys")):
            peer = Peer("directory", Signer(KeyRing(tmp_path / folder), name).for_service)
            own = sign_ins.SignIns(IssuerTokens(issuer.url, AUDIENCE), peer, DirectoryServiceStub(channel))
            with pytest.raises(Unavailable) as refused:
                await admitted(own, with_token)
            assert refused.value.reason == "DIRECTORY_REFUSES"
