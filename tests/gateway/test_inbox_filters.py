"""Filtered streams of one inbox beside each other: each has what it asked for, at the cursors that all of them have."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.gateway.clients import SSE, WEBSOCKET, Client, Data, Refused, within
from tests.gateway.exchanges import an_alert, text

As = Callable[[str], Client]
STREAM = """subscription ($after: String, $filter: InboxFilterInput, $savedFilter: ID) {
  alertStream(after: $after, filter: $filter, savedFilter: $savedFilter) { cursor entry { kind alert { id } } } }"""
INBOX = """query ($after: String, $filter: InboxFilterInput) {
  inbox(after: $after, filter: $filter, first: 2) { edges { node { kind } } pageInfo { hasNextPage endCursor } } }"""


async def item(items: AsyncGenerator[Data, None]) -> Data:
    (found,) = (await within(items))["data"].values()
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("transport", [SSE, WEBSOCKET])
async def test_readers_of_one_inbox_with_different_filters_share_its_cursors_and_nothing_else(
    as_: As, transport: str
) -> None:
    hungary = as_("hu-alerts")
    saved = await hungary.do("createSavedFilter", "filter { id }", name=transport, filter={"kinds": ["INFORMATION"]})
    asked = {
        "everything": {},
        "broadcasts": {"filter": {"kinds": ["BROADCAST"]}},
        "information": {"savedFilter": saved["id"]},
        "nothing": {"filter": {"severities": ["LOW"]}},
    }
    async with AsyncExitStack() as stack:
        streams = {
            f"{name} {n}": await stack.enter_async_context(hungary.listening(transport, STREAM, **fields))
            for name, fields in asked.items()
            for n in (1, 2)
        }
        begun = {name: (await item(items))["cursor"] for name, items in streams.items()}
        assert len(set(begun.values())) == 1
        italy, coordinator = as_("it-alerts"), as_("it-coordinator")
        id_ = await an_alert(italy, coordinator, "HU")
        own = await italy.do("addAlertInformation", "alert { information { id } }", id=id_, text=text("Anche a Milano"))
        information = own["information"][0]["id"]
        await coordinator.do("approveAlertInformation", "alert { id }", id=id_, informationId=information)
        heard = {name: [await item(items), await item(items)] for name, items in streams.items()}
    both = [{"kind": kind, "alert": {"id": id_}} for kind in ("BROADCAST", "INFORMATION")]
    expected = {
        "everything": both,
        "broadcasts": [both[0], None],
        "information": [None, both[1]],
        "nothing": [None, None],
    }
    for name, found in heard.items():
        assert [one["entry"] for one in found] == expected[name[:-2]], name
        assert [one["cursor"] for one in found] == [one["cursor"] for one in heard["everything 1"]], name
    after = begun["everything 1"]
    page = (await hungary.ask(INBOX, after=after, filter={"kinds": ["INFORMATION"]}))["inbox"]
    assert [edge["node"]["kind"] for edge in page["edges"]] == ["INFORMATION"]
    assert page["pageInfo"] == {"hasNextPage": False, "endCursor": heard["everything 1"][-1]["cursor"]}


async def test_a_filter_that_makes_no_sense_is_refused_on_every_way(as_: As) -> None:
    hungary = as_("hu-alerts")
    refused: dict[str, tuple[dict[str, Any], str, str]] = {
        "UNKNOWN_ALERT_TYPE": ({"filter": {"types": ["nothing"]}}, "filter.types[0]", "INVALID"),
        "NOT_FOUND": ({"savedFilter": "flt_none"}, "savedFilter", "NOT_FOUND"),
    }
    for reason, (fields, field, code) in refused.items():
        for transport in (SSE, WEBSOCKET):
            async with hungary.listening(transport, STREAM, **fields) as items:
                (error,) = (await within(items))["errors"]
            assert Refused.of(error) == Refused(code, reason, field), transport
