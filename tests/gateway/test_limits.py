"""A limit on everything a client can make the gateway do; and nothing learned from its refusals."""

import gc
from collections.abc import Callable
from typing import Any

import pytest
import strawberry
from graphql import DocumentNode, OperationDefinitionNode, parse

from gateway.limits.checking import RULES
from gateway.limits.cost import LENGTHS, cost, terms_of
from gateway.limits.known import LONGEST
from gateway.limits.shape import REPEATS
from gateway.schema import graphql_schema
from tests.gateway.clients import Client, Data, Refused

As = Callable[[str], Client]
VIEWER = "{ viewer { name } }"


def nested(depth: int) -> str:
    """A document *depth* fields deep. Nothing in the schema goes that far, so that the fields are made up."""
    return "{ a " * depth + "}" * depth


async def test_a_document_is_at_most_15_deep(as_: As) -> None:
    deep, deeper = [await as_("it-handler").answer(nested(depth + 1)) for depth in (15, 16)]
    assert {error["extensions"]["code"] for error in deep["errors"]} == {"INVALID"}
    (error,) = deeper["errors"]
    assert error["extensions"] == {"code": "COST_EXCEEDED", "reason": "DEPTH", "found": 16, "limit": 15}


async def test_of_what_is_wrong_with_a_document_a_little_is_told(as_: As) -> None:
    """Each fault in an object would be told with the whole object, which is as large as a document may be."""
    wrong = " ".join(f"{'x' * 40}{number}: 1" for number in range(1_200))
    response = await as_("").post(f"mutation {{ sendRequest(input: {{{wrong}}}) {{ request {{ id }} }} }}")
    assert len(response.content) < 10_000
    *told, last = response.json()["errors"]
    assert [Refused.of(one) for one in told] == [
        Refused("INVALID", "GRAPHQL", field)
        for field in ("idempotencyKey", "id", *(f"{'x' * 40}{n}" for n in range(3)))
    ]
    assert "aborted" in last["message"]


async def test_long_documents_are_answered_and_nothing_is_kept_of_them(as_: As) -> None:
    """Parsed, one takes as much as 25 times its text; and nobody has to sign in to send such documents."""

    def documents() -> int:
        gc.collect()
        return sum(isinstance(one, DocumentNode) for one in gc.get_objects())

    async def ask(number: int) -> None:
        enums = '"RequestStatus" ' * (LONGEST // 16 + number)
        assert await as_("it-handler").ask(f"{{ labels(enums: [{enums}]) {{ name }} }}") == {
            "labels": [{"name": "RequestStatus"}]
        }

    await ask(0)
    before = documents()
    for number in range(1, 6):
        await ask(number)
        await ask(number)
    assert documents() <= before


def test_what_strawberry_checks_besides_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    rules: list[Any] = []
    monkeypatch.setattr(strawberry.schema.schema, "validate", lambda _schema, _document, given: rules.extend(given))
    strawberry.schema.schema.validate_document(graphql_schema, parse(VIEWER), ())
    assert tuple(rules) == RULES


async def messages(client: Client, document: str) -> list[str]:
    answer = await client.answer(document)
    assert answer["data"] is None
    assert {Refused.of(error).code for error in answer["errors"]} == {"INVALID"}
    return [error["message"] for error in answer["errors"]]


async def test_introspection_does_not_go_round_in_circles(as_: As) -> None:
    document = "{ __schema { types " + "{ fields { type " * 8 + "{ name }" + "} }" * 8 + "} }"
    assert (await as_("it-handler").refused(document)).code == "COST_EXCEEDED"


WIDE: dict[str, tuple[int, Callable[[int], str]]] = {
    "ALIASES": (50, lambda count: "".join(f"a{number}: viewer {{ name }} " for number in range(count))),
    "FIELDS": (1_000, lambda count: "viewer { " + " ".join(f"name{number}" for number in range(count - 1)) + "}"),
    "DIRECTIVES": (50, lambda count: "viewer { name " + "@include(if: true) " * count + "}"),
}


@pytest.mark.parametrize("reason", sorted(WIDE))
async def test_a_document_is_only_so_wide(as_: As, reason: str) -> None:
    limit, written = WIDE[reason]
    answer = await as_("it-handler").answer("{ " + written(limit) + "}")
    assert not [error for error in answer.get("errors", []) if Refused.of(error).code == "COST_EXCEEDED"]
    answer = await as_("it-handler").answer("{ " + written(limit + 1) + "}")
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "COST_EXCEEDED", "reason": reason, "found": limit + 1, "limit": limit}
    assert str(limit) in error["message"]
    assert str(limit + 1) in error["message"]


