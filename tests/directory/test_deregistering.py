"""Who is deregistered has nothing open, as far as those can say who must know; and the record of them stays."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from grpc import aio

from engines.documents import open_documents
from protos.alerts.v1 import counting_pb2 as alerts
from protos.directory.v1 import directory_pb2 as pb
from protos.requests.v1 import counting_pb2 as requests
from services.directory import storage
from services.directory.settings import DirectorySettings
from tests.chassis.waiting import until
from tests.directory.bodies import a_coordinator, a_registrar, a_user, an_administrator, an_authority, stored
from tests.directory.conftest import FREE_PORT, Asking, command, running
from tests.directory.test_removing import remove
from tests.gateway.running import a_faulty_service
from tests.ports import a_dead_address
from vocabulary.participants import Status
from vocabulary.refusals import Conflict, Unavailable
from vocabulary.roles import LegislativeRole

NIMIC = a_registrar(LegislativeRole.NIMIC)
IDLE = "aut_idle"


@asynccontextmanager
async def a_town(data: Path, **addresses: str) -> AsyncIterator[Asking]:
    """A national coordinator and a suspended authority, in a system with these services."""
    settings = DirectorySettings.model_validate(
        {
            "data_dir": data,
            "listen_address": FREE_PORT,
            "requests_address": "none",
            "alerts_address": "none",
            **addresses,
        }
    )
    bodies = {
        "aut_nimic": a_coordinator(LegislativeRole.NIMIC),
        "aut_peer": an_authority(),
        IDLE: an_authority("Ufficio fermo", status=Status.SUSPENDED),
    }
    await stored(settings, bodies, {"usr_idle": a_user(IDLE, "idle"), "usr_peer": a_user("aut_peer", "peer")})
    async with running(settings) as asking:
        yield asking


@asynccontextmanager
async def a_counter(answer: Message) -> AsyncIterator[str]:
    """Something that gives one answer to whatever it is asked, on the wire of the counting services."""

    class Answering(grpc.GenericRpcHandler):
        def service(self, handler_call_details: Any) -> Any:
            assert handler_call_details.method.endswith("CountingService/CountOpenExchanges")
            return grpc.unary_unary_rpc_method_handler(answered)

    async def answered(_request: bytes, _context: Any) -> bytes:
        return answer.SerializeToString()

    server = aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    server.add_generic_rpc_handlers((Answering(),))
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


async def refused(town: Asking, kind: type[Conflict] | type[Unavailable]) -> tuple[str, str]:
    """The field and the reason with which the deregistration is refused, which changed nothing."""
    before = await town.seen(NIMIC, IDLE)
    with pytest.raises(kind) as found:
        await town.do(NIMIC, "DeregisterAuthority", id=IDLE)
    assert await town.seen(NIMIC, IDLE) == before
    return found.value.field, found.value.reason


async def test_where_there_is_nothing_else_nothing_is_open_and_the_name_stays_readable(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        given = command()
        after = await town.do(NIMIC, "DeregisterAuthority", command=given, id=IDLE)
        assert (after.status, list(after.actions)) == (pb.AUTHORITY_STATUS_DEREGISTERED, [])
        assert await town.do(NIMIC, "DeregisterAuthority", command=given, id=IDLE) == after
        (seen,) = await town.seen(an_administrator("aut_peer"), IDLE)
        assert (seen.country_code, seen.status) == ("IT", pb.AUTHORITY_STATUS_DEREGISTERED)
        assert dict(seen.official_name.texts) == {"it": "Ufficio fermo"}
        assert not seen.access
        assert not seen.contact.email


@pytest.mark.parametrize("service", ["requests_address", "alerts_address"])
async def test_while_a_service_cannot_be_asked_nobody_is_deregistered(tmp_path: Path, service: str) -> None:
    async with a_town(tmp_path, **{service: a_dead_address()}) as town:
        assert (await refused(town, Unavailable))[1] in ("SERVICE_UNAVAILABLE", "DEADLINE_EXCEEDED")


async def test_an_older_service_that_cannot_count_is_not_taken_for_one_without_open_exchanges(tmp_path: Path) -> None:
    async with (
        a_faulty_service(grpc.StatusCode.UNIMPLEMENTED, "what is that") as older,
        a_town(tmp_path, requests_address=older) as town,
    ):
        assert (await refused(town, Unavailable))[1] == "UNIMPLEMENTED"


@pytest.mark.parametrize(("asked", "told"), [(1, 0), (0, 2)])
async def test_open_requests_and_open_alerts_count_alike(tmp_path: Path, asked: int, told: int) -> None:
    async with (
        a_counter(requests.CountOpenExchangesResponse(open=asked)) as first,
        a_counter(alerts.CountOpenExchangesResponse(open=told)) as second,
        a_town(tmp_path, requests_address=first, alerts_address=second) as town,
    ):
        assert await refused(town, Conflict) == ("id", "OPEN_EXCHANGES")


async def test_the_people_of_who_is_deregistered_have_left_and_are_forgotten_like_all_who_leave(tmp_path: Path) -> None:
    async with (
        a_town(tmp_path) as town,
        open_documents(town.settings.documents("directory"), storage.COLLECTIONS) as documents,
    ):
        await town.do(NIMIC, "DeregisterAuthority", id=IDLE)

        async def has_left() -> bool:
            kept = await documents.get(storage.USERS, "usr_idle")
            return kept is not None and not kept.body["active"]

        await until(has_left)
        for days, is_known in ((1_095, True), (1_097, False)):
            await remove(town, days)
            assert (await documents.get(storage.USERS, "usr_idle") is not None) is is_known
        assert await documents.get(storage.USERS, "usr_peer") is not None
