"""What can be downloaded of an alert, and what it is verified with, over HTTP; related alerts through GraphQL."""

import hashlib
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from imi_client.receipts import Receipt, verify
from tests.alerts.cap_rules import SPACE, faults
from tests.gateway.clients import Client, Refused, eventually, refusal
from tests.gateway.exchanges import a_submitted_alert, alert_values, an_alert, text

As = Callable[[str], Client]
HEAD = "query ($id: ID!) { alertReceipt(id: $id) { length hash recordedAt path } alert(id: $id) { number receipt { hash } } }"


async def get(client: Client, path: str, **params: Any) -> httpx.Response:
    return await client.http.get(f"{client.url}{path}", params=params, headers=client.headers)


async def until_recorded(client: Client, id_: str, length: int) -> dict[str, Any]:
    """What GraphQL says of the receipt, once it has so many entries."""

    async def look() -> dict[str, Any] | None:
        found: dict[str, Any] = await client.ask(HEAD, id=id_)
        head = found["alertReceipt"]
        return found if head and head["length"] >= length else None

    found = await eventually(look)
    assert found is not None
    return found


async def verified(client: Client, response: httpx.Response) -> Receipt:
    return verify(response.content, (await get(client, "/receipts/keys")).content)


async def test_a_receipt_is_an_attachment_that_holds(as_: As) -> None:
    hungary = as_("hu-alerts")
    id_ = await an_alert(as_("it-alerts"), as_("it-coordinator"))
    said = await until_recorded(hungary, id_, 2)
    response = await get(hungary, said["alertReceipt"]["path"])
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    number = said["alert"]["number"]
    assert response.headers["content-disposition"] == f'attachment; filename="{number}-receipt.json"'
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["etag"] == f'"{hashlib.sha256(response.content).hexdigest()}"'
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    found = await verified(hungary, response)
    assert (found.number, found.links[-1], found.values) == (number, said["alertReceipt"]["hash"], ())
    assert said["alert"]["receipt"] == {"hash": found.links[-1]}
    assert [step.what for step in found.steps] == ["BROADCAST"]
    assert b"Ponteggio" not in response.content
    whole = await get(hungary, said["alertReceipt"]["path"], content="true")
    parts = {field: parts for field, _, parts in (await verified(hungary, whole)).values}
    assert parts["subject"] == ("Ponteggio senza parapetti", "it", "PERSONAL")


async def test_the_keys_are_a_key_set_for_everybody_who_is_signed_in(as_: As) -> None:
    response = await get(as_("hu-handler"), "/receipts/keys")
    assert response.headers["content-type"] == "application/jwk-set+json"
    (key,) = response.json()["keys"]
    assert (key["kty"], key["crv"], key["use"]) == ("OKP", "Ed25519", "sig")
    assert "d" not in key
    listed = await as_("hu-handler").ask("{ receiptKeys { id jwk } }")
    assert [(one["id"], json.loads(one["jwk"])) for one in listed["receiptKeys"]] == [(key["kid"], key)]
    client = as_("")
    assert (await client.http.get(f"{client.url}/receipts/keys")).status_code == 401


async def test_a_message_is_an_attachment_in_the_languages_that_are_asked_for(as_: As) -> None:
    hungary = as_("hu-alerts")
    id_ = await an_alert(as_("it-alerts"), as_("it-coordinator"))
    number = (await hungary.ask("query ($id: ID!) { alert(id: $id) { number } }", id=id_))["alert"]["number"]
    response = await get(hungary, f"/alerts/{id_}/cap", language=["de", "fr"], personalData="true")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/cap+xml"
    assert response.headers["content-disposition"] == f'attachment; filename="{number}.1.xml"'
    assert response.headers["x-content-type-options"] == "nosniff"
    assert faults(response.content) == []
    root = ET.fromstring(response.content)
    assert [one.text for one in root.findall(f"{SPACE}info/{SPACE}language")] == ["de", "fr"]
    assert root.findtext(f"{SPACE}status") == "Exercise"  # it is a training system
    assert "Verificato in un'ispezione" in (root.findtext(f"{SPACE}info/{SPACE}description") or "")
    assert "Bau" in (root.findtext(f"{SPACE}info/{SPACE}description") or "")
    own = ET.fromstring((await get(hungary, f"/alerts/{id_}/cap")).content)
    assert own.findtext(f"{SPACE}info/{SPACE}language") == "hu"
    assert "Verificato" not in (own.findtext(f"{SPACE}info/{SPACE}description") or "")