@pytest.mark.parametrize(
    "document",
    [
        "{ viewer { " + "name " * 64 + "} }",
        "{ " + "viewer { authority { name } } " * 50 + "}",
        "{ viewer { " + "... { name } " * 40 + "...F } } fragment F on User { " + "name " * 40 + "}",
        "{ viewer { ...F0 } } "
        + " ".join(f"fragment F{number} on User {{ name ...F{number + 1} }}" for number in range(48))
        + " fragment F48 on User { name }",
    ],
    ids=["fields", "objects", "fragments", "a chain of fragments"],
)
async def test_what_validation_would_compare_each_with_each_is_limited(as_: As, document: str) -> None:
    (error,) = (await as_("it-handler").answer(document))["errors"]
    assert error["extensions"]["found"] > error["extensions"]["limit"] == REPEATS
    assert Refused.of(error) == Refused("COST_EXCEEDED", "REPEATS")


async def test_a_document_has_at_most_200_fragments(as_: As) -> None:
    def of(count: int) -> str:
        spread = " ".join(f"...F{number}" for number in range(count))
        return f"{{ viewer {{ {spread} }} }} " + " ".join(
            f"fragment F{number} on User {{ {'id' if number % 4 else 'name'} }}" for number in range(count)
        )

    assert (await as_("it-handler").refused(of(201))) == Refused("COST_EXCEEDED", "FRAGMENTS")
    assert (await as_("it-handler").ask(of(60)))["viewer"]


async def test_fragments_that_come_back_to_themselves_end(as_: As) -> None:
    document = (
        "{ viewer { ...F } } fragment F on User { " + " ".join(f"a{n}: authority {{ ...F }}" for n in range(4)) + " }"
    )
    assert {Refused.of(error).code for error in (await as_("it-handler").answer(document))["errors"]} == {"INVALID"}


async def test_what_fragments_hold_counts_wherever_they_are_spread(as_: As) -> None:
    fragment = "fragment F on User {" + " ".join(f"a{number}: name" for number in range(26)) + "}"
    once, twice = "{ viewer { ...F } }", "{ viewer { ...F } other: viewer { ...F } }"
    assert len((await as_("it-handler").ask(f"{once} {fragment}"))["viewer"]) == 26
    assert await as_("it-handler").refused(f"{twice} {fragment}") == Refused("COST_EXCEEDED", "ALIASES")


async def test_fragments_that_double_at_each_step_are_counted_and_not_written_out(as_: As) -> None:
    doubling = "".join(f"fragment F{number} on User {{ ...F{number + 1} ...F{number + 1} }} " for number in range(48))
    document = f"{{ viewer {{ ...F0 }} }} {doubling} fragment F48 on User {{ name }}"
    (error,) = (await as_("it-handler").answer(document))["errors"]
    assert error["extensions"]["found"] == 2**48 + 1


async def test_fragments_that_lead_from_one_to_the_next_without_end_are_refused(as_: As) -> None:
    chain = "".join(f"fragment F{number} on User {{ ...F{number + 1} }} " for number in range(400))
    document = f"{{ viewer {{ ...F0 }} }} {chain} fragment F400 on User {{ name }}"
    assert await as_("it-handler").refused(document) == Refused("COST_EXCEEDED", "DEPTH")


