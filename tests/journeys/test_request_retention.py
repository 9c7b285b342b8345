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
    scene.clock.ahead = ERASED
    for who in (REQUESTER, RESPONDER):
        assert await until(who, None) is None
        assert await download(scene, who, file) == 404

    async def is_gone() -> bool | None:
        return rows_with(scene.stage.data, SECRET) == [] or None

    await eventually(is_gone)
