"""Translations that take longer than a reader waits: each job is told of once, whatever happens to the service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
import pytest

from chassis.server import Call
from protos.translation.v1 import translation_pb2
from tests.gateway.clients import SSE, WEBSOCKET, Client, Refused, within
from tests.gateway.running import FREE_PORT, Running, a_gateway, a_service

At = Callable[[Running, str], Client]
As = Callable[[str], Client]


@pytest.mark.parametrize(("count", "reason"), [(0, "EMPTY"), (1_001, "TOO_MANY")])
async def test_jobs_are_watched_by_name_and_not_too_many(as_: As, count: int, reason: str) -> None:
    document = "subscription ($jobs: [ID!]!) { translations(jobs: $jobs) { translation { status } } }"
    async with as_("it-handler").listening(
        WEBSOCKET, document, jobs=[f"job_{number}" for number in range(count)]
    ) as items:
        (answer,) = [item async for item in items]
    (error,) = answer["errors"]
    assert Refused.of(error) == Refused("INVALID", reason, "jobs")


@pytest.mark.parametrize("transport", [SSE, WEBSOCKET])
async def test_watching_ends_with_the_last_job_and_leaves_out_what_is_not_ones_own(as_: As, transport: str) -> None:
    document = 'subscription { translations(jobs: ["job_0"]) { translation { status } at } }'
    async with as_("it-handler").listening(transport, document) as items:
        assert [item async for item in items] == []


class Restarting:
    """A translation service that stops after the first job that it tells of, and is there again when it is asked again."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def handler(self) -> grpc.GenericRpcHandler:
        watching = grpc.unary_stream_rpc_method_handler(
            self._watch,
            request_deserializer=translation_pb2.WatchTranslationsRequest.FromString,
            response_serializer=translation_pb2.WatchTranslationsResponse.SerializeToString,
        )
        service = translation_pb2.DESCRIPTOR.services_by_name["TranslationService"].full_name
        return grpc.method_handlers_generic_handler(service, {"WatchTranslations": watching})

    async def _watch(
        self, request: translation_pb2.WatchTranslationsRequest, context: Call
    ) -> AsyncIterator[translation_pb2.WatchTranslationsResponse]:
        self.asked.append(list(request.job_ids))
        for job_id in request.job_ids:
            made = translation_pb2.Translation(status=translation_pb2.TRANSLATION_STATUS_TRANSLATED, job_id=job_id)
            yield translation_pb2.WatchTranslationsResponse(translation=made)
            if len(self.asked) == 1:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "it stops")


class Lasting(Restarting):
    """A translation service whose jobs are never over, and which says so as often as it can."""

    async def _watch(
        self, request: translation_pb2.WatchTranslationsRequest, context: Call
    ) -> AsyncIterator[translation_pb2.WatchTranslationsResponse]:
        while True:
            watermark = translation_pb2.WatchTranslationsResponse()
            watermark.watermark.GetCurrentTime()
            yield watermark
            await asyncio.sleep(0.02)


JOBS = 'subscription { translations(jobs: ["trl_1"]) { translation { jobId } at } }'


async def test_watching_jobs_takes_a_place_like_any_stream_and_ends_with_the_readers_access(data: Path, at: At) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Lasting().handler(),))
    address = f"127.0.0.1:{server.add_insecure_port(FREE_PORT)}"
    await server.start()
    async with (
        a_service("directory", data) as directory,
        a_gateway(data, directory_address=directory, translation_address=address, streams_per_person="1") as gateway,
    ):
        handler, admin = at(gateway, "it-handler"), at(gateway, "it-admin")
        id_ = (await handler.ask("{ viewer { id } }"))["viewer"]["id"]
        async with handler.listening(WEBSOCKET, JOBS) as updates:
            assert (await within(updates))["data"]["translations"]["at"]
            async with handler.listening(SSE, JOBS) as refused:
                (error,) = (await within(refused))["errors"]
                assert Refused.of(error) == Refused("CONFLICT", "TOO_MANY_STREAMS")
            await admin.do("editUser", "user { id }", id=id_, roles=[])
            async with asyncio.timeout(20):
                *_, last = [update async for update in updates]
            assert Refused.of(last["errors"][0]) == Refused("UNAUTHENTICATED", "ACCESS_CHANGED")
        async with admin.listening(SSE, JOBS) as updates:
            assert (await within(updates))["data"]["translations"]["at"]
    await server.stop(None)


@pytest.mark.parametrize("transport", [SSE, WEBSOCKET])
async def test_each_job_is_told_of_once_although_the_service_restarts_in_between(
    data: Path, at: At, transport: str
) -> None:
    service = Restarting()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((service.handler(),))
    address = f"127.0.0.1:{server.add_insecure_port(FREE_PORT)}"
    await server.start()
    async with (
        a_service("directory", data) as directory,
        a_gateway(data, directory_address=directory, translation_address=address) as gateway,
    ):
        document = """subscription { translations(jobs: ["trl_1", "trl_2", "trl_3"]) { translation { jobId } } }"""
        async with at(gateway, "it-handler").listening(transport, document) as updates:
            told = [update["data"]["translations"]["translation"]["jobId"] async for update in updates]
    await server.stop(None)
    assert told == ["trl_1", "trl_2", "trl_3"]
    assert service.asked == [["trl_1", "trl_2", "trl_3"], ["trl_2", "trl_3"]]
