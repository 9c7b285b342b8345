"""Who is let in to alerts with a bearer token: as the gateway lets them in, no longer, and nowhere else."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio

from chassis import admission, inbox, sign_ins
from chassis.bearers import bearer_tokens
from chassis.caller import METADATA_KEY, Signer, Verifier
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.server import serving
from engines.documents import Document, open_documents
from imi_client import Client, Refused, SignInRefused, Tls
from imi_client.protos.alerts.v1 import alerts_pb2 as pb
from imi_client.protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub, add_AlertsServiceServicer_to_server
from imi_client.refusals import refusal
from protos.alerts.v1 import counting_pb2
from protos.alerts.v1.counting_pb2_grpc import CountingServiceStub
from protos.directory.v1 import directory_pb2
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.directory import storage
from tests.alerts.cast import FR_COORDINATOR, HU_COORDINATOR
from tests.alerts.threads import an_alert
from tests.audits import administrator, listed, method_of
from tests.chassis.test_security import Authority
from tests.chassis.waiting import until
from tests.clients.conftest import PATIENCE_S, Memory, Service, a_service, reading, taken
from tests.clients.test_inbox import a_mute_service, begun
from tests.gateway.issuer import an_issuer

WATERMARKS_S = 0.02


def with_token(token: str) -> aio.Metadata:
    return aio.Metadata(("authorization", f"Bearer {token}"))


async def refused(call: Any) -> Refused:
    """How a call is refused."""
    with pytest.raises(aio.AioRpcError) as error:
        await call
    return refusal(error.value)


async def test_each_is_let_in_as_who_they_are(service: Service) -> None:
    """They see of an alert what the gateway would show them."""
    alert = await an_alert(service.asking)
    async with service.client() as client, service.client("commission") as commission, service.client("nothing") as no:
        addressed, copy = await client.alert(alert.id), await commission.alert(alert.id)
        assert await no.alert(alert.id) is None
    assert addressed is not None
    assert copy is not None
    assert (addressed.view, copy.view) == (pb.ALERT_VIEW_FULL, pb.ALERT_VIEW_WITHOUT_PERSONAL_DATA)
    assert len(copy.values) < len(addressed.values)
    told = await listed(service.asking.peer(administrator(HU_COORDINATOR)), service.asking.channel, id=alert.id)
    assert {(method_of(one), one.direct) for one in told.reads if one.country_code == "HU"} == {
        ("BatchGetAlerts", True)
    }


WRONG: dict[str, tuple[Callable[[Service], Any], str]] = {
    "audience": (lambda service: service.token("hungary", aud="other"), "TOKEN_FOREIGN"),
    "expired": (lambda service: service.token("hungary", exp=1), "TOKEN_EXPIRED"),
    "issuer": (lambda service: service.token("hungary", iss="https://elsewhere.example"), "TOKEN_FOREIGN"),
    "not yet": (lambda service: service.token("hungary", nbf=2**40), "TOKEN_INVALID"),
    "stranger": (lambda service: service.token("stranger"), "UNKNOWN_USER"),
}


@pytest.mark.parametrize("what", sorted(WRONG))
async def test_a_wrong_token_lets_nobody_in(service: Service, what: str) -> None:
    token, reason = WRONG[what]
    async with Client(service.address, token(service)) as client:
        with pytest.raises(SignInRefused) as refused:
            await client.alert("alt_1")
        assert refused.value.reason == reason
        with pytest.raises(SignInRefused) as refused:
            async with reading(client.inbox(Memory())) as entries:
                await taken(entries, 1)
        assert refused.value.reason == reason


@pytest.mark.parametrize("authorization", ["", "Basic aHU6aHU=", "Bearer", "Bearer ", "bearer x"])
async def test_whatever_is_no_bearer_token_lets_nobody_in(service: Service, authorization: str) -> None:
    async with aio.insecure_channel(service.address) as channel:
        metadata = aio.Metadata(("authorization", authorization))
        call = AlertsServiceStub(channel).BatchGetAlerts(pb.BatchGetAlertsRequest(), metadata=metadata)
        assert (await refused(call)).status is grpc.StatusCode.UNAUTHENTICATED


async def test_only_alerts_lets_in_with_a_bearer_token(service: Service) -> None:
    async with aio.insecure_channel(service.settings.directory_address) as channel:
        call = DirectoryServiceStub(channel).ListCountries(
            directory_pb2.ListCountriesRequest(), metadata=with_token(await service.token("hungary")())
        )
        assert (await refused(call)).reason == "TOKEN_MISSING"


async def test_a_bearer_token_makes_nobody_a_service(service: Service) -> None:
    async with aio.insecure_channel(service.address) as channel:
        call = CountingServiceStub(channel).CountOpenExchanges(
            counting_pb2.CountOpenExchangesRequest(), metadata=with_token(await service.token("hungary")())
        )
        assert (await refused(call)).status is grpc.StatusCode.PERMISSION_DENIED


async def test_a_caller_token_counts_before_a_bearer_token(service: Service) -> None:
    """Whoever has one is a part of the system; nobody becomes somebody else by sending both."""
    alert = await an_alert(service.asking)
    caller = Signer(KeyRing(service.settings.keys), "gateway").for_person(FR_COORDINATOR)
    metadata = with_token(await service.token("nothing")())
    metadata.add(METADATA_KEY, caller)
    async with aio.insecure_channel(service.address) as channel:
        stub = AlertsServiceStub(channel)
        asked = pb.BatchGetAlertsRequest(ids=[alert.id])
        assert len((await stub.BatchGetAlerts(asked, metadata=metadata)).alerts) == 1
        metadata[METADATA_KEY] = "forged"
        assert (await refused(stub.BatchGetAlerts(asked, metadata=metadata))).reason == "TOKEN_INVALID"


async def test_a_stream_ends_with_its_token_and_its_reader_goes_on_with_the_next(service: Service) -> None:
    issued: list[str] = []

    async def short() -> str:
        issued.append(await service.token("hungary", exp=_in(3.0))())
        return issued[-1]

    async with Client(service.address, short) as client:
        cursor = await begun(service, client)
        made: list[str] = []
        async with reading(client.inbox(cursor)) as entries:
            while len(issued) < 4:
                made.append((await an_alert(service.asking)).id)
                assert [entry.alert_id for entry in await taken(entries, 1)] == made[-1:]


def _in(seconds: float) -> float:
    return time.time() + seconds


async def test_the_end_of_a_token_has_its_own_reason(service: Service) -> None:
    async with aio.insecure_channel(service.address) as channel:
        token = await service.token("hungary", exp=_in(0.5))()
        call = AlertsServiceStub(channel).WatchInbox(pb.WatchInboxRequest(), metadata=with_token(token))
        with pytest.raises(aio.AioRpcError) as error:
            await asyncio.wait_for(_heard_out(call), PATIENCE_S)
        assert (refusal(error.value).reason, refusal(error.value).field) == ("TOKEN_EXPIRED", "authorization")


async def _heard_out(call: Any) -> None:
    async for _ in call:
        pass


async def _with_roles(service: Service, who: str, *roles: Any) -> None:
    """Give somebody of the directory other roles, as an administrator would; nobody is told of it."""
    where = service.settings.documents("directory")
    async with open_documents(where, storage.COLLECTIONS) as documents:
        there = await documents.get(storage.USERS, f"usr_{who}")
        assert there is not None
        state = {**there.body["state"], "roles": list(roles)}  # type: ignore[dict-item]
        await documents.compare_and_set(
            storage.USERS, Document(there.id, {**there.body, "state": state}, there.revision)
        )


async def test_a_stream_ends_when_its_reader_may_do_less_than_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads on is let in as who they are now, or not at all."""
    monkeypatch.setattr(inbox, "WATERMARK_EVERY_S", WATERMARKS_S)
    monkeypatch.setattr(inbox, "LOOK_EVERY_S", WATERMARKS_S)
    monkeypatch.setattr(admission, "LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(sign_ins, "REMEMBERED_S", 0.0)
    async with a_service(tmp_path) as service, aio.insecure_channel(service.address) as channel:
        token = await service.token("hungary")()
        call = AlertsServiceStub(channel).WatchInbox(pb.WatchInboxRequest(), metadata=with_token(token))
        heard = 0

        async def listen() -> None:
            nonlocal heard
            async for _ in call:
                heard += 1

        listening = asyncio.ensure_future(listen())

        async def hears() -> bool:
            return heard > 5

        await until(hears)
        await _with_roles(service, "hungary")
        with pytest.raises(aio.AioRpcError) as error:
            await asyncio.wait_for(listening, PATIENCE_S)
        assert (refusal(error.value).status, refusal(error.value).reason) == (
            grpc.StatusCode.UNAVAILABLE,
            "ROLES_CHANGED",
        )
        async with service.client() as client:
            with pytest.raises(Refused) as denied:
                async with reading(client.inbox(Memory())) as entries:
                    await taken(entries, 1)
        assert denied.value.status is grpc.StatusCode.PERMISSION_DENIED


async def test_without_its_issuer_nobody_is_let_in_and_all_are_told_to_wait(tmp_path: Path) -> None:
    async with an_issuer() as gone:
        pass
    async with a_service(tmp_path) as service:
        elsewhere = service.settings.model_copy(update={"oidc_issuer": gone.url})
        await service.end()
        service.settings = elsewhere
        await service.begin()
        async with service.client() as client:
            with pytest.raises(Refused) as refused:
                await client.alert("alt_1")
    assert (refused.value.status, refused.value.reason) == (grpc.StatusCode.UNAVAILABLE, "ISSUER_UNAVAILABLE")
    assert not refused.value.lasts


@pytest.mark.parametrize("name", ["system.hu.example", "system.xx.example"])
async def test_over_mutual_tls_a_certificate_with_a_known_name_is_needed_besides(
    service: Service, tmp_path: Path, name: str
) -> None:
    authority = Authority(tmp_path / "authority")
    secured, mine = authority.issued("imi-alerts", peers="system.hu.example"), authority.issued(name)
    keys = KeyRing(service.settings.keys)
    speaking = a_mute_service()

    def register(server: aio.Server) -> None:
        add_AlertsServiceServicer_to_server(speaking, server)

    async with open_channel(service.settings.directory_address) as channel:
        peer = Peer("directory", Signer(keys, "alerts").for_service)
        own = sign_ins.SignIns(bearer_tokens(service.settings, keys), peer, DirectoryServiceStub(channel))
        async with serving(register, [], "127.0.0.1:0", Verifier(keys), security=secured, sign_ins=own) as server:
            tls = Tls.of(mine.authority, mine.certificate, mine.key)
            async with Client(f"127.0.0.1:{server.port}", service.token("hungary"), tls=tls) as client:
                if name in secured.peers:
                    async with reading(client.inbox(Memory("0"))) as entries:
                        assert [entry.id for entry in await taken(entries, 1)] == ["1"]
                else:
                    with pytest.raises(SignInRefused) as refused:
                        await client.alert("alt_1")
                    assert refused.value.reason == "PEER"
