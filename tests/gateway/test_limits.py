"""A limit on everything a client can make the gateway do; and nothing learned from its refusals."""

from collections.abc import Callable

import pytest

from tests.gateway.clients import Client, Data, Refused

As = Callable[[str], Client]
VIEWER = "{ viewer { name } }"


def nested(depth: int) -> str:
    """A document *depth* fields deep. Nothing in the schema goes that far, so that the fields are made up."""
    return "{ a " * depth + "}" * depth


async def test_a_document_is_at_most_15_deep(as_: As) -> None:
    deep, deeper = [await messages(as_("it-handler"), nested(depth + 1)) for depth in (15, 16)]
    assert not [message for message in deep if "depth" in message]
    assert [message for message in deeper if "exceeds maximum operation depth of 15" in message]


async def messages(client: Client, document: str) -> list[str]:
    answer = await client.answer(document)
    assert answer["data"] is None
    assert {Refused.of(error).code for error in answer["errors"]} == {"INVALID"}
    return [error["message"] for error in answer["errors"]]


async def test_introspection_does_not_go_round_in_circles(as_: As) -> None:
    document = "{ __schema { types " + "{ fields { type " * 8 + "{ name }" + "} }" * 8 + "} }"
    assert await messages(as_(""), document)


async def test_an_operation_has_at_most_50_aliases(as_: As) -> None:
    def aliased(count: int) -> str:
        return "{" + " ".join(f"a{number}: viewer {{ name }}" for number in range(count)) + "}"

    assert len(await as_("it-handler").ask(aliased(50))) == 50
    assert await as_("it-handler").refused(aliased(51)) == Refused("INVALID", "GRAPHQL")


async def test_aliases_in_fragments_count_wherever_they_are_spread(as_: As) -> None:
    fragment = "fragment F on User {" + " ".join(f"a{number}: name" for number in range(26)) + "}"
    once, twice = "{ viewer { ...F } }", "{ viewer { ...F } other: viewer { ...F } }"
    assert len((await as_("it-handler").ask(f"{once} {fragment}"))["viewer"]) == 26
    assert await as_("it-handler").refused(f"{twice} {fragment}") == Refused("INVALID", "GRAPHQL")


async def test_a_document_has_at_most_4000_tokens(as_: As) -> None:
    def of(tokens: int) -> str:
        return "{ nodes(ids: [" + '"x" ' * (tokens - 12) + "]) { id } }"

    assert (await as_("it-handler").refused(of(4000))).reason == "TOO_MANY"
    assert await as_("it-handler").refused(of(4001)) == Refused("INVALID", "GRAPHQL")


@pytest.mark.parametrize(
    "fragments",
    [
        "fragment A on User { ...A }",
        "fragment A on User { ...B } fragment B on User { ...A }",
        "fragment A on User { authority { ...B } } fragment B on Authority { areas { ...C } } fragment C on Area { ...C }",
    ],
)
async def test_fragments_do_not_go_round_in_circles(as_: As, fragments: str) -> None:
    found = await messages(as_("it-handler"), "{ viewer { ...A } } " + fragments)
    assert [message for message in found if "within itself" in message]


@pytest.mark.parametrize("value", ["[" * 1500 + "]" * 1500, "{a:" * 900 + "1" + "}" * 900], ids=["lists", "objects"])
async def test_a_value_is_not_nested_without_end(as_: As, value: str) -> None:
    assert await as_("it-handler").refused(f"{{ authority(id: {value}) {{ id }} }}") == Refused("INVALID", "GRAPHQL")


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
async def test_a_variable_is_not_nested_without_end(as_: As, depth: int) -> None:
    client = as_("it-handler")
    ids = "[" * depth + "]" * depth
    body = f'{{"query": "query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ id }} }}", "variables": {{"ids": {ids}}}}}'
    headers = {**client.headers, "content-type": "application/json"}
    response = await client.http.post(f"{client.url}/graphql", content=body, headers=headers)
    if response.status_code == 200:
        assert {Refused.of(error).code for error in response.json()["errors"]} == {"INVALID"}
    else:
        assert response.status_code == 400


