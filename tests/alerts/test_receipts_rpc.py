"""A receipt over gRPC: for whoever sees the alert, with what they see of it in clear, and verified by whoever has the keys."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chassis import reactions
from chassis.caller import Caller
from chassis.outbox import topic
from engines.events import open_events
from imi_client.receipts import Receipt, require_continuation, verify
from protos.alerts.v1 import alerts_pb2
from protos.alerts.v1 import receipts_pb2 as pb
from protos.alerts.v1.receipts_pb2_grpc import ReceiptsServiceStub
from services.alerts.domain.lifecycle import Status
from services.alerts.receipts import ledger
from services.alerts.receipts import rpc as receipts_rpc
from services.alerts.receipts.chain import Entry
from services.alerts.receipts.ledger import Happened, Ledger
from tests.alerts.cast import (
    AT_COORDINATOR,
    AUTHORITIES,
    COMMISSION,
    COMMISSION_ID,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HUNGARY,
    IT_COORDINATOR,
    ITALY,
    someone,
)
from tests.alerts.conftest import Asking, another
from tests.alerts.dangers import on_wire, written
from tests.alerts.inboxes import inbox, until_told
from tests.alerts.threads import a_full_alert, an_alert, information_id, store
from tests.alerts.threads import steps as ruled_steps
from tests.chassis.waiting import until
from vocabulary.refusals import Forbidden, Invalid, NotFound, Unavailable
from vocabulary.roles import UserRole


async def rendered(asking: Asking, caller: Caller, id_: str, *, content: bool = False) -> dict[str, Any]:
    stub = ReceiptsServiceStub(asking.channel)
    parts = [
        part
        async for part in asking.peer(caller).stream(
            stub.RenderReceipt, pb.RenderReceiptRequest(id=id_, with_content=content)
        )
    ]
    whole = b"".join(part.chunk for part in parts[1:])
    header = parts[0].header
    assert (header.size_bytes, header.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    document: dict[str, Any] = json.loads(whole)
    assert header.file_name == f"{document['alert']['number']}-receipt.json"
    return document


async def keys(asking: Asking) -> str:
    stub = ReceiptsServiceStub(asking.channel)
    answer = await asking.peer(ITALY).call(stub.ListReceiptKeys, pb.ListReceiptKeysRequest())
    return json.dumps({"keys": [json.loads(key.jwk) for key in answer.keys]})


async def receipt(asking: Asking, caller: Caller, id_: str, *, content: bool = False) -> Receipt:
    return verify(json.dumps(await rendered(asking, caller, id_, content=content)), await keys(asking))


async def length(asking: Asking, id_: str) -> int:
    stub = ReceiptsServiceStub(asking.channel)
    answer = await asking.peer(ITALY).call(
        stub.BatchGetReceiptHeads, pb.BatchGetReceiptHeadsRequest(ids=[id_, "alt_nobody"])
    )
    return answer.heads[0].length if answer.heads else 0


async def until_recorded(asking: Asking, alert: alerts_pb2.Alert) -> None:
    """Wait until every step of *alert* after its draft is in its chain; it has been a draft for one."""

    async def recorded() -> bool:
        return await length(asking, alert.id) >= alert.revision - 1

    await until(recorded)


def what(found: Receipt) -> list[str]:
    return [step.what for step in found.steps]


def told(found: Receipt) -> set[str]:
    return {one.authority for step in found.steps for one in step.deliveries}


async def test_a_receipt_has_every_step_whom_it_reached_and_what_the_alert_said(asking: Asking) -> None:
    alert = await a_full_alert(asking)
    await until_recorded(asking, alert)
    found = await receipt(asking, HU_COORDINATOR, alert.id, content=True)
    assert (found.alert_id, found.number, found.reader) == (alert.id, alert.number, "aut_hu_coordinator")
    # Italy's own steps before the broadcast, and what it proposes, are its own.
    assert what(found) == ["BROADCAST", "ACKNOWLEDGE", "DISSEMINATE", "ADD_INFORMATION"]
    broadcast, acknowledged, passed_on, _ = found.steps
    assert (broadcast.authority, broadcast.country) == ("aut_it_coordinator", "IT")
    assert {one.authority for one in broadcast.deliveries} == {"aut_hu_coordinator", "aut_hu_region"}
    assert (acknowledged.authority, acknowledged.deliveries) == ("aut_hu_coordinator", ())
    assert {one.authority for one in passed_on.deliveries} == {"aut_hu_labour"}
    assert broadcast.at < acknowledged.at < passed_on.at <= passed_on.recorded
    assert broadcast.content == passed_on.content != ""
    assert len(found.links) == 6
    values = {field: parts for field, _, parts in found.values}
    assert set(values) == {value.code for value in on_wire()}


@pytest.mark.parametrize("roles", [(UserRole.VIEWER,), tuple(UserRole), (UserRole.REQUEST_HANDLER,), ()])
async def test_what_is_open_to_a_reader_is_what_the_alert_shows_them_and_what_reached_them(
    asking: Asking, roles: tuple[UserRole, ...]
) -> None:
    """Authority by authority, whatever their part: the receipt says nothing more than the alert and the own inbox."""
    alert = await a_full_alert(asking)
    await until_recorded(asking, alert)
    for id_, authority in AUTHORITIES.items():
        reader = someone(id_, *roles)
        seen = await asking.read(reader, alert.id)
        if seen is None:
            with pytest.raises(NotFound) as hidden:
                await rendered(asking, reader, alert.id)
            with pytest.raises(NotFound) as absent:
                await rendered(asking, reader, "alt_nobody")
            assert hidden.value.message == absent.value.message.replace("alt_nobody", alert.id), id_
            continue
        document = await rendered(asking, reader, alert.id)
        found = verify(json.dumps(document), await keys(asking))
        # One event is one step; those before the chain are the draft's.
        shown = {alerts_pb2.AlertAction.Name(one.action).removeprefix("ALERT_ACTION_") for one in seen.history}
        own = {step.what for step in found.steps if any(one.authority == id_ for one in step.deliveries)}
        assert set(what(found)) == (shown - {"CREATE"}) | own, id_
        assert told(found) <= {one for one, other in AUTHORITIES.items() if other.country == authority.country}, id_
        if id_ == COMMISSION_ID:
            assert told(found) == set()
        foreign = {
            one
            for one, other in AUTHORITIES.items()
            if other.country != authority.country and one not in {"aut_it_labour", "aut_it_coordinator"}
        }
        acknowledging = {"aut_hu_coordinator"}
        assert not [one for one in foreign - acknowledging if one in json.dumps(document)], id_


async def test_the_receipts_of_all_readers_are_copies_of_one_chain(asking: Asking) -> None:
    alert = await a_full_alert(asking)
    await until_recorded(asking, alert)
    readers = (ITALY, IT_COORDINATOR, HU_COORDINATOR, HUNGARY, FR_COORDINATOR, COMMISSION)
    found = [await receipt(asking, reader, alert.id) for reader in readers]
    assert len({one.links for one in found}) == 1
    assert len({what(one)[0] for one in found}) == 2  # Italy's begins with its own approval


async def test_a_later_receipt_continues_an_earlier_one(asking: Asking) -> None:
    alert = await an_alert(asking)
    await until_recorded(asking, alert)
    before = await receipt(asking, FR_COORDINATOR, alert.id)
    later = await asking.do(HU_COORDINATOR, "AcknowledgeAlert", id=alert.id)
    await until_recorded(asking, later)
    after = await receipt(asking, FR_COORDINATOR, alert.id)
    require_continuation(before, after)
    assert what(after) == [*what(before), "ACKNOWLEDGE"]


async def test_a_correction_has_a_commitment_of_its_own_and_the_old_version_keeps_its(asking: Asking) -> None:
    alert = await an_alert(asking)
    await asking.do(HU_COORDINATOR, "AcknowledgeAlert", id=alert.id)
    values = [value for value in on_wire() if value.code != "facts"]
    changed = next(value for value in on_wire() if value.code == "facts")
    changed.value.text.text = "A second look showed less."
    corrected = await asking.do(IT_COORDINATOR, "CorrectAlert", id=alert.id, values=[*values, changed])
    await until_recorded(asking, corrected)
    found = await receipt(asking, HU_COORDINATOR, alert.id, content=True)
    assert what(found) == ["BROADCAST", "ACKNOWLEDGE", "CORRECT"]
    first, same, other = [step.content for step in found.steps]
    assert first == same != other
    assert ("facts", "text", ("A second look showed less.", "it", "PERSONAL")) in found.values


async def test_who_does_not_see_all_of_an_alert_is_not_given_what_it_says(asking: Asking) -> None:
    alert = await an_alert(asking)
    await until_recorded(asking, alert)
    with pytest.raises(Forbidden) as found:
        await rendered(asking, COMMISSION, alert.id, content=True)
    assert found.value.field == "withContent"
    assert "content" not in await rendered(asking, COMMISSION, alert.id)
    assert "content" not in await rendered(asking, ITALY, alert.id)


async def test_of_a_draft_there_is_an_empty_receipt_for_its_author_alone(asking: Asking) -> None:
    alert = await an_alert(asking, Status.DRAFT)
    found = await receipt(asking, ITALY, alert.id, content=True)
    assert (found.steps, found.links, found.values) == ((), (), ())
    with pytest.raises(NotFound):
        await rendered(asking, IT_COORDINATOR, alert.id)


async def test_heads_are_of_alerts_that_one_may_know_of(asking: Asking) -> None:
    alert = await an_alert(asking)
    await until_recorded(asking, alert)
    stub = ReceiptsServiceStub(asking.channel)
    found = (await receipt(asking, HU_COORDINATOR, alert.id)).links
    for reader, knows in [(HU_COORDINATOR, True), (COMMISSION, True), (AT_COORDINATOR, False), (HUNGARY, False)]:
        request = pb.BatchGetReceiptHeadsRequest(ids=[alert.id, "alt_nobody", alert.id])
        heads = (await asking.peer(reader).call(stub.BatchGetReceiptHeads, request)).heads
        assert [(one.alert_id, one.length, one.hash) for one in heads] == [(alert.id, len(found), found[-1])] * knows
    too_many = pb.BatchGetReceiptHeadsRequest(ids=[f"alt_{number}" for number in range(1001)])
    with pytest.raises(Invalid) as refused:
        await asking.peer(ITALY).call(stub.BatchGetReceiptHeads, too_many)
    assert (refused.value.field, refused.value.reason) == ("ids", "TOO_MANY")


async def test_when_a_step_was_recorded_that_one_may_not_know_of_is_not_said(asking: Asking) -> None:
    """The last one is what Italy proposes: to France it is closed, in the receipt and beside it."""
    alert = await a_full_alert(asking)
    await until_recorded(asking, alert)
    stub = ReceiptsServiceStub(asking.channel)
    for reader, knows in [(IT_COORDINATOR, True), (ITALY, True), (FR_COORDINATOR, False), (COMMISSION, False)]:
        request = pb.BatchGetReceiptHeadsRequest(ids=[alert.id])
        (head,) = (await asking.peer(reader).call(stub.BatchGetReceiptHeads, request)).heads
        assert head.length == alert.revision - 1
        assert head.HasField("recorded_at") == knows, reader.authority_id
        last = (await receipt(asking, reader, alert.id)).steps[-1]
        assert (last.sequence == head.length) == knows, reader.authority_id


async def test_a_step_that_is_taken_while_a_receipt_is_made_is_closed_in_it_and_open_in_the_next(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = await an_alert(asking)
    await until_recorded(asking, alert)
    entries = Ledger.entries

    async def later(ledger: Ledger, alert_id: str) -> AsyncIterator[list[Entry]]:
        await until_recorded(asking, await asking.do(HU_COORDINATOR, "AcknowledgeAlert", id=alert_id))
        async for links in entries(ledger, alert_id):
            yield links

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "entries", later)
        first = await receipt(asking, FR_COORDINATOR, alert.id)
    second = await receipt(asking, FR_COORDINATOR, alert.id)
    assert (what(first), what(second)) == (["BROADCAST"], ["BROADCAST", "ACKNOWLEDGE"])
    assert first.links == second.links


async def test_a_receipt_does_not_grow_with_every_delivery_of_a_large_country(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many, those to the own authority are still there; and what is left out is left out of no hash."""
    alert = await a_full_alert(asking)
    for n in range(3):
        values = on_wire(subject=written(f"Impianti elettrici {n}"))
        alert = await asking.do(IT_COORDINATOR, "CorrectAlert", id=alert.id, values=values)
    await until_recorded(asking, alert)
    whole = await receipt(asking, HU_COORDINATOR, alert.id)
    monkeypatch.setattr(receipts_rpc, "DELIVERIES_SHOWN", 2)
    monkeypatch.setattr(ledger, "READ_AT_ONCE", 2)
    found = await receipt(asking, HU_COORDINATOR, alert.id)
    assert (found.links, what(found)) == (whole.links, what(whole))
    assert {one.authority for one in whole.steps[-1].deliveries} == {
        "aut_hu_coordinator",
        "aut_hu_region",
        "aut_hu_labour",
    }
    assert {one.authority for one in found.steps[0].deliveries} == {"aut_hu_coordinator", "aut_hu_region"}
    assert [one.authority for one in found.steps[-1].deliveries] == ["aut_hu_coordinator"]


