"""Drafts of requests in over HTTP, line by line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import imports
from tests.builders import doctors
from tests.gateway.clients import Client, Refused, key, lines, refusal
from tests.gateway.running import Running, a_gateway, a_service

As = Callable[[str], Client]
At = Callable[[Running, str], Client]


def a_line(name: str = "", **changed: Any) -> str:
    draft = {
        "questionSetId": "professional-qualifications:1",
        "responderId": doctors("HU"),
        "justification": {"text": "Verifica del titolo", "language": "it"},
        "questions": [{"code": "PQ1"}],
    }
    return json.dumps({"key": name or key(), "draft": {**draft, **changed}}) + "\n"


async def sent(client: Client, content: Any, **asked: str) -> httpx.Response:
    return await client.http.post(
        f"{client.url}/requests/import", params=asked, content=content, headers=client.headers
    )


async def test_each_line_is_answered_with_a_line_and_the_last_line_sums_up(as_: As) -> None:
    italy = as_("it-handler")
    good, bad = key(), key()
    file = a_line(good) + a_line(bad, questions=[{"code": "PQ1"}, {"code": 7}])
    first, second, summary = lines(await sent(italy, file, dryRun="true"))
    id_, number = first.pop("requestId"), first.pop("number")
    assert first == {"line": 1, "key": good, "outcome": "CREATED"}
    assert second == {
        "line": 2,
        "key": bad,
        "outcome": "REFUSED",
        "error": {
            "message": "this takes a text",
            "extensions": {"code": "INVALID", "reason": "WRONG_TYPE", "field": "draft.questions[1].code"},
        },
    }
    counts = {"lines": 2, "created": 1, "unchanged": 0, "refused": 1}
    assert summary == {"summary": {**counts, "dryRun": True}}
    document = "query ($id: ID!) { request(id: $id) { number status responder { id } } }"
    assert (await italy.ask(document, id=id_))["request"] is None
    *_, summary = lines(await sent(italy, file))
    assert summary == {"summary": {**counts, "dryRun": False}}
    made = (await italy.ask(document, id=id_))["request"]
    assert made == {"number": number, "status": "DRAFT", "responder": {"id": doctors("HU")}}
    first, _, summary = lines(await sent(italy, file))
    assert (first["outcome"], first["requestId"], summary["summary"]["unchanged"]) == ("UNCHANGED", id_, 1)


async def test_a_text_that_gives_the_subject_away_is_warned_of(as_: As) -> None:
    subject = {"person": {"givenName": "Eszter", "familyName": "Mintás"}}
    line = a_line(subject=subject, justification={"text": "Mintás, medico", "language": "it"})
    first, _ = lines(await sent(as_("it-handler"), line, dryRun="true"))
    assert first["warnings"] == ["draft.justification"]


async def test_what_is_asked_for_wrongly_is_refused_before_the_first_line(as_: As) -> None:
    response = await sent(as_("it-handler"), a_line(), dryRun="yes")
    assert (response.status_code, refusal(response)) == (400, Refused("INVALID", "UNKNOWN_VALUE", "dryRun"))
    response = await sent(as_("it-alerts"), a_line())
    assert (response.status_code, refusal(response)) == (403, Refused("FORBIDDEN", "FORBIDDEN"))
    response = await sent(as_(""), a_line())
    assert (response.status_code, refusal(response).code) == (401, "UNAUTHENTICATED")


async def test_a_file_that_is_too_large_is_refused(as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BODY_LIMIT_BYTES", 1_000)
    response = await sent(as_("it-handler"), b" " * 1_001)
    assert (response.status_code, refusal(response)) == (400, Refused("INVALID", "FILE_TOO_LARGE", "file"))


async def test_an_empty_file_holds_no_drafts(as_: As) -> None:
    assert lines(await sent(as_("it-handler"), b"")) == [
        {"summary": {"lines": 0, "created": 0, "unchanged": 0, "refused": 0, "dryRun": False}}
    ]


async def test_a_service_that_is_away_is_said_to_be_away(data: Path, at: At) -> None:
    async with a_service("directory", data) as directory, a_gateway(data, directory_address=directory) as gateway:
        response = await sent(at(gateway, "it-handler"), a_line())
        assert (response.status_code, refusal(response).code) == (503, "UNAVAILABLE")
