"""From outside: what was done with an alert is verified by those whom it reached, without asking the system."""

import json
import sys
from asyncio import create_subprocess_exec, subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from chassis.keys import KeyRing
from deploy.embedded import system
from gateway.tokens import DevelopmentTokens
from imi_client.receipts import Receipt, verify
from services.directory.training.authorities import national_id
from tests.chassis.waiting import until
from tests.gateway.clients import Client
from tests.gateway.exchanges import alert_values, an_alert, text

CLIENTS = Path(__file__).parents[2] / "clients" / "python"
FRENCH_ELECTRICIANS = national_id("FR", "services", "electrician")


async def verifier(folder: Path, *files: str) -> tuple[int, str]:
    """What the recipient's command says of files in *folder*, which is all that it has: its exit code and its output."""
    process = await create_subprocess_exec(
        sys.executable,
        *("-m", "imi_client.receipts", "verify", *files, "--keys", "keys.json"),
        cwd=folder,
        env={"PYTHONPATH": str(CLIENTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def downloaded(client: Client, id_: str, file: Path) -> Receipt:
    keys = await client.http.get(f"{client.url}/receipts/keys", headers=client.headers)
    receipt = await client.http.get(f"{client.url}/alerts/{id_}/receipt?content=true", headers=client.headers)
    file.with_name("keys.json").write_bytes(keys.content)
    file.write_bytes(receipt.content)
    return verify(receipt.content, keys.content)


async def until_recorded(client: Client, id_: str, length: int) -> None:
    async def recorded() -> bool:
        found = await client.ask("query ($id: ID!) { alertReceipt(id: $id) { length } }", id=id_)
        return bool(found["alertReceipt"]) and found["alertReceipt"]["length"] >= length

    await until(recorded)


async def test_recipients_in_two_countries_verify_offline_what_was_done_and_find_every_change(
    data: Path, tmp_path: Path
) -> None:
    """Broadcast, acknowledged, passed on, corrected, withdrawn: each step, whom it reached and what was said (rows 33, 36, 58)."""
    hungarian, french = tmp_path / "hu", tmp_path / "fr"
    hungarian.mkdir()
    french.mkdir()
    async with system(data, port=0) as url, httpx.AsyncClient(timeout=60) as http:
        tokens = DevelopmentTokens(KeyRing(data / "keys"))

        def as_(user: str) -> Client:
            return Client(http, url, tokens.issue(user))

        italy, france = as_("it-coordinator"), as_("fr-coordinator")
        id_ = await an_alert(as_("it-alerts"), italy, "HU", "FR")
        await france.do("acknowledgeAlert", "alert { id }", id=id_)
        await france.do("disseminateAlert", "alert { id }", id=id_, authorityIds=[FRENCH_ELECTRICIANS])
        await until_recorded(france, id_, 4)
        early = await downloaded(france, id_, french / "early.json")
        values = alert_values(facts={"text": text("Verificato: il pericolo è minore")})
        await italy.do("correctAlert", "alert { id }", id=id_, values=values)
        await italy.do("withdrawAlert", "alert { id }", id=id_, reason=text("Segnalazione infondata"))
        await until_recorded(france, id_, 6)
        late = await downloaded(france, id_, french / "late.json")
        theirs = await downloaded(as_("hu-alerts"), id_, hungarian / "receipt.json")

    # The system is gone; what was given out is enough.
    code, said = await verifier(french, "late.json", "--earlier", "early.json")
    assert code == 0, said
    for expected in (
        "6 entries",
        "BROADCAST",
        "ACKNOWLEDGE",
        "DISSEMINATE",
        "CORRECT",
        "WITHDRAW",
        FRENCH_ELECTRICIANS,
    ):
        assert expected in said
    assert [step.what for step in early.steps] == ["BROADCAST", "ACKNOWLEDGE", "DISSEMINATE"]
    assert [step.what for step in late.steps] == ["BROADCAST", "ACKNOWLEDGE", "DISSEMINATE", "CORRECT", "WITHDRAW"]
    broadcast, acknowledged, _, corrected, withdrawn = late.steps
    assert (acknowledged.country, acknowledged.at > broadcast.at) == ("FR", True)
    assert broadcast.content != corrected.content == withdrawn.content
    assert ("facts", "text", ("Verificato: il pericolo è minore", "it", "PERSONAL")) in late.values

    # Hungary was told of the same chain, and not whom France told.
    assert (await verifier(hungarian, "receipt.json"))[0] == 0
    assert theirs.links == late.links
    assert [step.what for step in theirs.steps] == ["BROADCAST", "ACKNOWLEDGE", "CORRECT", "WITHDRAW"]
    assert {one.country for step in theirs.steps for one in step.deliveries} == {"HU"}
    assert FRENCH_ELECTRICIANS not in (hungarian / "receipt.json").read_text(encoding="utf-8")

    # Whatever is changed, by whomever, is found.
    document: dict[str, Any] = json.loads((french / "late.json").read_bytes())
    changes: dict[str, Callable[[Any], Any]] = {
        "a step that was another": lambda it: it["entries"][1].update(what="SUBMIT"),
        "a delivery to somebody else": lambda it: it["entries"][1]["deliveries"][0].update(authority="aut_x"),
        "a step that is missing": lambda it: it["entries"].pop(),
        "another content": lambda it: it["content"]["values"][0]["parts"].__setitem__(0, "x"),
        "another time of signing": lambda it: it["head"].update(signedAt="2026-01-01T00:00:00.000000Z"),
    }
    for name, change in changes.items():
        changed = json.loads(json.dumps(document))
        change(changed)
        (french / "changed.json").write_text(json.dumps(changed), encoding="utf-8")
        code, said = await verifier(french, "changed.json")
        assert code == 1, name
        assert "does not hold" in said, name
    code, said = await verifier(french, "early.json", "--earlier", "late.json")
    assert code == 1, said


async def test_who_drafts_an_alert_learns_of_another_about_the_same_provider_and_nobody_else_does(data: Path) -> None:
    """Found by keyed hashes, in another script and spelling; who may not know of the other alert learns nothing (row 62)."""
    async with system(data, port=0) as url, httpx.AsyncClient(timeout=60) as http:
        tokens = DevelopmentTokens(KeyRing(data / "keys"))

        def as_(user: str) -> Client:
            return Client(http, url, tokens.issue(user))

        def about(name: str) -> list[dict[str, Any]]:
            return alert_values(provider={"text": text(name)}, establishment={"references": ["BG"]})

        related = "query ($id: ID!) { alert(id: $id) { related { id number type { code } status country { code } } } }"

        async def told(who: Client, id_: str) -> list[Any]:
            found: list[Any] = (await who.ask(related, id=id_))["alert"]["related"]
            return found

        italy, france = as_("it-alerts"), as_("fr-alerts")
        first = await italy.do(
            "createAlert", "alert { id number }", typeId="services:1", values=about("Николай Строй ЕООД")
        )
        await italy.do("submitAlert", "alert { id }", id=first["id"])
        await as_("it-coordinator").do("broadcastAlert", "alert { id }", id=first["id"], countries=["HU", "FR"])
        latin = about("NIKOLAY STROY EOOD")
        own = await italy.do("createAlert", "alert { id }", typeId="services:1", values=latin)
        theirs = await france.do("createAlert", "alert { id }", typeId="services:1", values=latin)

        async def found() -> bool:
            return await told(italy, own["id"]) != []

        await until(found)
        (one,) = await told(italy, own["id"])
        assert (one["id"], one["number"], one["type"]["code"]) == (first["id"], first["number"], "services")
        assert (one["status"], one["country"]["code"]) == ("BROADCAST", "IT")
        # The French authority was not told of the Italian alert; its coordinator was.
        assert await told(france, theirs["id"]) == []
        coordinator = as_("fr-coordinator")
        await france.do("submitAlert", "alert { id }", id=theirs["id"])
        assert [each["id"] for each in await told(coordinator, theirs["id"])] == [first["id"]]
        await coordinator.do("acknowledgeAlert", "alert { id }", id=first["id"])
        await coordinator.do("disseminateAlert", "alert { id }", id=first["id"], authorityIds=[FRENCH_ELECTRICIANS])
        assert [each["id"] for each in await told(france, theirs["id"])] == [first["id"]]
