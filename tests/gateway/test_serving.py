"""GraphQL over HTTP: media types, statuses, documents by their ids, what caches may keep."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from strawberry.types.execution import PreExecutionError

from chassis.settings import CannotStart
from gateway.limits import rates as rates_of_limits
from gateway.limits.budgets import BODY_BYTES
from gateway.limits.rates import UNCOUNTED, Rates, Windows
from gateway.limits.refusals import RateLimited
from gateway.serving.answering import body_of
from gateway.serving.documents import KEPT_BYTES, Documents, trusted_documents
from gateway.serving.negotiation import EVENTS, JSON, RESULT, chosen
from gateway.streams import websocket
from tests.gateway.clients import Client, Refused, raw_socket
from tests.gateway.running import Running, a_gateway, a_system_of
from vocabulary.refusals import Invalid, NotFound

As = Callable[[str], Client]
At = Callable[[Running, str], Client]
VIEWER = "{ viewer { name } }"
EDIT = 'mutation { editAuthority(input: {idempotencyKey: "1", id: "aut_x"}) { authority { id } } }'
NAMED = "query A { viewer { name } } query B { viewer { id } }"


def hash_of(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def persisted(document: str, **other: Any) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(document), **other}}


ACCEPTED = [
    (None, JSON),
    ("", JSON),
    ("*/*", JSON),
    ("application/*", JSON),
    (JSON, JSON),
    (RESULT, RESULT),
    (f"{RESULT}, {JSON};q=0.9", RESULT),
    (f"{RESULT};q=0.5, {JSON}", JSON),
    (f"{RESULT}; charset=utf-8, {JSON}; charset=utf-8", RESULT),
    (f"{JSON}, {RESULT}", JSON),
    (EVENTS, EVENTS),
    (f"{EVENTS}, */*;q=0.1", EVENTS),
    ("text/plain", None),
    (f"{JSON};q=0", None),
    (f"text/html, {JSON}", JSON),
    (f"{JSON};q=much", None),
    ("text/html, */*;q=0.8", JSON),
    # Nobody says so much; what stands behind is not read.
    ("text/plain, " * 90 + RESULT, None),
]


@pytest.mark.parametrize(("accept", "kind"), ACCEPTED)
def test_the_client_chooses_of_what_there_is(accept: str | None, kind: str | None) -> None:
    assert chosen(accept) == kind


async def asked(client: Client, accept: str, body: Any) -> httpx.Response:
    headers = {**client.headers, "accept": accept}
    return await client.http.post(f"{client.url}/graphql", json=body, headers=headers)


# What is sent → its status as application/json, its status as the newer type, whether there are data.
STATUSES = {
    "an answer": ({"query": VIEWER}, 200, 200, True),
    "an error in execution": (
        {"query": "query ($id: ID!) { authority(id: $id) { id } }", "variables": {"id": "x"}},
        200,
        200,
        True,
    ),
    "not GraphQL": ({"query": "{ viewer {"}, 200, 400, False),
    "not of the schema": ({"query": "{ viewr { name } }"}, 200, 400, False),
    "no value for a variable": ({"query": "query ($id: ID!) { authority(id: $id) { id } }"}, 200, 400, False),
    "no document": ({}, 400, 400, False),
    "no such operation": ({"query": NAMED, "operationName": "C"}, 400, 400, False),
    "none of several operations": ({"query": NAMED}, 200, 400, False),
    "one of several operations": ({"query": NAMED, "operationName": "B"}, 200, 200, True),
    "a subscription": ({"query": "subscription { alertStream { cursor } }"}, 400, 400, False),
}


@pytest.mark.parametrize("what", sorted(STATUSES))
async def test_the_status_says_what_the_media_type_lets_it_say(as_: As, what: str) -> None:
    body, plain, result, has_data = STATUSES[what]
    for accept, status in ((JSON, plain), (RESULT, result)):
        response = await asked(as_("it-handler"), accept, body)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"
        assert ("data" in response.json()) is has_data
        assert response.headers["cache-control"] == "no-store"


async def test_accept_may_be_said_in_several_headers(as_: As) -> None:
    client = as_("it-handler")
    headers = [*client.headers.items(), ("accept", "image/png"), ("accept", RESULT)]
    response = await client.http.post(f"{client.url}/graphql", json={"query": VIEWER}, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (200, f"{RESULT}; charset=utf-8")


UNFIT: list[tuple[dict[str, Any], Refused]] = [
    ({"query": ""}, Refused("INVALID", "BODY", "query")),
    ({"extensions": {}}, Refused("INVALID", "BODY", "query")),
    ({"query": NAMED, "operationName": "C"}, Refused("INVALID", "OPERATION_NAME", "operationName")),
    ({"query": NAMED}, Refused("INVALID", "OPERATION_NAME", "operationName")),
]


@pytest.mark.parametrize(("payload", "found"), UNFIT, ids=str)
async def test_what_is_no_operation_is_the_clients_fault_on_every_transport(
    as_: As, payload: dict[str, Any], found: Refused
) -> None:
    client = as_("it-handler")
    async with client.socket() as socket:
        await socket.send(type="subscribe", id="1", payload=payload)
        answer = await socket.receive()
    assert (answer["type"], [Refused.of(error) for error in answer["payload"]]) == ("error", [found])
    (said,) = [line for line in (await asked(client, EVENTS, payload)).text.splitlines() if line.startswith("data: {")]
    assert [Refused.of(error) for error in json.loads(said[6:])["errors"]] == [found]
    assert [Refused.of(error) for error in (await asked(client, JSON, payload)).json()["errors"]] == [found]


def test_a_fault_around_an_operation_is_masked() -> None:
    error = GraphQLError("canary", original_error=ValueError("canary"))
    (said,) = body_of(PreExecutionError(data=None, errors=[error]))["errors"]
    assert (said["extensions"], "canary" in str(said)) == ({"code": "INTERNAL"}, False)


async def test_nobody_is_told_in_a_type_they_do_not_take(as_: As) -> None:
    response = await asked(as_("it-handler"), "image/png", {"query": VIEWER})
    assert response.status_code == 406
    (error,) = response.json()["errors"]
    assert Refused.of(error) == Refused("INVALID", "NOT_ACCEPTABLE")


@pytest.mark.parametrize("token", ["", "x"])
async def test_who_is_nobody_has_the_status_of_that(as_: As, token: str) -> None:
    client = as_("")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    response = await client.http.post(
        f"{client.url}/graphql",
        json={"query": "{ __schema { queryType { name } } }"},
        headers={**headers, "accept": RESULT},
    )
    assert response.status_code == 401
    assert {error["extensions"]["code"] for error in response.json()["errors"]} == {"UNAUTHENTICATED"}


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/json; charset=UTF-8", 200),
        ("Application/JSON", 200),
        ("application/json; charset=latin-1", 415),
        ("application/jsonp", 415),
        ("text/json", 415),
    ],
)
async def test_a_body_is_json_in_utf_8(as_: As, content_type: str, status: int) -> None:
    client = as_("it-handler")
    headers = {**client.headers, "content-type": content_type}
    response = await client.http.post(f"{client.url}/graphql", content=json.dumps({"query": VIEWER}), headers=headers)
    assert response.status_code == status


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
async def test_a_body_over_100_kilobytes_is_not_read(as_: As, announced: bool) -> None:
    client = as_("it-handler")

    def body(size: int) -> bytes:
        start = b'{"query": "{ viewer { name } }", "variables": {"x": "'
        return start + b"x" * (size - len(start) - 3) + b'"}}'

    async def sent(size: int) -> httpx.Response:
        async def chunks() -> Any:
            yield body(size)[: size // 2]
            yield body(size)[size // 2 :]

        content: Any = body(size) if announced else chunks()
        headers = {**client.headers, "content-type": "application/json"}
        return await client.http.post(f"{client.url}/graphql", content=content, headers=headers)

    assert (await sent(BODY_BYTES)).status_code == 200
    refused = await sent(BODY_BYTES + 1)
    assert refused.status_code == 413
    (error,) = refused.json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["limit"]) == ("TOO_LARGE", BODY_BYTES)


async def test_a_document_that_was_sent_with_its_hash_is_known_by_it(as_: As) -> None:
    client = as_("it-handler")
    document = "{ viewer { name id } }"
    unknown = await asked(client, JSON, {"extensions": persisted(document)})
    assert unknown.status_code == 404
    (error,) = unknown.json()["errors"]
    assert (error["message"], Refused.of(error)) == (
        "PersistedQueryNotFound",
        Refused("NOT_FOUND", "PERSISTED_QUERY_NOT_FOUND"),
    )
    await asked(as_(""), JSON, {"query": document, "extensions": persisted(document)})
    assert (await asked(client, JSON, {"extensions": persisted(document)})).status_code == 404, (
        "a stranger's is not kept"
    )
    first = await asked(client, JSON, {"query": document, "extensions": persisted(document)})
    assert (await asked(client, JSON, {"extensions": persisted(document)})).json() == first.json()
    assert first.json()["data"]["viewer"]["name"]


MALFORMED: list[Any] = [
    1,
    [],
    {},
    {"version": 2, "sha256Hash": hash_of(VIEWER)},
    {"version": 1},
    {"version": 1, "sha256Hash": 1},
]


@pytest.mark.parametrize("said", MALFORMED, ids=str)
async def test_a_malformed_hash_is_refused(as_: As, said: Any) -> None:
    response = await asked(as_("it-handler"), JSON, {"query": VIEWER, "extensions": {"persistedQuery": said}})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert Refused.of(error).field == "extensions.persistedQuery"


async def test_another_documents_hash_is_refused(as_: As) -> None:
    response = await asked(as_("it-handler"), JSON, {"query": VIEWER, "extensions": persisted(EDIT)})
    assert response.status_code == 400
    assert (await asked(as_("it-handler"), JSON, {"extensions": persisted(EDIT)})).status_code == 404
    await asked(as_("it-handler"), JSON, {"query": VIEWER, "extensions": persisted(VIEWER)})
    known = await asked(as_("it-handler"), JSON, {"query": EDIT, "extensions": persisted(VIEWER)})
    assert known.status_code == 400, "the known one is not answered in its place"


async def test_what_nobody_sends_over_a_websocket_is_not_kept_either(as_: As) -> None:
    document = "{ countries { code } areas { id: code } }"
    async with as_("").socket() as socket:
        await socket.send(type="subscribe", id="1", payload={"query": document, "extensions": persisted(document)})
        await socket.receive()
    assert (await asked(as_("it-handler"), JSON, {"extensions": persisted(document)})).status_code == 404


def test_a_trusted_document_may_be_sent_with_its_hash_as_often_as_clients_like() -> None:
    documents = Documents({"edit": EDIT}, trusted_only=True)
    for _ in range(KEPT_BYTES // len(EDIT) + 2):
        assert documents.text(EDIT, None, persisted(EDIT), keeps=True) == EDIT


def test_what_is_kept_of_clients_is_bounded_and_the_last_used_stays() -> None:
    documents = Documents()

    def document(number: int) -> str:
        return f"{{ a{number}" + "x" * 100_000 + " }"

    count = KEPT_BYTES // 100_000 + 5
    for number in range(count):
        documents.text(document(number), None, persisted(document(number)), keeps=True)
        assert documents.text(None, None, persisted(document(0)), keeps=True)
    with pytest.raises(NotFound):
        documents.text(None, None, persisted(document(1)), keeps=True)
    assert documents.text(None, None, persisted(document(count - 1)), keeps=True)


def test_what_is_kept_of_clients_is_bounded_in_documents_too() -> None:
    """Each takes room besides its text, and the shortest have hardly any."""
    documents = Documents()
    for number in range(KEPT_BYTES // 300):
        documents.text(f"{{a{number}}}", None, persisted(f"{{a{number}}}"), keeps=True)
    with pytest.raises(NotFound):
        documents.text(None, None, persisted("{a0}"), keeps=True)


def test_a_document_and_the_id_of_another_are_refused() -> None:
    documents = Documents({"viewer": VIEWER})
    assert documents.text(VIEWER, "viewer", None, keeps=False) == VIEWER
    with pytest.raises(Invalid) as refused:
        documents.text(EDIT, "viewer", None, keeps=False)
    assert refused.value.field == "documentId"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({f"sha256:{hash_of(VIEWER)}": VIEWER, "edit": EDIT}))
    return path


async def test_a_get_has_the_answer_of_a_known_document_and_its_tag(data: Path, at: At, manifest: Path) -> None:
    async with a_system_of(data, "directory", trusted_documents=str(manifest), trusted_only="true") as running:
        client = at(running, "it-handler")

        async def get(id_: str, **headers: str) -> httpx.Response:
            return await client.http.get(
                f"{client.url}/graphql",
                params={"documentId": id_},
                headers={**client.headers, "accept": JSON, **headers},
            )

        first = await get(f"sha256:{hash_of(VIEWER)}")
        assert first.json()["data"]["viewer"]["name"]
        assert first.headers["cache-control"] == "private, no-cache"
        assert {"accept", "accept-language", "authorization"} <= set(first.headers["vary"].lower().split(", "))
        for said in (first.headers["etag"], f"W/{first.headers['etag']}", f'"other", {first.headers["etag"]}'):
            again = await get(f"sha256:{hash_of(VIEWER)}", **{"if-none-match": said})
            assert (again.status_code, again.content) == (304, b"")
        assert (await get(f"sha256:{hash_of(VIEWER)}", **{"if-none-match": '"other"'})).status_code == 200
        assert (await get("edit")).status_code == 405, "nothing is changed by a GET"
        streamed = (await get("edit", accept=EVENTS)).text
        assert '"METHOD"' in streamed, "nor by one for a stream"
        assert '"path"' not in streamed
        assert (await get("other")).status_code == 404


async def test_a_gateway_may_answer_trusted_documents_only(data: Path, at: At, manifest: Path) -> None:
    async with a_system_of(data, "directory", trusted_documents=str(manifest), trusted_only="true") as running:
        client = at(running, "it-handler")
        assert (await asked(client, JSON, {"query": VIEWER})).status_code == 200
        assert (await asked(client, JSON, {"documentId": f"sha256:{hash_of(VIEWER)}"})).status_code == 200
        assert (await asked(client, JSON, {"extensions": persisted(VIEWER)})).status_code == 200
        for body in (
            {"query": "{ viewer { id } }"},
            {"query": "{ viewer { id } }", "extensions": persisted("{ viewer { id } }")},
            {"query": VIEWER + " "},
        ):
            response = await asked(client, JSON, body)
            assert response.status_code == 403
            (error,) = response.json()["errors"]
            assert Refused.of(error) == Refused("FORBIDDEN", "UNTRUSTED_DOCUMENT")
        async with client.socket() as socket:
            await socket.subscribe("{ viewer { id } }")
            answer = await socket.receive()
            assert answer["type"] == "error"
            await socket.send(type="subscribe", id="2", payload={"documentId": f"sha256:{hash_of(VIEWER)}"})
            assert (await socket.receive())["payload"]["data"]["viewer"]["name"]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"a": 1}', '{"a": "{"}', f'{{"sha256:{"0" * 64}": "{{ viewer {{ name }} }}"}}'], ids=str
)
def test_a_manifest_that_is_none_is_refused_at_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text(content)
    with pytest.raises(CannotStart):
        trusted_documents(path)


async def test_too_much_of_one_person_is_refused_and_of_others_is_not(data: Path, at: At) -> None:
    async with a_system_of(data, "directory", rate_people="5/hour", rate_addresses="7/hour") as running:
        handler, coordinator, nobody = (at(running, user) for user in ("it-handler", "it-coordinator", ""))
        for _ in range(4):
            assert (await asked(handler, JSON, {"query": VIEWER})).status_code == 200
        # Over a WebSocket it is the same person.
        async with handler.socket() as socket:
            await socket.subscribe(VIEWER)
            assert (await socket.receive())["type"] == "next"
            assert (await socket.receive())["type"] == "complete"
            await socket.subscribe(VIEWER)
            answer = await socket.receive()
        assert {error["extensions"]["code"] for error in answer["payload"]} == {"RATE_LIMITED"}
        refused = await asked(handler, JSON, {"query": VIEWER})
        assert refused.status_code == 429
        (error,) = refused.json()["errors"]
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert 0 < int(refused.headers["retry-after"]) == error["extensions"]["retryAfter"] <= 3_601
        assert (await asked(coordinator, JSON, {"query": VIEWER})).status_code == 200
        statuses = [(await asked(nobody, JSON, {"query": VIEWER})).status_code for _ in range(4)]
        guesses = Client(nobody.http, nobody.url, "guess")
        statuses += [(await asked(guesses, JSON, {"query": VIEWER})).status_code for _ in range(4)]
        assert statuses == [200] * 4 + [401] * 3 + [429]
        # Nor is there another way in over WebSockets, to guess or to ask.
        for said in (guesses.headers, {}):
            async with raw_socket(nobody.url) as socket:
                await socket.send(type="connection_init", payload=said)
                assert await socket.closed() == 1013
        # Who has signed in is not held up by others at the same address.
        assert (await asked(coordinator, JSON, {"query": VIEWER})).status_code == 200


async def test_what_nobody_asks_on_one_connection_is_counted(data: Path, at: At) -> None:
    async with a_system_of(data, "directory", rate_addresses="4/hour") as running, at(running, "").socket() as socket:
        answers = []
        for _ in range(4):
            await socket.subscribe("{ viewer { name } }")
            answers.append(await socket.receive())
            if answers[-1]["type"] == "next":
                await socket.receive()
    assert [answer["type"] for answer in answers] == ["next"] * 3 + ["error"]
    assert {error["extensions"]["code"] for error in answers[-1]["payload"]} == {"RATE_LIMITED"}


async def test_all_addresses_of_one_network_of_ipv6_are_one_client() -> None:
    rates = Rates(addresses="2/hour")
    await rates.address("2001:db8:1:2::1")
    await rates.address("2001:db8:1:2:ffff::2")
    await rates.address("2001:db8:1:3::1")
    await rates.address("10.0.0.1")
    await rates.address("::ffff:10.0.0.1")
    for used_up in ("2001:db8:1:2::3", "10.0.0.1"):
        with pytest.raises(RateLimited):
            await rates.address(used_up)
    await rates.address("unix")


async def test_windows_slide_and_whoever_is_gone_is_forgotten() -> None:
    now, limit = 1000.0, parse("10/minute")
    windows = Windows(lambda: now)
    # The window begins at 960.
    assert [await windows.hit(limit, "person", "anna") for _ in range(11)] == [True] * 10 + [False]
    assert await windows.hit(limit, "person", "bela")
    now = 1020.0
    # All of the last window counts as the next one begins, and half of it in its middle.
    assert not await windows.hit(limit, "person", "anna")
    assert (await windows.get_window_stats(limit, "person", "anna")).remaining == 0
    now = 1050.0
    assert [await windows.hit(limit, "person", "anna") for _ in range(6)] == [True] * 5 + [False]
    # A tenth of the last window goes in six seconds.
    now = (await windows.get_window_stats(limit, "person", "anna")).reset_time
    assert now == 1056.0
    assert await windows.hit(limit, "person", "anna")
    now = 1140.0
    assert [await windows.hit(limit, "person", "anna") for _ in range(11)] == [True] * 10 + [False]
    assert {who for _, who in windows._counts} == {"anna"}


@given(hits=st.lists(st.floats(min_value=0, max_value=30), max_size=60))
def test_no_window_of_any_place_holds_more_than_twice_what_is_allowed(hits: list[float]) -> None:
    """What a sliding window that is reckoned from two lets through at the most; and never more than allowed within one of the two."""
    now = 0.0
    windows, limit, let_in = Windows(lambda: now), parse("5/10 seconds"), []
    for pause in hits:
        now += pause / 10
        hitting = windows.hit(limit, "person", "anna")
        with pytest.raises(StopIteration) as done:
            hitting.send(None)
        if done.value.value:
            let_in.append(now)
    for at in let_in:
        assert sum(at <= one < at + 10 for one in let_in) <= 10
        assert sum(one // 10 == at // 10 for one in let_in) <= 5


async def test_who_cannot_be_counted_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> bool:
        raise StorageError(ConnectionError())

    monkeypatch.setattr(Windows, "hit", away)
    before = UNCOUNTED.labels("person")._value.get()
    rates = Rates(people="1/hour")
    for _ in range(2):
        await rates.person("usr_1")
    assert UNCOUNTED.labels("person")._value.get() == before + 2


async def test_a_count_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis may be there and say nothing; then it is as if it were away."""

    async def never(*_: object) -> bool:
        await asyncio.Event().wait()
        return False

    monkeypatch.setattr(rates_of_limits, "_shared", lambda _: MemoryStorage())
    monkeypatch.setattr(rates_of_limits, "COUNTED_WITHIN_S", 0.01)
    monkeypatch.setattr(SlidingWindowCounterRateLimiter, "hit", never)
    before = UNCOUNTED.labels("person")._value.get()
    async with asyncio.timeout(20):
        await Rates(people="1/hour", storage="redis://silent").person("usr_1")
    assert UNCOUNTED.labels("person")._value.get() == before + 1