async def test_fragments_that_are_nested_in_each_other_have_an_end_wherever_counting_begins(as_: As) -> None:
    """Those that one operation has been counted by are nested no less where another goes on from them."""
    inside = "... { " * 20
    fragments = "".join(
        f"fragment F{number} on User {{ {inside} ...F{number + 1} {'}' * 20} }} " for number in range(50)
    )
    starts = " ".join(f"query Q{number} {{ viewer {{ ...F{number} }} }}" for number in range(49, -1, -1))
    document = f"{starts} {fragments} fragment F50 on User {{ name }}"
    assert await as_("it-handler").refused(document) == Refused("COST_EXCEEDED", "DEPTH")


# (document, variables) → what it costs.
COSTS: list[tuple[str, Data, int]] = [
    ("{ viewer { name } }", {}, 1),
    ("{ viewer { name } other: viewer { name authority { id } } }", {}, 3),
    ("{ searchAuthorities(first: 7) { edges { cursor } } }", {}, 8),
    ("{ searchAuthorities { edges { node { id country { code } } } } }", {}, 1 + 20 * 3),
    ("query ($n: Int) { searchAuthorities(first: $n) { edges { node { id } } } }", {"n": 50}, 1 + 50 * 2),
    ("query ($n: Int = 5) { searchAuthorities(first: $n) { edges { node { id } } } }", {}, 1 + 5 * 2),
    ("query ($n: Int) { searchAuthorities(first: $n) { edges { node { id } } } }", {"n": None}, 1 + 20 * 2),
    # Null is not the variable's default, and a whole number is one however JSON writes it.
    ("query ($n: Int = 0) { searchAuthorities(first: $n) { edges { node { id } } } }", {"n": None}, 1 + 20 * 2),
    ("query ($n: Int = 0) { searchAuthorities(first: $n) { edges { node { id } } } }", {"n": 100.0}, 1 + 100 * 2),
    ("query ($n: Int) { searchAuthorities(first: $n) { edges { node { id } } } }", {"n": float("inf")}, 1 + 20 * 2),
    ("query ($n: Int) { searchAuthorities(first: $n) { edges { node { id } } } }", {"n": 10**400}, 1 + 20 * 2),
    ("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["aut_0"] * 9}, 9),
    ('{ nodes(ids: ["aut_0", "aut_1"]) { id ... on Authority { areas { code } } } }', {}, 2 * (1 + 10)),
    # Who is asked for none gives as many as are given without a wish.
    ('{ suggest(text: "a", first: 0) { text } }', {}, 20),
    ('query ($n: Int) { suggest(text: "a", first: $n) { text } }', {"n": 0}, 20),
    ('query ($n: Int = 0) { suggest(text: "a", first: $n) { text } }', {}, 20),
    ("{ countries { code } }", {}, 30),
    ("{ labels { values { code } } }", {}, 60 * (1 + 10)),
    ('{ labels(enums: ["RequestStatus"]) { values { code } } }', {}, 1 + 10),
    ("query ($names: [String!]) { labels(enums: $names) { name } }", {"names": None}, 60),
    ("query ($of: [String!]!) { help(of: $of) { text } }", {"of": ["sendRequest"] * 400}, 400),
    ("{ areas { concepts { id } } }", {}, 10 * (1 + 10)),
    (
        "{ viewer { ...F } } fragment F on User { authority { ...G } } fragment G on Authority { areas { code } }",
        {},
        12,
    ),
]


@pytest.mark.parametrize(("document", "variables", "costs"), COSTS)
async def test_an_operation_costs_the_objects_it_may_give(as_: As, document: str, variables: Data, costs: int) -> None:
    parsed = parse(document)
    (operation,) = [one for one in parsed.definitions if isinstance(one, OperationDefinitionNode)]
    assert cost(terms_of(graphql_schema, parsed, operation), variables) == costs


async def test_lists_of_which_the_length_is_known_are_no_longer_than_they_cost(as_: As) -> None:
    leaves = {"countries": "code", "helpdesks": "__typename", "labels": "name", "refusals": "reason"}
    asked = {at.removeprefix("Query."): length for at, length in LENGTHS.items()}
    fields = " ".join(f"{name} {{ {leaves.get(name, 'code')} }}" for name in asked)
    found = await as_("it-handler").ask(f"{{ {fields} }}")
    for name, length in asked.items():
        assert length // 2 < len(found[name]) <= length, name


async def test_a_command_costs_more_than_a_question() -> None:
    parsed = parse('mutation { sendRequest(input: {idempotencyKey: "1", id: "1"}) { request { id } } }')
    (operation,) = parsed.definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert cost(terms_of(graphql_schema, parsed, operation), {}) == 10 + 2


DEAR = "query ($n: Int) { searchAuthorities(first: $n) { edges { node { areas { concepts { id } } } } } }"


async def test_who_asks_for_too_much_learns_both_numbers(as_: As) -> None:
    """And nothing is executed: it would be refused as a page of too many."""
    (error,) = (await as_("it-handler").answer(DEAR, n=1_000))["errors"]
    found = 1 + 1_000 * (1 + 1 + 10 * (1 + 10))
    assert error["extensions"] == {"code": "COST_EXCEEDED", "reason": "COST", "found": found, "limit": 20_000}
    assert "smaller pages" in error["message"]
    assert (await as_("it-handler").ask(DEAR, n=100))["searchAuthorities"]["edges"]


@pytest.mark.parametrize("number", [10**30, 10**400, 1e300, True, "100", [], {}], ids=str)
async def test_a_page_size_that_is_no_number_is_the_clients_fault(as_: As, number: object) -> None:
    (error,) = (await as_("it-handler").answer(DEAR, n=number))["errors"]
    assert Refused.of(error).code == "INVALID"


async def test_a_literal_that_no_number_can_be_is_the_clients_fault(as_: As) -> None:
    document = f"{{ searchAuthorities(first: {'9' * 5000}) {{ pageInfo {{ hasNextPage }} }} }}"
    answer = await as_("it-handler").answer(document)
    assert [Refused.of(error) for error in answer["errors"]] == [Refused("INVALID", "GRAPHQL", "first")]


async def test_the_commission_may_ask_for_more_and_a_stranger_for_less(as_: As) -> None:
    assert (await as_("commission").refused(DEAR, n=200)).reason == "PAGE_SIZE"
    (error,) = (await as_("").answer(DEAR, n=100))["errors"]
    assert error["extensions"]["limit"] == 1_000


async def test_a_stream_is_held_to_the_same_budget(as_: As) -> None:
    related = "related { " * 5 + "id" + " }" * 5
    async with as_("hu-alerts").socket() as one:
        await one.subscribe(f"subscription {{ alertStream {{ entry {{ alert {{ {related} }} }} }} }}")
        answer = await one.receive()
    assert answer["type"] == "error"
    assert {Refused.of(error).code for error in answer["payload"]} == {"COST_EXCEEDED"}


INTROSPECTION = "{ __schema { queryType { name } } }"


@pytest.mark.parametrize("document", [INTROSPECTION, '{ __type(name: "User") { name } }'])
async def test_the_schema_is_told_to_people_only(as_: As, document: str) -> None:
    assert await as_("it-handler").ask(document)
    assert await as_("").refused(document) == Refused("UNAUTHENTICATED", "INTROSPECTION")
    hidden = (
        "{ countries { ...F } } fragment F on Country { code } fragment G on Query { __schema { queryType { name } } }"
    )
    assert (await as_("").answer(hidden))["data"] is None


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
        assert response.status_code in (400, 413)


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
