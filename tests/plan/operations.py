"""Operations at random over the schema: valid, and as clients write them at their worst.

Selections in fields, inline fragments and named ones, on types, interfaces and unions; the same field twice, under aliases and
without; what is skipped and included by literals and variables; arguments as literals, variables, defaults, and left out where
they may be.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    SingleFieldSubscriptionsRule,
    get_named_type,
    is_abstract_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)

# Of all rules those that chance breaks: the others take most of the time that an operation takes here, and
# `tests/plan/test_equal.py` holds that nothing breaks them.
BROKEN_BY_CHANCE = (SingleFieldSubscriptionsRule, OverlappingFieldsCanBeMergedRule)

One = TypeVar("One")
DEPTH = 7
TEXTS = ['"a"', '"aut_1"', '"IT"', '"x y"', '""']


class Choosing(Protocol):
    """Where chance comes from."""

    def below(self, limit: int) -> int:
        """A number from 0 to *limit* - 1; small ones make small operations."""
        ...


class Dice:
    """Chance by a number."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, limit: int) -> int:
        return self._random.randrange(limit)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation, and what it is given."""

    text: str
    document: DocumentNode
    variables: dict[str, Any]


@dataclass(slots=True)
class Writer:
    """Writes one operation."""

    schema: GraphQLSchema
    choosing: Choosing
    left: int = 40
    _variables: list[str] = field(default_factory=list)
    _given: dict[str, Any] = field(default_factory=dict)
    _fragments: list[str] = field(default_factory=list)
    _named: list[tuple[str, str]] = field(default_factory=list)

    def operation(self) -> Operation | None:
        """A valid operation; None where chance wrote one that is not."""
        kind = self._one_of(["query", "query", "query", "mutation", "subscription"])
        root = {"query": self.schema.query_type, "mutation": self.schema.mutation_type}.get(
            kind, self.schema.subscription_type
        )
        assert root is not None
        selection = self._root(root, 1 if kind == "subscription" else 1 + self.choosing.below(3))
        variables = f"({', '.join(self._variables)})" if self._variables else ""
        text = "\n".join([f"{kind} {variables} {selection}", *self._fragments])
        document = parse(text)
        if validate(self.schema, document, BROKEN_BY_CHANCE):
            return None
        return Operation(text, document, self._given)

    def _root(self, root: Any, many: int) -> str:
        names = list(root.fields)
        return f"{{ {' '.join(self._field(root, self._one_of(names), DEPTH) for _ in range(many))} }}"

    def _selection(self, kind: Any, depth: int) -> str:
        """A selection of *kind*, which may be abstract."""
        chosen = [self._part(kind, depth) for _ in range(1 + self.choosing.below(5))]
        return f"{{ {' '.join(part for part in chosen if part) or '__typename'} }}"

    def _part(self, kind: Any, depth: int) -> str:
        what = self.choosing.below(12)
        if what == 0:
            return f"__typename {self._decided()}"
        if what in (1, 2) or (is_abstract_type(kind) and what < 9):
            return self._inline(kind, depth)
        if what == 3:
            return self._spread(kind, depth)
        names = list(getattr(kind, "fields", {}))
        return self._field(kind, self._one_of(names), depth) if names else "__typename"

    def _inline(self, kind: Any, depth: int) -> str:
        on = self._condition(kind)
        if depth <= 0 or self.left <= 0:
            return "__typename"
        condition = f"on {on.name} " if on is not kind or self._chance(2) else ""
        return f"... {condition}{self._decided()} {self._selection(on, depth - 1)}"

    def _spread(self, kind: Any, depth: int) -> str:
        again = [name for name, on in self._named if on == kind.name]
        if again and self._chance(2):
            return f"...{self._one_of(again)} {self._decided()}"
        if depth <= 0 or self.left <= 0:
            return "__typename"
        on = self._condition(kind)
        selection = self._selection(on, depth - 1)
        name = f"F{len(self._fragments)}"
        self._fragments.append(f"fragment {name} on {on.name} {selection}")
        self._named.append((name, on.name))
        return f"...{name} {self._decided()}"

    def _condition(self, kind: Any) -> Any:
        """A type that objects of *kind* may be of."""
        if is_abstract_type(kind):
            return self._one_of([kind, *self.schema.get_possible_types(kind)])
        return self._one_of([kind, kind, *kind.interfaces])

    def _field(self, kind: Any, name: str, depth: int) -> str:
        self.left -= 1
        definition: GraphQLField = kind.fields[name]
        of = get_named_type(definition.type)
        is_leaf = is_leaf_type(of)
        if not is_leaf and (depth <= 0 or self.left <= 0):
            return "__typename"
        alias = f"{self._one_of([name, name, name, name, 'a'])}{self.choosing.below(3)}: " if self._chance(4) else ""
        arguments = self._arguments(definition.args)
        if arguments:
            # The same key with other arguments is not valid.
            alias = f"{name}_{self.choosing.below(1000)}: "
        selection = "" if is_leaf else self._selection(of, depth - 1)
        return f"{alias}{name}{arguments} {self._decided()} {selection}"

    def _arguments(self, arguments: Any) -> str:
        said = [
            f"{name}: {self._value(one.type, 3, has_default=one.default is not None)}"
            for name, one in arguments.items()
            if (is_non_null_type(one.type) and one.default is None) or self._chance(3)
        ]
        return f"({', '.join(said)})" if said else ""

    def _value(self, type_: Any, depth: int, *, has_default: bool = False) -> str:
        if self._chance(4):
            return self._variable(type_, depth)
        return self._literal(type_, depth, nullable=not has_default)

    def _literal(self, type_: Any, depth: int, *, nullable: bool = True) -> str:
        if is_non_null_type(type_):
            return self._literal(type_.of_type, depth, nullable=False)
        if nullable and self._chance(6):
            return "null"
        if is_list_type(type_):
            many = self.choosing.below(3)
            return f"[{', '.join(self._literal(type_.of_type, depth - 1) for _ in range(many))}]"
        if is_input_object_type(type_):
            return self._input(type_, depth)
        if isinstance(type_, GraphQLEnumType):
            return str(self._one_of(list(type_.values)))
        return self._scalar(type_.name)

    def _input(self, type_: GraphQLInputObjectType, depth: int) -> str:
        fields = type_.fields
        if type_.is_one_of:
            name = self._one_of(list(fields))
            return f"{{{name}: {self._literal(fields[name].type, depth - 1, nullable=False)}}}"
        said = [
            f"{name}: {self._literal(one.type, depth - 1)}"
            for name, one in fields.items()
            if (is_non_null_type(one.type) and one.default is None) or (depth > 0 and self._chance(3))
        ]
        return f"{{{', '.join(said)}}}"

    def _scalar(self, name: str) -> str:
        match name:
            case "Int":
                return str(self._one_of([0, 1, 2, 5, -1]))
            case "Boolean":
                return self._one_of(["true", "false"])
            case "Float":
                return self._one_of(["1.5", "2"])
            case "Decimal":
                return self._one_of(['"1.50"', '"2"'])
            case "Date":
                return '"2026-03-04"'
            case "DateTime":
                return '"2026-03-04T05:06:07Z"'
            case _:
                return self._one_of(TEXTS)

    def _variable(self, type_: Any, depth: int) -> str:
        name = f"v{len(self._variables)}"
        default = ""
        if not is_non_null_type(type_) and self._chance(3):
            default = f" = {self._literal(type_, depth)}"
        self._variables.append(f"${name}: {type_}{default}")
        if is_non_null_type(type_) or self._chance(2):
            self._given[name] = self._raw(type_, depth)
        return f"${name}"

    def _raw(self, type_: Any, depth: int) -> Any:
        """A value for a variable, as JSON has it; now and then one that cannot be."""
        if is_non_null_type(type_):
            return self._raw(type_.of_type, depth)
        if self._chance(8):
            return None
        if is_list_type(type_):
            return [self._raw(type_.of_type, depth - 1) for _ in range(self.choosing.below(3))]
        if is_input_object_type(type_):
            if type_.is_one_of:
                name = self._one_of(list(type_.fields))
                return {name: self._raw(type_.fields[name].type, depth - 1)}
            return {
                name: self._raw(one.type, depth - 1)
                for name, one in type_.fields.items()
                if (is_non_null_type(one.type) and one.default is None) or (depth > 0 and self._chance(3))
            }
        if isinstance(type_, GraphQLEnumType):
            return (
                self._one_of([*type_.values, *type_.values, "NONSENSE"])
                if self._chance(10)
                else self._one_of(list(type_.values))
            )
        return json.loads(self._scalar(type_.name))

    def _decided(self) -> str:
        """A directive, now and then."""
        if not self._chance(12):
            return ""
        directive = self._one_of(["skip", "include"])
        if self._chance(2):
            return f"@{directive}(if: {self._one_of(['true', 'false'])})"
        name = f"v{len(self._variables)}"
        if self._chance(3):
            self._variables.append(f"${name}: Boolean = {self._one_of(['true', 'false'])}")
        else:
            self._variables.append(f"${name}: Boolean!")
            self._given[name] = self._chance(2)
        return f"@{directive}(if: ${name})"

    def _chance(self, of: int) -> bool:
        return self.choosing.below(of) == of - 1

    def _one_of(self, things: Sequence[One]) -> One:
        return things[self.choosing.below(len(things))]
