"""Inboxes: everybody is told what concerns them, in one order for all ways of reading, and nobody misses or repeats anything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from chassis import inbox as chassis_inbox
from chassis import server
from chassis.caller import Caller
from chassis.calls import open_channel
from protos.alerts.v1 import alerts_pb2 as pb
from protos.common.v1 import common_pb2
from services.alerts.domain.lifecycle import Status
from services.alerts.wiring import alerts
from tests.alerts.cast import (
    AT_COORDINATOR,
    AUTHORITIES,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HU_REGION,
    HUNGARY,
    IT_COORDINATOR,
    IT_REGION,
    ITALY,
    someone,
)
from tests.alerts.conftest import FREE_PORT, Asking, another, running
from tests.alerts.inboxes import PATIENCE_S, inbox, now, settled, until_told, watched, watching
from tests.alerts.threads import an_alert, fields_of, information_id, steps, store
from vocabulary import pages
from vocabulary.refusals import Invalid, Unavailable
from vocabulary.roles import UserRole

FRANCE = someone("aut_fr_labour", UserRole.ALERT_HANDLER)


@pytest.fixture(scope="module")
async def alone(asking: Asking, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """A service with the inboxes of these tests only."""
    async with another(asking, tmp_path_factory.mktemp("inboxes")) as service:
        yield service


async def news(asking: Asking, authority_id: str, id_: str) -> list[str]:
    """What an authority was told of an alert, in the order of its inbox."""
    reader = someone(authority_id, UserRole.VIEWER)
    found = [entry for entry in await inbox(asking, reader) if entry.alert_id == id_]
    return [pb.InboxEntryKind.Name(entry.kind).removeprefix("INBOX_ENTRY_KIND_") for entry in found]


async def test_who_has_read_an_inbox_with_nothing_in_it_goes_on_from_there(asking: Asking, tmp_path: Path) -> None:
    """And not from now: what has come since is not missed."""
    nothing_is_meant = pb.InboxFilter(kinds=[pb.INBOX_ENTRY_KIND_EXPIRED])
    async with another(asking, tmp_path) as empty:
        ends = [
            (await empty(HU_COORDINATOR, "ReadInbox", filter=wanted)).end_cursor for wanted in (None, nothing_is_meant)
        ]
        sent = await an_alert(empty)
        await until_told(empty, HU_COORDINATOR, sent.id)
        for end in ends:
            _, first = await watched(empty, HU_COORDINATOR, end, 2)
            assert first.entry.alert_id == sent.id


async def test_each_step_is_told_to_exactly_those_it_concerns_in_its_order(alone: Asking) -> None:
    id_ = (await an_alert(alone, Status.SUBMITTED)).id
    await alone.do(IT_COORDINATOR, "ReturnAlert", **fields_of("ReturnAlert", id_))
    await alone.do(ITALY, "EditAlert", **fields_of("EditAlert", id_))
    await alone.do(ITALY, "SubmitAlert", id=id_)
    await alone.do(IT_REGION, "BroadcastAlert", **fields_of("BroadcastAlert", id_))
    await alone.do(HU_COORDINATOR, "AcknowledgeAlert", id=id_)
    await alone.do(HU_COORDINATOR, "DisseminateAlert", **fields_of("DisseminateAlert", id_))
    await alone.do(HU_COORDINATOR, "DisseminateAlert", id=id_, authority_ids=["aut_hu_labour", "aut_hu_region"])
    await alone.do(HUNGARY, "AddAlertInformation", **fields_of("AddAlertInformation", id_))
    information = await information_id(alone, HU_REGION, id_)
    await alone.do(HU_REGION, "ApproveAlertInformation", id=id_, information_id=information)
    await settled(alone)
    expected = {
        "aut_it_labour": ["RETURNED", "INFORMATION"],
        "aut_it_coordinator": ["SUBMITTED", "SUBMITTED", "INFORMATION"],
        "aut_it_region": ["SUBMITTED", "SUBMITTED", "INFORMATION"],
        "aut_hu_coordinator": ["BROADCAST", "INFORMATION_PROPOSED", "INFORMATION"],
        "aut_hu_region": ["BROADCAST", "DISSEMINATED", "INFORMATION_PROPOSED", "INFORMATION"],
        "aut_hu_labour": ["DISSEMINATED", "INFORMATION"],
        "aut_fr_coordinator": ["BROADCAST", "INFORMATION"],
        "aut_fr_region": ["BROADCAST", "INFORMATION"],
    }
    takes_part = [id_ for id_ in AUTHORITIES if id_ not in ("aut_hu_requests", "aut_commission")]
    assert {authority: await news(alone, authority, id_) for authority in takes_part} == {
        authority: expected.get(authority, []) for authority in takes_part
    }


async def test_an_entry_names_the_alert_and_when_it_was_told_and_has_an_id_of_its_own(alone: Asking) -> None:
    after = await now(alone, HU_COORDINATOR)
    first, second = [await an_alert(alone) for _ in range(2)]
    await settled(alone)
    entries = await inbox(alone, HU_COORDINATOR, after)
    assert [entry.alert_id for entry in entries] == [first.id, second.id]
    assert len({entry.id for entry in entries}) == 2
    for entry, alert in zip(entries, (first, second), strict=True):
        assert alert.created_at.ToDatetime() < entry.at.ToDatetime()
        assert abs((entry.at.ToDatetime() - alert.broadcast_at.ToDatetime()).total_seconds()) < PATIENCE_S


@pytest.fixture(scope="module")
async def five(alone: Asking) -> list[pb.InboxEntry]:
    """Five entries in Hungary's inbox."""
    after = await now(alone, HU_COORDINATOR)
    for _ in range(5):
        await an_alert(alone)
    await settled(alone)
    return await inbox(alone, HU_COORDINATOR, after)


