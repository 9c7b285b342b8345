"""What resolvers are told of the field that they resolve: everything that graphql-core and Strawberry would tell them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.pyutils import Path, gather_with_cancel
from graphql.type.definition import GraphQLResolveInfoHelpers


class ResolveInfo(NamedTuple):
    """As `graphql.GraphQLResolveInfo`, with the variables as plain values and the request's `extensions`, as Strawberry has it."""

    field_name: str
    field_nodes: list[FieldNode]
    return_type: GraphQLOutputType
    parent_type: GraphQLObjectType
    path: Path
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    root_value: Any
    operation: OperationDefinitionNode
    variable_values: dict[str, Any]
    context: Any
    is_awaitable: Callable[[Any], bool]
    abort_signal: None
    async_helpers: GraphQLResolveInfoHelpers
    operation_extensions: dict[str, Any] | None


def helpers(track: Callable[[Any], None]) -> GraphQLResolveInfoHelpers:
    """What resolvers get to wait for several things at once; *track* looks after what they do not wait for."""
    return GraphQLResolveInfoHelpers(gather=_gathered, track=track)


def _gathered(values: Sequence[Awaitable[Any]]) -> Awaitable[list[Any]]:
    return gather_with_cancel(*values)
