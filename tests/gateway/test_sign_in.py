"""Who is let in, as whom and until when."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from chassis import bearers
from chassis.caller import DEVELOPMENT_ISSUER
from chassis.keys import ALGORITHM, AUDIENCE, KeyRing
from chassis.outbox import Outbox, topic
from chassis.process import clock
from engines.documents import Document, open_documents
from engines.events import Event, open_events
from services.directory import storage
from services.directory.domain.users import User, signin
from services.directory.settings import DirectorySettings
from tests.builders import doctors
from tests.gateway.clients import SSE, WEBSOCKET, Client, Data, Refused, eventually, raw_socket, within
from tests.gateway.issuer import AUDIENCE as IMI
from tests.gateway.issuer import Issuer, an_issuer
from tests.gateway.running import Running, a_gateway, a_service, a_system_of

As = Callable[[str], Client]
At = Callable[[Running, str], Client]
ROOT = Path(__file__).resolve().parents[2]
VIEWER = "{ viewer { name } }"
ITALY = {"viewer": {"name": "Request handler, Italy"}}


def a_token(running: Running, key: OKPKey | None = None, **claims: Any) -> str:
    """A development token of it-handler, genuine unless told otherwise."""
    now = int(time.time())
    standard = {"iss": DEVELOPMENT_ISSUER, "sub": "it-handler", "aud": AUDIENCE, "iat": now, "exp": now + 300}
    key = key or KeyRing(running.data / "keys").private(bearers.DEVELOPMENT)
    return jwt.encode({"alg": ALGORITHM}, {**standard, **claims}, key, algorithms=[ALGORITHM])


def encoded(part: bytes | Data) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def by_hand(token: str, header: Data, secret: bytes | None) -> str:
    """The claims of *token* under another header, signed with HMAC or not at all."""
    signed = f"{encoded(header)}.{token.split('.')[1]}"
    signature = b"" if secret is None else hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{encoded(signature)}"


def with_token(client: Client, token: str) -> Client:
    return replace(client, token=token)


async def refused(client: Client, token: str) -> Refused:
    """How a token is refused: the same way by GraphQL, by the file endpoint and on a WebSocket."""
    bearer = with_token(client, token)
    answered = await bearer.post(VIEWER)
    file = await client.http.get(f"{client.url}/files/fil_0", headers=bearer.headers)
    for response in (answered, file):
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert response.json() == answered.json()
    async with raw_socket(client.url) as socket:
        await socket.send(type="connection_init", payload=bearer.headers)
        assert await socket.closed() == 4403
    (error,) = answered.json()["errors"]
    return Refused.of(error)


async def test_a_genuine_token_is_accepted_in_a_header_and_on_a_websocket(as_: As, running: Running) -> None:
    client = with_token(as_(""), a_token(running))
    assert await client.ask(VIEWER) == ITALY
    async with client.socket() as socket:
        assert (await socket.result(VIEWER))["data"] == ITALY
    async with raw_socket(client.url, additional_headers=client.headers) as socket:
        await socket.send(type="connection_init")
        assert (await socket.receive())["type"] == "connection_ack"
        assert (await socket.result(VIEWER))["data"] == ITALY


async def test_nobody_may_ask_who_they_are_and_nothing_else(as_: As) -> None:
    assert await as_("").ask(VIEWER) == {"viewer": None}
    for document in (
        "{ countries { code } }",
        '{ node(id: "aut_0") { id } }',
        "{ requests(list: SENT) { totalCount } }",
    ):
        assert await as_("").refused(document) == Refused("UNAUTHENTICATED", "UNAUTHENTICATED")
    found = await as_("").cannot("sendRequest", id="req_0")
    assert found == Refused("UNAUTHENTICATED", "UNAUTHENTICATED")


@pytest.mark.parametrize("path", ["/files/fil_0", "/files"])
async def test_nobody_reads_or_writes_files(running: Running, http: httpx.AsyncClient, path: str) -> None:
    method = "POST" if path == "/files" else "GET"
    response = await http.request(method, f"{running.url}{path}")
    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_token_signed_by_somebody_else_is_refused(as_: As, running: Running) -> None:
    forged = a_token(running, OKPKey.generate_key("Ed25519"))
    assert await refused(as_(""), forged) == Refused("UNAUTHENTICATED", "TOKEN_INVALID")


async def test_a_token_that_was_changed_is_refused(as_: As, running: Running) -> None:
    header, claims, signature = a_token(running).split(".")
    other = {**json.loads(base64.urlsafe_b64decode(claims + "==")), "sub": "commission"}
    assert await refused(as_(""), f"{header}.{encoded(other)}.{signature}") == Refused(
        "UNAUTHENTICATED", "TOKEN_INVALID"
    )


async def test_an_unsigned_token_is_refused(as_: As, running: Running) -> None:
    for algorithm in ("none", "None", "NONE"):
        unsigned = by_hand(a_token(running), {"alg": algorithm, "typ": "JWT"}, None)
        assert await refused(as_(""), unsigned) == Refused("UNAUTHENTICATED", "TOKEN_INVALID")


async def test_the_public_key_is_no_secret_to_sign_with(as_: As, running: Running) -> None:
    public = KeyRing(running.data / "keys").public(bearers.DEVELOPMENT)
    assert public is not None
    file = running.data / "keys" / f"{bearers.DEVELOPMENT}.public.jwk"
    for secret in (public.as_pem(private=False), public.as_bytes(), file.read_bytes(), b""):
        signed = by_hand(a_token(running), {"alg": "HS256", "typ": "JWT"}, secret)
        assert await refused(as_(""), signed) == Refused("UNAUTHENTICATED", "TOKEN_INVALID")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "TOKEN_EXPIRED"),
        ({"exp": int(time.time()) - 60}, "TOKEN_EXPIRED"),
        ({"nbf": int(time.time()) + 3600}, "TOKEN_INVALID"),
        ({"iss": "https://elsewhere.example"}, "TOKEN_FOREIGN"),
        ({"aud": "another-system"}, "TOKEN_FOREIGN"),
        ({"aud": []}, "TOKEN_FOREIGN"),
        ({"exp": "never"}, "TOKEN_INVALID"),
        ({"exp": None}, "TOKEN_INVALID"),
        ({"aud": None}, "TOKEN_FOREIGN"),
    ],
)
async def test_a_token_of_another_time_or_for_another_system_is_refused(
    as_: As, running: Running, claims: Data, reason: str
) -> None:
    assert await refused(as_(""), a_token(running, **claims)) == Refused("UNAUTHENTICATED", reason)


@pytest.mark.parametrize("token", ["x", "a.b.c", "....", "é", "eyJhbGciOiJFZDI1NTE5In0.e30.", "x" * 7000])
async def test_what_is_no_token_is_refused(running: Running, http: httpx.AsyncClient, token: str) -> None:
    headers = {b"authorization": f"Bearer {token}".encode("latin-1")}
    response = await http.post(f"{running.url}/graphql", json={"query": VIEWER}, headers=headers)
    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED", "reason": "TOKEN_INVALID"}


async def test_a_websocket_with_a_bad_token_in_its_header_is_closed_with_a_code(as_: As) -> None:
    async with raw_socket(as_("").url, additional_headers={"authorization": "Bearer x"}) as socket:
        await socket.send(type="connection_init")
        assert await socket.closed() == 4403


async def stranger_refused(client: Client, token: str) -> bool:
    """Whether somebody with a good token, whom the directory does not know, gets nothing."""
    stranger = with_token(client, token)
    for document in (VIEWER, "{ countries { code } }", '{ node(id: "aut_0") { id } }', "{ helpdesks { __typename } }"):
        assert await stranger.refused(document) == Refused("UNAUTHENTICATED", "UNKNOWN_USER")
    assert await stranger.cannot("sendRequest", id="req_0") == Refused("UNAUTHENTICATED", "UNKNOWN_USER")
    file = await client.http.get(f"{client.url}/files/fil_0", headers=stranger.headers)
    assert (file.status_code, file.json()["errors"][0]["extensions"]["reason"]) == (401, "UNKNOWN_USER")
    async with raw_socket(client.url) as socket:
        await socket.send(type="connection_init", payload=stranger.headers)
        return await socket.closed() == 4403


async def test_somebody_the_directory_does_not_know_may_accept_an_invitation_and_do_nothing_else(
    as_: As, running: Running
) -> None:
    token = a_token(running, sub="stranger")
    assert await stranger_refused(as_(""), token)
    unknown = Refused("NOT_FOUND", "INVITATION", "code")
    stranger = with_token(as_(""), token)
    assert await stranger.refused('{ invitation(code: "AAAA") { language } }') == unknown
    applicant = {"name": "Anna", "language": "IT"}
    assert await stranger.cannot("registerByInvitation", code="AAAA", applicant=applicant) == unknown


async def test_an_invitation_is_for_whoever_has_signed_in_and_for_nobody_else(as_: As, running: Running) -> None:
    invitation = '{ invitation(code: "AAAA") { language } }'
    assert (await as_("").refused(invitation)).code == "UNAUTHENTICATED"
    assert (await as_("it-handler").refused(invitation)).reason == "INVITATION"
    applicant = {"name": "Anna", "language": "IT"}
    found = await as_("").cannot("registerByInvitation", code="AAAA", applicant=applicant)
    assert found.code == "UNAUTHENTICATED"


@pytest.mark.parametrize("transport", [WEBSOCKET, SSE])
async def test_a_subscription_ends_with_the_token_it_was_opened_with(as_: As, running: Running, transport: str) -> None:
    expires = int(time.time()) + 2
    token = a_token(running, sub="hu-alerts", exp=expires)
    async with with_token(as_(""), token).listening(transport, "subscription { alertStream { cursor } }") as items:
        assert (await within(items))["data"]["alertStream"]["cursor"]
        (error,) = (await within(items))["errors"]
        assert Refused.of(error) == Refused("UNAUTHENTICATED", "TOKEN_EXPIRED")
        assert time.time() >= expires
        assert [item async for item in items] == []


async def test_a_websocket_does_not_outlive_its_token(as_: As, running: Running) -> None:
    """Whether or not anything is asked on it."""
    expires = time.time() + 1.5 - bearers.LEEWAY_S
    client = with_token(as_(""), a_token(running, exp=expires))
    async with client.socket() as socket:
        assert len((await socket.result("{ areas { code } }"))["data"]["areas"]) == 10
        assert await socket.closed() == 4403
        assert time.time() > expires + bearers.LEEWAY_S
        assert "expired" in (socket.connection.close_reason or "")


async def test_a_person_is_looked_up_again_when_the_directory_says_that_they_changed(data: Path, at: At) -> None:
    roles = "{ viewer { id roles { role } } }"
    async with (
        a_system_of(data, "directory") as running,
        open_documents(DirectorySettings(data_dir=data).documents("directory"), storage.COLLECTIONS) as documents,
        open_events(DirectorySettings(data_dir=data).events) as events,
    ):
        client = at(running, "it-viewer")
        id_ = (await client.ask(roles))["viewer"]["id"]
        kept = await documents.get(storage.USERS, id_)
        assert kept is not None
        state = {**kept.body["state"], "roles": []}  # type: ignore[dict-item]
        await documents.compare_and_set(storage.USERS, Document(id_, {**kept.body, "state": state}, kept.revision))
        remembered = (await client.ask(roles))["viewer"]["roles"]
        assert remembered == [{"role": "VIEWER"}]
        changed = Event(id="1", type="imi.test", source="/imi/directory", subject=id_, time=clock(), data=b"")
        await events.publish(topic("directory"), [changed])

        async def forgotten() -> bool | None:
            return (await client.ask(roles))["viewer"]["roles"] == [] or None

        assert await eventually(forgotten)


async def a_known_person(data: Path, issuer: Issuer, subject: str = "anna") -> None:
    """Somebody in the directory who signs in with *issuer*."""
    user = User(authority_id=doctors("IT"), name="Anna", language="it", signin=signin(issuer.url, subject))
    settings = DirectorySettings(data_dir=data)
    async with (
        open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        await storage.users(documents, Outbox("directory", documents, events, clock)).load([("usr_anna", user, [])])


async def test_people_sign_in_with_a_real_issuer_whose_keys_change(
    data: Path, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_issuer() as issuer:
        await a_known_person(data, issuer)
        async with (
            a_service("directory", data) as directory,
            a_gateway(data, directory_address=directory, oidc_issuer=issuer.url, oidc_audience=IMI) as gateway,
        ):
            client = Client(as_("").http, gateway.url)
            anna = {"viewer": {"name": "Anna"}}
            old = issuer.token("anna", aud=["other", IMI])
            assert await with_token(client, old).ask(VIEWER) == anna
            assert await refused(client, a_token(gateway)) == Refused("UNAUTHENTICATED", "TOKEN_INVALID")
            wrong: list[tuple[Data, str]] = [
                ({"aud": "other"}, "TOKEN_FOREIGN"),
                ({"iss": "https://elsewhere.example"}, "TOKEN_FOREIGN"),
                ({"exp": 1}, "TOKEN_EXPIRED"),
            ]
            for claims, reason in wrong:
                assert await refused(client, issuer.token("anna", **claims)) == Refused("UNAUTHENTICATED", reason)
            assert await stranger_refused(client, issuer.token("stranger"))
            key = issuer.keys[0]
            secret = key.as_pem(private=False)
            confused = by_hand(issuer.token("anna"), {"alg": "HS256", "kid": key.kid}, secret)
            assert (await refused(client, confused)).reason == "TOKEN_INVALID"
            assert issuer.looked_at == 1, "a forged token made the gateway ask for keys again"
            monkeypatch.setattr(bearers, "LOOK_AGAIN_S", 0.0)
            issuer.new_key("OKP")
            assert await with_token(client, issuer.token("anna")).ask(VIEWER) == anna
            assert await refused(client, old) == Refused("UNAUTHENTICATED", "TOKEN_INVALID")


@pytest.mark.parametrize("fault", ["away", "another"])
async def test_without_its_issuer_the_gateway_says_so(data: Path, as_: As, fault: str) -> None:
    async with an_issuer() as issuer:
        token = issuer.token("anna")
        if fault == "another":
            issuer.names_itself = "https://elsewhere.example"
            async with a_gateway(data, oidc_issuer=issuer.url, oidc_audience=IMI) as gateway:
                response = await Client(as_("").http, gateway.url, token).post(VIEWER)
    if fault == "away":
        async with a_gateway(data, oidc_issuer=issuer.url, oidc_audience=IMI) as gateway:
            response = await Client(as_("").http, gateway.url, token).post(VIEWER)
    assert response.status_code == 503
    (error,) = response.json()["errors"]
    assert Refused.of(error) == Refused("UNAVAILABLE", "ISSUER_UNAVAILABLE")
    assert issuer.url not in response.text


def issue(data: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """What the command that issues development tokens does."""
    environment = {**os.environ, "DATA_DIR": str(data), **settings}
    command = [sys.executable, "-m", "gateway.issue_token", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


async def test_a_command_prints_one_token_and_nothing_else(running: Running, as_: As) -> None:
    done = await asyncio.to_thread(issue, running.data, "it-handler")
    assert (done.returncode, done.stderr) == (0, "")
    (token,) = done.stdout.splitlines()
    assert await with_token(as_(""), token).ask(VIEWER) == ITALY


def test_with_a_real_issuer_no_development_token_is_made(tmp_path: Path) -> None:
    done = issue(tmp_path, "it-handler", OIDC_ISSUER="https://sign-in.example", OIDC_AUDIENCE=IMI)
    assert (done.returncode, done.stdout) == (1, "")
    assert "https://sign-in.example" in done.stderr
    assert list(tmp_path.iterdir()) == []
