"""Reports over HTTP."""

import hashlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.gateway.clients import Client, Refused, refusal
from tests.gateway.exchanges import a_request
from tests.requests.test_report import printed

As = Callable[[str], Client]


async def report(client: Client, id_: str, **params: Any) -> httpx.Response:
    return await client.http.get(f"{client.url}/requests/{id_}/report", params=params, headers=client.headers)


async def test_a_report_is_an_attachment_in_the_language_that_is_asked_for(as_: As) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    id_ = await a_request(italy, hungary, "ANSWERED")
    number = (await italy.ask("query ($id: ID!) { request(id: $id) { number } }", id=id_))["request"]["number"]
    response = await report(italy, id_, language="bg", personalData="true")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == f'attachment; filename="{number}-bg.pdf"'
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["etag"] == f'"{hashlib.sha256(response.content).hexdigest()}"'
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    text = printed(response.content)
    assert f"Справка за запитване {number}" in text
    assert "Mintás" in text


@pytest.mark.parametrize("asked", [{}, {"personalData": "false"}])
async def test_personal_data_is_in_it_only_when_asked_for(as_: As, asked: dict[str, str]) -> None:
    italy = as_("it-handler")
    id_ = await a_request(italy, as_("hu-handler"), "SENT")
    text = printed((await report(italy, id_, language="en", **asked)).content)
    assert "This report contains no personal data." in text
    assert "Mintás" not in text


async def test_translations_are_asked_for_and_where_there_are_none_the_originals_stand_alone(as_: As) -> None:
    italy = as_("it-handler")
    id_ = await a_request(italy, as_("hu-handler"), "SENT")
    asked = {"language": "hu", "personalData": "true"}
    response = await report(italy, id_, **asked, translations="true")
    assert response.status_code == 200
    assert response.content == (await report(italy, id_, **asked)).content


async def test_who_may_not_know_of_a_request_gets_no_report_on_it(as_: As) -> None:
    id_ = await a_request(as_("it-handler"), as_("hu-handler"), "ANSWERED")
    for name in ("fr-alerts", "it-alerts"):
        response = await report(as_(name), id_, language="en")
        assert (response.status_code, refusal(response)) == (404, Refused("NOT_FOUND", "NOT_FOUND", "id"))
    response = await as_("it-handler").http.get(f"{as_('it-handler').url}/requests/{id_}/report")
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("params", "refused"),
    [
        ({}, Refused("INVALID", "UNKNOWN_LANGUAGE", "language")),
        ({"language": "tlh"}, Refused("INVALID", "UNKNOWN_LANGUAGE", "language")),
        ({"language": "en", "personalData": "yes"}, Refused("INVALID", "UNKNOWN_VALUE", "personalData")),
        ({"language": "en", "translations": "1"}, Refused("INVALID", "UNKNOWN_VALUE", "translations")),
    ],
)
async def test_what_makes_no_sense_is_refused(as_: As, params: dict[str, str], refused: Refused) -> None:
    id_ = await a_request(as_("it-handler"), as_("hu-handler"))
    response = await report(as_("it-handler"), id_, **params)
    assert (response.status_code, refusal(response)) == (400, refused)


@pytest.mark.parametrize("id_", ["req_nobody", "..%2F..%2Fkeys", "%00", "x" * 2000])
async def test_a_request_that_is_not_there_is_not_found(as_: As, id_: str) -> None:
    assert (await report(as_("it-handler"), id_, language="en")).status_code == 404