async def test_services_ask_for_no_receipts(asking: Asking) -> None:
    peer, stub = asking.peer(Caller(service="requests")), ReceiptsServiceStub(asking.channel)
    with pytest.raises(Forbidden):
        await anext(peer.stream(stub.RenderReceipt, pb.RenderReceiptRequest()))
    for method in ("BatchGetReceiptHeads", "ListReceiptKeys"):
        with pytest.raises(Forbidden):
            await peer.call(getattr(stub, method), getattr(pb, f"{method}Request")())


async def test_events_that_come_again_leave_the_chain_as_it_is(asking: Asking, tmp_path: Path) -> None:
    async with another(asking, tmp_path) as alone:
        alert = await a_full_alert(alone)
        await until_recorded(alone, alert)
        before = await receipt(alone, IT_COORDINATOR, alert.id)
        async with open_events(alone.settings.events) as log:
            async with log.join("witness", [topic("alerts")]) as member:
                events = [received.event for received in await member.poll()]
            await log.publish(topic("alerts"), events)
            await log.publish(topic("alerts"), events[::-1])
        # The next step of the same alert is dealt with after them.
        later = await alone.do(FR_COORDINATOR, "AcknowledgeAlert", id=alert.id)
        await until_recorded(alone, later)
        after = await receipt(alone, IT_COORDINATOR, alert.id)
        assert (after.links[:-1], after.steps[-1].authority) == (before.links, "aut_fr_coordinator")


