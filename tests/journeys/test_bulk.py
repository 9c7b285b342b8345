"""A National IMI Coordinator keeps the authorities of its country in a spreadsheet; others find them; nothing is lost on the way."""

import asyncio
import csv
import io
import json
import signal
from pathlib import Path
from typing import Any

import httpx

from chassis.keys import KeyRing
from deploy.embedded import system
from gateway.tokens import DevelopmentTokens
from tests.gateway.clients import TIMEOUT_S, Client, eventually
from tests.journeys.processes import a_process, until_ready
from tests.ports import a_free_port

EXAMPLE = Path(__file__).parents[2] / "docs/examples/authorities.csv"
SEARCH = """query ($text: String!) {
  searchAuthorities(text: $text, language: IT, filter: {countries: ["DE"]}, first: 20) { edges { node { id name } } }
}"""
MANY = 400


async def sent(client: Client, content: bytes, **asked: str) -> list[dict[str, Any]]:
    """The lines with which an import is answered."""
    response = await client.http.post(
        f"{client.url}/directory/import", params={"format": "csv", **asked}, content=content, headers=client.headers
    )
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


async def test_what_a_coordinator_sends_is_found_abroad_and_what_it_takes_it_can_change_and_send_back(
    data: Path,
) -> None:
    tokens = DevelopmentTokens(KeyRing(data / "keys"))
    async with system(data, port=0) as url, httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        germany, italy = (Client(http, url, tokens.issue(user)) for user in ("de-nimic", "it-handler"))

        async def found(text: str) -> list[str]:
            answer = await italy.ask(SEARCH, text=text)
            return [edge["node"]["id"] for edge in answer["searchAuthorities"]["edges"]]

        async def appears(text: str, id_: str) -> bool | None:
            return id_ in await found(text) or None

        foreseen = await sent(germany, EXAMPLE.read_bytes(), dryRun="true")
        assert foreseen[-1]["summary"]["created"] == foreseen[-1]["summary"]["rows"] == 3
        physicians = foreseen[1]["authorityId"]
        assert physicians not in await found("Ärztekammer Bayern")
        done = await sent(germany, EXAMPLE.read_bytes())
        assert done[:-1] == foreseen[:-1]
        await eventually(lambda: appears("Ärztekammer Bayern", physicians))

        export = await http.get(f"{url}/directory/export?format=csv", headers=germany.headers)
        table = list(csv.reader(io.StringIO(export.text.removeprefix("\ufeff")), delimiter=";"))
        names, rows = table[0], table[1:]
        (row,) = (row for row in rows if row[0] == "BY-0001")
        row[names.index("town")] = "Nürnberg"
        row[names.index("informal_name.it")] = "Lanternofaro"
        written = io.StringIO()
        csv.writer(written, delimiter=";").writerows(table)
        back = await sent(germany, written.getvalue().encode())
        changed = [line for line in back if line.get("outcome") == "CHANGED"]
        assert [(line["externalId"], line["changed"]) for line in changed] == [
            ("BY-0001", ["town", "informal_name.it"])
        ]
        counts = back[-1]["summary"]
        assert (counts["changed"], counts["unchanged"]) == (1, counts["rows"] - 1)
        await eventually(lambda: appears("lanternofaro", physicians))


async def test_an_import_that_is_killed_with_the_system_goes_on_when_it_is_sent_again(
    data: Path, tmp_path: Path
) -> None:
    port = str(a_free_port())
    url = f"http://127.0.0.1:{port}"
    settings = {"DATA_DIR": str(data), "GATEWAY_PORT": port}
    columns = "external_id,level,languages,official_name.de,modules.services/requests\n"
    file = (
        columns + "".join(f"Z{number},LOCAL,de,Amt {number},CA REQUEST_PARTNER\n" for number in range(MANY))
    ).encode()
    async with httpx.AsyncClient(timeout=120) as http:
        germany = Client(http, url, DevelopmentTokens(KeyRing(data / "keys")).issue("de-nimic"))
        seen = 0
        async with a_process("deploy.embedded", tmp_path / "first", **settings) as killed:
            await until_ready(http, url, killed)
            address = f"{url}/directory/import?format=csv"
            try:
                async with http.stream("POST", address, content=file, headers=germany.headers) as response:
                    async for line in response.aiter_lines():
                        assert json.loads(line).get("outcome", "CREATED") == "CREATED"
                        seen += 1
                        if seen == MANY // 4:
                            await killed.stopped(signal.SIGKILL)
            except httpx.TransportError:
                await asyncio.sleep(0)
        assert MANY // 4 <= seen < MANY
        async with a_process("deploy.embedded", tmp_path / "second", **settings) as system_again:
            await until_ready(http, url, system_again)
            *rows, summary = await sent(germany, file)
            counts = summary["summary"]
            assert counts["created"] + counts["unchanged"] == MANY
            assert counts["unchanged"] >= MANY // 4
            assert [row["row"] for row in rows if "row" in row] == list(range(1, MANY + 1))
            *_, summary = await sent(germany, file)
            assert summary["summary"]["unchanged"] == MANY
            export = await http.get(f"{url}/directory/export?format=jsonl", headers=germany.headers)
            keys = [json.loads(line)["external_id"] for line in export.text.splitlines()]
            assert (
                len([one for one in keys if one.startswith("Z")])
                == len(set(keys) & {f"Z{n}" for n in range(MANY)})
                == MANY
            )
