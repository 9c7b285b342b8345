"""From outside: who has read what is written down, is told to those who answer for it, and nobody can change it unnoticed."""

from pathlib import Path

import httpx
import pytest

from chassis.audit.command import commands
from chassis.audit.segments import AUDIT
from chassis.keys import KeyRing
from chassis.settings import ServiceSettings
from deploy.embedded import system
from engines.documents import Document, open_documents, pages
from gateway.tokens import DevelopmentTokens
from tests.builders import doctors
from tests.gateway.clients import TIMEOUT_S, Client, Data
from tests.gateway.exchanges import a_request

READS = """query ($id: ID, $person: ID) { auditOfReads(block: REQUESTS, id: $id, person: $person, first: 100) { edges { node {
  userId user { name } authority { id } country { code } operation refused things { kind id parts } } } } }"""
READ = "query ($id: ID!) { request(id: $id) { id status } }"
HEAD = "{ auditHead(block: REQUESTS) { length hash segment key signature } }"


async def reads(client: Client, id_: str) -> list[Data]:
    found = await client.ask(READS, id=id_)
    return [edge["node"] for edge in found["auditOfReads"]["edges"]]


async def test_every_read_of_a_request_is_in_an_audit_that_nobody_can_change(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An append-only audit of reads: who, what, how much; the other side by its authority; a deleted row is found (row 54)."""
    tokens = DevelopmentTokens(KeyRing(data / "keys"))
    async with system(data, port=0) as url, httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        italy, hungary, stranger, officer = (
            Client(http, url, tokens.issue(user)) for user in ("it-handler", "hu-handler", "hu-nurses", "it-admin")
        )
        id_ = await a_request(italy, hungary, "ACCEPTED")
        assert (await hungary.ask(READ, id=id_))["request"] == {"id": id_, "status": "ACCEPTED"}
        assert (await stranger.ask(READ, id=id_))["request"] is None
        assert (await italy.refused(READS, id=id_)).code == "FORBIDDEN"
        found = await reads(officer, id_)
        own = [one for one in found if one["authority"]["id"] == doctors("IT")]
        others = [one for one in found if one not in own]
        assert {one["user"]["name"] for one in own} == {"Request handler, Italy"}
        assert {(one["userId"], one["user"], one["country"]["code"]) for one in others} == {(None, None, "HU")}
        said = {(one["authority"]["id"], part) for one in others for thing in one["things"] for part in thing["parts"]}
        assert (doctors("HU"), "PERSONAL_DATA") in said
        assert {part for authority, part in said if authority != doctors("HU")} == {"WITHHELD"}
        assert all(thing["id"] == id_ for one in others for thing in one["things"])
        head = (await officer.ask(HEAD))["auditHead"]
        assert head["length"] >= len(found)
    settings = ServiceSettings(data_dir=data)
    await commands("requests")["audit verify"](settings)
    assert "the audit of requests holds" in capsys.readouterr().out
    await _forget_who(settings, id_)
    with pytest.raises(SystemExit) as ended:
        await commands("requests")["audit verify"](settings)
    assert ended.value.code == 1


async def _forget_who(settings: ServiceSettings, id_: str) -> None:
    """Delete the last row about a request, as somebody does who can write into the store."""
    async with open_documents(settings.documents("requests"), [AUDIT]) as documents:
        found = [one async for page in pages(documents, AUDIT, {"things": id_}, size=100) for one in page]
        body = dict(found[-1].body)
        rows = body["rows"]
        assert isinstance(rows, list)
        last = max(place for place, row in enumerate(rows) if id_ in str(row))
        body["rows"] = [row for place, row in enumerate(rows) if place != last]
        await documents.compare_and_set(AUDIT, Document(found[-1].id, body, found[-1].revision))