LISTS = {
    "searchAuthorities": "it-handler",
    "requests": "it-handler",
    "alerts": "it-alerts",
    "inbox": "hu-alerts",
    "repositoryEntries": "it-handler",
    "ownEntries": "it-handler",
}
OTHER_ARGUMENTS = {
    "requests": ", list: SENT",
    "repositoryEntries": ', repository: "registers"',
    "ownEntries": ', repository: "registers"',
}


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("field", LISTS)
async def test_a_page_has_1_to_100_items(as_: As, field: str, first: int) -> None:
    document = f"{{ {field}(first: {first}{OTHER_ARGUMENTS.get(field, '')}) {{ pageInfo {{ hasNextPage }} }} }}"
    assert await as_(LISTS[field]).refused(document) == Refused("INVALID", "PAGE_SIZE", "first")


@pytest.mark.parametrize("field", LISTS)
async def test_a_cursor_of_another_list_is_refused(as_: As, field: str) -> None:
    document = (
        f'{{ {field}(after: "WyJvdGhlciIsIDFd"{OTHER_ARGUMENTS.get(field, "")}) {{ pageInfo {{ hasNextPage }} }} }}'
    )
    assert await as_(LISTS[field]).refused(document) == Refused("INVALID", "CURSOR", "after")


async def test_at_most_100_nodes_are_read_at_once(as_: As) -> None:
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert await as_("it-handler").ask(document, ids=["aut_0"] * 100) == {"nodes": [None] * 100}
    found = await as_("it-handler").refused(document, ids=["aut_0"] * 101)
    assert found == Refused("INVALID", "TOO_MANY", "ids")


SUGGESTIVE: list[tuple[str, Data]] = [
    ("{ viewr { name } }", {}),
    ("{ viewer { nam } }", {}),
    ("{ areas(languag: IT) { code } }", {}),
    ("{ areas(language: ITT) { code } }", {}),
    ("query ($l: Languag) { areas(language: $l) { code } }", {}),
    ("query ($l: Language) { areas(language: $l) { code } }", {"l": "ITT"}),
    ('mutation { sendRequest(input: {idempotencyKey: "1", idd: "1"}) { request { id } } }', {}),
    (
        "mutation ($i: SendRequestInput!) { sendRequest(input: $i) { request { id } } }",
        {"i": {"idempotencyKey": "1", "idd": "1"}},
    ),
    ('{ node(id: "x") { officialName } }', {}),
    ('{ node(id: "x") { ... on Authorit { name } } }', {}),
    ("{ viewer @includ(if: true) { name } }", {}),
]


@pytest.mark.parametrize(("document", "variables"), SUGGESTIVE)
@pytest.mark.parametrize("user", ["", "it-handler"])
async def test_a_wrong_guess_teaches_nothing(as_: As, document: str, variables: Data, user: str) -> None:
    answer = await as_(user).answer(document, **variables)
    assert answer["errors"]
    for error in answer["errors"]:
        assert "Did you mean" not in error["message"]
        assert Refused.of(error).code == "INVALID"


@pytest.mark.parametrize("number", ["1e999999999", "-1E+999999999", "1e-999999999", "NaN", "Infinity", "1e200"])
async def test_a_number_takes_no_more_room_than_it_was_written_in(as_: As, number: str) -> None:
    values = [{"code": "fee", "value": {"money": {"amount": number, "currency": "EUR"}}}]
    response = await as_("it-handler").post(
        "mutation ($input: CreateEntryInput!) { createEntry(input: $input) { entry { id } } }",
        {"input": {"idempotencyKey": number, "repository": "registers", "values": values}},
    )
    assert len(response.content) < 1000
    (error,) = response.json()["errors"]
    found = Refused.of(error)
    assert (found.code, found.field) == ("INVALID", "values[0].value.money.amount")
