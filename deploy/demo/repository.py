"""The repository: Hungary publishes a register, Italy finds it in Italian."""

import asyncio
import time

from deploy.demo.client import TIMEOUT_S, Data, NotAsExpected, User, expect, key
from deploy.demo.stage import Stage

FIND = """
query ($text: String!) {
  repositoryEntries(repository: "registers", text: $text, language: IT, filter: { countries: ["HU"] }) {
    edges { node { id published { number values { field { code label } value {
      choices { label } concepts { label } languages link text { original } } } } } }
  }
}
"""


async def play(stage: Stage, hungary: User, italy: User) -> None:
    """Drafted and published in Hungary, found in Italy."""
    stage.act("A register is published in Hungary and found in Italy")
    who = (await hungary.ask("{ viewer { authority { id } } }"))["viewer"]["authority"]["id"]
    name = f"Orvosok országos nyilvántartása {key()[:4]}"
    values = [
        {"code": "name", "value": {"text": {"text": name, "language": "HU", "dataClass": "PUBLIC"}}},
        {"code": "url", "value": {"link": "https://nyilvantartas.example/orvosok"}},
        {"code": "area", "value": {"references": ["professional-qualifications"]}},
        {"code": "holder", "value": {"references": [who]}},
        {"code": "subjects", "value": {"references": ["doctor"]}},
        {"code": "content", "value": {"codes": ["PERSONS", "SANCTIONS"]}},
        {"code": "languages", "value": {"references": ["hu", "en"]}},
        {"code": "public", "value": {"codes": ["YES"]}},
    ]
    created = await hungary.ask(
        "mutation ($input: CreateEntryInput!) { createEntry(input: $input) { entry { id revision } } }",
        input={"idempotencyKey": key(), "repository": "registers", "values": values},
    )
    id_, revision = (created["createEntry"]["entry"][name] for name in ("id", "revision"))
    published = await hungary.ask(
        "mutation ($input: PublishEntryInput!) { publishEntry(input: $input) { entry { status } } }",
        input={"idempotencyKey": key(), "id": id_, "revision": revision},
    )
    expect(published["publishEntry"]["entry"]["status"] == "PUBLISHED", "the entry is PUBLISHED")
    stage.say("HU", "közzétéve", [name])
    found = await _found(italy, id_)
    rows = [(one["field"]["label"], _shown(one["value"])) for one in found["published"]["values"]]
    stage.table("IT", "cerca «medico»", [row for row in rows if row[1]])


async def _found(italy: User, id_: str) -> Data:
    """The entry as Italy finds it; the index follows the store within moments."""
    until = time.monotonic() + TIMEOUT_S
    while time.monotonic() < until:
        page = (await italy.ask(FIND, text="medico"))["repositoryEntries"]
        for edge in page["edges"]:
            if edge["node"]["id"] == id_:
                node: Data = edge["node"]
                return node
        await asyncio.sleep(0.2)
    raise NotAsExpected("Italy finds the published entry by an Italian word")


def _shown(value: Data) -> str:
    labels = [one["label"] for one in (value["choices"] or value["concepts"] or ())]
    text = (value["text"] or {}).get("original", "")
    return ", ".join(labels or value["languages"] or ()) or value["link"] or text
