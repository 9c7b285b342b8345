"""The straight way to an answer: of an operation whose document has been checked and whose plan has been made, all is known that
Strawberry's steps around it would find out.

What those steps do is done here by the same extensions (`gateway.schema`), in the same order. Whatever is not known is left to
Strawberry, before anything has been done for it.
"""

from graphql import GraphQLError
from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError

from gateway.errors import CodedErrors
from gateway.limits.checking import Checked
from gateway.operations import Operations
from gateway.plan.plans import Plans, Ready


def is_known(execution: ExecutionContext) -> bool:
    """Whether the document of *execution* has been found valid before; then *execution* has it."""
    known = Checked.valid(execution.schema._schema, execution.query)
    if known is None:
        return False
    execution.graphql_document = known.document
    return True


async def answered(execution: ExecutionContext, plans: Plans) -> ExecutionResult | None:
    """The answer to a known operation; None if it has no plan yet, or is of no kind that is allowed."""
    document = execution.graphql_document
    assert document is not None
    try:
        if execution.operation_type not in execution.allowed_operations:
            return None
        ready = plans.ready(document, execution.operation_name, execution.variables)
    except Exception:  # of an operation that is not there, or variables that are none: told where it belongs
        return None
    if ready is None:
        return None
    try:
        return await _carried_out(execution, ready)
    except Exception as fault:  # of ours; as Strawberry does, and masked like any other
        return PreExecutionError(data=None, errors=[GraphQLError(str(fault), original_error=fault)])


async def _carried_out(execution: ExecutionContext, ready: Ready) -> ExecutionResult:
    operations, checked = Operations(), Checked()
    operations.execution_context = checked.execution_context = execution
    operations.begin()
    if errors := checked.errors():
        result: ExecutionResult = PreExecutionError(data=None, errors=errors)
    else:
        found = await ready.result(execution.context, execution.root_value, execution.operation_extensions)
        result = ExecutionResult(found.data, found.errors)
    execution.result = result
    if result.errors:
        coded = CodedErrors()
        coded.execution_context = execution
        coded.code(result)
    operations.end()
    execution.context.end()
    return result
