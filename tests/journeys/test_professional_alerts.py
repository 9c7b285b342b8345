"""An alert about a professional, from the decision to the erasure: sent to all, marked if late, gone when it no longer counts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.clients import Data
from tests.gateway.exchanges import text
from tests.gateway.running import copy_of
from tests.journeys.acting import STATUS, Scene, a_scene, actions
from vocabulary.days import day_of

# The day of the service, wherever the tests run.
TODAY = day_of(datetime.now(UTC))
AUTHOR, SENDER, RECEIVER = "it-handler", "it-qualifications", "hu-qualifications"


@pytest.fixture(scope="module")
async def whole(trained: Path, tmp_path_factory: pytest.TempPathFactory, engines: None) -> AsyncIterator[Scene]:
    async with a_scene(copy_of(trained, tmp_path_factory.mktemp("professionals") / "data")) as scene:
        yield scene


@pytest.fixture
def scene(whole: Scene) -> Scene:
    """The system, at the time it really is."""
    whole.clock.ahead = timedelta()
    return whole


def values(**changed: Data | None) -> list[Data]:
    """A nurse whose practice is prohibited for two months, decided upon today; a field changed to None is left out."""
    said: dict[str, Data | None] = {
        "family-name": {"text": text("SECRET-Rossi")},
        "given-name": {"text": text("SECRET-Maria")},
        "birth-date": {"date": "1980-02-29"},
        "profession": {"references": ["nurse"]},
        "kind": {"codes": ["PROHIBITION"]},
        "deciding-body": {"text": text("Tribunale di Roma")},
        "decided-on": {"date": TODAY.isoformat()},
        "valid-until": {"date": (TODAY + timedelta(days=60)).isoformat()},
        **changed,
    }
    return [{"code": code, "value": value} for code, value in said.items() if value is not None]


async def an_alert(scene: Scene, **changed: Any) -> str:
    """Written, approved and sent to every other country."""
    form = values(**changed)
    made = await scene.as_(AUTHOR).do("createAlert", "alert { id }", typeId="professional:1", values=form)
    await scene.as_(AUTHOR).do("submitAlert", STATUS, id=made["id"])
    await scene.as_(SENDER).do("broadcastAlert", STATUS, id=made["id"])
    return str(made["id"])


async def test_what_is_sent_too_long_after_the_decision_is_marked_and_sent_all_the_same(scene: Scene) -> None:
    """The sender is warned beforehand; three days are in time, four are not (row 38)."""
    for days, late in ((0, False), (3, False), (4, True), (30, True)):
        decided = {"date": (TODAY - timedelta(days=days)).isoformat()}
        form = values(**{"decided-on": decided})
        made = await scene.as_(AUTHOR).do("createAlert", "alert { id late }", typeId="professional:1", values=form)
        id_ = made["id"]
        assert made["late"] is late, days
        assert (await scene.as_(AUTHOR).do("submitAlert", "alert { late }", id=id_)) == {"late": late}
        assert (await scene.seen(SENDER, id_))["late"] is late
        assert await scene.as_(SENDER).do("broadcastAlert", STATUS, id=id_) == {"status": "BROADCAST"}
        for reader in (AUTHOR, RECEIVER, "de-nimic", "commission"):
            assert (await scene.seen(reader, id_))["late"] is late, (days, reader)
    # What is in time stays so, however long ago that is.
    in_time = await an_alert(scene)
    scene.clock.ahead = timedelta(days=30)
    assert (await scene.seen(RECEIVER, in_time))["late"] is False


async def test_it_expires_by_itself_and_three_days_later_nothing_of_it_is_left(scene: Scene) -> None:
    """Everybody is told at once; number, countries and steps stay (row 39)."""
    id_ = await an_alert(scene)
    await scene.as_(RECEIVER).do("acknowledgeAlert", STATUS, id=id_)
    amended = values(**{"valid-until": {"date": (TODAY + timedelta(days=20)).isoformat()}})
    assert await scene.as_(SENDER).do("amendAlert", STATUS, id=id_, values=amended) == {"status": "AMENDED"}
    number = (await scene.seen(RECEIVER, id_))["number"]
    scene.clock.ahead = timedelta(days=19)
    assert (await scene.seen(RECEIVER, id_))["status"] == "AMENDED"
    scene.clock.ahead = timedelta(days=22)
    await scene.until(RECEIVER, id_, "EXPIRED")
    await scene.until_told(RECEIVER, id_, "EXPIRED")
    await scene.until_told("it-handler", id_, "EXPIRED")
    assert "SECRET-Rossi" in str(await scene.seen(RECEIVER, id_))
    scene.clock.ahead = timedelta(days=25)
    await scene.until(RECEIVER, id_, "DELETED")
    for reader in (AUTHOR, SENDER, RECEIVER, "de-nimic", "commission"):
        erased = await scene.seen(reader, id_)
        assert "SECRET" not in str(erased)
        assert (erased["values"], erased["versions"], erased["expiresAt"]) == ([], [], None)
        assert (erased["number"], erased["status"]) == (number, "DELETED")
        assert {one["country"]["code"] for one in erased["countries"]} >= {"HU", "DE", "FR"}
        assert {"BROADCAST", "ACKNOWLEDGE", "AMEND", "EXPIRE", "ERASE"} <= {
            step["action"] for step in erased["history"]
        }
        assert actions(erased) == set()


async def test_a_revoked_alert_is_told_at_once_and_erased_in_time(scene: Scene) -> None:
    """By hand it expires only where it does not say until when it counts (row 39)."""
    id_ = await an_alert(scene, **{"valid-until": None})
    assert (await scene.seen(RECEIVER, id_))["expiresAt"] is None
    assert {"AMEND", "NOTE_APPEAL", "REVOKE", "EXPIRE"} <= actions(await scene.seen(SENDER, id_))
    for other in (AUTHOR, RECEIVER, "de-nimic"):
        assert await scene.cannot(other, "revokeAlert", id=id_) == "FORBIDDEN"
    await scene.as_(SENDER).do("noteAlertAppeal", STATUS, id=id_, pending=True)
    assert (await scene.seen(RECEIVER, id_))["appealPending"] is True
    await scene.until_told(RECEIVER, id_, "APPEAL_NOTED")
    await scene.as_(SENDER).do("revokeAlert", STATUS, id=id_)
    await scene.until_told(RECEIVER, id_, "REVOKED")
    scene.clock.ahead = timedelta(days=4)
    assert "SECRET" not in str(await scene.until(RECEIVER, id_, "DELETED"))

    dated = await an_alert(scene)
    assert await scene.cannot(SENDER, "expireAlert", id=dated) == "NOT_DUE"
    open_ended = await an_alert(scene, **{"valid-until": None})
    assert await scene.as_(SENDER).do("expireAlert", STATUS, id=open_ended) == {"status": "EXPIRED"}


async def test_its_content_is_closed_and_the_commission_does_not_learn_whom_it_is_about(scene: Scene) -> None:
    """Nothing can be added beside the form, and nobody objects to its end (row 40)."""
    id_ = await an_alert(scene)
    for user, mutation, fields in (
        (RECEIVER, "addAlertInformation", {"text": text("Perché")}),
        (SENDER, "withdrawAlert", {"reason": text("Perché")}),
        (SENDER, "proposeAlertClosure", {}),
        (RECEIVER, "commentAlert", {"text": text("Perché")}),
    ):
        assert await scene.cannot(user, mutation, id=id_, **fields) == "OTHER_TYPE"
    copy = await scene.seen("commission", id_)
    assert copy["view"] == "WITHOUT_PERSONAL_DATA"
    assert "SECRET" not in str(copy)
    assert {one["field"]["code"] for one in copy["values"]} == {
        "profession", "kind", "deciding-body", "decided-on", "valid-until",
    }  # fmt: skip
    # Another area's people are strangers to it.
    for stranger in ("it-alerts", "it-coordinator", "hu-alerts", "fr-coordinator"):
        assert await scene.read(stranger, id_) is None