async def test_reading_and_watching_give_the_same_entries_at_the_same_places(
    alone: Asking, five: list[pb.InboxEntry]
) -> None:
    everything = await inbox(alone, HU_COORDINATOR)
    assert everything[-5:] == five
    messages = await watched(alone, HU_COORDINATOR, everything[0].cursor, len(everything))
    assert [message.entry for message in messages[1:]] == everything[1:]
    assert [message.cursor for message in messages] == [entry.cursor for entry in everything]
    assert len({entry.cursor for entry in everything}) == len(everything)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_pages_of_an_inbox_follow_each_other_without_gap_or_repetition(
    alone: Asking, five: list[pb.InboxEntry], size: int
) -> None:
    everything = await inbox(alone, HU_COORDINATOR)
    assert await inbox(alone, HU_COORDINATOR, size=size) == everything
    last = await alone(HU_COORDINATOR, "ReadInbox", page=common_pb2.Page(first=size, after=everything[-1].cursor))
    assert (list(last.entries), last.page_info.has_next_page) == ([], False)


@pytest.mark.parametrize("place", range(5))
async def test_whoever_resumes_after_a_cursor_loses_and_repeats_nothing(
    alone: Asking, five: list[pb.InboxEntry], place: int
) -> None:
    after = five[place].cursor
    assert await inbox(alone, HU_COORDINATOR, after) == five[place + 1 :]
    watermark, *messages = await watched(alone, HU_COORDINATOR, after, 5 - place)
    assert (watermark.cursor, watermark.HasField("entry")) == (after, False)
    assert [message.entry for message in messages] == five[place + 1 :]


async def test_a_watcher_without_a_cursor_starts_now_with_a_watermark_to_resume_from(
    alone: Asking, five: list[pb.InboxEntry]
) -> None:
    async with watching(alone, HU_COORDINATOR) as messages:
        first = await anext(messages)
        assert (first.cursor, first.HasField("entry")) == (five[-1].cursor, False)
        assert first.HasField("at")
        alert = await an_alert(alone)
        assert (await anext(messages)).entry.alert_id == alert.id
    (again,) = await inbox(alone, HU_COORDINATOR, first.cursor)
    assert again.alert_id == alert.id


async def test_a_watcher_of_an_empty_inbox_can_resume_from_its_very_start(alone: Asking) -> None:
    nobody_told = someone("aut_hu_nimic", UserRole.VIEWER)
    start = await now(alone, nobody_told)
    assert await inbox(alone, nobody_told, start) == []
    (watermark,) = await watched(alone, nobody_told, start, 1)
    assert watermark.cursor == start


async def test_a_quiet_inbox_still_tells_its_watchers_that_nothing_was_missed(
    alone: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chassis_inbox, "WATERMARK_EVERY_S", 0.02)
    monkeypatch.setattr(chassis_inbox, "LOOK_EVERY_S", 0.01)
    messages = await watched(alone, FR_COORDINATOR, "", 3)
    assert len({message.cursor for message in messages}) == 1
    assert not any(message.HasField("entry") for message in messages)
    assert messages[0].at.ToDatetime() < messages[1].at.ToDatetime() < messages[2].at.ToDatetime()


