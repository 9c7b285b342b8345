"""From an item of a stream to the bytes of its answer.

Each item is executed by itself, as the specification has it (GraphQL, 6.2.3.2): the item is the root value of the operation. This
is what `graphql.subscribe` does too, but that keeps one executor for a stream's whole life, which remembers something of every event;
see docs/streams.md.
"""

import asyncio
import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute

from gateway.context import Context
from gateway.errors import INTERNAL, INTERNAL_MESSAGE, as_error, masked
from gateway.plan.plans import plans_of
from gateway.streams.framing import as_json
from gateway.training import marked
from vocabulary.refusals import Refusal

log = structlog.get_logger(__name__)


class Answer(NamedTuple):
    """The JSON of an answer, and whether there are errors in it: asked again, it might say more."""

    body: bytes
    failed: bool


async def answers(schema: GraphQLSchema, context: Context, items: Sequence[Any]) -> list[Answer]:
    """The answer to each of *items*, for whom *context* speaks; what they read, they read together, and with nobody else."""
    own = context.for_items()
    try:
        return await asyncio.gather(*(_answer(schema, own, item) for item in items))
    finally:
        own.end()


async def _answer(schema: GraphQLSchema, context: Context, item: Any) -> Answer:
    execution = context.execution
    assert execution.graphql_document is not None
    plans = plans_of(schema)
    planned = plans and await plans.executed(
        execution.graphql_document, execution.operation_name, execution.variables, context, item
    )
    result = planned or await _executed(schema, context, item)
    return Answer(payload(result, context), bool(result.errors))


async def _executed(schema: GraphQLSchema, context: Context, item: Any) -> ExecutionResult:
    execution = context.execution
    assert execution.graphql_document is not None
    result = execute(
        schema,
        execution.graphql_document,
        root_value=item,
        context_value=context,
        variable_values=execution.variables,
        operation_name=execution.operation_name,
    )
    found = await result if inspect.isawaitable(result) else result
    assert isinstance(found, ExecutionResult)
    return found


def payload(result: Any, context: Context) -> bytes:
    """*result* as JSON, its errors masked."""
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        document = context.execution.graphql_document
        body["errors"] = [masked(error, document).formatted for error in result.errors]
    return as_json(marked(body, context.training))


def ending(error: Exception, cursor: str) -> bytes:
    """How a stream ends that *error* ends, after *cursor*."""
    if isinstance(error, Refusal):
        said = as_error(error)
    elif isinstance(error, GraphQLError):
        said = dict(masked(error, None).formatted)
    else:
        log.error("fault", exc_info=error)
        said = {"message": INTERNAL_MESSAGE, "extensions": {"code": INTERNAL}}
    if cursor:
        said["extensions"]["cursor"] = cursor
    return as_json({"data": None, "errors": [said]})
