"""Work lists narrowed, sorted and counted through GraphQL."""

from collections.abc import Callable

from tests.gateway.clients import Client, Refused
from tests.gateway.exchanges import a_request

As = Callable[[str], Client]
LISTED = """query ($list: RequestList!, $filter: RequestFilter, $sort: RequestSort) {
  requests(list: $list, filter: $filter, sort: $sort, first: 100) { edges { node { id } } }
}"""
COUNTED = "query ($filter: RequestFilter) { requestCounts(filter: $filter) { list count } }"


async def listed(client: Client, list_: str, **asked: object) -> list[str]:
    answer = await client.ask(LISTED, list=list_, **asked)
    return [edge["node"]["id"] for edge in answer["requests"]["edges"]]


async def counted(client: Client, **narrowed: object) -> dict[str, int]:
    answer = await client.ask(COUNTED, filter=narrowed)
    return {one["list"]: one["count"] for one in answer["requestCounts"]}


async def test_a_list_is_narrowed_and_sorted_and_its_count_is_what_it_has(as_: As) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    later = await a_request(italy, hungary, "SENT", desiredDate="2999-12-30")
    sooner = await a_request(italy, hungary, "SENT", desiredDate="2999-12-29")
    by_due = await listed(italy, "SENT", filter={"partnerCountries": ["HU"], "mine": True}, sort="DUE")
    assert by_due.index(sooner) < by_due.index(later)
    by_change = await listed(italy, "SENT", filter={"urgent": False}, sort="CHANGED")
    assert by_change.index(sooner) < by_change.index(later)
    assert await listed(italy, "SENT", filter={"partnerCountries": ["FR"]}) == []
    assert later not in await listed(italy, "SENT", filter={"overdue": True})
    assert later not in await listed(hungary, "RECEIVED", filter={"mine": True})
    for narrowed in ({}, {"partnerCountries": ["HU"]}, {"mine": True}, {"statuses": ["SENT"]}):
        counts = await counted(hungary, **narrowed)
        assert list(counts) == ["ACTION_REQUIRED", "DRAFTS", "SENT", "RECEIVED", "OVERDUE", "COORDINATED"]
        for list_, count in counts.items():
            assert count == len(await listed(hungary, list_, filter=narrowed))


async def test_what_is_unknown_is_refused_by_name(as_: As) -> None:
    refused = await as_("it-handler").refused(COUNTED, filter={"partnerCountries": ["IT", "XX"]})
    assert refused == Refused("INVALID", "UNKNOWN_COUNTRY", "filter.partnerCountries[1]")
