"""What is remembered of operations, what is executed without a plan, and what one execution leaves to others: nothing."""

import asyncio
from collections.abc import AsyncGenerator
from functools import cache, partial
from typing import Any

import pytest
import strawberry
from graphql import DocumentNode, parse, validate
from graphql.execution.values import VariableValues
from prometheus_client import REGISTRY
from strawberry.types.execution import ExecutionContext, ExecutionResult

from gateway.context import Context
from gateway.errors import masked
from gateway.limits.known import LONGEST
from gateway.plan import plans as remembered
from gateway.plan.plans import Plans, plans_of
from gateway.plan.printing import printed
from gateway.plan.sources import NotCompiled
from gateway.schema import graphql_schema, joined, schema
from tests.plan.clock import on_clock
from tests.plan.worlds import World, a_sign_in, request_of
from vocabulary import parts

AREAS = "query ($a: Boolean = true, $b: Boolean = true) { areas { code @include(if: $a) name @include(if: $b) } }"


def a_context(world: World, text: str, document: DocumentNode, language: str = "it", **variables: Any) -> Context:
    execution = ExecutionContext(
        query=text,
        schema=schema,
        context=None,
        root_value=None,
        variables=variables,
        provided_operation_name=None,
        operation_extensions=None,
        allowed_operations=(),
    )
    execution.graphql_document = document
    stubs = world.stubs()
    return Context(stubs, a_sign_in(stubs, language), "").for_operation(execution)


# Equal texts are the same document, as in the gateway.
parsed = cache(parse)


async def executed(plans: Plans, world: World, text: str, name: str | None = None, /, **variables: Any) -> Any:
    document = parsed(text)
    context = a_context(world, text, document, **variables)
    return await plans.executed(document, name, variables, context)


def looked_up(outcome: str) -> float:
    return REGISTRY.get_sample_value("imi_gateway_plans_total", {"outcome": outcome}) or 0.0


def test_an_operation_is_compiled_once_for_each_set_of_what_it_skips() -> None:
    plans, world = Plans(graphql_schema), World(1, calm=True)

    async def work() -> None:
        for a, b in ((True, True), (True, False), (True, True), (True, False)):
            result = await executed(plans, world, AREAS, a=a, b=b)
            assert all(("code" in area, "name" in area) == (a, b) for area in result.data["areas"])

    compiled, found = looked_up("COMPILED"), looked_up("FOUND")
    on_clock(work)
    assert (looked_up("COMPILED") - compiled, looked_up("FOUND") - found) == (2, 2)


def test_what_skips_in_more_ways_than_are_remembered_is_executed_without_a_plan() -> None:
    names = [f"v{number}" for number in range(remembered.VARIANTS_LIMIT.bit_length())]
    variables = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: code @include(if: ${name})" for name in names)
    text = f"query ({variables}) {{ areas {{ __typename {fields} }} }}"
    plans, world = Plans(graphql_schema), World(1, calm=True)

    async def work() -> list[bool]:
        ways = range(2 ** len(names))
        return [
            await executed(plans, world, text, None, **{name: bool(way >> bit & 1) for bit, name in enumerate(names)})
            is not None
            for way in ways
        ]

    planned = on_clock(work)
    assert sum(planned) == remembered.VARIANTS_LIMIT
    assert not planned[-1]


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "OPERATIONS_LIMIT", 3)
    plans, world = Plans(graphql_schema), World(1, calm=True)

    async def work() -> None:
        for number in range(10):
            assert await executed(plans, world, f"{{ a{number}: areas {{ code }} }}") is not None
            # A variable that is wrong is no plan, and takes room too.
            assert await executed(
                plans, world, f"query ($n: Int!) {{ a{number}: requests(list: SENT, first: $n) {{ totalCount }} }}"
            )
        assert len(plans._known) <= 3

    on_clock(work)
    assert plans._size == sum(one.size for one in plans._known.values())


def test_plans_are_limited_in_fields_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "FIELDS_LIMIT", 10)
    plans, world = Plans(graphql_schema), World(1, calm=True)

    async def work() -> None:
        for number in range(10):
            await executed(plans, world, f"{{ areas {{ a{number}: code b: code c: code }} }}")
            assert plans._size <= 10

    on_clock(work)