async def test_nobody_misses_or_repeats_anything_while_several_broadcast(alone: Asking) -> None:
    """One reader stays, one reconnects after every few entries, one reads pages; all end with the same."""
    senders = [
        (ITALY, IT_COORDINATOR),
        (ITALY, IT_REGION),
        (someone("aut_it_trade", UserRole.ALERT_HANDLER), IT_REGION),
        (someone("aut_at_trade", UserRole.ALERT_HANDLER), AT_COORDINATOR),
    ]
    count = 4 * len(senders)
    start = await now(alone, HU_COORDINATOR)

    async def broadcasts(author: Caller, by: Caller) -> None:
        for _ in range(4):
            await an_alert(alone, author=author, by=by)

    async def stays() -> list[str]:
        return [message.entry.id for message in (await watched(alone, HU_COORDINATOR, start, count + 1))[1:]]

    async def reconnects() -> list[str]:
        seen: list[str] = []
        cursor = start
        while len(seen) < count:
            few = min(1 + len(seen) % 3, count - len(seen))
            for message in (await watched(alone, HU_COORDINATOR, cursor, few + 1))[1:]:
                seen.append(message.entry.id)
                cursor = message.cursor
        return seen

    async def turns_pages() -> list[str]:
        seen: list[str] = []
        cursor = start
        async with asyncio.timeout(PATIENCE_S):
            while len(seen) < count:
                found = await inbox(alone, HU_COORDINATOR, cursor, size=2)
                seen += [entry.id for entry in found]
                cursor = found[-1].cursor if found else cursor
                await asyncio.sleep(0.005)
        return seen

    async with asyncio.TaskGroup() as group:
        readers = [group.create_task(reader()) for reader in (stays, reconnects, turns_pages)]
        for author, by in senders:
            group.create_task(broadcasts(author, by))
    await settled(alone)
    everything = [entry.id for entry in await inbox(alone, HU_COORDINATOR, start)]
    assert len(set(everything)) == count
    assert [task.result() for task in readers] == [everything] * 3


async def refused_cursor(asking: Asking, caller: Caller, cursor: str) -> None:
    """Neither way of reading takes *cursor*."""
    with pytest.raises(Invalid) as read:
        await asking(caller, "ReadInbox", page=common_pb2.Page(after=cursor))
    with pytest.raises(Invalid) as watch:
        await watched(asking, caller, cursor, 1)
    assert (read.value.field, read.value.reason) == (watch.value.field, watch.value.reason) == ("after", "CURSOR")


async def test_a_cursor_of_another_authority_is_refused(alone: Asking, five: list[pb.InboxEntry]) -> None:
    """Even of the same country, and with the same news."""
    for other in (HU_REGION, FR_COORDINATOR, ITALY):
        await refused_cursor(alone, other, five[0].cursor)
    colleague = someone("aut_hu_coordinator", UserRole.VIEWER)
    assert await inbox(alone, colleague, five[0].cursor) == five[1:] + await inbox(alone, colleague, five[-1].cursor)


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "é",
        pages.cursor("alerts", "aut_hu_coordinator"),
        pages.cursor("alerts", "aut_hu_coordinator", "1"),
        pages.cursor("alerts", "aut_hu_coordinator", -1),
        pages.cursor("alerts", "aut_hu_coordinator", 10**6),
        pages.cursor("requests", "aut_hu_coordinator", 1),
    ],
)
async def test_what_is_no_cursor_of_the_inbox_is_refused(alone: Asking, cursor: str) -> None:
    """Malformed, of another stream, or of a place that nothing has come to yet."""
    await refused_cursor(alone, HU_COORDINATOR, cursor)


