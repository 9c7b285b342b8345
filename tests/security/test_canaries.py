"""Secrets and personal data are put in everywhere, and looked for wherever they must not come out."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from chassis.keys import KeyRing
from deploy.embedded import system
from gateway.tokens import DevelopmentTokens
from tests.gateway.clients import TIMEOUT_S, WEBSOCKET, Client, key
from tests.gateway.exchanges import PDF, a_draft, a_request, alert_values, an_alert, text
from tests.gateway.running import Running, copy_of, training_data

As = Callable[[str], Client]

# Each stands in a place of its own. No part of the system has a word like these.
NAME, WORDS, REASON, FILE, TITLE, WRONG, GUESS = (f"kanarienvogel-{number}-q7x" for number in range(7))


@pytest.fixture(scope="module")
def said() -> Iterator[list[str]]:
    """Everything that is logged from now on, with whatever goes along."""
    lines: list[str] = []

    def keep(_: Any, __: str, event: Any) -> Any:
        rendered = structlog.processors.format_exc_info(None, "", dict(event))
        lines.append(json.dumps(rendered, default=repr))
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.contextvars.merge_contextvars, keep])
    yield lines
    structlog.reset_defaults()


@pytest.fixture(scope="module")
async def running(said: list[str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    trained = await training_data(tmp_path_factory.getbasetemp() / "trained")
    folder = copy_of(trained, tmp_path_factory.mktemp("canaries") / "data")
    async with system(folder, port=0) as url:
        yield Running(url, folder)
    assert said, "nothing was logged at all"


@pytest.fixture(scope="module")
async def as_(running: Running) -> AsyncIterator[As]:
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        tokens = DevelopmentTokens(KeyRing(running.data / "keys"))
        yield lambda user: Client(http, running.url, tokens.issue(user))


async def exchange(as_: As) -> None:
    """A request and an alert with a canary in each text, and commands that are refused for theirs."""
    italy, hungary = as_("it-handler"), as_("hu-handler")
    uploaded = await italy.http.post(
        f"{italy.url}/files",
        files={"file": (f"{FILE}.pdf", PDF, "application/pdf")},
        headers={**italy.headers, "x-requested-with": "test"},
    )
    assert uploaded.status_code in (200, 201), uploaded.text
    person = {"givenName": NAME, "familyName": NAME, "birthDate": "1988-03-14"}
    request = await a_request(italy, hungary, "SENT", subject={"person": person}, justification=text(WORDS))
    await hungary.do("acceptRequest", "request { id }", id=request)
    await italy.do("withdrawRequest", "request { id }", id=request, reason=text(REASON))
    alert = await an_alert(as_("it-alerts"), as_("it-coordinator"), "HU")
    await as_("it-alerts").do("createAlert", "alert { id }", typeId="services:1", values=alert_values(TITLE))
    async with as_("hu-alerts").listening(
        WEBSOCKET, "subscription { alertStream { entry { alert { id } } cursor } }"
    ) as items:
        await anext(items)
    for command, fields in (
        ("createRequest", {"draft": a_draft(questionSetId=WRONG)}),
        ("createRequest", {"draft": a_draft(responderId=WRONG, subject={"person": {**person, "birthDate": WRONG}})}),
        ("addAlertInformation", {"id": alert, "text": {"text": WRONG, "language": WRONG}}),
        ("withdrawRequest", {"id": request, "reason": text(WRONG)}),
    ):
        kind = command[0].upper() + command[1:]
        document = f"mutation ($input: {kind}Input!) {{ {command}(input: $input) {{ __typename }} }}"
        answer = await italy.answer(document, input={"idempotencyKey": key(), **fields})
        assert answer["errors"]
    for token in (GUESS, f"{GUESS}.{GUESS}.{GUESS}"):
        response = await Client(italy.http, italy.url, token).post("{ viewer { name } }")
        assert response.status_code == 401
        assert GUESS not in response.text


async def test_nothing_secret_or_personal_stands_in_a_log_or_an_answer_that_is_not_its_readers(
    as_: As, running: Running, said: list[str]
) -> None:
    await exchange(as_)
    assert any("/CreateRequest" in line for line in said), "what was done is logged"
    metrics = (await as_("").http.get(f"{running.url}/metrics")).text
    secrets = {path.name: path.read_text().strip() for path in Path(running.data / "keys").rglob("*") if path.is_file()}
    private = [part for content in secrets.values() for part in content.splitlines() if len(part) > 40]
    tokens = [as_(user).token.rpartition(".")[2] for user in ("it-handler", "hu-handler")]
    for place, content in (("logs", "\n".join(said)), ("metrics", metrics)):
        for canary in (NAME, WORDS, REASON, FILE, TITLE, WRONG, GUESS, *private, *tokens, "Bearer "):
            assert canary not in content, f"{canary} stands in the {place}"
        assert str(running.data) not in metrics


async def test_whoever_is_not_told_of_it_learns_nothing_from_an_error(as_: As) -> None:
    italy, hungary, france = as_("it-handler"), as_("hu-handler"), as_("fr-alerts")
    request = await a_request(italy, hungary, "SENT", justification=text(WORDS))
    there = await france.answer("query ($id: ID!) { request(id: $id) { id } }", id=request)
    nowhere = await france.answer("query ($id: ID!) { request(id: $id) { id } }", id=request[:-4] + "0000")
    assert json.dumps(there).replace(request, "") == json.dumps(nowhere).replace(request[:-4] + "0000", "")