def test_documents_of_plans_are_limited_in_length_alone_and_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "TEXTS_LIMIT", 200)
    plans, world = Plans(graphql_schema), World(1, calm=True)
    texts = [f"{{ a{number}: areas {{ code{' ' * 40} }} }}" for number in range(10)]

    async def work() -> None:
        for text in texts:
            assert await executed(plans, world, text) is not None
            assert plans._length <= 200
        assert await executed(plans, world, "{ areas { code } }" + " " * LONGEST) is None

    on_clock(work)
    assert 2 <= len(plans._known) < 5


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("query A { areas { code } } query B { countries { code } }", None),
        ("query A { areas { code } }", "Z"),
        ("fragment F on Area { code }", None),
    ],
    ids=["one of several", "another", "none"],
)
def test_what_is_no_operation_is_left_to_graphql_core_to_refuse(text: str, name: str | None) -> None:
    plans = Plans(graphql_schema)
    assert on_clock(lambda: executed(plans, World(1), text, name)) is None
    with pytest.raises(NotCompiled):
        plans.plan(parse(text), name, {})


def test_of_several_operations_the_named_one_is_executed() -> None:
    text = "query A { areas { code } } query B { countries { code } }"
    plans, world = Plans(graphql_schema), World(1, calm=True)
    for name, field in (("A", "areas"), ("B", "countries"), ("A", "areas")):
        result = on_clock(partial(executed, plans, world, text, name))
        assert list(result.data) == [field]


def test_the_same_thing_is_asked_for_once_and_in_the_languages_of_the_operation_alone() -> None:
    text = """{ requests(list: SENT, first: 50) { edges { node {
                  requester { name country { name } } responder { name(language: HU) } } } }
                again: requests(list: RECEIVED) { edges { node { requester { name country { name } } } } } }"""
    plans, world = Plans(graphql_schema), World(4, calm=True)
    result = on_clock(lambda: executed(plans, world, text))
    assert not result.errors
    for method, at_most in (("BatchGetAuthorities", 2), ("BatchGetCountries", 2)):
        asked = [request_of(one.path, one.request) for one in world.asked if one.path.endswith(f"/{method}")]
        ids = [id_ for request in asked for id_ in request.ids]
        assert ids
        assert len(ids) == len(set(ids))
        assert len(asked) <= at_most
        assert all(list(request.languages) == ["hu", "it"] for request in asked)


def test_two_readers_of_one_plan_share_nothing() -> None:
    text = '{ viewer { id } areas { name concepts { label } } node(id: "aut_1") { id ... on Authority { name } } }'
    document = parse(text)
    plans, world = Plans(graphql_schema), World(2, calm=True)

    async def work() -> None:
        contexts = [a_context(world, text, document, language) for language in ("it", "hu") * 5]
        results = await asyncio.gather(*(plans.executed(document, None, {}, one) for one in contexts))
        alone = {
            language: await plans.executed(document, None, {}, a_context(world, text, document, language))
            for language in ("it", "hu")
        }
        for context, result in zip(contexts, results, strict=True):
            expected = alone[context.language]
            assert result is not None
            assert expected is not None
            assert result.data == expected.data
            assert result.data is not expected.data

    on_clock(work)
    asked = [one for one in world.asked if one.path.endswith("/BatchGetAuthorities")]
    assert len(asked) == 12, "each reader asked for themselves"


def test_whoever_goes_away_leaves_nothing_running() -> None:
    text = """{ requests(list: SENT) { edges { node {
                requester { name users { edges { node { name } } } } questions { question { text } } } } } }"""
    document = parse(text)
    plans = Plans(graphql_schema)

    async def work() -> int:
        left = 0
        for turns in range(60):
            world = World(4, calm=True)
            answering = asyncio.ensure_future(plans.executed(document, None, {}, a_context(world, text, document)))
            for _ in range(turns):
                await asyncio.sleep(0.0005 if turns % 2 else 0)
            answering.cancel()
            await asyncio.wait({answering})
            for _ in range(5):
                await asyncio.sleep(0)
            left = max(left, len(asyncio.all_tasks()) - 1)
        return left

    assert on_clock(work) == 0


@strawberry.type
class _Counting:
    @strawberry.field
    async def numbers(self) -> AsyncGenerator[int, None]:
        yield 1
        yield 2


