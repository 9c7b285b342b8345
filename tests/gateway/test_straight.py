"""An operation that has been answered before takes the straight way, and nobody sees by its answer which way it took."""

import gc
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from strawberry.types.execution import ExecutionContext, ExecutionResult

from gateway import straight
from gateway.context import Context
from gateway.plan.plans import Plans
from tests.cells import cell
from tests.chassis.waiting import until
from tests.gateway.clients import Client

As = Callable[[str], Client]
LIST = "query L($first: Int, $list: RequestList!) { requests(list: $list, first: $first) { edges { node { id status } } } }"
TWO = "query A { viewer { name } } query B { viewer { id } }"
DEEP = "{ requests(list: SENT, first: 100) { edges { node { responder { areas { concepts { label } } } } } } }"
DEAR = f"{{ {' '.join(f'a{number}: {DEEP[2:-2]}' for number in range(8))} }}"
# Asked nowhere else: whoever may be told it would leave a plan.
SCHEMA = "{ __schema { queryType { name kind } } }"
# What is asked → by whom, and with what besides.
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "{ viewer { name authority { name country { name } } } }": ("it-handler", {}),
    "{ searchAuthorities(first: 5) { totalCount edges { cursor node { id } match { place } } } }": ("it-handler", {}),
    '{ viewer { name } authority(id: "aut_nobody") { id } }': ("it-handler", {}),
    '{ suggest(text: "x", first: 1000) { text } }': ("it-handler", {}),
    "{ requests(list: SENT, first: -1) { totalCount } }": ("it-handler", {}),
    LIST: ("it-handler", {"variables": {"list": "SENT", "first": 3}}),
    f"{LIST} ": ("it-handler", {"variables": {"list": "NO_LIST"}}),
    f"{LIST}  ": ("it-handler", {"variables": {}}),
    TWO: ("it-handler", {"operationName": "B"}),
    f"{TWO} ": ("it-handler", {}),
    f"{TWO}  ": ("it-handler", {"operationName": "C"}),
    "{ searchAuthorities { totalCount } }": ("", {}),
    "{ viewer { name } }": ("", {}),
    SCHEMA: ("", {}),
    DEAR: ("it-handler", {}),
    'mutation { sendRequest(input: {idempotencyKey: "straight", id: "req_nobody"}) { request { id } } }': (
        "it-handler",
        {},
    ),
    "subscription { alertStream { cursor } }": ("it-handler", {}),
}
# What is refused before there is a plan, or never has one.
NEVER = {f"{TWO} ", f"{TWO}  ", SCHEMA, DEAR, "subscription { alertStream { cursor } }"}


def counted() -> float:
    """Operations of all kinds and outcomes, so far."""
    found = (sample for metric in REGISTRY.collect() for sample in metric.samples)
    return sum(one.value for one in found if one.name == "imi_gateway_operations_total")


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[ExecutionResult]:
    """The answers that were found on the straight way."""
    found: list[ExecutionResult] = []
    answered = straight.answered

    async def noted(execution: ExecutionContext, plans: Plans) -> ExecutionResult | None:
        answer = await answered(execution, plans)
        if answer is not None:
            found.append(answer)
        return answer

    monkeypatch.setattr(straight, "answered", noted)
    return found


async def ask(client: Client, document: str, members: dict[str, Any]) -> httpx.Response:
    content = json.dumps({"query": document, **members})
    headers = {**client.headers, "content-type": "application/json", "accept": "application/graphql-response+json"}
    return await client.http.post(f"{client.url}/graphql", content=content, headers=headers)


async def test_the_same_is_answered_on_either_way_and_counted_once_each_time(
    as_: As, taken: list[ExecutionResult]
) -> None:
    for document, (who, members) in ASKED.items():
        with cell(f"{who}: {document[:60]}"):
            client, ways, answers = as_(who), [], []
            for _ in range(3):
                before, straightly = counted(), len(taken)
                answers.append(await ask(client, document, members))
                ways.append(len(taken) - straightly)
                assert counted() - before <= 1
            first = answers[0]
            assert all((one.status_code, one.content) == (first.status_code, first.content) for one in answers)
            assert ways[1:] == ([0, 0] if document in NEVER else [1, 1])
            for error in first.json().get("errors", ()):
                assert error["extensions"]["code"]


async def test_nothing_of_an_operation_waits_for_garbage_to_be_looked_for(as_: As) -> None:
    """What it has read is gone with its answer: many large ones at once would else be kept for a long time."""
    client, document = as_("it-handler"), "{ searchAuthorities(first: 50) { edges { node { id country { name } } } } }"
    for _ in range(2):
        await client.ask(document)
    gc.collect()
    # Those of other tests, whose streams may still be open.
    others = {id(one) for one in executing()}

    async def all_are_gone() -> bool:
        return {id(one) for one in executing()} <= others

    gc.disable()
    try:
        for _ in range(5):
            await client.ask(document)
        # The client has its answer a moment before the gateway is done.
        await until(all_are_gone, 5.0)
    finally:
        gc.enable()


def executing() -> list[Context]:
    """What operations have read that are under way, or are not yet forgotten."""
    return [one for one in gc.get_objects() if isinstance(one, Context) and one._execution is not None]
