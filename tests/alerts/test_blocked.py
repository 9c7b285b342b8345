"""Retention in a running service: what is blocked is read and found by nobody, but as proof; what is erased is nowhere."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.caller import Caller
from engines.documents import open_documents, pages
from imi_client.receipts import require_continuation
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1 import related_pb2
from protos.alerts.v1.related_pb2_grpc import RelatedAlertsServiceStub
from protos.common.v1 import common_pb2
from services.alerts import storage, wiring
from services.alerts.domain import duties
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.types import Flow
from services.alerts.hints.index import RELATED
from tests.alerts.cast import (
    COMMISSION,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HU_REGION,
    HUNGARY,
    IT_COORDINATOR,
    ITALY,
    someone,
)
from tests.alerts.conftest import Asking, command
from tests.alerts.dangers import TYPE, text
from tests.alerts.lives import lives
from tests.alerts.rehearsal import Rehearsal, a_form, a_rehearsal, fields_of
from tests.alerts.test_cap import xml
from tests.alerts.test_receipts_rpc import receipt, until_recorded
from tests.alerts.threads import store
from tests.audits import administrator, listed, parts_of
from tests.chassis.waiting import until
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound
from vocabulary.roles import UserRole

SERVICES, NOTICE = Flow.SERVICES_ALERT, Flow.NOTIFICATION
# After six months, and after three years, whenever that is.
BLOCKED_AFTER, ERASED_AFTER = timedelta(days=190), timedelta(days=1_100)
READERS = (ITALY, IT_COORDINATOR, HUNGARY, HU_COORDINATOR, FR_COORDINATOR, COMMISSION)
PROOF = {"ground": common_pb2.PROOF_GROUND_CONSENT, "reason": text("bizonyítani kell", "hu")}


@pytest.fixture(scope="module")
async def rehearsal(asking: Asking, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rehearsal]:
    async with a_rehearsal(asking, tmp_path_factory.mktemp("blocked")) as made:
        yield made


async def read(rehearsal: Rehearsal, reader: Caller, id_: str) -> pb.Alert:
    found = await rehearsal.asking.read(reader, id_)
    assert found is not None
    return found


def says_nothing(alert: pb.Alert) -> bool:
    quiet = not (alert.values or alert.versions or alert.severity or alert.HasField("end_reason"))
    return quiet and "SECRET" not in str(alert)


async def blocked(rehearsal: Rehearsal, flow: Flow = SERVICES) -> pb.Alert:
    """One that was withdrawn, and blocked by the timers since."""
    alert = await rehearsal.an_alert(flow, Status.WITHDRAWN)
    await rehearsal.arranged(alert.id, Action.BLOCK)
    await rehearsal.fire(after=BLOCKED_AFTER)
    await rehearsal.arranged(alert.id, Action.ERASE)
    return await read(rehearsal, ITALY, alert.id)


async def hashes(rehearsal: Rehearsal, id_: str) -> Any:
    found = await rehearsal.documents.get(RELATED, id_)
    return found.body["hashes"] if found else None


async def related(rehearsal: Rehearsal, reader: Caller, id_: str) -> list[str]:
    asking = rehearsal.asking
    message = related_pb2.BatchGetRelatedAlertsRequest(ids=[id_])
    stub = RelatedAlertsServiceStub(asking.channel)
    return [
        one
        for each in (await asking.peer(reader).call(stub.BatchGetRelatedAlerts, message)).related
        for one in each.alert_ids
    ]


@pytest.mark.parametrize("flow", [SERVICES, NOTICE])
async def test_what_has_ended_is_blocked_once_by_whichever_worker_and_erased_three_years_after_its_end(
    rehearsal: Rehearsal, flow: Flow
) -> None:
    alert = await rehearsal.an_alert(flow, Status.WITHDRAWN)
    await rehearsal.arranged(alert.id, Action.BLOCK)
    await rehearsal.fire(after=timedelta(days=180))
    assert not says_nothing(await read(rehearsal, FR_COORDINATOR, alert.id))
    for _ in range(2):
        await rehearsal.fire(after=BLOCKED_AFTER)
    for reader in READERS:
        seen = await read(rehearsal, reader, alert.id)
        assert (seen.status, says_nothing(seen)) == (pb.ALERT_STATUS_BLOCKED, True), reader
        assert (seen.number, [one.country_code for one in seen.countries]) == (alert.number, ["HU", "FR"])
        assert [entry.action for entry in seen.history].count(pb.ALERT_ACTION_BLOCK) == 1
    await rehearsal.arranged(alert.id, Action.ERASE)
    await rehearsal.fire(after=timedelta(days=1_090))
    assert (await read(rehearsal, ITALY, alert.id)).status == pb.ALERT_STATUS_BLOCKED
    for _ in range(2):
        await rehearsal.fire(after=ERASED_AFTER)
    erased = await read(rehearsal, HU_COORDINATOR, alert.id)
    assert (erased.status, says_nothing(erased)) == (pb.ALERT_STATUS_DELETED, True)
    assert [entry.action for entry in erased.history].count(pb.ALERT_ACTION_ERASE) == 1
    stored = await rehearsal.documents.get(storage.ALERTS, alert.id)
    assert "SECRET" not in str(stored)
    await rehearsal.arranged(alert.id)


async def test_nothing_of_what_is_blocked_is_found(rehearsal: Rehearsal) -> None:
    """Neither by its severity nor by whom it is about; it is in no message and no receipt, which still verify; and the first answers
    to its commands are gone.
    """
    asking, created = rehearsal.asking, command("the one that is blocked")
    fields = {"command": created, "type_id": "services:1", "values": a_form(SERVICES, "SECRET of the blocked")}
    made = (await asking(ITALY, "CreateAlert", **fields)).alert
    await rehearsal.do(ITALY, "SubmitAlert", made.id, SERVICES)
    sent = await rehearsal.do(IT_COORDINATOR, "BroadcastAlert", made.id, SERVICES)
    twin = await asking.do(ITALY, "CreateAlert", type_id="services:1", values=a_form(SERVICES))
    await until(lambda: _is(hashes(rehearsal, made.id), True))
    await until_recorded(asking, sent)
    before = await receipt(asking, FR_COORDINATOR, made.id, content=True)
    assert before.values
    correction = {"command": command(), "id": made.id, **fields_of("CorrectAlert", SERVICES)}
    await asking(IT_COORDINATOR, "CorrectAlert", **correction)
    withdrawn = await rehearsal.do(IT_COORDINATOR, "WithdrawAlert", made.id, SERVICES)
    await until_recorded(asking, withdrawn)
    await rehearsal.arranged(made.id, Action.BLOCK)
    await rehearsal.fire(after=BLOCKED_AFTER)
    await until(lambda: _is(hashes(rehearsal, made.id), False))
    await until_recorded(asking, await read(rehearsal, ITALY, made.id))

    high = pb.AlertFilter(severities=[pb.ALERT_SEVERITY_HIGH])
    assert made.id not in str(await asking(FR_COORDINATOR, "ListAlerts", filter=high))
    assert made.id in str(await asking(FR_COORDINATOR, "ListAlerts"))
    narrowed = pb.InboxFilter(severities=[pb.ALERT_SEVERITY_HIGH])
    assert made.id not in str(await asking(FR_COORDINATOR, "ReadInbox", filter=narrowed))
    assert made.id in str(await asking(FR_COORDINATOR, "ReadInbox"))
    assert await related(rehearsal, ITALY, made.id) == []
    assert made.id not in await related(rehearsal, ITALY, twin.id)
    assert b"SECRET" not in await xml(asking, FR_COORDINATOR, made.id, "fr", personal=True)
    after = await receipt(asking, FR_COORDINATOR, made.id, content=True)
    require_continuation(before, after)
    assert after.values == ()
    assert after.steps[-1].what == "BLOCK"
    for caller, method, again in ((ITALY, "CreateAlert", fields), (IT_COORDINATOR, "CorrectAlert", correction)):
        with pytest.raises(Conflict):
            await asking(caller, method, **again)
    for method in ("CorrectAlert", "WithdrawAlert", "AddAlertInformation", "AcknowledgeAlert"):
        with pytest.raises((Conflict, Forbidden)) as refused:
            await rehearsal.do(IT_COORDINATOR, method, made.id, SERVICES)
        assert "SECRET" not in refused.value.message


async def _is(found: Any, wanted: bool) -> bool:
    return bool(await found) is wanted


async def test_a_coordinator_reads_what_is_blocked_as_proof_and_each_reading_is_written_down(
    rehearsal: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    asking, alert = rehearsal.asking, await blocked(rehearsal)
    key = command("prove it")
    capsys.readouterr()
    shown = (await asking(HU_COORDINATOR, "ProveAlert", command=key, id=alert.id, **PROOF)).alert
    assert "SECRET" in str(shown.values)
    assert shown.HasField("end_reason")
    logged = next(line for line in capsys.readouterr().out.splitlines() if "blocked_alert_read" in line)
    assert HU_COORDINATOR.user_id in logged
    assert alert.id in logged
    assert "SECRET" not in logged
    # Sent again, it is the same proof, and read anew: what it answered is kept nowhere.
    again = (await asking(HU_COORDINATOR, "ProveAlert", command=key, id=alert.id, **PROOF)).alert
    assert again == shown
    told = await listed(
        asking.peer(administrator(HU_COORDINATOR)), asking.channel, id=alert.id, user_id=HU_COORDINATOR.user_id
    )
    assert [parts_of(one, alert.id) for one in told.reads[:2]] == [{"CONTENT", "PERSONAL_DATA", "PROOF"}] * 2
    stored = await rehearsal.documents.get(storage.ALERTS, alert.id)
    assert stored is not None
    assert len(stored.body["answered"]) == 2, "that of the blocking, and this one"  # type: ignore[arg-type]
    for caller, sees in ((HU_REGION, True), (IT_COORDINATOR, False), (FR_COORDINATOR, False), (COMMISSION, False)):
        seen = await read(rehearsal, caller, alert.id)
        assert says_nothing(seen)
        assert [(one.authority_id, one.ground, one.reason.text) for one in seen.proofs] == (
            [("aut_hu_coordinator", common_pb2.PROOF_GROUND_CONSENT, "bizonyítani kell")] if sees else []
        )
    lost = someone("aut_hu_coordinator", UserRole.VIEWER)
    lost = Caller(**{**{name: getattr(lost, name) for name in lost.__slots__}, "user_id": HU_COORDINATOR.user_id})
    with pytest.raises(Forbidden):
        await asking(lost, "ProveAlert", command=key, id=alert.id, **PROOF)
    await rehearsal.fire(after=ERASED_AFTER)
    with pytest.raises(Conflict) as erased:
        await asking(HU_COORDINATOR, "ProveAlert", command=key, id=alert.id, **PROOF)
    assert erased.value.reason == "TRANSITION"
    left = str(await rehearsal.documents.get(storage.ALERTS, alert.id))
    assert "SECRET" not in left
    assert "bizonyítani" not in left


async def test_a_proof_that_is_refused_shows_and_leaves_nothing(rehearsal: Rehearsal) -> None:
    alert = await blocked(rehearsal)
    for caller, fields, refusal, field in (
        (HU_COORDINATOR, {**PROOF, "ground": 0}, Invalid, "ground"),
        (HU_COORDINATOR, {**PROOF, "ground": 7}, Invalid, "ground"),
        (HU_COORDINATOR, {**PROOF, "reason": text(" ")}, Invalid, "reason.text"),
        (ITALY, PROOF, Forbidden, ""),
        (HUNGARY, PROOF, Forbidden, ""),
        (COMMISSION, PROOF, Forbidden, ""),
        (someone("aut_at_coordinator", UserRole.COORDINATOR), PROOF, NotFound, "id"),
    ):
        with pytest.raises(refusal) as found:
            await rehearsal.do(caller, "ProveAlert", alert.id, SERVICES, **fields)
        assert found.value.field == field
        assert "SECRET" not in found.value.message
    assert (await read(rehearsal, HU_COORDINATOR, alert.id)).revision == alert.revision


async def test_of_a_proof_and_an_erasure_at_once_either_reads_or_is_refused_and_nothing_is_left(
    rehearsal: Rehearsal,
) -> None:
    for _ in range(3):
        alert = await blocked(rehearsal)
        proving = rehearsal.do(HU_COORDINATOR, "ProveAlert", alert.id, SERVICES, **PROOF)
        shown, _ = await asyncio.gather(proving, rehearsal.fire(after=ERASED_AFTER), return_exceptions=True)
        assert isinstance(shown, Conflict) or "SECRET" in str(shown)
        await rehearsal.fire(after=ERASED_AFTER)
        assert (await read(rehearsal, ITALY, alert.id)).status == pb.ALERT_STATUS_DELETED
        assert "SECRET" not in str(await rehearsal.documents.get(storage.ALERTS, alert.id))


async def test_alerts_that_had_ended_before_there_was_blocking_get_their_timers_by_a_command(
    asking: Asking, tmp_path: Path
) -> None:
    """As a version stored them that had no timers for them; doing it again changes nothing."""
    settings = asking.settings.model_copy(update={"data_dir": tmp_path, "keys_dir": asking.settings.keys})
    stored = {status: lives(SERVICES)[status] for status in (Status.BROADCAST, Status.CLOSED, Status.BLOCKED)}
    await store(settings, {f"alt_{status}": [alert] for status, alert in stored.items()})
    wanted = {f"alt_{status}:{action}" for status, alert in stored.items() for action in duties.due(alert, TYPE)}
    found = []
    for _ in range(2):
        await wiring.rebuild_timers(settings)
        async with open_documents(settings.documents("alerts"), storage.COLLECTIONS) as documents:
            found.append({one.id: one for one in await documents.find(storage.TIMERS, limit=10)})
    assert set(found[0]) == wanted
    assert {"alt_CLOSED:BLOCK", "alt_BLOCKED:ERASE", "alt_BROADCAST:ESCALATE"} == wanted
    assert found[0] == found[1]


async def test_a_draft_that_is_deleted_is_nowhere_and_its_author_is_told_once_more_that_it_was_done(
    rehearsal: Rehearsal,
) -> None:
    asking, words = rehearsal.asking, "SECRET of the deleted"
    created = {"command": command("make it"), "type_id": "services:1", "values": a_form(SERVICES, words)}
    id_ = (await asking(ITALY, "CreateAlert", **created)).alert.id
    await until(lambda: _is(hashes(rehearsal, id_), True))
    await rehearsal.do(ITALY, "SubmitAlert", id_, SERVICES)
    await rehearsal.until_told("aut_it_coordinator", id_, "SUBMITTED")
    await rehearsal.do(IT_COORDINATOR, "ReturnAlert", id_, SERVICES, reason=text(words))
    deleting = {"command": command("away with it"), "id": id_}
    with pytest.raises(NotFound):
        await asking(IT_COORDINATOR, "DeleteAlertDraft", **{**deleting, "command": command()})
    deleted = (await asking(ITALY, "DeleteAlertDraft", **deleting)).alert
    assert (deleted.status, says_nothing(deleted)) == (pb.ALERT_STATUS_DELETED, True)
    assert (await asking(ITALY, "DeleteAlertDraft", **deleting)).alert == deleted
    await until(lambda: _is(hashes(rehearsal, id_), False))
    for caller in (*READERS, someone("aut_it_nimic", *UserRole)):
        assert await asking.read(caller, id_) is None
        assert id_ not in str(await asking(caller, "ListAlerts"))
        assert not (await asking(caller, "BatchGetActions", ids=[id_])).actions
        with pytest.raises(NotFound):
            await receipt(asking, caller, id_)
    # What its coordinator was told of it leads nowhere.
    assert id_ not in str(await asking(IT_COORDINATOR, "ReadInbox"))
    for method in ("EditAlert", "SubmitAlert", "DeleteAlertDraft"):
        with pytest.raises(NotFound):
            await rehearsal.do(ITALY, method, id_, SERVICES)
    with pytest.raises(Conflict):
        await asking(ITALY, "CreateAlert", **created)
    for collection in storage.COLLECTIONS:
        async for page in pages(rehearsal.documents, collection, size=100):
            assert not [one.id for one in page if words in str(one.body)], collection.name


async def test_who_proposed_information_is_told_that_it_is_not_shared(rehearsal: Rehearsal) -> None:
    alert = await rehearsal.an_alert(SERVICES)
    proposed = await rehearsal.do(HUNGARY, "AddAlertInformation", alert.id, SERVICES)
    piece = proposed.information[-1].id
    fields = {"information_id": piece, "reason": text("nem igaz", "hu")}
    with pytest.raises(Invalid) as empty:
        await rehearsal.do(HU_REGION, "RejectAlertInformation", alert.id, SERVICES, **{**fields, "reason": text("")})
    assert empty.value.field == "reason.text"
    await rehearsal.do(HU_REGION, "RejectAlertInformation", alert.id, SERVICES, **fields)
    await rehearsal.until_told("aut_hu_labour", alert.id, "INFORMATION_REJECTED")
    for caller, sees in ((HUNGARY, True), (HU_COORDINATOR, True), (ITALY, False), (FR_COORDINATOR, False)):
        seen = await read(rehearsal, caller, alert.id)
        found = {one.id: one for one in seen.information}
        assert (piece in found) is sees, caller
        if sees:
            assert (found[piece].status, found[piece].rejection_reason.text) == (
                pb.INFORMATION_STATUS_REJECTED,
                "nem igaz",
            )
    for nobody in ("aut_hu_coordinator", "aut_it_labour", "aut_it_coordinator", "aut_fr_coordinator"):
        assert "INFORMATION_REJECTED" not in {entry.kind for entry in await rehearsal.told(nobody, alert.id)}
