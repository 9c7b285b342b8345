"""Plans that are remembered: each operation is compiled once for each set of what it skips."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.values import VariableValues, get_variable_values
from prometheus_client import Counter

from gateway.limits.known import is_remembered, length_of
from gateway.plan.compiled import Plan
from gateway.plan.compiling import Parsed, compiled
from gateway.plan.running import Request, Run
from gateway.plan.sources import DEFINITION, NotCompiled
from gateway.plan.variables import deciding

# Of all operations that are remembered, together: a field takes 2.5 KB.
FIELDS_LIMIT = 8_000
OPERATIONS_LIMIT = 500
# Of the texts of their documents, together, in characters.
TEXTS_LIMIT = 1_000_000
# What one operation may skip in so many ways; in others it is executed without a plan.
VARIANTS_LIMIT = 8
# graphql-core's default.
COERCION_ERRORS = 50

LOOKED_UP = Counter("imi_gateway_plans_total", "Plans looked up, by whether there was one.", ["outcome"])


@dataclass(slots=True)
class _Operation:
    """An operation of a document, as far as its text says what it is."""

    # Kept, so that no other has its identity.
    document: DocumentNode
    parsed: Parsed
    deciding: tuple[str, ...]
    # What the deciding variables say → the plan, or None if there is none.
    variants: dict[tuple[Any, ...], Plan | None] = field(default_factory=dict)

    def variant(self, variables: VariableValues) -> tuple[Any, ...]:
        return tuple(variables.coerced.get(name) for name in self.deciding)

    @property
    def size(self) -> int:
        return sum(plan.size for plan in self.variants.values() if plan is not None)


@dataclass(frozen=True, slots=True)
class Ready:
    """An operation that can be executed, or whose variables are what is wrong with it."""

    plan: Plan | None
    variables: VariableValues | list[GraphQLError]

    async def result(self, context: Any, root_value: Any, extensions: dict[str, Any] | None) -> ExecutionResult:
        """The response."""
        if self.plan is None or isinstance(self.variables, list):
            return ExecutionResult(None, self.variables if isinstance(self.variables, list) else [])
        return await Run(self.plan, Request(root_value, context, self.variables, extensions)).result()


class Plans:
    """The plans of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: OrderedDict[tuple[int, str | None], _Operation] = OrderedDict()
        self._size = 0
        self._length = 0

    async def executed(
        self,
        document: DocumentNode,
        operation_name: str | None,
        raw_variables: dict[str, Any] | None,
        context: Any,
        root_value: Any = None,
        extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult | None:
        """The response to an operation of a validated *document*; None if there is no plan for it."""
        operation = self._operation(document, operation_name)
        if operation is None:
            return None
        variables = self._variables(operation, raw_variables)
        if isinstance(variables, list):
            return await Ready(None, variables).result(context, root_value, extensions)
        plan = self._plan(operation, variables)
        if plan is None:
            return None
        return await Ready(plan, variables).result(context, root_value, extensions)

    def ready(
        self, document: DocumentNode, operation_name: str | None, raw_variables: dict[str, Any] | None
    ) -> Ready | None:
        """An operation of *document* whose plan has been made before; None if it has not."""
        operation = self._known.get((id(document), operation_name))
        if operation is None:
            return None
        variables = self._variables(operation, raw_variables)
        if isinstance(variables, list):
            return Ready(None, variables)
        plan = operation.variants.get(operation.variant(variables))
        if plan is None:
            return None
        self._known.move_to_end((id(document), operation_name))
        LOOKED_UP.labels("FOUND").inc()
        return Ready(plan, variables)

    def plan(self, document: DocumentNode, operation_name: str | None, raw_variables: dict[str, Any]) -> Plan:
        """The plan of an operation, made anew; raises NotCompiled."""
        parsed = _parsed(self._schema, document, operation_name)
        if parsed is None:
            raise NotCompiled("there is no such operation")
        variables = get_variable_values(self._schema, parsed.operation.variable_definitions or (), raw_variables)
        if isinstance(variables, list):
            raise variables[0]
        return compiled(parsed, variables)

    def _operation(self, document: DocumentNode, operation_name: str | None) -> _Operation | None:
        # Not by its text: errors name the nodes of this very document.
        key = (id(document), operation_name)
        operation = self._known.get(key)
        if operation is not None:
            self._known.move_to_end(key)
            return operation
        # A plan that is made for one time costs more than it is worth.
        parsed = _parsed(self._schema, document, operation_name) if is_remembered(document) else None
        if parsed is None:
            return None
        found = deciding([parsed.operation, *parsed.fragments.values()])
        operation = self._known[key] = _Operation(document, parsed, found)
        self._length += length_of(document)
        self._forget()
        return operation

    def _variables(self, operation: _Operation, raw: dict[str, Any] | None) -> VariableValues | list[GraphQLError]:
        definitions = operation.parsed.operation.variable_definitions
        if not definitions:
            return VariableValues({}, {})
        return get_variable_values(self._schema, definitions, raw or {}, max_errors=COERCION_ERRORS)

    def _plan(self, operation: _Operation, variables: VariableValues) -> Plan | None:
        variant = operation.variant(variables)
        if variant in operation.variants:
            plan = operation.variants[variant]
            LOOKED_UP.labels("FOUND" if plan else "NONE").inc()
            return plan
        if len(operation.variants) >= VARIANTS_LIMIT:
            LOOKED_UP.labels("NONE").inc()
            return None
        try:
            plan = compiled(operation.parsed, variables)
        except (NotCompiled, GraphQLError):  # as of a null that decides: graphql-core says where it stands, and goes on
            plan = None
        LOOKED_UP.labels("COMPILED" if plan else "NONE").inc()
        operation.variants[variant] = plan
        self._size += plan.size if plan else 0
        self._forget()
        return plan

    def _forget(self) -> None:
        while self._size > FIELDS_LIMIT or len(self._known) > OPERATIONS_LIMIT or self._length > TEXTS_LIMIT:
            _, oldest = self._known.popitem(last=False)
            self._size -= oldest.size
            self._length -= length_of(oldest.document)


def plans_of(schema: GraphQLSchema) -> Plans | None:
    """The plans of *schema*, if it has any."""
    found: Plans | None = schema.extensions[DEFINITION].plans
    return found


def _parsed(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> Parsed | None:
    """The operation of *document* called *name*; None if there is not exactly one, or it is of a kind that plans do not know."""
    operations: list[OperationDefinitionNode] = []
    fragments: dict[str, FragmentDefinitionNode] = {}
    for one in document.definitions:
        if isinstance(one, OperationDefinitionNode):
            operations.append(one)
        elif isinstance(one, FragmentDefinitionNode):
            if one.variable_definitions:
                return None
            fragments[one.name.value] = one
    if name is not None:
        operations = [one for one in operations if one.name and one.name.value == name]
    if len(operations) != 1 or operations[0].directives:
        return None
    return Parsed(schema, operations[0], fragments)
