"""A client that hangs up stops what was being done for it, in the service too; one that waits gets its answer."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.gateway.clients import Client
from tests.gateway.running import Running, a_gateway, a_service, a_slow_service

At = Callable[[Running, str], Client]
SOON_S = 1.0


@pytest.mark.parametrize("document", ['{ translate(text: "Buongiorno", from: IT, to: HU) { status } }'])
async def test_a_query_whose_client_has_gone_is_cancelled_in_the_service_within_a_second(
    data: Path, at: At, document: str
) -> None:
    async with (
        a_slow_service() as slow,
        a_service("directory", data) as directory,
        a_gateway(data, directory_address=directory, translation_address=slow.address) as gateway,
        httpx.AsyncClient() as http,
    ):
        client = at(gateway, "it-handler")
        asking = asyncio.create_task(
            http.post(f"{gateway.url}/graphql", json={"query": document}, headers=client.headers, timeout=30)
        )
        async with asyncio.timeout(10):
            await slow.asked.wait()
        asking.cancel()
        async with asyncio.timeout(SOON_S):
            await slow.cancelled.wait()
        # The gateway goes on with everybody else.
        answer = await client.answer("{ viewer { name } }")
        assert answer == {"data": {"viewer": {"name": "Request handler, Italy"}}}


async def test_a_query_whose_client_waits_is_not_cancelled(data: Path, at: At) -> None:
    async with (
        a_slow_service() as slow,
        a_service("directory", data) as directory,
        a_gateway(data, directory_address=directory, translation_address=slow.address) as gateway,
    ):
        client = at(gateway, "it-handler")
        asking = asyncio.create_task(client.answer('{ translate(text: "Ciao", from: IT, to: HU) { status } }'))
        async with asyncio.timeout(10):
            await slow.asked.wait()
        slow.go_on.set()
        answer = await asking
        assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert not slow.cancelled.is_set()
