"""What becomes of a request that is over: blocked six months after its end, erased three years after it, in every part."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from tests.gateway.clients import Data, eventually
from tests.gateway.exchanges import PDF, a_request, text
from tests.journeys.test_deadlines import STATUS, Scene, scene, whole

__all__ = ["scene", "whole"]
REQUESTER, RESPONDER = "it-handler", "hu-handler"
SECRET = "SEGRETO-Rossi"
# Half a year has 181 days at least and 184 at most; three years 1,095 or 1,096.
NOT_YET, BLOCKED, STILL, ERASED = (timedelta(days=days) for days in (180, 185, 1_094, 1_097))
READ = """query ($id: ID!) { request(id: $id) {
  status number subject { __typename } justification { original text(language: HU) { translation } }
  answers { question { code } } files { id } history { action reason { original } } } }"""


TEXTS = "request { status view justification { original } answers { question { code } } files { id sha256 } }"
PROOFS = """query ($id: ID!) { request(id: $id) { actions { action possible }
  proofs { ground reason { original } at authority { country { code } } } history { action } } }"""
READS = """query ($id: ID) { auditOfReads(block: REQUESTS, id: $id, first: 100) { edges { node {
  operation things { id parts } } } } }"""


async def read(scene: Scene, who: str, id_: str) -> Data | None:
    found: Data | None = (await scene.stage.as_(who).ask(READ, id=id_))["request"]
    return found


async def closed(scene: Scene) -> tuple[str, str]:
    """A request with an attachment that was answered and closed, and the attachment's id."""
    italy, hungary = scene.stage.as_(REQUESTER), scene.stage.as_(RESPONDER)
    sent = await italy.http.post(
        f"{italy.url}/files", params={"name": f"{SECRET}.pdf"}, content=PDF, headers=italy.headers
    )
    file = str(sent.json()["id"])
    id_ = await a_request(italy, hungary, "ANSWERED", justification=text(f"{SECRET}: verifica"), fileIds=[file])
    await italy.do("closeRequest", STATUS, id=id_)
    return id_, file


async def download(scene: Scene, who: str, file: str) -> int:
    client = scene.stage.as_(who)
    return (await client.http.get(f"{client.url}/files/{file}", headers=client.headers)).status_code


def rows_with(data: Path, *secrets: str) -> list[str]:
    """Where any store of the system has a row with one of *secrets* in it."""
    found = []
    for path in sorted(data.rglob("*.db")):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                rows = (str(row) for row in store.execute(f'SELECT * FROM "{name}"'))
                if any(secret in row for row in rows for secret in secrets):
                    found.append(f"{path.relative_to(data)} {name}")
    return found


async def test_a_request_is_blocked_six_months_after_its_end_and_erased_three_years_after_it(scene: Scene) -> None:
    """Blocked, nobody is shown what it held; erased, no store of any part has it, and its files are gone (rows 50, 51)."""
    id_, file = await closed(scene)

    async def until(who: str, status: str | None) -> Data | None:
        async def is_there() -> bool | None:
            found = await read(scene, who, id_)
            return (found["status"] if found else None) == status or None

        await eventually(is_there)
        return await read(scene, who, id_)

    before = await read(scene, RESPONDER, id_)
    assert before is not None
    scene.clock.ahead = NOT_YET
    assert SECRET in str(await read(scene, RESPONDER, id_))
    scene.clock.ahead = BLOCKED
    for who in (REQUESTER, RESPONDER):
        blocked = await until(who, "BLOCKED")
        assert blocked is not None
        assert SECRET not in str(blocked)
        said = (blocked["number"], blocked["subject"], blocked["answers"], blocked["files"], blocked["justification"])
        assert said == (before["number"], None, [], [], None)
        assert [step["action"] for step in blocked["history"]][-2:] == ["CLOSE", "BLOCK"]
        assert await download(scene, who, file) == 404
    scene.clock.ahead = STILL
    assert (await read(scene, REQUESTER, id_) or {})["status"] == "BLOCKED"
    proof = {"id": id_, "ground": "CONSENT", "reason": text(f"{SECRET}: ricorso")}
    assert SECRET in str(await scene.stage.as_(REQUESTER).do("proveRequest", TEXTS, **proof))
    scene.clock.ahead = ERASED
    for who in (REQUESTER, RESPONDER):
        assert await until(who, None) is None
        assert await download(scene, who, file) == 404
        assert (await scene.stage.as_(who).cannot("proveRequest", **proof)).code == "NOT_FOUND"

    async def is_gone() -> bool | None:
        return rows_with(scene.stage.data, SECRET) == [] or None

    await eventually(is_gone)


async def test_an_authority_proves_what_is_blocked_and_each_reading_is_written_down(scene: Scene) -> None:
    """On a ground and for a reason; the other side and everybody else are told nothing of it (row 52)."""
    id_, file = await closed(scene)
    hungary = scene.stage.as_(RESPONDER)
    proof = {"id": id_, "ground": "PUBLIC_INTEREST", "reason": text("Bírósági eljárás", "HU")}
    assert (await hungary.cannot("proveRequest", **proof)).reason == "TRANSITION"
    scene.clock.ahead = BLOCKED

    async def is_blocked() -> bool | None:
        return (await read(scene, RESPONDER, id_) or {}).get("status") == "BLOCKED" or None

    await eventually(is_blocked)
    before = (await hungary.ask(PROOFS, id=id_))["request"]
    assert {one["action"] for one in before["actions"] if one["possible"]} == {"PROVE"}
    assert before["proofs"] == []
    shown = await hungary.do("proveRequest", TEXTS, **proof)
    assert (shown["status"], shown["view"], [one["id"] for one in shown["files"]]) == ("BLOCKED", "FULL", [file])
    assert shown["justification"]["original"] == f"{SECRET}: verifica"
    assert shown["answers"]
    after = (await hungary.ask(PROOFS, id=id_))["request"]
    (found,) = after["proofs"]
    assert (found["ground"], found["reason"]["original"]) == ("PUBLIC_INTEREST", "Bírósági eljárás")
    assert found["authority"]["country"]["code"] == "HU"
    assert after["history"][-1]["action"] == "PROVE"
    theirs = (await scene.stage.as_(REQUESTER).ask(PROOFS, id=id_))["request"]
    assert (theirs["proofs"], theirs["history"][-1]["action"]) == ([], "BLOCK")
    rows = (await scene.stage.as_("it-admin").ask(READS, id=id_))["auditOfReads"]["edges"]
    parts = [one["node"]["things"][0]["parts"] for one in rows if one["node"]["operation"].endswith("ProveRequest")]
    assert any("PROOF" in one for one in parts)
    for reader in ("hu-qualifications", "hu-nurses", "commission"):
        assert (await scene.stage.as_(reader).cannot("proveRequest", **proof)).code in ("FORBIDDEN", "NOT_FOUND")
    assert SECRET not in str(await read(scene, RESPONDER, id_))
    assert await download(scene, RESPONDER, file) == 404