async def test_what_a_person_may_no_longer_see_leaves_no_gap(alone: Asking) -> None:
    """An alert that a coordinator returned is its author's alone; it shows neither as an entry nor as one more page."""
    start = await now(alone, FR_COORDINATOR)
    first, returned, third, last = [(await an_alert(alone, Status.SUBMITTED, author=FRANCE)).id for _ in range(4)]
    await settled(alone)
    everything = await inbox(alone, FR_COORDINATOR, start)
    for id_ in (returned, last):
        await alone.do(FR_COORDINATOR, "ReturnAlert", **fields_of("ReturnAlert", id_))

    for size in (1, 2, 100):
        found = await inbox(alone, FR_COORDINATOR, start, size)
        assert [entry.alert_id for entry in found] == [first, third]
        assert found == [everything[0], everything[2]]
    whole = await alone(FR_COORDINATOR, "ReadInbox", page=common_pb2.Page(first=2, after=start))
    assert (len(whole.entries), whole.page_info.has_next_page) == (2, False)

    # A watcher's cursor moves over what is hidden from them, and says nothing of it.
    messages = await watched(alone, FR_COORDINATOR, start, 5)
    assert [message.cursor for message in messages[1:]] == [entry.cursor for entry in everything]
    assert [message.entry.alert_id for message in messages] == ["", first, "", third, ""]
    assert not any(returned in str(message) or last in str(message) for message in messages)

    await alone.do(FRANCE, "SubmitAlert", id=returned)
    await settled(alone)
    found = await inbox(alone, FR_COORDINATOR, start)
    assert [entry.alert_id for entry in found] == [first, returned, third, returned]
    assert found[:3] == everything[:3]


async def test_an_authority_that_was_not_told_hears_of_nothing(alone: Asking) -> None:
    """Not by an entry, not by the end of its inbox moving, not by a watcher's cursor."""
    others = [
        someone(f"aut_{name}", *UserRole) for name in ("hu_trade", "it_trade", "fr_trade", "it_nimic", "at_region")
    ]
    before = [await now(alone, caller) for caller in others]
    alert = await an_alert(alone)
    await alone.do(HU_COORDINATOR, "AcknowledgeAlert", id=alert.id)
    await alone.do(HU_COORDINATOR, "DisseminateAlert", **fields_of("DisseminateAlert", alert.id))
    await until_told(alone, HUNGARY, alert.id)
    assert [await now(alone, caller) for caller in others] == before


async def test_a_long_inbox_is_read_and_watched_to_its_end(asking: Asking, tmp_path: Path) -> None:
    """Longer than a page, and than what the store keeps in one piece."""
    count = chassis_inbox.BUCKET + 12
    made = steps(["HU"], returned=False)
    settings = asking.settings.model_copy(update={"data_dir": tmp_path, "keys_dir": asking.settings.keys})
    await store(settings, {f"alt_{number:03}": made for number in range(count)})
    async with running(settings) as service:
        start = pages.cursor("alerts", HU_REGION.authority_id, 0)
        arrived = await watched(service, HU_REGION, start, count + 1)
        everything = await inbox(service, HU_REGION)
        assert [message.entry for message in arrived[1:]] == everything
        assert [entry.alert_id for entry in everything] == [f"alt_{number:03}" for number in range(count)]
        for place in (chassis_inbox.BUCKET - 2, chassis_inbox.BUCKET - 1, chassis_inbox.BUCKET, count - 1):
            after = everything[place].cursor
            assert await inbox(service, HU_REGION, after) == everything[place + 1 :]
            messages = await watched(service, HU_REGION, after, count - place)
            assert [message.entry for message in messages[1:]] == everything[place + 1 :]


async def test_a_watcher_goes_on_where_it_was_after_the_service_was_restarted(
    asking: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "DRAIN_S", 0.05)
    settings = asking.settings.model_copy(
        update={"data_dir": tmp_path, "keys_dir": asking.settings.keys, "listen_address": FREE_PORT}
    )
    async with AsyncExitStack() as kept_open:
        async with alerts(settings) as started:
            channel = await kept_open.enter_async_context(open_channel(f"127.0.0.1:{started.port}"))
            service = Asking(channel, settings)
            start = await now(service, HU_COORDINATOR)
            messages = service.watch(HU_COORDINATOR, start)
            await anext(messages)
            first = await an_alert(service)
            seen = await anext(messages)
            assert seen.entry.alert_id == first.id
            waiting = asyncio.ensure_future(anext(messages))
        with pytest.raises(Unavailable):
            await waiting
    async with running(settings) as service:
        second = await an_alert(service)
        async with watching(service, HU_COORDINATOR, seen.cursor) as again:
            assert (await anext(again)).cursor == seen.cursor
            assert (await anext(again)).entry.alert_id == second.id
        assert [entry.alert_id for entry in await inbox(service, HU_COORDINATOR, start)] == [first.id, second.id]
