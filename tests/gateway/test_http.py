"""The gateway over HTTP: how it is asked, what it refuses before anything is executed, what operations sees of it."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import InvalidStatus

import deploy
from gateway.operations import Names
from gateway.settings import GatewaySettings
from gateway.wiring import gateway
from tests.gateway.clients import Client, Refused, raw_socket
from tests.gateway.running import Running, a_gateway, a_system_of

As = Callable[[str], Client]
VIEWER = "{ viewer { name } }"
NAME = "Request handler, Italy"
BODY = json.dumps({"query": VIEWER})
EDIT = 'mutation { editAuthority(input: {idempotencyKey: "by-get", id: "aut_x"}) { authority { id } } }'


async def test_a_query_is_answered_as_json(as_: As) -> None:
    response = await as_("it-handler").post(VIEWER)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert response.json() == {"data": {"viewer": {"name": NAME}}}


async def test_a_slash_at_the_end_makes_no_difference(as_: As) -> None:
    client = as_("it-handler")
    response = await client.http.post(f"{client.url}/graphql/", json={"query": VIEWER}, headers=client.headers)
    assert response.json() == {"data": {"viewer": {"name": NAME}}}


async def test_an_error_says_where_it_arose_and_what_it_is(as_: As) -> None:
    answer = await as_("").answer("{ all: areas { code } }")
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert set(error) == {"message", "locations", "path", "extensions"}
    assert (error["path"], error["locations"]) == (["all"], [{"line": 1, "column": 3}])


@pytest.mark.parametrize("document", [VIEWER, EDIT])
async def test_no_document_is_executed_that_stands_in_an_address(as_: As, document: str) -> None:
    client = as_("it-handler")
    response = await client.http.get(f"{client.url}/graphql", params={"query": document}, headers=client.headers)
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert Refused.of(error) == Refused("INVALID", "GET", "query")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_refused_and_say_which_there_are(as_: As, method: str) -> None:
    client = as_("it-handler")
    response = await client.http.request(
        method, f"{client.url}/graphql", json={"query": VIEWER}, headers=client.headers
    )
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {"query": VIEWER}},
        {"content": BODY, "headers": {"content-type": "text/plain"}},
        {"content": BODY},
        {"content": VIEWER, "headers": {"content-type": "application/graphql"}},
        {"data": {"operations": BODY, "map": "{}"}, "files": {"0": b"x"}},
    ],
    ids=["form", "plain text", "untyped", "bare document", "multipart"],
)
async def test_what_a_browser_sends_across_sites_without_asking_is_not_executed(
    as_: As, sent: Mapping[str, Any]
) -> None:
    client = as_("it-handler")
    headers = {**client.headers, **sent.get("headers", {})}
    response = await client.http.post(f"{client.url}/graphql", **{**sent, "headers": headers})
    assert response.status_code == 415
    assert NAME not in response.text


@pytest.mark.parametrize(
    "body",
    [
        [{"query": VIEWER}],
        [],
        "query",
        None,
        1,
        {},
        {"query": 1},
        {"query": VIEWER, "variables": []},
        {"query": VIEWER, "operationName": "Other"},
        {"query": "subscription { alertStream { cursor } }"},
    ],
    ids=str,
)
async def test_a_body_that_is_not_one_operation_is_a_bad_request(as_: As, body: object) -> None:
    client = as_("it-handler")
    response = await client.http.post(f"{client.url}/graphql", content=json.dumps(body), headers=_json(client))
    assert response.status_code == 400
    assert NAME not in response.text


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"query": "\xff"}', "{}".encode("utf-16")], ids=repr)
async def test_a_body_that_is_not_json_is_a_bad_request(as_: As, body: bytes) -> None:
    client = as_("it-handler")
    response = await client.http.post(f"{client.url}/graphql", content=body, headers=_json(client))
    assert response.status_code == 400


def _json(client: Client) -> dict[str, str]:
    return {**client.headers, "content-type": "application/json"}


@pytest.mark.parametrize("path", ["/", "/graphql/x", "/graphiql", "/health", "/files", "/.env"])
async def test_there_is_nothing_elsewhere(running: Running, http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(f"{running.url}{path}", headers={"accept": "text/html"})
    assert response.status_code == (405 if path == "/files" else 404)


async def test_a_browser_is_shown_graphiql(running: Running, http: httpx.AsyncClient) -> None:
    response = await http.get(f"{running.url}/graphql", headers={"accept": "text/html"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "GraphiQL" in response.text


async def test_a_healthy_system_says_so(running: Running, http: httpx.AsyncClient) -> None:
    live = await http.get(f"{running.url}/health/live")
    assert (live.status_code, live.json()) == (200, {"live": True})
    ready = await http.get(f"{running.url}/health/ready")
    services = dict.fromkeys(("directory", "requests", "alerts", "translation", "repositories"), True)
    assert (ready.status_code, ready.json()) == (200, {"services": services})


async def test_a_deployment_may_run_some_services_only_and_says_which(data: Path, http: httpx.AsyncClient) -> None:
    async with a_system_of(data, "directory") as partly:
        ready = await http.get(f"{partly.url}/health/ready")
    assert ready.status_code == 200
    assert [name for name, up in ready.json()["services"].items() if up] == ["directory"]


async def test_without_the_directory_it_lives_but_is_not_ready(data: Path, http: httpx.AsyncClient) -> None:
    async with a_system_of(data, "translation") as partly:
        assert (await http.get(f"{partly.url}/health/live")).status_code == 200
        ready = await http.get(f"{partly.url}/health/ready")
    assert ready.status_code == 503
    assert [name for name, up in ready.json()["services"].items() if up] == ["translation"]


async def test_with_a_real_issuer_there_is_no_page_to_try_queries_on(http: httpx.AsyncClient, tmp_path: Path) -> None:
    settings = GatewaySettings(
        data_dir=tmp_path, gateway_port=0, oidc_issuer="https://issuer.example", oidc_audience="imi"
    )
    async with gateway(settings) as url:
        response = await http.get(f"{url}/graphql", headers={"accept": "text/html"})
    assert response.status_code == 404


async def test_metrics_count_operations_by_kind_name_and_outcome(
    as_: As, running: Running, http: httpx.AsyncClient
) -> None:
    before = await _operations(running, http)
    await as_("it-handler").ask("query WhoAmI " + VIEWER)
    await as_("").refused("{ areas { code } }")
    await as_("").refused("{ areas {")
    after = await _operations(running, http)
    counted = {labels: after[labels] - before.get(labels, 0) for labels in after if after[labels] != before.get(labels)}
    assert counted == {
        ("query", "WhoAmI", "OK"): 1,
        ("query", "", "UNAUTHENTICATED"): 1,
        ("invalid", "", "INVALID"): 1,
    }


async def test_clients_cannot_make_metrics_without_end() -> None:
    names = Names(at_most=3)
    assert [names.shown(name, known=False) for name in ("", "A")] == ["", "other"]
    assert [names.shown(name, known=True) for name in "ABCDE"] == ["A", "B", "C", "other", "other"]
    assert names.shown("A", known=False) == "A"
    # Of what is no name, or is longer than any that people use.
    for odd in ("\ud800", "a b", "é", "x" * 101, "A\n"):
        assert Names().shown(odd, known=True) == "other"
    assert Names().shown("x" * 100, known=True) == "x" * 100


async def test_metrics_are_told_whatever_clients_call_their_operations(
    as_: As, running: Running, http: httpx.AsyncClient
) -> None:
    client = as_("it-handler")
    body = '{"query": "query A ' + VIEWER + '", "operationName": "\\ud800"}'
    headers = {**client.headers, "content-type": "application/json", "accept": "text/event-stream"}
    response = await http.post(f"{running.url}/graphql", content=body, headers=headers)
    assert "OPERATION_NAME" in response.text
    assert (await http.get(f"{running.url}/metrics")).status_code == 200


async def test_whatever_is_watched_is_measured(running: Running, http: httpx.AsyncClient) -> None:
    """Dashboard and rules name metrics that there are."""
    response = await http.get(f"{running.url}/metrics")
    measured = {family.name for family in text_string_to_metric_families(response.text)}
    folder = Path(deploy.__file__).parent / "monitoring"
    watched = set()
    for path in folder.iterdir():
        watched |= set(re.findall(r"\b(?:imi|process)_[a-z_]+", path.read_text()))
    assert len(watched) > 10
    for name in watched:
        assert re.sub(r"_(total|bucket)$", "", name) in measured, name


async def _operations(running: Running, http: httpx.AsyncClient) -> dict[tuple[str, str, str], float]:
    response = await http.get(f"{running.url}/metrics")
    assert response.status_code == 200
    return {
        (sample.labels["kind"], sample.labels["operation"], sample.labels["outcome"]): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
        if sample.name == "imi_gateway_operations_total"
    }


@pytest.mark.parametrize(
    "traceparent", ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0-0-0", "", "zz"]
)
async def test_a_trace_of_the_caller_is_taken_up_and_a_broken_one_does_no_harm(as_: As, traceparent: str) -> None:
    client = as_("it-handler")
    headers = [*client.headers.items(), ("traceparent", traceparent)]
    response = await client.http.post(f"{client.url}/graphql", json={"query": VIEWER}, headers=headers)
    assert response.json() == {"data": {"viewer": {"name": NAME}}}


PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}


async def test_only_pages_of_allowed_origins_may_call(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with a_gateway(tmp_path, allowed_origins="https://imi.example https://other.example") as gateway:
        url = f"{gateway.url}/graphql"
        for origin in ("https://imi.example", "https://other.example"):
            allowed = await http.options(url, headers={**PREFLIGHT, "origin": origin})
            assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, origin)
            async with raw_socket(gateway.url, origin=origin) as socket:
                await socket.send(type="connection_init")
                assert await socket.receive() == {"type": "connection_ack"}
        refused = await http.options(url, headers={**PREFLIGHT, "origin": "https://imi.example.evil.example"})
        assert refused.status_code == 400
        assert "access-control-allow-origin" not in refused.headers
        with pytest.raises(InvalidStatus) as closed:
            async with raw_socket(gateway.url, origin="https://imi.example.evil.example"):
                pass
        assert closed.value.response.status_code == 403


async def test_every_origin_may_be_allowed(tmp_path: Path) -> None:
    async with (
        a_gateway(tmp_path, allowed_origins="*") as gateway,
        raw_socket(gateway.url, origin="https://any.example") as socket,
    ):
        await socket.send(type="connection_init")
        assert await socket.receive() == {"type": "connection_ack"}


async def test_without_allowed_origins_no_foreign_page_may_call(running: Running, http: httpx.AsyncClient) -> None:
    preflight = await http.options(f"{running.url}/graphql", headers={**PREFLIGHT, "origin": "https://evil.example"})
    assert preflight.status_code == 405
    asked = await http.post(f"{running.url}/graphql", content=BODY, headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in asked.headers
    with pytest.raises(InvalidStatus) as closed:
        async with raw_socket(running.url, origin="https://evil.example"):
            pass
    assert closed.value.response.status_code == 403


async def test_the_gateways_own_pages_may_listen(running: Running) -> None:
    async with raw_socket(running.url, origin=running.url) as socket:
        await socket.send(type="connection_init")
        assert await socket.receive() == {"type": "connection_ack"}
