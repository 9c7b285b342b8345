"""What an operation costs: the objects that its answer holds if every list is as long as it may be.

An object costs 1, whatever is read of it; a list costs that for each item, and so does everything within. How long a list is, its
page size says (``first``), or how many ids or names were given; a list that nobody can shorten counts as `ASSUMED` long, or as
`LENGTHS` says. A command costs `COMMAND` besides. Objects of different types that exclude each other are all counted.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from vocabulary import pages

ASSUMED = 10
# Lists whose length is known, by where they stand.
LENGTHS = {
    "Query.countries": 30,
    "Query.faq": 30,
    "Query.glossary": 50,
    "Query.helpdesks": 30,
    "Query.labels": 60,
    "Query.refusals": 300,
}
COMMAND = 10
# Of the numbers that an Int may be.
LARGEST = 2**31 - 1
PAGE_SIZE = "first"
# Arguments of which each item is one of the list.
EACH = ("ids", "of", "enums")


class Size(NamedTuple):
    """How long a list is, which a variable says: a number, or a list with so many items.

    *default* if the variable is not given, *unsaid* if it is null.
    """

    variable: str
    default: int
    unsaid: int


class Term(NamedTuple):
    """So many times: what one costs, and what is within."""

    times: int | Size
    own: int
    within: tuple["Term", ...]


def cost(terms: Iterable[Term], variables: Mapping[str, Any]) -> int:
    """What *terms* come to with these variables."""
    return sum(_times(term.times, variables) * (term.own + cost(term.within, variables)) for term in terms)


def terms_of(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> tuple[Term, ...]:
    """What *operation* of a valid *document* costs, but for its variables."""
    return _Counting(schema, document, operation).terms


def _times(times: int | Size, variables: Mapping[str, Any]) -> int:
    if isinstance(times, int):
        return times
    if times.variable not in variables:
        return times.default
    given = variables[times.variable]
    if isinstance(given, list):
        return len(given)
    # JSON does not tell 100.0 from 100, and neither does who reads an Int.
    if isinstance(given, int | float) and 1 <= given <= LARGEST:
        return int(given)
    # Whatever is no such number is refused when it is read as one; 0 may be taken for no wish.
    return times.unsaid


class _Counting:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._defaults = {one.variable.name.value: one.default_value for one in operation.variable_definitions or ()}
        root = schema.get_root_type(operation.operation)
        assert root is not None
        self._command = COMMAND if operation.operation is OperationType.MUTATION else 0
        self._root = root
        self.terms = self._within(root, operation.selection_set, None)

    def _within(
        self, parent: GraphQLNamedType, selections: SelectionSetNode, page: int | Size | None
    ) -> tuple[Term, ...]:
        terms: list[Term] = []
        for node in selections.selections:
            if isinstance(node, FieldNode):
                terms += self._field(parent, node, page)
            elif isinstance(node, InlineFragmentNode):
                terms += self._within(self._narrowed(parent, node), node.selection_set, page)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                terms += self._within(self._narrowed(parent, fragment), fragment.selection_set, page)
        return tuple(terms)

    def _narrowed(
        self, parent: GraphQLNamedType, node: InlineFragmentNode | FragmentDefinitionNode
    ) -> GraphQLNamedType:
        narrowed = node.type_condition and self._schema.get_type(node.type_condition.name.value)
        return narrowed or parent

    def _field(self, parent: GraphQLNamedType, node: FieldNode, page: int | Size | None) -> list[Term]:
        field = self._definition(parent, node.name.value)
        if field is None or node.selection_set is None:
            return []
        kind = get_named_type(field.type)
        if is_leaf_type(kind):
            return []
        own = 1 + (self._command if parent is self._root else 0)
        given = {one.name.value: one for one in node.arguments or ()}
        if _is_list(field):
            times = page if page is not None else self._length(f"{parent.name}.{node.name.value}", field, given)
            return [Term(times, own, self._within(kind, node.selection_set, None))]
        asked = self._page(field, given)
        return [Term(1, own, self._within(kind, node.selection_set, asked))]

    def _definition(self, parent: GraphQLNamedType, name: str) -> GraphQLField | None:
        if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) and name in parent.fields:
            found: GraphQLField = parent.fields[name]
            return found
        if parent is self._schema.query_type and name in ("__schema", "__type"):
            return self._schema.get_field(parent, name)
        return None

    def _page(self, field: GraphQLField, given: Mapping[str, ArgumentNode]) -> int | Size | None:
        """How long the lists of a connection are; None if *field* is no connection."""
        if PAGE_SIZE not in field.args:
            return None
        return self._said(given.get(PAGE_SIZE), pages.DEFAULT_SIZE)

    def _length(self, at: str, field: GraphQLField, given: Mapping[str, ArgumentNode]) -> int | Size:
        """How long a list is that stands by itself: a page, or an item for each of what was given."""
        if PAGE_SIZE in field.args:
            return self._said(given.get(PAGE_SIZE), pages.DEFAULT_SIZE)
        otherwise = LENGTHS.get(at, ASSUMED)
        named = next((given[name] for name in EACH if name in given), None)
        return otherwise if named is None else self._said(named, otherwise)

    def _said(self, argument: ArgumentNode | None, otherwise: int) -> int | Size:
        value = argument.value if argument is not None else None
        if isinstance(value, VariableNode):
            default = self._defaults.get(value.name.value)
            return Size(value.name.value, _literal(default, otherwise), otherwise)
        return _literal(value, otherwise)


def _literal(value: Any, otherwise: int) -> int:
    if isinstance(value, IntValueNode):
        return int(value.value) if int(value.value) > 0 else otherwise
    return len(value.values) if isinstance(value, ListValueNode) else otherwise


def _is_list(field: GraphQLField) -> bool:
    kind = field.type
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)
