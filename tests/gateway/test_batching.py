"""However many fields link to something, its service is asked once; and what one person has read answers nobody else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from protos.directory.v1 import directory_pb2
from tests.builders import doctors
from tests.gateway.clients import Client
from tests.gateway.exchanges import a_request
from tests.gateway.running import Between, Running, a_gateway, a_service, between, copy_of

At = Callable[[Running, str], Client]


@dataclass(frozen=True, slots=True)
class Watched:
    """A system whose services are asked through others, which count."""

    gateway: Running
    directory: Between
    requests: Between


@pytest.fixture(scope="module")
async def watched(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    data = copy_of(trained, tmp_path_factory.mktemp("batching") / "data")
    async with AsyncExitStack() as stack:
        directory = await stack.enter_async_context(a_service("directory", data))
        requests = await stack.enter_async_context(a_service("requests", data, directory_address=directory))
        counted = {
            "directory": await stack.enter_async_context(between(directory)),
            "requests": await stack.enter_async_context(between(requests)),
        }
        addresses = {f"{name}_address": passing.address for name, passing in counted.items()}
        gateway = await stack.enter_async_context(a_gateway(data, **addresses))
        yield Watched(gateway, **counted)


async def test_thirty_links_are_one_call_of_each_kind(watched: Watched, at: At) -> None:
    client = at(watched.gateway, "it-handler")
    await client.ask("{ viewer { name } }")
    watched.directory.asked.clear()
    found = await client.ask("{ helpdesks { authority { name country { name } areas { name } } } }")
    assert len(found["helpdesks"]) == 30
    assert all(one["authority"]["country"]["name"] for one in found["helpdesks"])
    assert watched.directory.calls() == {
        "ListHelpdesks": 1,
        "BatchGetAuthorities": 1,
        "BatchGetCountries": 1,
        "BatchGetAreas": 1,
    }
    (asked,) = watched.directory.messages("BatchGetAuthorities", directory_pb2.BatchGetAuthoritiesRequest)
    assert len(asked.ids) == len(set(asked.ids)) == 30


async def test_the_same_thing_is_asked_for_once_wherever_it_is_linked(watched: Watched, at: At) -> None:
    italy, hungary = at(watched.gateway, "it-handler"), at(watched.gateway, "hu-handler")
    for _ in range(3):
        await a_request(italy, hungary, "ACCEPTED")
    watched.directory.asked.clear()
    watched.requests.asked.clear()
    found = await italy.ask(
        """{ requests(list: SENT, first: 3) { edges { node {
          requester { name } responder { name } questionSet { title } questions { question { text } }
          history { authority { name } } } } } }"""
    )
    assert len(found["requests"]["edges"]) == 3
    assert watched.directory.calls() == {"BatchGetAuthorities": 1}
    (asked,) = watched.directory.messages("BatchGetAuthorities", directory_pb2.BatchGetAuthoritiesRequest)
    assert set(asked.ids) == {doctors("IT"), doctors("HU")}
    assert watched.requests.calls() == {"ListRequests": 1, "BatchGetQuestionSets": 1}


async def test_nodes_of_many_kinds_are_one_call_a_kind(watched: Watched, at: At) -> None:
    italy = at(watched.gateway, "it-handler")
    made = [await a_request(italy, italy) for _ in range(2)]
    watched.directory.asked.clear()
    watched.requests.asked.clear()
    ids = [doctors("IT"), made[0], doctors("HU"), "xxx_0", made[1]]
    found = await italy.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", ids=ids)
    assert [node and node["id"] for node in found["nodes"]] == [*ids[:3], None, ids[4]]
    assert watched.directory.calls() == {"BatchGetAuthorities": 1}
    assert watched.requests.calls() == {"BatchGetRequests": 1}


READ = "query ($id: ID!) { request(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }"
HIDDEN = {"request": None, "node": None, "nodes": [None]}


async def test_what_one_person_reads_is_not_shown_to_another_at_the_same_time(watched: Watched, at: At) -> None:
    italy, hungary, france = (at(watched.gateway, user) for user in ("it-handler", "hu-handler", "fr-alerts"))
    id_ = await a_request(italy, hungary)
    answers = await asyncio.gather(*(who.ask(READ, id=id_) for _ in range(20) for who in (italy, hungary, france)))
    shown = {"request": {"id": id_}, "node": {"id": id_}, "nodes": [{"id": id_}]}
    assert answers == [shown, HIDDEN, HIDDEN] * 20


async def test_what_one_person_reads_is_not_shown_to_another_on_a_websocket_beside(watched: Watched, at: At) -> None:
    italy, hungary = at(watched.gateway, "it-handler"), at(watched.gateway, "hu-handler")
    id_ = await a_request(italy, hungary)
    async with italy.socket() as theirs, hungary.socket() as ours:
        for _ in range(5):
            assert (await theirs.result(READ, id=id_))["data"]["request"] == {"id": id_}
            assert (await ours.result(READ, id=id_))["data"] == HIDDEN
    async with hungary.socket() as ours:
        assert (await ours.result(READ, id=id_))["data"] == HIDDEN


async def test_one_operation_on_a_websocket_does_not_answer_from_what_an_earlier_one_read(
    watched: Watched, at: At
) -> None:
    italy, hungary = at(watched.gateway, "it-handler"), at(watched.gateway, "hu-handler")
    id_ = await a_request(italy, hungary)
    document = "query ($id: ID!) { request(id: $id) { status } }"
    async with italy.socket() as socket:
        assert (await socket.result(document, id=id_))["data"] == {"request": {"status": "DRAFT"}}
        await italy.do("sendRequest", "request { id }", id=id_)
        assert (await socket.result(document, id=id_))["data"] == {"request": {"status": "SENT"}}
