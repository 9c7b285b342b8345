"""A plan gives the answer that graphql-core gives, byte for byte, and asks the services for the same."""

import json
from itertools import product
from typing import Any

from graphql import get_introspection_query, parse, validate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.schema import graphql_schema
from tests.cells import cell
from tests.plan.comparing import Comparison, answered, by_plans
from tests.plan.operations import Dice, Operation, Writer

# Of the errors that come at one moment below one null, either may be told. It is rare that a moment has two.
RACES_MAX = 0.01
DICE = 150
WORLDS = 2
WRITTEN = 60


class Drawn:
    """Chance that hypothesis can make smaller."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def below(self, limit: int) -> int:
        return self._data.draw(st.integers(0, limit - 1))


def an_operation(text: str, **variables: Any) -> Operation:
    document = parse(text)
    assert not validate(graphql_schema, document)
    return Operation(text, document, variables)


@given(st.data(), st.integers(0, 2**16))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_operation_is_answered_as_graphql_core_answers_it(
    comparison: Comparison, data: st.DataObject, number: int
) -> None:
    operation = Writer(graphql_schema, Drawn(data), left=15).operation()
    if operation is not None:
        assert comparison.of(operation, number) == []


def test_no_operation_breaks_a_rule_of_validation() -> None:
    for seed in range(0, 10 * WRITTEN, 10):
        operation = Writer(graphql_schema, Dice(seed)).operation()
        with cell("operation", seed):
            assert operation is None or validate(graphql_schema, operation.document) == []


def test_large_operations_are_answered_as_graphql_core_answers_them_in_good_worlds_and_bad(
    comparison: Comparison,
) -> None:
    for seed in range(DICE):
        operation = Writer(graphql_schema, Dice(seed)).operation()
        for number in range(WORLDS if operation else 0):
            with cell("operation", seed, "world", number):
                assert operation is not None
                # The second time by the plan that the first has made.
                assert comparison.of(operation, seed + number, calm=number == 1) == []
    assert comparison.with_errors > DICE / 4
    assert comparison.races <= RACES_MAX * comparison.compared


EVERY_FEATURE: dict[str, tuple[str, dict[str, Any]]] = {
    "the schema itself": (get_introspection_query(), {}),
    "a type of the schema": ('{ __type(name: "Request") { name fields { name type { kind ofType { name } } } } }', {}),
    "__typename of everything": ("{ __typename areas { __typename concepts { __typename } } }", {}),
    "one field twice": ("{ areas { code } areas { code concepts { id } } areas { concepts { label } } }", {}),
    "aliases": ("{ a: areas { x: code y: code } b: areas { x: name } }", {}),
    "a fragment used twice": (
        "{ areas { ...A } b: areas { concepts { areas: areaCodes } ...A } } fragment A on Area { code concepts { id label } }",
        {},
    ),
    "an interface": (
        '{ node(id: "req_1") { id ... on Request { status requester { name } } ... on User { name } } }',
        {},
    ),
    "an interface, many": ('{ nodes(ids: ["aut_1", "req_2", "alr_1", "nix", "usr_1"]) { __typename id } }', {}),
    "a union": (
        '{ request(id: "req_1") { subject { __typename ... on Person { givenName birthDate } ... on Company { name } } } }',
        {},
    ),
    "skipped": ("query ($s: Boolean!) { areas { code @skip(if: $s) name @include(if: $s) } }", {"s": True}),
    "not skipped": ("query ($s: Boolean!) { areas { code @skip(if: $s) name @include(if: $s) } }", {"s": False}),
    "all of it skipped": ("query ($s: Boolean!) { areas @skip(if: $s) { code } }", {"s": True}),
    "a language for each": (
        "query ($l: Language) { areas(language: EN) { name(language: $l) x: name(language: IT) concepts { label } } }",
        {"l": "HU"},
    ),
    "no language": ("query ($l: Language) { areas(language: $l) { name(language: $l) } }", {}),
    "a language that is none": ("query ($l: Language) { areas { name(language: $l) } }", {"l": "KLINGON"}),
    "a variable missing": ("query ($id: ID!) { request(id: $id) { id } }", {}),
    "a variable of another type": ("query ($n: Int) { requests(list: SENT, first: $n) { totalCount } }", {"n": "x"}),
    "a default": ("query ($n: Int = 2) { requests(list: SENT, first: $n) { edges { node { id } } } }", {}),
    "links below links": (
        """{ requests(list: SENT) { edges { node { requester { name country { name } validatingCoordinator { country { code } } }
             responder { name areas { name } concepts { label } } } } } }""",
        {},
    ),
    "resolvers that wait": (
        """{ requests(list: RECEIVED) { edges { node { questions { question { text } comment { text { original translation } } }
             answers { value { choices { label } countries { name } text { original } } } actions { action possible } } } } }""",
        {},
    ),
    "enums and dates": (
        "{ requests(list: SENT) { edges { node { status dueDate createdAt area { modules } requester { languages status } } } } }",
        {},
    ),
}


def test_each_feature_of_the_language_is_compiled_and_answered_alike(comparison: Comparison) -> None:
    for name, (text, variables) in EVERY_FEATURE.items():
        operation = an_operation(text, **variables)
        for number in range(1 if "schema" in name else 4):
            with cell(name, "world", number):
                assert comparison.of(operation, number, calm=number < 2) == []


def test_mutations_do_one_thing_after_the_other_and_stop_at_a_null_that_cannot_stand(comparison: Comparison) -> None:
    sent = 'sendRequest(input: {idempotencyKey: "k", id: "req_1"}) { request { id status requester { name } } }'
    operation = an_operation(f"mutation {{ a: {sent} b: {sent} c: {sent} }}")
    stopped = 0
    for number in range(40):
        with cell("world", number):
            assert comparison.of(operation, number) == []
        found = answered(comparison.schema, by_plans(comparison.plans), operation, number)
        assert found is not None
        commands = [one for one in found.asked if one.path.endswith("/SendRequest")]
        assert [one.at for one in commands] == sorted({one.at for one in commands}), (
            "each when the one before had ended"
        )
        stopped += len(commands) < 3
    assert stopped


def test_an_error_in_a_thing_is_told_at_each_place_that_shows_it(comparison: Comparison) -> None:
    operation = an_operation(
        """{ requests(list: SENT) { edges { node { a: parent { ...P } b: parent { ...P } } } } }
           fragment P on Request { id desiredDate dueDate }"""
    )
    told_twice = 0
    for number in range(60):
        with cell("world", number):
            assert comparison.of(operation, number) == []
        found = answered(comparison.schema, by_plans(comparison.plans), operation, number)
        assert found is not None
        paths = [(*json.loads(error)["path"],) for error in found.errors]
        told_twice += any("a" in path[4:5] and (*path[:4], "b", *path[5:]) in paths for path in paths)
    assert told_twice


def test_each_text_is_in_the_language_that_its_field_asks_for(comparison: Comparison) -> None:
    text = "query ($l: Language) { areas(language: EN) { a: name b: name(language: $l) c: name(language: HU) } countries { name } }"
    different = 0
    for language, number in product(("HU", "IT", None), range(12)):
        operation = an_operation(text, l=language)
        with cell(language, "world", number):
            assert comparison.of(operation, number, calm=True) == []
        found = answered(comparison.schema, by_plans(comparison.plans), operation, number, calm=True)
        assert found is not None
        different += any(area["a"] != area["b"] for area in json.loads(found.data)["areas"])
    assert different


def test_an_event_of_a_stream_is_answered_as_graphql_core_answers_it(comparison: Comparison) -> None:
    operation = an_operation(
        "subscription { alertStream(language: HU) { cursor at entry { id kind alert { number author { name country { name } }"
        " values { field { label } value { text { original } } } } } } }"
    )
    for number in range(30):
        with cell("world", number):
            assert comparison.of(operation, number, calm=number % 2 == 0) == []
