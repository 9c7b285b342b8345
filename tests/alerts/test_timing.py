"""What alerts do by themselves is done by stored timers: once, whatever happens to the workers that do it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis.timers import Timer
from engines.documents import pages
from protos.alerts.v1 import alerts_pb2 as pb
from services.alerts import storage, wiring
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.types import Flow
from tests.alerts.cast import FR_COORDINATOR, HU_COORDINATOR, HUNGARY, IT_COORDINATOR, ITALY
from tests.alerts.conftest import Asking, command, running
from tests.alerts.rehearsal import TOLD, Rehearsal, a_form, a_rehearsal
from tests.chassis.waiting import until
from vocabulary.refusals import Conflict

SERVICES, PROFESSIONAL, NOTICE = Flow
EXPIRED_AFTER, ERASED_AFTER = timedelta(days=61, hours=2), timedelta(days=64, hours=3)


@pytest.fixture(scope="module")
async def rehearsal(asking: Asking, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rehearsal]:
    async with a_rehearsal(asking, tmp_path_factory.mktemp("timing")) as made:
        yield made


def done(alert: pb.Alert | None, action: Action) -> int:
    """How often the system did something."""
    assert alert is not None
    wanted = pb.AlertAction.Value(f"ALERT_ACTION_{action}")
    return sum(entry.action == wanted and not entry.authority_id for entry in alert.history)


async def test_the_national_coordinator_of_a_silent_country_is_told_once(rehearsal: Rehearsal) -> None:
    alert = await rehearsal.an_alert(SERVICES)
    await rehearsal.arranged(alert.id, Action.ESCALATE)
    await rehearsal.fire(after=timedelta(days=2, hours=23))
    assert done(await rehearsal.asking.read(ITALY, alert.id), Action.ESCALATE) == 0
    for _ in range(3):
        await rehearsal.fire(after=timedelta(days=5))
    seen = await rehearsal.asking.read(HU_COORDINATOR, alert.id)
    assert seen is not None
    assert done(seen, Action.ESCALATE) == 1
    assert {one.country_code: one.HasField("escalated_at") for one in seen.countries} == {"HU": False, "FR": True}
    await rehearsal.until_told("aut_fr_nimic", alert.id, "ESCALATED")
    for nobody in ("aut_hu_nimic", "aut_it_nimic", "aut_fr_coordinator", "aut_at_nimic"):
        assert "ESCALATED" not in {entry.kind for entry in await rehearsal.told(nobody, alert.id)}
    await rehearsal.arranged(alert.id)


async def test_a_closure_that_nobody_objects_to_closes_by_itself(rehearsal: Rehearsal) -> None:
    alert = await rehearsal.an_alert(SERVICES, Status.CLOSURE_PROPOSED)
    await rehearsal.arranged(alert.id, Action.ESCALATE, Action.CLOSE)
    await rehearsal.fire(after=timedelta(days=22))
    await rehearsal.fire(after=timedelta(days=22))
    closed = await rehearsal.asking.read(FR_COORDINATOR, alert.id)
    assert closed is not None
    assert (closed.status, done(closed, Action.CLOSE)) == (pb.ALERT_STATUS_CLOSED, 1)
    for reader in TOLD:
        await rehearsal.until_told(reader.authority_id, alert.id, "CLOSED")
    await rehearsal.arranged(alert.id, Action.BLOCK)


async def test_an_objection_blocks_it_until_it_is_withdrawn(rehearsal: Rehearsal) -> None:
    alert = await rehearsal.an_alert(SERVICES, Status.CLOSURE_PROPOSED)
    await rehearsal.do(FR_COORDINATOR, "ObjectToAlertClosure", alert.id, SERVICES)
    await rehearsal.arranged(alert.id, Action.ESCALATE, Action.REJECT_CLOSURE)
    await rehearsal.do(FR_COORDINATOR, "WithdrawAlertObjection", alert.id, SERVICES)
    await rehearsal.arranged(alert.id, Action.ESCALATE, Action.CLOSE)
    await rehearsal.do(HU_COORDINATOR, "ObjectToAlertClosure", alert.id, SERVICES)
    await rehearsal.arranged(alert.id, Action.ESCALATE, Action.REJECT_CLOSURE)
    await rehearsal.fire(after=timedelta(days=22))
    again = await rehearsal.asking.read(ITALY, alert.id)
    assert again is not None
    assert (again.status, done(again, Action.REJECT_CLOSURE)) == (pb.ALERT_STATUS_BROADCAST, 1)
    await rehearsal.until_told("aut_hu_labour", alert.id, "CLOSURE_REJECTED")


async def test_a_notification_closes_when_the_time_for_comments_is_over(rehearsal: Rehearsal) -> None:
    alert = await rehearsal.an_alert(NOTICE, Status.COMMENTING)
    await rehearsal.arranged(alert.id, Action.ESCALATE, Action.CLOSE)
    await rehearsal.fire(after=timedelta(days=92))
    closed = await rehearsal.asking.read(ITALY, alert.id)
    assert closed is not None
    assert (closed.status, done(closed, Action.CLOSE)) == (pb.ALERT_STATUS_CLOSED, 1)
    assert len(closed.comments) == 1


async def test_a_professional_alert_expires_by_itself_and_three_days_later_nothing_of_it_is_left(
    rehearsal: Rehearsal,
) -> None:
    """Not in the alert, not for anybody, and not in the answers to the commands that made it."""
    form = a_form(PROFESSIONAL, "VANISHES")
    made = await rehearsal.asking(
        ITALY, "CreateAlert", command=command("the first"), type_id="professional:1", values=form
    )
    id_ = made.alert.id
    await rehearsal.do(ITALY, "SubmitAlert", id_, PROFESSIONAL)
    await rehearsal.do(IT_COORDINATOR, "BroadcastAlert", id_, PROFESSIONAL)
    amended = {"command": command("the last"), "id": id_, "values": a_form(PROFESSIONAL, "VANISHES too")}
    await rehearsal.asking(IT_COORDINATOR, "AmendAlert", **amended)
    await rehearsal.arranged(id_, Action.ESCALATE, Action.EXPIRE)
    await rehearsal.fire(after=EXPIRED_AFTER)
    expired = await rehearsal.asking.read(FR_COORDINATOR, id_)
    assert expired is not None
    assert (expired.status, "VANISHES" in str(expired)) == (pb.ALERT_STATUS_EXPIRED, True)
    await rehearsal.until_told(FR_COORDINATOR.authority_id, id_, "EXPIRED")
    await rehearsal.arranged(id_, Action.ERASE)
    await rehearsal.fire(after=ERASED_AFTER)
    for reader in (ITALY, IT_COORDINATOR, FR_COORDINATOR):
        erased = await rehearsal.asking.read(reader, id_)
        assert erased is not None
        assert (erased.status, list(erased.values), list(erased.versions)) == (pb.ALERT_STATUS_DELETED, [], [])
        assert "VANISHES" not in str(erased)
        assert (erased.number, [one.country_code for one in erased.countries]) == (made.alert.number, ["HU", "FR"])
    for collection in storage.COLLECTIONS:
        async for page in pages(rehearsal.documents, collection, size=100):
            assert not [one.id for one in page if "VANISHES" in str(one.body)], collection.name
    for caller, method, fields in (
        (IT_COORDINATOR, "AmendAlert", amended),
        (
            ITALY,
            "CreateAlert",
            {"command": command("the first"), "type_id": "professional:1", "values": form},
        ),
    ):
        with pytest.raises(Conflict):
            await rehearsal.asking(caller, method, **fields)
    await rehearsal.arranged(id_)


async def test_a_timer_that_fires_again_after_a_crash_has_no_second_effect(rehearsal: Rehearsal) -> None:
    """The worker died between the command and saying so: the same timer fires once more, and its command is known."""
    alert = await rehearsal.an_alert(SERVICES)
    await rehearsal.arranged(alert.id, Action.ESCALATE)
    due = datetime.fromisoformat((await rehearsal.timers(alert.id))[Action.ESCALATE])
    timer = Timer(subject=alert.id, kind=Action.ESCALATE, due=due)
    rehearsal.clock.at = datetime.now(UTC) + timedelta(days=5)
    await asyncio.gather(*(timing.fire(timer) for _, timing in rehearsal.workers for _ in range(2)))
    assert done(await rehearsal.asking.read(ITALY, alert.id), Action.ESCALATE) == 1


async def test_of_an_objection_and_a_closure_at_once_both_find_the_alert_as_it_is(rehearsal: Rehearsal) -> None:
    for _ in range(5):
        alert = await rehearsal.an_alert(SERVICES, Status.CLOSURE_PROPOSED)
        await rehearsal.arranged(alert.id, Action.ESCALATE, Action.CLOSE)
        objecting = rehearsal.do(FR_COORDINATOR, "ObjectToAlertClosure", alert.id, SERVICES)
        ended = await asyncio.gather(objecting, rehearsal.fire(after=timedelta(days=22)), return_exceptions=True)
        after = await rehearsal.asking.read(ITALY, alert.id)
        assert after is not None
        if isinstance(ended[0], Conflict):
            assert after.status == pb.ALERT_STATUS_CLOSED
        else:
            # It stands, whether the end of its time has been seen to by now or not.
            assert after.status in (pb.ALERT_STATUS_CLOSURE_PROPOSED, pb.ALERT_STATUS_BROADCAST)
            assert done(after, Action.CLOSE) == 0


async def test_a_timer_that_was_set_by_mistake_is_put_right(rehearsal: Rehearsal) -> None:
    """What the alert says prevails over what the timer says."""
    alert = await rehearsal.an_alert(PROFESSIONAL)
    await rehearsal.arranged(alert.id, Action.ESCALATE, Action.EXPIRE)
    right = await rehearsal.timers(alert.id)
    stored = await rehearsal.documents.get(storage.ALERTS, alert.id)
    assert stored is not None
    timers, _ = rehearsal.workers[0]
    for kind in (Action.EXPIRE, Action.ERASE):
        await timers.set(Timer(subject=alert.id, kind=kind, due=datetime.now(UTC)), version=stored.revision)
    await rehearsal.fire(after=timedelta(seconds=1))
    seen = await rehearsal.asking.read(HUNGARY, alert.id)
    assert seen is not None
    assert (seen.status, done(seen, Action.EXPIRE)) == (pb.ALERT_STATUS_BROADCAST, 0)

    async def put_right() -> bool:
        return await rehearsal.timers(alert.id) == right

    await until(put_right)


async def test_a_timer_that_a_clock_found_due_which_is_then_set_back_does_not_count_as_fired(
    rehearsal: Rehearsal,
) -> None:
    alert = await rehearsal.an_alert(SERVICES)
    await rehearsal.arranged(alert.id, Action.ESCALATE)
    due = datetime.fromisoformat((await rehearsal.timers(alert.id))[Action.ESCALATE])
    _, timing = rehearsal.workers[0]
    rehearsal.clock.at = due - timedelta(seconds=1)
    with pytest.raises(Conflict, match="not due"):
        await timing.fire(Timer(subject=alert.id, kind=Action.ESCALATE, due=due))
    # Of an alert that is gone there is nothing to do.
    await timing.fire(Timer(subject="alt_gone", kind=Action.ESCALATE, due=due))


async def test_what_was_due_while_the_service_was_away_is_done_when_it_runs_again(
    asking: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs it then: timers are stored."""
    async with a_rehearsal(asking, tmp_path) as before:
        alert = await before.an_alert(SERVICES, Status.CLOSURE_PROPOSED)
        await before.arranged(alert.id, Action.ESCALATE, Action.CLOSE)
    monkeypatch.setattr(wiring, "clock", lambda: datetime.now(UTC) + timedelta(days=22))
    async with running(before.asking.settings, tmp_path / "catalogue") as again:

        async def is_closed() -> bool:
            found = await again.read(FR_COORDINATOR, alert.id)
            assert found is not None
            return found.status == pb.ALERT_STATUS_CLOSED

        await until(is_closed)
        assert done(await again.read(ITALY, alert.id), Action.CLOSE) == 1
