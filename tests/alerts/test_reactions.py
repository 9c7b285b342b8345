"""Each change is told; what is due is delivered once, however often it is tried, and however late."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis import reactions
from chassis.caller import Caller
from chassis.outbox import topic
from chassis.settings import ServiceSettings
from engines.events import Event, open_events
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1.events_pb2 import AlertChanged
from services.alerts.domain import receiving
from services.alerts.domain.alerts import Alert
from tests.alerts.cast import (
    FR_COORDINATOR,
    HU_COORDINATOR,
    HU_REGION,
    HUNGARY,
    IT_COORDINATOR,
    IT_REGION,
    ITALY,
    as_party,
)
from tests.alerts.conftest import FREE_PORT, Asking, a_directory, another, running
from tests.alerts.dangers import TYPE
from tests.alerts.inboxes import PATIENCE_S, inbox, settled
from tests.alerts.threads import a_full_alert, an_alert, said, steps, store
from tests.ports import a_dead_address

READERS = (ITALY, IT_COORDINATOR, IT_REGION, HUNGARY, HU_COORDINATOR, HU_REGION, FR_COORDINATOR)


def thread() -> list[Alert]:
    """An alert that was returned once, broadcast, passed on in Hungary and added to, step by step."""
    made = steps()
    made.append(receiving.acknowledge(made[-1], TYPE, as_party(HU_COORDINATOR)))
    made.append(receiving.disseminate(made[-1], TYPE, ["aut_hu_labour"], as_party(HU_COORDINATOR)))
    made.append(receiving.add_information(made[-1], TYPE, "inf_1", said("visto"), as_party(HUNGARY)))
    return [*made, receiving.approve_information(made[-1], TYPE, "inf_1", as_party(HU_REGION))]


NEWS = {
    "aut_it_labour": ["RETURNED", "INFORMATION"],
    "aut_it_coordinator": ["SUBMITTED", "SUBMITTED", "INFORMATION"],
    "aut_it_region": ["SUBMITTED", "SUBMITTED", "INFORMATION"],
    "aut_hu_labour": ["DISSEMINATED", "INFORMATION"],
    "aut_hu_coordinator": ["BROADCAST", "INFORMATION_PROPOSED", "INFORMATION"],
    "aut_hu_region": ["BROADCAST", "INFORMATION_PROPOSED", "INFORMATION"],
    "aut_fr_coordinator": ["BROADCAST", "INFORMATION"],
}


async def told(asking: Asking, readers: Sequence[Caller] = READERS) -> dict[str, list[str]]:
    """The news in each reader's inbox."""
    return {
        reader.authority_id: [
            pb.InboxEntryKind.Name(entry.kind).removeprefix("INBOX_ENTRY_KIND_")
            for entry in await inbox(asking, reader)
        ]
        for reader in readers
    }


async def until_all_told(asking: Asking) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await told(asking) == NEWS:
                return
            await asyncio.sleep(0.02)


async def until_tried(times: int) -> None:
    """Wait until the deliveries have said so many times that they wait."""
    with capture_logs() as lines:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if [line["event"] for line in lines].count("waiting") >= times:
                    return
                await asyncio.sleep(0.01)


async def published(settings: ServiceSettings, count: int) -> list[Event]:
    """The first *count* events of alerts."""
    async with open_events(settings.events) as events, events.join("test", [topic("alerts")]) as member:
        found: list[Event] = []
        async with asyncio.timeout(PATIENCE_S):
            while len(found) < count:
                found += [received.event for received in await member.poll()]
    assert len(found) == count
    return found


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    """Those of a service whose directory is not there yet."""
    return ServiceSettings(data_dir=tmp_path, listen_address=FREE_PORT, directory_address=a_dead_address())


async def test_each_change_is_told_by_ids_and_codes(asking: Asking, tmp_path: Path) -> None:
    async with another(asking, tmp_path) as alone:
        alert = await a_full_alert(alone)
        events = await published(alone.settings, 7)
    messages = [AlertChanged.FromString(event.data) for event in events]
    assert {(event.subject, event.type) for event in events} == {(alert.id, "imi.alerts.v1.AlertChanged")}
    assert [
        (message.revision, pb.AlertAction.Name(message.action)[13:], message.delivery_id) for message in messages
    ] == [
        (1, "CREATE", ""),
        (2, "SUBMIT", "1"),
        (3, "BROADCAST", "2"),
        (4, "ACKNOWLEDGE", ""),
        (5, "DISSEMINATE", "3"),
        (6, "ADD_INFORMATION", "4"),
        (7, "ADD_INFORMATION", "5"),
    ]
    assert not any(b"SECRET" in event.data or b"visto" in event.data for event in events)


async def test_an_event_that_comes_again_adds_nothing(asking: Asking, tmp_path: Path) -> None:
    async with another(asking, tmp_path) as alone:
        await a_full_alert(alone)
        await settled(alone)
        before = [await inbox(alone, reader) for reader in READERS]
        events = await published(alone.settings, 9)
        async with open_events(alone.settings.events) as log:
            await log.publish(topic("alerts"), events)
            await log.publish(topic("alerts"), events[::-1])
        await settled(alone)
        assert [await inbox(alone, reader) for reader in READERS] == before
    assert all(before[1:])  # nothing came back to the author, the first of them


async def test_an_event_that_comes_after_the_alert_moved_on_still_tells_what_it_was_about(
    asking: Asking, tmp_path: Path
) -> None:
    """The whole thread is stored before its first delivery."""
    made = asking.settings.model_copy(update={"data_dir": tmp_path, "keys_dir": asking.settings.keys})
    await store(made, {"alt_1": thread()})
    async with running(made) as alone:
        await until_all_told(alone)


async def test_what_is_due_while_the_directory_is_away_is_delivered_when_it_is_back(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it was tried in the meantime: its absence is no fault of the event."""
    monkeypatch.setattr(reactions, "AWAY_PAUSE_S", 0.05)
    monkeypatch.setattr(reactions, "ATTEMPTS", 1)
    await store(settings, {"alt_1": thread()})
    async with running(settings) as asking:
        await until_tried(3)
        assert not any((await told(asking)).values())
        async with a_directory(settings.data_dir, settings.directory_address):
            await until_all_told(asking)
    async with running(settings) as again:
        assert await told(again) == NEWS


async def test_what_was_due_when_the_service_stopped_is_delivered_when_it_runs_again(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "AWAY_PAUSE_S", 0.05)
    await store(settings, {"alt_1": thread()})
    async with running(settings):
        await until_tried(1)
    async with a_directory(settings.data_dir, settings.directory_address), running(settings) as asking:
        await until_all_told(asking)
        fresh = await an_alert(asking)
        await settled(asking)
        assert [entry.alert_id for entry in await inbox(asking, FR_COORDINATOR)] == ["alt_1", "alt_1", fresh.id]
