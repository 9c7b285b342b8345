"""What becomes of an operation: functions, and what they need besides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode

from gateway.plan.slots import FieldSlot


@dataclass(frozen=True, slots=True)
class Plan:
    """An operation compiled. The fields of a step are begun together; a step begins when the one before has ended."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    steps: tuple[tuple[FieldSlot, ...], ...]
    # Key of a field of the operation → what puts it into the data: ``function(root value, data, branch)``.
    fields: Mapping[str, Callable[[Any, dict[str, Any], Any], None]]
    source: str
    # In fields.
    size: int
