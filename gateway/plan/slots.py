"""Where values of a response go, as far as it is known before anything is executed; and how a value becomes what stands there.

A place in one response is a tuple ``(place above, key, container, slot)``: the value is ``container[key]``. A place above of None is
the response's `data`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    Undefined,
    get_argument_values,
    is_leaf_type,
    is_non_null_type,
)
from graphql.pyutils import Path, inspect

Place = tuple[Any, str | int, Any, "Slot"]
Completer = Callable[[Any, Place, Any], Any]


@dataclass(slots=True, eq=False)
class Slot:
    """What is the same of all places that one field, or the items of one list, have in a response.

    *complete* makes of what a resolver or a service gave what stands in the response; it raises what is wrong with it.
    """

    nodes: list[FieldNode]
    type: GraphQLOutputType
    # The field's, also for the items of its list.
    field_name: str
    parent_type: GraphQLObjectType
    # None for the items of a list.
    key: str | None = None
    nullable: bool = True
    complete: Completer = field(init=False)
    # Of things that a loader gives: the batch read and the selection, if equal things are then completed equally and at once.
    shared: tuple[str, int] | None = None

    def leaf(self, value: Any) -> Any:
        """*value* of a scalar or an enum as it stands in the response."""
        if isinstance(value, Exception):
            raise value
        kind: Any = self.type.of_type if is_non_null_type(self.type) else self.type
        if value is None or value is Undefined:
            return self.nothing()
        return coerced(kind, value)

    def nothing(self) -> None:
        """Null; raises where null cannot stand."""
        if is_non_null_type(self.type):
            raise TypeError(f"Cannot return null for non-nullable field {self.parent_type}.{self.field_name}.")

    def absent(self, value: Any) -> None:
        """Null for None; raises for anything else, which is looked at more closely then."""
        if value is not None:
            raise TypeError(f"this is not what there mostly is: {inspect(value)}")
        self.nothing()

    def not_iterable(self) -> GraphQLError:
        return GraphQLError(
            f"Expected Iterable, but did not find one for field '{self.parent_type}.{self.field_name}'."
        )

    def not_of(self, kind: GraphQLObjectType, value: Any) -> GraphQLError:
        return GraphQLError(f"Expected value of type '{kind}' but got: {inspect(value)}.", self.nodes)


@dataclass(slots=True, eq=False)
class FieldSlot(Slot):
    """A field of a selection, with how it is resolved."""

    definition: GraphQLField = field(kw_only=True)
    # Its arguments, where they are the same for all; None if they depend on variables.
    arguments: Mapping[str, Any] | None = None

    def arguments_of(self, variables: Any) -> Mapping[str, Any]:
        """The arguments of the field; raises what is wrong with them."""
        if self.arguments is not None:
            return self.arguments
        return get_argument_values(self.definition, self.nodes[0], variables)


def field_slot(parent: GraphQLObjectType, key: str, nodes: list[FieldNode], definition: GraphQLField) -> FieldSlot:
    """The slot of the field that *nodes* select of *parent* under *key*."""
    slot = FieldSlot(
        nodes=nodes,
        type=definition.type,
        field_name=nodes[0].name.value,
        parent_type=parent,
        key=key,
        nullable=not is_non_null_type(definition.type),
        definition=definition,
    )
    if not definition.args and not nodes[0].arguments:
        slot.arguments = {}
    return slot


def item_slot(of: Slot, item_type: GraphQLOutputType) -> Slot:
    """The slot of the items of a list that stands in *of*."""
    return Slot(of.nodes, item_type, of.field_name, of.parent_type, nullable=not is_non_null_type(item_type))


def coerced(kind: GraphQLLeafType, value: Any) -> Any:
    """*value* as the type *kind* writes it."""
    assert is_leaf_type(kind)
    found = kind.coerce_output_value(value)
    if found is Undefined or found is None:
        said = f"{inspect(kind)}.coerce_output_value({inspect(value)})"
        raise TypeError(f"Expected `{said}` to return non-nullable value, returned: {inspect(found)}")
    return found


def path_of(place: Place | None) -> list[str | int]:
    """The keys that lead to *place*."""
    keys: list[str | int] = []
    while place is not None:
        keys.append(place[1])
        place = place[0]
    return keys[::-1]


def as_path(place: Place) -> Path:
    """*place* as resolvers are told it."""
    above: Place | None = place[0]
    slot = place[3]
    return Path(
        as_path(above) if above is not None else None, place[1], None if slot.key is None else slot.parent_type.name
    )


def resolved_type(schema: GraphQLSchema, kind: Any, name: Any, slot: Slot, value: Any) -> GraphQLObjectType:
    """The object type called *name*, which an object of the abstract type *kind* is said to be; raises if it cannot be."""
    at = f"{slot.parent_type}.{slot.field_name}"
    if name is None:
        raise GraphQLError(
            f"Abstract type '{kind}' must resolve to an Object type at runtime for field '{at}'. Either the '{kind}' type should"
            " provide a 'resolve_type' function or each possible type should provide an 'is_type_of' function.",
            slot.nodes,
        )
    if not isinstance(name, str):
        raise GraphQLError(
            f"Abstract type '{kind}' must resolve to an Object type at runtime for field '{at}' with value {inspect(value)},"
            f" received '{inspect(name)}', which is not a valid Object type name.",
            slot.nodes,
        )
    found = schema.get_type(name)
    if found is None:
        problem = f"Abstract type '{kind}' was resolved to a type '{name}' that does not exist inside the schema."
    elif not isinstance(found, GraphQLObjectType):
        problem = f"Abstract type '{kind}' was resolved to a non-object type '{name}'."
    elif not schema.is_sub_type(kind, found):
        problem = f"Runtime Object type '{found}' is not a possible type for '{kind}'."
    else:
        return found
    raise GraphQLError(problem, slot.nodes)