def test_what_plans_do_not_know_is_found_when_compiling_and_left_to_graphql_core() -> None:
    made = strawberry.Schema(_Counting)
    plans = Plans(made._schema)
    text = "{ numbers }"
    with pytest.raises(NotCompiled, match="one by one"):
        plans.plan(parse(text), None, {})
    assert on_clock(partial(executed, plans, World(1), text)) is None


@pytest.mark.parametrize("planned", [True, False])
async def test_the_setting_says_whether_there_are_plans(planned: bool) -> None:
    made = joined(parts.ALL, planned=planned)
    world = World(1, calm=True)
    stubs = world.stubs()
    before = looked_up("COMPILED") + looked_up("FOUND")
    context = Context(stubs, a_sign_in(stubs), "")
    result = await made.execute("{ areas { code } }", context_value=context)
    assert isinstance(result, ExecutionResult)
    assert not result.errors
    assert result.data
    assert looked_up("COMPILED") + looked_up("FOUND") - before == planned
    assert (plans_of(made._schema) is not None) is planned


def test_a_plan_is_printed_with_what_waits_for_what() -> None:
    text = (
        "{ requests(list: SENT) { edges { node { requester { country { name } } responder { country { code } } } } } }"
    )
    printed_plan = printed(Plans(graphql_schema).plan(parse(text), None, {}), VariableValues({}, {}))
    at = "requests.edges.node"
    assert printed_plan.splitlines()[2:8] == [
        "level 1",
        "  resolver requests: Query.requests",
        "level 2",
        f"  call     BatchGetAuthorities for {at}.requester, {at}.responder",
        "level 3",
        f"  call     BatchGetCountries for {at}.requester.country, {at}.responder.country",
    ]
    assert "def root_requests(s, d, b):" in printed_plan


@pytest.mark.parametrize(
    "text",
    [
        "query ($v: Boolean = true) { areas @include(if: $v) { code } }",
        "query ($v: Boolean = true) { areas { code name @skip(if: $v) } countries { code } }",
        "query ($v: Boolean = true) { ... @include(if: $v) { areas { code } } countries { code } }",
    ],
)
def test_a_null_for_what_decides_is_told_as_graphql_core_tells_it(text: str) -> None:
    """It may stand where there is a default, and is wrong only when it is executed."""
    document = parse(text)
    assert not validate(graphql_schema, document)
    plans, world = Plans(graphql_schema), World(1, calm=True)
    assert on_clock(partial(executed, plans, world, text, None, v=None)) is None
    assert on_clock(partial(executed, plans, world, text, None, v=True)) is not None


@pytest.mark.parametrize("planned", [True, False])
async def test_what_a_command_may_have_changed_is_read_again_after_it(planned: bool) -> None:
    """Commands of one operation are done one after the other; what the first has shown is not what the second shows."""
    done = 'closeRequest(input: {idempotencyKey: "1", id: "req_1"}) { request { actions { possible } parent { id } } }'
    world = World(1, calm=True)
    stubs = world.stubs()
    context = Context(stubs, a_sign_in(stubs), "")
    result = await joined(parts.ALL, planned=planned).execute(
        f"mutation {{ a: {done} b: {done} c: {done} }}", context_value=context
    )
    assert isinstance(result, ExecutionResult)
    assert not result.errors
    asked = [one.path.rpartition("/")[2] for one in world.asked]
    assert asked.count("CloseRequest") == asked.count("BatchGetActions") == 3
    between = [name for name in asked if name in ("CloseRequest", "BatchGetActions")]
    assert between == ["CloseRequest", "BatchGetActions"] * 3


def test_an_error_names_the_field_of_the_document_that_was_sent() -> None:
    text = "query ($first: Int) { requests(list: SENT, first: $first) { totalCount } }"
    plans, world = Plans(graphql_schema), World(1, calm=True)

    async def work() -> None:
        for document in (parse(text), parse(text)):
            context = a_context(world, text, document, first=0)
            result = await plans.executed(document, None, {"first": 0}, context)
            assert result is not None
            (error,) = result.errors or []
            assert masked(error, document).extensions == {"code": "INVALID", "reason": "PAGE_SIZE", "field": "first"}
            wrong = await plans.executed(document, None, {"first": "x"}, context)
            assert wrong is not None
            (error,) = wrong.errors or []
            assert masked(error, document).extensions == {"code": "INVALID", "reason": "GRAPHQL", "field": "first"}

    on_clock(work)
