"""Saved filters: for all who read an authority's alerts, changed by who made them or an administrator; and inboxes read by them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.process import clock
from chassis.removing import Removing
from engines.documents import open_documents
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1 import filters_pb2
from protos.common.v1 import common_pb2
from services.alerts import storage
from services.alerts.domain.filters import FILTERS_LIMIT
from services.alerts.filters.storage import SAVED_FILTERS
from services.alerts.rpc import inbox as inbox_module
from tests.alerts.cast import COMMISSION, HU_COORDINATOR, HUNGARY, IT_COORDINATOR, ITALY, someone
from tests.alerts.conftest import FREE_PORT, Asking, command
from tests.alerts.dangers import AREA, TYPE_ID, chosen, on_wire
from tests.alerts.inboxes import PATIENCE_S, now, settled, until_told
from tests.alerts.outgoing import HU_ADMINISTRATOR, HU_VIEWER, Outgoing, administrator, serving_outward
from tests.alerts.threads import an_alert, fields_of
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal
from vocabulary.roles import UserRole

BROADCAST = pb.InboxFilter(kinds=[pb.INBOX_ENTRY_KIND_BROADCAST])
INFORMATION = pb.InboxFilter(kinds=[pb.INBOX_ENTRY_KIND_INFORMATION, pb.INBOX_ENTRY_KIND_INFORMATION_PROPOSED])


@pytest.fixture(scope="module")
async def alone(asking: Asking, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Outgoing]:
    """A service with the filters and inboxes of these tests only."""
    settings = asking.settings.model_copy(
        update={
            "data_dir": tmp_path_factory.mktemp("filters"),
            "keys_dir": asking.settings.keys,
            "listen_address": FREE_PORT,
        }
    )
    async with serving_outward(settings) as service:
        yield service


async def saved(alone: Outgoing, by: Caller = HU_COORDINATOR, **fields: Any) -> filters_pb2.SavedFilter:
    name = f"filter {command().idempotency_key}"
    made: filters_pb2.SavedFilter = (
        await alone(by, "CreateSavedFilter", **{"name": name, "filter": BROADCAST, **fields})
    ).filter
    return made


def unknown(**lists: Any) -> pb.InboxFilter:
    """A filter with numbers that stand for nothing yet."""
    return pb.InboxFilter(**lists)


async def names(alone: Outgoing, by: Caller) -> list[str]:
    return [one.name for one in (await alone(by, "ListSavedFilters")).filters]


async def refused(kind: type[Refusal], alone: Outgoing, by: Caller, method: str, **fields: Any) -> tuple[str, str]:
    """The reason and the field of a refusal."""
    with pytest.raises(kind) as found:
        await alone(by, method, **fields)
    return found.value.reason, found.value.field


async def test_a_filter_that_is_saved_is_there_for_all_who_read_the_authoritys_alerts(alone: Outgoing) -> None:
    made = await saved(alone, HU_COORDINATOR, filter=pb.InboxFilter(types=["services"], areas=[AREA, AREA]))
    assert made.delivery == filters_pb2.FILTER_DELIVERY_NONE
    assert made.filter == pb.InboxFilter(types=["services"], areas=[AREA])
    for reader in (HU_COORDINATOR, HU_VIEWER, HU_ADMINISTRATOR):
        assert made.name in await names(alone, reader)
    for stranger in (IT_COORDINATOR, HUNGARY):
        assert made.name not in await names(alone, stranger)
    nobody = someone("aut_hu_coordinator")
    assert (await refused(Forbidden, alone, nobody, "ListSavedFilters"))[0] == "FORBIDDEN"
    for outsider in (COMMISSION, administrator("aut_hu_requests")):
        assert (await refused(Forbidden, alone, outsider, "CreateSavedFilter", name="x"))[0] == "FORBIDDEN"


async def test_filters_are_listed_by_name(alone: Outgoing) -> None:
    reader = someone("aut_fr_region", UserRole.COORDINATOR)
    for name in ("b", "a", "C"):
        await saved(alone, reader, name=name)
    assert await names(alone, reader) == ["a", "b", "C"]


async def test_the_same_command_saves_once(alone: Outgoing) -> None:
    key = command()
    first, again = [await saved(alone, command=key, name="once") for _ in range(2)]
    assert first == again
    assert (await names(alone, HU_COORDINATOR)).count("once") == 1


async def test_who_reads_no_alerts_any_more_gets_no_earlier_answer_either(alone: Outgoing) -> None:
    reader = someone("aut_hu_coordinator", UserRole.VIEWER)
    former = replace(reader, user_roles={})
    key = command()
    made = await saved(alone, reader, command=key, name="former")
    commands: dict[str, dict[str, Any]] = {
        "CreateSavedFilter": {"command": key, "name": "former", "filter": BROADCAST},
        "EditSavedFilter": {"command": command(), "id": made.id, "filter": INFORMATION},
        "RemoveSavedFilter": {"command": command(), "id": made.id},
    }
    for method, fields in commands.items():
        first = await alone(reader, method, **fields)
        assert await alone(reader, method, **fields) == first, method
        assert (await refused(Forbidden, alone, former, method, **fields))[0] == "FORBIDDEN", method


async def test_another_authoritys_filter_is_refused_in_the_words_for_one_that_there_is_not(alone: Outgoing) -> None:
    made = await saved(alone, HU_COORDINATOR)
    for method in ("EditSavedFilter", "RemoveSavedFilter"):
        said = []
        for id_ in (made.id, "flt_none"):
            with pytest.raises(NotFound) as found:
                await alone(IT_COORDINATOR, method, id=id_)
            said.append(found.value.message.replace(id_, "…"))
        assert said[0] == said[1], method


async def test_a_name_is_taken_once_in_an_authority_and_free_again_when_it_is_removed(alone: Outgoing) -> None:
    made = await saved(alone, name="Straße")
    for name in ("Straße", "STRASSE", " straße "):
        taken = await refused(Conflict, alone, HU_VIEWER, "CreateSavedFilter", name=name)
        assert taken == ("ALREADY_EXISTS", "name")
    other = await saved(alone)
    taken = await refused(Conflict, alone, HU_COORDINATOR, "EditSavedFilter", id=other.id, name="STRASSE")
    assert taken == ("ALREADY_EXISTS", "name")
    await saved(alone, IT_COORDINATOR, name="Straße")
    gone = (await alone(HU_COORDINATOR, "RemoveSavedFilter", id=made.id)).filter
    assert gone.removed
    assert "Straße" not in await names(alone, HU_COORDINATOR)
    for method in ("EditSavedFilter", "RemoveSavedFilter"):
        assert (await refused(NotFound, alone, HU_COORDINATOR, method, id=made.id)) == ("NOT_FOUND", "id")
    assert (await saved(alone, name="Straße")).id != made.id


async def test_of_one_that_was_removed_nothing_is_kept_once_its_removal_cannot_be_sent_again(alone: Outgoing) -> None:
    made, stays = await saved(alone), await saved(alone)
    removing = command()
    gone = (await alone(HU_COORDINATOR, "RemoveSavedFilter", command=removing, id=made.id)).filter
    async with open_documents(alone.settings.documents("alerts"), storage.COLLECTIONS) as documents:
        for days in (29, 31):
            again = (await alone(HU_COORDINATOR, "RemoveSavedFilter", command=removing, id=made.id)).filter
            assert again == gone
            ahead = timedelta(days=days)
            removals = storage.removals(alone.settings)
            await Removing(documents, removals, lambda: clock() + ahead).remove_all()  # noqa: B023
        left = {one.id for one in await documents.find(SAVED_FILTERS, limit=1_000)}
    assert stays.id in left
    assert made.id not in left
    assert await refused(NotFound, alone, HU_COORDINATOR, "RemoveSavedFilter", id=made.id) == ("NOT_FOUND", "id")
    assert stays.name in await names(alone, HU_COORDINATOR)


async def test_who_made_it_and_an_administrator_change_it_and_nobody_else(alone: Outgoing) -> None:
    made = await saved(alone, HU_COORDINATOR)
    for method in ("EditSavedFilter", "RemoveSavedFilter"):
        assert (await refused(Forbidden, alone, HU_VIEWER, method, id=made.id))[0] == "FORBIDDEN"
        for stranger in (IT_COORDINATOR, HUNGARY, administrator("aut_it_coordinator")):
            assert await refused(NotFound, alone, stranger, method, id=made.id) == ("NOT_FOUND", "id")
    edited = (await alone(HU_ADMINISTRATOR, "EditSavedFilter", id=made.id, filter=INFORMATION)).filter
    assert (edited.name, edited.filter, edited.revision) == (made.name, INFORMATION, 2)
    edited = (await alone(HU_COORDINATOR, "EditSavedFilter", id=made.id, name="renamed")).filter
    assert (edited.name, edited.filter) == ("renamed", INFORMATION)


async def test_what_is_wrong_with_a_filter_is_said_by_its_field_and_nothing_is_saved(alone: Outgoing) -> None:
    before = await names(alone, HU_COORDINATOR)
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"name": ""}, "EMPTY", "name"),
        ({"name": "x" * 101}, "TOO_LONG", "name"),
        ({"filter": pb.InboxFilter(types=["services", "nothing"])}, "UNKNOWN_ALERT_TYPE", "filter.types[1]"),
        ({"filter": pb.InboxFilter(areas=["nowhere"])}, "UNKNOWN_AREA", "filter.areas[0]"),
        ({"filter": unknown(kinds=[1, 999])}, "UNKNOWN_VALUE", "filter.kinds[1]"),
        ({"filter": unknown(severities=[999])}, "UNKNOWN_VALUE", "filter.severities[0]"),
        ({"filter": pb.InboxFilter(types=["services"] * 101)}, "TOO_MANY", "filter.types"),
        # Said of the list, before what is in it is looked at.
        ({"filter": unknown(kinds=[1] * 100 + [999])}, "TOO_MANY", "filter.kinds"),
        ({"delivery": 99}, "UNKNOWN_VALUE", "delivery"),
        ({"command": common_pb2.Command()}, "IDEMPOTENCY_KEY", "idempotencyKey"),
    ]
    for fields, reason, field in wrong:
        found = await refused(Invalid, alone, HU_COORDINATOR, "CreateSavedFilter", **{"name": "wrong", **fields})
        assert found == (reason, field)
    # This service has no mail server.
    email = {"name": "wrong", "delivery": filters_pb2.FILTER_DELIVERY_EMAIL}
    assert await refused(Conflict, alone, HU_COORDINATOR, "CreateSavedFilter", **email) == ("NO_MAIL", "delivery")
    assert await names(alone, HU_COORDINATOR) == before


async def test_an_authority_saves_so_many(alone: Outgoing) -> None:
    reader = someone("aut_at_region", UserRole.COORDINATOR)
    for n in range(FILTERS_LIMIT - 3):
        await saved(alone, reader, name=str(n))
    # However many are saved at the same moment.
    racing = await asyncio.gather(
        *(saved(alone, reader, name=f"at once {n}") for n in range(8)), return_exceptions=True
    )
    assert sum(isinstance(one, Conflict) and one.reason == "TOO_MANY_FILTERS" for one in racing) == 5
    reason, _ = await refused(Conflict, alone, reader, "CreateSavedFilter", name="one more")
    assert reason == "TOO_MANY_FILTERS"
    assert len(await names(alone, reader)) == FILTERS_LIMIT


async def two_kinds(alone: Outgoing, count: int) -> list[str]:
    """Alerts that Hungary is told of twice each: of the alert, and of information. Of every other one the severity is high."""
    ids = []
    for n in range(count):
        values = on_wire(risk=chosen("HIGH" if n % 2 else "LOW"))
        alert = await alone.do(ITALY, "CreateAlert", type_id=TYPE_ID, values=values)
        await alone.do(ITALY, "SubmitAlert", id=alert.id)
        await alone.do(IT_COORDINATOR, "BroadcastAlert", **fields_of("BroadcastAlert", alert.id))
        await until_told(alone, HU_COORDINATOR, alert.id)
        alert = await alone.do(ITALY, "AddAlertInformation", **fields_of("AddAlertInformation", alert.id))
        information = alert.information[-1].id
        await alone.do(IT_COORDINATOR, "ApproveAlertInformation", id=alert.id, information_id=information)
        ids.append(alert.id)
    await settled(alone)
    return ids


async def pages(alone: Outgoing, after: str, size: int, **asked: Any) -> list[tuple[str, int]]:
    """Everything that a filter leaves, page by page, going on from where each page ended: alert and kind."""
    found: list[tuple[str, int]] = []
    more = True
    while more:
        page = common_pb2.Page(first=size, after=after)
        answer = await alone(HU_COORDINATOR, "ReadInbox", page=page, **asked)
        assert len(answer.entries) <= size
        found += [(entry.alert_id, entry.kind) for entry in answer.entries]
        more, after = answer.page_info.has_next_page, answer.end_cursor
    assert after == await now(alone, HU_COORDINATOR)
    return found


async def test_pages_by_a_filter_leave_out_what_it_does_not_mean_and_nothing_else(
    alone: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = await now(alone, HU_COORDINATOR)
    ids = await two_kinds(alone, 5)
    high = pb.InboxFilter(severities=[pb.ALERT_SEVERITY_HIGH, pb.ALERT_SEVERITY_VERY_HIGH])
    both = pb.InboxFilter(severities=[pb.ALERT_SEVERITY_LOW], kinds=[pb.INBOX_ENTRY_KIND_INFORMATION])
    everything = [
        (id_, kind) for id_ in ids for kind in (pb.INBOX_ENTRY_KIND_BROADCAST, pb.INBOX_ENTRY_KIND_INFORMATION)
    ]
    expected = {
        "all": (pb.InboxFilter(), everything),
        "kind": (BROADCAST, everything[::2]),
        "severity": (high, [one for one in everything if one[0] in ids[1::2]]),
        "kind and severity": (both, [one for one in everything[1::2] if one[0] in ids[::2]]),
        "type": (pb.InboxFilter(types=[TYPE_ID]), everything),
        "area": (pb.InboxFilter(areas=[AREA]), everything),
        "nothing": (pb.InboxFilter(kinds=[pb.INBOX_ENTRY_KIND_RETURNED]), []),
    }
    filter_id = (await saved(alone, HU_VIEWER, filter=both)).id
    assert await pages(alone, after, 2, saved_filter_id=filter_id) == expected["kind and severity"][1]
    for size, at_once, limit in ((1, 128, 2_000), (3, 1, 2), (100, 2, 3)):
        monkeypatch.setattr(inbox_module, "READ_AT_ONCE", at_once)
        monkeypatch.setattr(inbox_module, "LOOKED_AT_LIMIT", limit)
        for name, (wanted, entries) in expected.items():
            assert await pages(alone, after, size, filter=wanted) == entries, f"{name}, {size} a page"


async def watched(
    alone: Outgoing, by: Caller, after: str, until_cursor: str, **asked: Any
) -> list[pb.WatchInboxResponse]:
    """What a watcher gets, up to a cursor."""
    request = pb.WatchInboxRequest(after_cursor=after, **asked)
    found: list[pb.WatchInboxResponse] = []
    async with aclosing(alone.peer(by).stream(alone.stub.WatchInbox, request)) as messages, asyncio.timeout(PATIENCE_S):
        async for message in messages:
            found.append(message)
            if message.cursor == until_cursor:
                break
    return found


async def test_a_filtered_stream_moves_its_cursor_over_what_it_leaves_out_and_resumes_anywhere(alone: Outgoing) -> None:
    after = await now(alone, HU_COORDINATOR)
    ids = await two_kinds(alone, 3)
    end = await now(alone, HU_COORDINATOR)
    plain = await watched(alone, HU_COORDINATOR, after, end)
    narrow = await watched(alone, HU_COORDINATOR, after, end, filter=BROADCAST)
    assert [one.cursor for one in narrow] == [one.cursor for one in plain]
    assert [one.entry.alert_id for one in narrow if one.HasField("entry")] == ids
    for index, message in enumerate(narrow):
        again = await watched(alone, HU_COORDINATOR, message.cursor, end, filter=BROADCAST)
        resumed = [one.entry for one in again if one.HasField("entry")]
        assert resumed == [one.entry for one in narrow[index + 1 :] if one.HasField("entry")]


async def test_what_may_not_be_seen_looks_like_what_is_not_meant(alone: Outgoing) -> None:
    """A watermark either way: no filter finds out what an alert says that its reader may not know."""
    after = await now(alone, HU_COORDINATOR)
    await two_kinds(alone, 2)
    end = await now(alone, HU_COORDINATOR)
    # Somebody in the same authority whose roles are for another area: they read no alerts of this one.
    other = someone("aut_hu_coordinator", UserRole.COORDINATOR, module="firearms/alerts")
    with pytest.raises(Forbidden):
        await watched(alone, other, after, end)
    left_out = await watched(
        alone, HU_COORDINATOR, after, end, filter=pb.InboxFilter(kinds=[pb.INBOX_ENTRY_KIND_RETURNED])
    )
    assert [one.HasField("entry") for one in left_out] == [False] * len(left_out)
    for message in left_out:
        message.ClearField("cursor")
        message.ClearField("at")
        assert message == pb.WatchInboxResponse()


async def test_a_stream_by_a_saved_filter_goes_by_it_as_it_is_and_ends_when_it_is_removed(alone: Outgoing) -> None:
    made = await saved(alone, HU_COORDINATOR, filter=INFORMATION)
    request = pb.WatchInboxRequest(saved_filter_id=made.id)
    async with (
        aclosing(alone.peer(HU_COORDINATOR).stream(alone.stub.WatchInbox, request)) as messages,
        asyncio.timeout(PATIENCE_S),
    ):
        assert not (await anext(messages)).HasField("entry")
        await an_alert(alone)
        assert not (await anext(messages)).HasField("entry")
        await alone(HU_ADMINISTRATOR, "EditSavedFilter", id=made.id, filter=BROADCAST)
        alert = await an_alert(alone)
        assert (await anext(messages)).entry.alert_id == alert.id
        await alone(HU_COORDINATOR, "RemoveSavedFilter", id=made.id)
        await an_alert(alone)
        with pytest.raises(NotFound) as ended:
            await anext(messages)
    assert ended.value.field == "savedFilter"


async def test_one_filter_at_a_time_of_the_own_authority_that_is_there(alone: Outgoing) -> None:
    made = await saved(alone, HU_COORDINATOR)
    end = await now(alone, IT_COORDINATOR)
    for asked, kind, reason in (
        ({"saved_filter_id": made.id, "filter": BROADCAST}, Invalid, "TWO_FILTERS"),
        ({"saved_filter_id": "flt_none"}, NotFound, "NOT_FOUND"),
    ):
        for method in ("ReadInbox", "WatchInbox"):
            with pytest.raises(kind) as found:
                await (
                    alone(HU_COORDINATOR, method, **asked)
                    if method == "ReadInbox"
                    else watched(alone, HU_COORDINATOR, "", "", **asked)
                )
            assert (found.value.reason, found.value.field) == (reason, "savedFilter")
    with pytest.raises(NotFound):
        await watched(alone, IT_COORDINATOR, end, "", saved_filter_id=made.id)
    with pytest.raises(Invalid) as unknown:
        await watched(alone, HU_COORDINATOR, "", "", filter=pb.InboxFilter(types=["nothing"]))
    assert (unknown.value.reason, unknown.value.field) == ("UNKNOWN_ALERT_TYPE", "filter.types[0]")