async def test_who_signs_in_while_the_directory_is_away_is_told_to_come_back(data: Path, at: At) -> None:
    async with a_gateway(data) as running, raw_socket(running.url) as socket:
        await socket.send(type="connection_init", payload=at(running, "it-handler").headers)
        assert await socket.closed() == 1013


async def test_one_that_does_not_read_keeps_nobody_from_being_told_that_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(websocket, "TELLING_S", 0.05)
    told: list[int] = []

    async def reads(message: Any) -> None:
        told.append(message["code"])

    async def does_not_read(_: Any) -> None:
        await asyncio.Event().wait()

    nothing: Any = None
    sockets = websocket.Sockets(nothing)
    sockets._open |= {does_not_read, reads}
    await sockets.stop()
    assert told == [1012]


async def test_there_are_only_so_many_connections(data: Path, at: At) -> None:
    async with a_system_of(data, "directory", max_sockets="1") as running:
        client = at(running, "it-handler")
        async with client.socket(), raw_socket(client.url) as late:
            assert await late.closed() == 1013
        async with client.socket() as again:
            assert (await again.result(VIEWER))["data"]["viewer"]


async def test_browsers_are_told_to_guess_and_frame_nothing(running: Running, http: httpx.AsyncClient) -> None:
    for path in ("/graphql", "/health/live", "/nowhere", "/files/x"):
        headers = (await http.get(f"{running.url}{path}")).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
