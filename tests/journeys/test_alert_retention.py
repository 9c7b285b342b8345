"""What becomes of an alert that is over: blocked after six months, proved by who has to, erased three years after its end.

What becomes of a request is in `test_request_retention.py`.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.gateway.clients import Data, eventually
from tests.gateway.exchanges import alert_values, an_alert, text
from tests.gateway.running import copy_of
from tests.journeys.acting import STATUS, Scene, a_scene, actions
from tests.journeys.test_alerts import FRENCH_ELECTRICIANS

AUTHOR, SENDER, RECEIVER, ELSEWHERE = "it-alerts", "it-coordinator", "hu-alerts", "fr-coordinator"
EVERYBODY = (AUTHOR, SENDER, RECEIVER, ELSEWHERE, "commission")
SECRET = "SECRET-Bianchi"
# Half a year has 181 days at least and 184 at most; three years 1,095 or 1,096.
NOT_YET, BLOCKED, STILL, ERASED = (timedelta(days=days) for days in (180, 185, 1_094, 1_097))
INFORMATION = "alert { information { id status rejectionReason { original } } }"
# Translations are made of what is read so, where there is an engine.
TRANSLATED = """query ($id: ID!) { alert(id: $id) {
  values { value { text { text(language: HU) { original translation } } } } endReason { text(language: HU) { translation } } } }"""
VALUES = "alert { status values { value { text { original } } } }"


@pytest.fixture(scope="module")
async def whole(trained: Path, tmp_path_factory: pytest.TempPathFactory, engines: None) -> AsyncIterator[Scene]:
    async with a_scene(copy_of(trained, tmp_path_factory.mktemp("retention") / "data")) as scene:
        yield scene


@pytest.fixture
def scene(whole: Scene) -> Scene:
    """The system, at the time it really is."""
    whole.clock.ahead = timedelta()
    return whole


async def a_draft(scene: Scene, secret: str) -> str:
    values = alert_values(facts={"text": text(f"{secret}: cavi scoperti")})
    made = await scene.as_(AUTHOR).do("createAlert", "alert { id }", typeId="services:1", values=values)
    return str(made["id"])


async def withdrawn(scene: Scene, secret: str) -> str:
    """An alert that was sent to two countries, added to in one of them, and withdrawn."""
    id_ = await a_draft(scene, secret)
    await scene.as_(AUTHOR).do("submitAlert", STATUS, id=id_)
    await scene.as_(SENDER).do("broadcastAlert", STATUS, id=id_, countries=["HU", "FR"])
    await scene.as_(RECEIVER).do("acknowledgeAlert", STATUS, id=id_)
    await scene.as_(RECEIVER).do("addAlertInformation", STATUS, id=id_, text=text(f"{secret} visto"))
    await scene.as_(SENDER).do("withdrawAlert", STATUS, id=id_, reason=text(f"{secret} non c'entra"))
    return id_


def says_nothing(alert: Data, secret: str) -> bool:
    return secret not in str(alert) and (alert["values"], alert["versions"], alert["severity"]) == ([], [], None)


def rows_with(data: Path, secret: str) -> list[str]:
    """Where any store of the system has a row with *secret* in it."""
    found = []
    for path in sorted(data.rglob("*.db")):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            names = store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (name,) in names.fetchall():
                if any(secret in str(row) for row in store.execute(f'SELECT * FROM "{name}"')):
                    found.append(f"{path.relative_to(data)} {name}")
    return found


async def test_an_alert_is_blocked_six_months_after_its_end_and_then_shown_and_found_by_nobody(scene: Scene) -> None:
    """Not a day before; number, countries and steps stay (row 50)."""
    id_ = await withdrawn(scene, SECRET)
    number = (await scene.seen(ELSEWHERE, id_))["number"]
    scene.clock.ahead = NOT_YET
    assert SECRET in str(await scene.seen(ELSEWHERE, id_))
    scene.clock.ahead = BLOCKED
    await scene.until(ELSEWHERE, id_, "BLOCKED")
    for reader in EVERYBODY:
        seen = await scene.seen(reader, id_)
        assert says_nothing(seen, SECRET), reader
        assert (seen["number"], {one["country"]["code"] for one in seen["countries"]}) == (number, {"HU", "FR"})
        assert {"BROADCAST", "ACKNOWLEDGE", "WITHDRAW", "BLOCK"} <= {step["action"] for step in seen["history"]}
    listed = "query ($filter: AlertFilter) { alerts(filter: $filter, first: 100) { edges { node { id } } } }"
    severe = {"severities": ["LOW", "MEDIUM", "HIGH", "VERY_HIGH"]}
    assert id_ not in str(await scene.as_(RECEIVER).ask(listed, filter=severe))
    assert id_ in str(await scene.as_(RECEIVER).ask(listed, filter={"statuses": ["BLOCKED"]}))
    assert await scene.cannot(SENDER, "withdrawAlert", id=id_, reason=text("ancora")) == "TRANSITION"


async def test_a_coordinator_proves_what_is_blocked_and_each_reading_is_written_down(scene: Scene) -> None:
    """On a ground and for a reason, and nobody else can (row 52)."""
    id_ = await withdrawn(scene, SECRET)
    proof = {"id": id_, "ground": "PUBLIC_INTEREST", "reason": text("Bírósági eljárás", "HU")}
    assert await scene.cannot(RECEIVER, "proveAlert", **proof) == "TRANSITION"
    scene.clock.ahead = BLOCKED
    await scene.until(RECEIVER, id_, "BLOCKED")
    assert actions(await scene.seen(RECEIVER, id_)) == {"PROVE"}
    shown = await scene.as_(RECEIVER).do("proveAlert", VALUES, **proof)
    assert shown["status"] == "BLOCKED"
    assert SECRET in str(shown["values"])
    written = (
        "query ($id: ID!) { alert(id: $id) { proofs { ground reason { original } authority { country { code } } } } }"
    )
    (found,) = (await scene.as_(RECEIVER).ask(written, id=id_))["alert"]["proofs"]
    assert (found["ground"], found["reason"]["original"]) == ("PUBLIC_INTEREST", "Bírósági eljárás")
    assert found["authority"]["country"]["code"] == "HU"
    assert "PROVE" in {step["action"] for step in (await scene.seen(RECEIVER, id_))["history"]}
    assert (await scene.as_(SENDER).ask(written, id=id_))["alert"]["proofs"] == []
    for reader in (AUTHOR, "commission"):
        assert await scene.cannot(reader, "proveAlert", **proof) == "FORBIDDEN"
    assert says_nothing(await scene.seen(RECEIVER, id_), SECRET)


async def test_three_years_after_its_end_nothing_of_an_alert_is_left_anywhere(scene: Scene) -> None:
    """In no store of any part; counted from the end, not from when it was blocked (row 51)."""
    secret = "SECRET-Verdi"
    id_ = await withdrawn(scene, secret)
    assert secret in str(await scene.as_(RECEIVER).ask(TRANSLATED, id=id_))
    scene.clock.ahead = BLOCKED
    await scene.until(ELSEWHERE, id_, "BLOCKED")
    scene.clock.ahead = STILL
    proof = {"id": id_, "ground": "CONSENT", "reason": text(secret)}
    assert secret in str(await scene.as_(SENDER).do("proveAlert", VALUES, **proof))
    scene.clock.ahead = ERASED
    await scene.until(ELSEWHERE, id_, "DELETED")
    for reader in EVERYBODY:
        seen = await scene.seen(reader, id_)
        assert says_nothing(seen, secret), reader
        assert "ERASE" in {step["action"] for step in seen["history"]}
    assert await scene.cannot(SENDER, "proveAlert", **proof) == "TRANSITION"

    async def is_gone() -> bool | None:
        # What is kept beside it goes a moment later.
        return rows_with(scene.stage.data, secret) == [] or None

    await eventually(is_gone)


async def test_a_draft_that_is_deleted_is_gone_and_information_that_is_not_shared_stays_in_its_country(
    scene: Scene,
) -> None:
    """Whoever proposed it is told why."""
    secret = "SECRET-Neri"
    draft = await a_draft(scene, secret)
    assert "DELETE" in actions(await scene.seen(AUTHOR, draft))
    assert await scene.cannot(SENDER, "deleteAlertDraft", id=draft) == "NOT_FOUND"
    assert await scene.as_(AUTHOR).do("deleteAlertDraft", STATUS, id=draft) == {"status": "DELETED"}
    assert await scene.read(AUTHOR, draft) is None

    async def is_gone() -> bool | None:
        # What it was related by goes a moment later.
        return rows_with(scene.stage.data, secret) == [] or None

    await eventually(is_gone)

    id_ = await an_alert(scene.as_(AUTHOR), scene.as_(SENDER), "FR")
    await scene.as_(ELSEWHERE).do("acknowledgeAlert", STATUS, id=id_)
    await scene.as_(ELSEWHERE).do("disseminateAlert", STATUS, id=id_, authorityIds=[FRENCH_ELECTRICIANS])
    proposed = await scene.as_("fr-alerts").do("addAlertInformation", INFORMATION, id=id_, text=text("Vu à Lyon", "FR"))
    (piece,) = proposed["information"]
    why = {"id": id_, "informationId": piece["id"], "reason": text("Ce n'est pas établi", "FR")}
    assert await scene.cannot(SENDER, "rejectAlertInformation", **why) == "NOT_FOUND"
    rejected = await scene.as_(ELSEWHERE).do("rejectAlertInformation", INFORMATION, **why)
    await scene.until_told("fr-alerts", id_, "INFORMATION_REJECTED")
    expected = {"id": piece["id"], "status": "REJECTED", "rejectionReason": {"original": "Ce n'est pas établi"}}
    assert rejected["information"] == [expected]
    read = f"query ($id: ID!) {{ alert(id: $id) {{ {INFORMATION.removeprefix('alert { ').removesuffix(' }')} }} }}"
    for reader, sees in (("fr-alerts", [expected]), (AUTHOR, []), (SENDER, [])):
        assert (await scene.as_(reader).ask(read, id=id_))["alert"]["information"] == sees
