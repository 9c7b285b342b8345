"""Where plans come in: Strawberry asks before it executes an operation, and takes a result that is there already."""

from collections.abc import AsyncIterator

from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from gateway.plan.plans import Plans


class Planned(SchemaExtension):
    """Answers queries and mutations by their plans. What a plan cannot do, graphql-core does."""

    def __init__(self, plans: Plans | None) -> None:
        self._plans = plans

    async def on_execute(self) -> AsyncIterator[None]:
        execution = self.execution_context
        if self._plans is not None and execution.operation_type is not OperationType.SUBSCRIPTION:
            assert execution.graphql_document is not None
            execution.result = await self._plans.executed(
                execution.graphql_document,
                execution.operation_name,
                execution.variables,
                execution.context,
                execution.root_value,
                execution.operation_extensions,
            )
        yield
