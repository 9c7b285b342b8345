"""A training system is the same program beside the real one: each answer says what it is, and neither believes the other's tokens."""

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import pytest
from grpc import aio

from chassis.bearers import OwnTokens
from chassis.caller import Caller, Signer, Verifier
from chassis.keys import TRAINING, KeyRing
from chassis.settings import CannotStart
from deploy.embedded import system
from gateway.tokens import DevelopmentTokens
from protos.alerts.v1 import alerts_pb2
from protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub
from tests.cells import cell
from tests.gateway.clients import SSE, WEBSOCKET, Client, raw_socket
from tests.gateway.running import Running, copy_of
from tests.ports import a_dead_address
from vocabulary.refusals import Unauthenticated

VIEWER = "{ viewer { name } system { training notice blocks } }"
STREAM = "subscription { alertStream { __typename } }"
SOMEBODY = Caller(user_id="usr_1", authority_id="aut_1", country="IT", language="it")


@dataclass(frozen=True, slots=True)
class Training:
    """A training system, and where its alerts answer systems of member states."""

    running: Running
    alerts: str
    http: httpx.AsyncClient

    def signed_in(self, user: str) -> Client:
        ring = KeyRing(self.running.data / "keys", training=True)
        return Client(self.http, self.running.url, DevelopmentTokens(ring).issue(user))


@pytest.fixture(scope="module")
async def training(
    trained: Path, http: httpx.AsyncClient, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Training]:
    folder = copy_of(trained, tmp_path_factory.mktemp("training") / "data")
    # The keys of the real system are not its.
    shutil.rmtree(folder / "keys")
    address = a_dead_address()
    async with system(folder, port=0, alerts_address=address, training=True) as url:
        yield Training(Running(url, folder), address, http)


@pytest.fixture
def swapped(training: Training, running: Running, at: Callable[[Running, str], Client]) -> dict[str, Client]:
    """Whoever signs in to one system with what the other has issued."""
    real = at(running, "it-coordinator")
    trainee = training.signed_in("it-coordinator")
    return {
        "a real token in training": Client(real.http, training.running.url, real.token),
        "a training token in earnest": Client(real.http, running.url, trainee.token),
    }


async def test_every_answer_says_that_it_is_for_training(training: Training) -> None:
    client, url = training.signed_in("hu-handler"), training.running.url
    asked = {
        "an answer": await client.post(VIEWER),
        "an error": await client.post("{ nothing }"),
        "what is no operation": await training.http.post(f"{url}/graphql", content=b"{"),
        "health": await training.http.get(f"{url}/health/ready"),
        "metrics": await training.http.get(f"{url}/metrics"),
        "a file": await training.http.get(f"{url}/files/fil_1", headers=client.headers),
        "nothing": await training.http.get(f"{url}/nowhere"),
    }
    for name, response in asked.items():
        with cell(name):
            assert response.headers["imi-training"] == "true"
    for name in ("an answer", "an error"):
        with cell(name):
            assert asked[name].json()["extensions"]["training"] is True
    said = asked["an answer"].json()["data"]["system"]
    assert said["training"] is True
    assert said["notice"] == "Ez az oktatórendszer. Minden benne szereplő adat kitalált."
    assert "ALERTS" in said["blocks"]


@pytest.mark.parametrize("transport", [SSE, WEBSOCKET])
async def test_every_item_of_a_stream_says_so(training: Training, transport: str) -> None:
    async with training.signed_in("it-coordinator").listening(transport, STREAM) as items:
        assert (await anext(items))["extensions"] == {"training": True}


async def test_a_websocket_says_so_when_it_opens_and_in_what_it_answers(training: Training) -> None:
    async with raw_socket(training.running.url) as socket:
        response = socket.connection.response
        assert response is not None
        assert response.headers["imi-training"] == "true"
    async with training.signed_in("hu-handler").socket() as socket:
        await socket.subscribe("{ system { training } }")
        assert (await socket.receive())["payload"]["extensions"] == {"training": True}


async def test_a_real_system_has_no_such_mark(
    running: Running, http: httpx.AsyncClient, at: Callable[[Running, str], Client]
) -> None:
    response = await at(running, "hu-handler").post(VIEWER)
    assert "imi-training" not in response.headers
    assert "extensions" not in response.json()
    assert response.json()["data"]["system"]["training"] is False
    assert response.json()["data"]["system"]["notice"] is None
    assert "imi-training" not in (await http.get(f"{running.url}/health/ready")).headers


async def test_nobody_signs_in_to_one_with_a_token_of_the_other(swapped: dict[str, Client]) -> None:
    for name, client in swapped.items():
        with cell(name):
            response = await client.post(VIEWER)
            assert response.status_code == 401
            assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_nor_to_the_streams_of_alerts(training: Training, running: Running) -> None:
    real = DevelopmentTokens(KeyRing(running.data / "keys")).issue("it-coordinator")
    own = training.signed_in("it-coordinator").token
    async with aio.insecure_channel(training.alerts) as channel:
        stub = AlertsServiceStub(channel)
        answer = await stub.ReadInbox(
            alerts_pb2.ReadInboxRequest(), metadata=(("authorization", f"Bearer {own}"),), wait_for_ready=True
        )
        assert answer is not None
        with pytest.raises(aio.AioRpcError) as refused:
            await stub.ReadInbox(alerts_pb2.ReadInboxRequest(), metadata=(("authorization", f"Bearer {real}"),))
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def rings(folder: Path) -> tuple[KeyRing, KeyRing]:
    """A real and a training system's keys that are, by a mistake, the same."""
    real = KeyRing(folder / "real")
    for name in ("gateway", "alerts", "development"):
        real.private(name)
    shutil.copytree(folder / "real", folder / "training")
    (folder / "training" / TRAINING).touch()
    return real, KeyRing(folder / "training", training=True)


async def test_even_with_the_same_keys_neither_believes_the_other(tmp_path: Path) -> None:
    real, trainee = rings(tmp_path)
    for name, signer, verifier in (("in training", real, trainee), ("in earnest", trainee, real)):
        for token in (Signer(signer, "gateway").for_person(SOMEBODY), Signer(signer, "alerts").for_service()):
            with cell(name, "a caller token"):
                Verifier(signer).verify(token)
                with pytest.raises(Unauthenticated) as refused:
                    Verifier(verifier).verify(token)
                assert refused.value.reason == "TOKEN_FOREIGN"
        with cell(name, "a bearer token"):
            bearer = DevelopmentTokens(signer).issue("it-handler")
            await OwnTokens(signer).verify(bearer)
            with pytest.raises(Unauthenticated) as refused:
                await OwnTokens(verifier).verify(bearer)
            assert refused.value.reason == "TOKEN_FOREIGN"


def test_neither_starts_with_the_keys_of_the_other(tmp_path: Path) -> None:
    KeyRing(tmp_path / "real").private("gateway")
    with pytest.raises(CannotStart, match="those of a real system"):
        KeyRing(tmp_path / "real", training=True)
    KeyRing(tmp_path / "training", training=True).private("gateway")
    with pytest.raises(CannotStart, match="those of a training system"):
        KeyRing(tmp_path / "training")


async def test_no_authorities_are_imported(training: Training) -> None:
    client = training.signed_in("it-coordinator")
    response = await training.http.post(
        f"{training.running.url}/directory/import?country=IT&format=csv",
        content=b"external_id\n",
        headers={**client.headers, "content-type": "text/csv", "idempotency-key": "import"},
    )
    assert '"TRAINING"' in response.text
