"""The same operation in the same world, executed by graphql-core and by its plan."""

import asyncio
import inspect
import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, OperationType, execute, get_operation_ast
from graphql.execution import Executor
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.execution import ExecutionContext

from gateway.context import Context
from gateway.errors import masked
from gateway.plan.plans import Plans
from tests.plan.clock import on_clock
from tests.plan.operations import Operation
from tests.plan.worlds import Asked, World, a_sign_in, is_batch, request_of

# Enough for what has been cancelled to end.
TURNS = 5
Executing = Callable[[Context, Operation, Any], Awaitable[ExecutionResult | None]]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an operation: the answer as a client gets it, and what the services were asked."""

    data: str
    errors: list[str]
    asked: list[Asked]
    # When it was there.
    took: float
    # What it has begun and not ended.
    left: int

    @property
    def is_whole(self) -> bool:
        return not self.errors


class _Everything(StrawberryGraphQLCoreExecutionContext):
    """Lets no error keep another from being found: null stays where it came."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.error_propagation = False


def by_graphql_core(
    schema: GraphQLSchema, kind: type[Executor[Any]] = StrawberryGraphQLCoreExecutionContext
) -> Executing:
    """Executes as Strawberry does without plans."""

    async def executed(context: Context, operation: Operation, root_value: Any) -> ExecutionResult:
        result = execute(
            schema,
            operation.document,
            root_value=root_value,
            context_value=context,
            variable_values=operation.variables,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            executor_class=kind,
            operation_extensions=None,
        )
        found = await result if inspect.isawaitable(result) else result
        assert isinstance(found, ExecutionResult)
        return found

    return executed


def by_plans(plans: Plans) -> Executing:
    """Executes by plans; None where there is none."""

    async def executed(context: Context, operation: Operation, root_value: Any) -> ExecutionResult | None:
        return await plans.executed(operation.document, None, operation.variables, context, root_value)

    return executed


def answered(
    schema: Any, executing: Executing, operation: Operation, number: int, *, calm: bool = False
) -> Answered | None:
    """What comes of *operation* in world *number*; None if it has no plan."""
    world = World(number, calm)

    async def work() -> Answered | None:
        stubs = world.stubs()
        execution = ExecutionContext(
            query=operation.text,
            schema=schema,
            context=None,
            root_value=None,
            variables=operation.variables,
            provided_operation_name=None,
            operation_extensions=None,
            allowed_operations=(),
        )
        execution.graphql_document = operation.document
        context = Context(stubs, a_sign_in(stubs), "hu").for_operation(execution)
        result = await executing(context, operation, world.event(operation.document))
        took = asyncio.get_running_loop().time()
        if result is None:
            return None
        for _ in range(TURNS):
            await asyncio.sleep(0)
        left = len(asyncio.all_tasks()) - 1
        errors = [masked(error, operation.document).formatted for error in result.errors or []]
        return Answered(
            json.dumps(result.data), [json.dumps(error, sort_keys=True) for error in errors], world.asked, took, left
        )

    found: Answered | None = on_clock(work)
    return found


@dataclass(slots=True)
class Comparison:
    """How plans do beside graphql-core, over many operations."""

    schema: Any
    plans: Plans
    compared: int = 0
    with_errors: int = 0
    # Errors of one moment below one null, of which the executors have told different ones.
    races: int = 0
    otherwise_ordered: int = 0

    def of(self, operation: Operation, number: int, *, calm: bool = False) -> list[str]:
        """In what a plan's answer to *operation* in world *number* is not graphql-core's."""
        core = self.schema._schema
        expected = answered(self.schema, by_graphql_core(core), operation, number, calm=calm)
        found = answered(self.schema, by_plans(self.plans), operation, number, calm=calm)
        assert expected is not None
        if found is None:
            return ["there is no plan"]
        self.compared += 1
        self.with_errors += not expected.is_whole
        said = differences(expected, found, operation)
        if found.errors == expected.errors:
            return said
        self.otherwise_ordered += 1
        if sorted(found.errors) != sorted(expected.errors):
            everything = answered(self.schema, by_graphql_core(core, _Everything), operation, number, calm=calm)
            assert everything is not None
            self.races += 1
            said += _no_race(expected, found, everything)
        return said


def _no_race(expected: Answered, found: Answered, everything: Answered) -> list[str]:
    """Where the errors differ, and not only in which of those that came at one moment has made the same place null.

    The specification lets the executor choose (6.4.4): one error is enough for a null.
    """
    if set(found.errors) <= set(everything.errors) and _nulls(found) == _nulls(expected):
        return []
    return [f"errors:\n  {expected.errors}\n  {found.errors}"]


def _nulls(answer: Answered) -> set[str]:
    """The places that are null for the errors."""
    nulls = set()
    for error in answer.errors:
        path, at, value = json.loads(error).get("path", []), [], json.loads(answer.data)
        while value is not None and path:
            value = value[path[0]]
            at.append(path.pop(0))
        nulls.add(json.dumps(at))
    return nulls


def differences(expected: Answered, found: Answered, operation: Operation) -> list[str]:
    """In what *found* is not *expected*, but for the errors."""
    said = []
    if found.data != expected.data:
        said.append(f"data:\n  {expected.data}\n  {found.data}")
    wanted, asked = _reads(expected.asked), _reads(found.asked)
    if expected.is_whole and wanted != asked:
        said.append(f"asked:\n  {wanted - asked}\n  {asked - wanted}")
    if not expected.is_whole and asked - wanted:
        said.append(f"asked besides:\n  {asked - wanted}")
    if len(found.asked) > len(expected.asked):
        said.append(f"{len(found.asked)} calls, not {len(expected.asked)}")
    if found.left > expected.left:
        said.append(f"{found.left} tasks are left, not {expected.left}")
    if found.took > expected.took:
        said.append(f"it took {found.took}, not {expected.took}")
    if _is_mutation(operation) and _commands(expected) != _commands(found):
        said.append(f"commands:\n  {_commands(expected)}\n  {_commands(found)}")
    return said


def _is_mutation(operation: Operation) -> bool:
    found = get_operation_ast(operation.document)
    return found is not None and found.operation is OperationType.MUTATION


def _commands(answer: Answered) -> list[str]:
    """What changes something, in its order."""
    return [one.path for one in answer.asked if hasattr(request_of(one.path, one.request), "command")]


def _reads(asked: list[Asked]) -> Counter[str]:
    """What was asked, however it was divided into calls, and when."""
    found: Counter[str] = Counter()
    batches: dict[str, set[str]] = defaultdict(set)
    for one in asked:
        if is_batch(one.path):
            request = request_of(one.path, one.request)
            batches[f"{one.path} {list(getattr(request, 'languages', ()))}"] |= set(request.ids)
        elif one.path.endswith("/Translate"):
            request = request_of(one.path, one.request)
            batches[one.path] |= {repr(segment) for segment in request.segments}
        else:
            found[f"{one.at:.6f} {one.path} {one.request!r}"] += 1
    for path, ids in batches.items():
        found.update(f"{path} {id_}" for id_ in ids)
    return found