async def test_what_happened_before_the_service_ran_is_recorded_as_it_was(asking: Asking, tmp_path: Path) -> None:
    """The whole thread is stored before its first step is written down."""
    settings = asking.settings.model_copy(update={"data_dir": tmp_path, "keys_dir": asking.settings.keys})
    made = ruled_steps()
    await store(settings, {"alt_1": made})
    async with another(asking, tmp_path) as alone:

        async def recorded() -> bool:
            return await length(alone, "alt_1") == len(made) - 1

        await until(recorded)
        found = await receipt(alone, IT_COORDINATOR, "alt_1", content=True)
    assert what(found) == ["SUBMIT", "RETURN", "SUBMIT", "BROADCAST"]
    assert [bool(step.content) for step in found.steps] == [False, False, False, True]


async def test_what_was_delivered_and_not_written_down_when_the_service_stopped_is_written_down_when_it_runs_again(
    asking: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The inboxes are filled first, once; the receipt says so in the end."""
    monkeypatch.setattr(reactions, "AWAY_PAUSE_S", 0.05)

    append = Ledger.append

    async def away(ledger: Ledger, happened: Sequence[Happened]) -> None:
        if any(one.what == "BROADCAST" for one in happened):
            raise Unavailable("the store is away")
        await append(ledger, happened)

    async with another(asking, tmp_path) as alone:
        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "append", away)
            alert = await an_alert(alone)
            await until_told(alone, HU_COORDINATOR, alert.id)
            before = await inbox(alone, HU_COORDINATOR)
            assert await length(alone, alert.id) < alert.revision - 1
    async with another(asking, tmp_path) as again:
        await until_recorded(again, alert)
        assert await inbox(again, HU_COORDINATOR) == before
        (broadcast,) = (await receipt(again, HU_COORDINATOR, alert.id)).steps
        assert [entry.id for entry in before] == [broadcast.event]


async def test_information_that_is_shared_reaches_everybody_and_each_sees_their_own_country(asking: Asking) -> None:
    alert = await a_full_alert(asking)
    one = await information_id(asking, HU_COORDINATOR, alert.id)
    shared = await asking.do(HU_COORDINATOR, "ApproveAlertInformation", id=alert.id, information_id=one)
    await until_recorded(asking, shared)
    for reader, country in [(HU_COORDINATOR, "HU"), (FR_COORDINATOR, "FR"), (IT_COORDINATOR, "IT")]:
        last = (await receipt(asking, reader, alert.id)).steps[-1]
        assert last.what == "APPROVE_INFORMATION"
        assert last.deliveries
        assert {each.country for each in last.deliveries} == {country}