async def test_of_an_alert_that_is_not_for_them_nobody_gets_anything(as_: As) -> None:
    id_ = await an_alert(as_("it-alerts"), as_("it-coordinator"), "HU")
    stranger = as_("fr-coordinator")
    for path in ("receipt", "cap"):
        response = await get(stranger, f"/alerts/{id_}/{path}")
        assert (response.status_code, refusal(response)) == (404, Refused("NOT_FOUND", "NOT_FOUND", "id")), path
        response = await stranger.http.get(f"{stranger.url}/alerts/{id_}/{path}")
        assert response.status_code == 401, path
    assert await stranger.ask(HEAD, id=id_) == {"alertReceipt": None, "alert": None}
    for unknown in ("alt_nobody", "..%2F..%2Fkeys", "%00", "x" * 2000):
        for path in ("receipt", "cap"):
            assert (await get(stranger, f"/alerts/{unknown}/{path}")).status_code == 404, unknown


@pytest.mark.parametrize(
    ("path", "params", "refused"),
    [
        ("receipt", {"content": "yes"}, Refused("INVALID", "UNKNOWN_VALUE", "content")),
        ("cap", {"language": "tlh"}, Refused("INVALID", "UNKNOWN_LANGUAGE", "languages[0]")),
        ("cap", {"language": ["hu", ""]}, Refused("INVALID", "UNKNOWN_LANGUAGE", "languages[1]")),
        ("cap", {"personalData": "1"}, Refused("INVALID", "UNKNOWN_VALUE", "personalData")),
    ],
)
async def test_what_makes_no_sense_is_refused(as_: As, path: str, params: dict[str, Any], refused: Refused) -> None:
    id_ = await an_alert(as_("it-alerts"), as_("it-coordinator"))
    response = await get(as_("it-alerts"), f"/alerts/{id_}/{path}", **params)
    assert (response.status_code, refusal(response)) == (400, refused)


async def test_what_was_not_sent_is_no_message_and_the_commission_is_given_no_content(as_: As) -> None:
    draft = await a_submitted_alert(as_("it-alerts"))
    response = await get(as_("it-alerts"), f"/alerts/{draft}/cap")
    assert (response.status_code, refusal(response)) == (409, Refused("CONFLICT", "NOT_SENT", "id"))
    sent = await an_alert(as_("it-alerts"), as_("it-coordinator"))
    response = await get(as_("commission"), f"/alerts/{sent}/receipt", content="true")
    assert (response.status_code, refusal(response)) == (403, Refused("FORBIDDEN", "FORBIDDEN", "withContent"))


async def test_related_alerts_are_links_of_an_alert_for_whoever_writes_or_approves_it(as_: As) -> None:
    """A draft about a provider whom another alert warns of already, under another spelling of its name."""
    italy, coordinator = as_("it-alerts"), as_("it-coordinator")

    def about(name: str) -> list[dict[str, Any]]:
        return alert_values(provider={"text": text(name)}, establishment={"references": ["RO"]})

    first = await italy.do("createAlert", "alert { id }", typeId="services:1", values=about("Șantier Müller S.R.L."))
    await italy.do("submitAlert", "alert { id }", id=first["id"])
    await coordinator.do("broadcastAlert", "alert { id }", id=first["id"], countries=["HU"])
    second = await italy.do("createAlert", "alert { id }", typeId="services:1", values=about("SANTIER MUELLER SRL"))
    asked = "query ($id: ID!) { alert(id: $id) { related { id number status type { code } country { code } } } }"

    async def related(who: Client, id_: str) -> Any:
        return (await who.ask(asked, id=id_))["alert"]["related"]

    async def told() -> Any:
        return await related(italy, second["id"]) or None

    found = await eventually(told)
    assert [one["id"] for one in found] == [first["id"]]
    assert (found[0]["status"], found[0]["type"], found[0]["country"]) == (
        "BROADCAST",
        {"code": "services"},
        {"code": "IT"},
    )
    assert await related(as_("hu-alerts"), first["id"]) == []
