"""From a validated operation to Python: a function for each selection of each type, and one for each field that has a selection.

What the client wrote becomes code in one form only, as string literals of the names in its answer; everything else comes from the
schema. A function is made once for all places that select the same fields of the same type.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphql import (
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_argument_values,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from gateway.plan import quick
from gateway.plan.code import Field, Names, field_lines, head_lines, list_lines, object_lines, selection_functions
from gateway.plan.compiled import Plan
from gateway.plan.slots import Completer, FieldSlot, Slot, field_slot, item_slot
from gateway.plan.sources import Called, Linked, NotCompiled, Source, Value, source_of
from gateway.plan.variables import varies

# More than any document within the limits needs; a plan of more would only crowd out others.
FIELDS_LIMIT = 4_000


@dataclass(frozen=True, slots=True)
class Parsed:
    """An operation of a validated document."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]


def _no_expression(_: str) -> str:
    return ""


@dataclass(slots=True)
class _Selection:
    number: int
    name: str
    # The function that makes an object as it mostly is, if there is one.
    quick: str = ""
    # Whether equal objects are completed equally, and nothing is waited for.
    is_shared: bool = True


@dataclass(frozen=True, slots=True)
class _Completion:
    """What completes the values of a slot: a function, or nothing for leaves."""

    name: str = ""
    is_shared: bool = True
    # Of an object type: the number of the selection.
    selection: int | None = None
    # The expression that mostly does, over one for the value; empty if there is none.
    quick: Callable[[str], str] = _no_expression


def compiled(parsed: Parsed, variables: VariableValues) -> Plan:
    """The plan of an operation; *variables* decide what it skips. Raises NotCompiled."""
    return _Compiler(parsed, variables).plan()


class _Compiler:
    def __init__(self, parsed: Parsed, variables: VariableValues) -> None:
        self._parsed = parsed
        self._schema = parsed.schema
        self._variables = variables
        self._details = {name: FragmentDetails(one) for name, one in parsed.fragments.items()}
        self._names = Names()
        self._lines: list[str] = []
        self._selections: dict[Any, _Selection] = {}
        self._completions: list[tuple[Slot, str]] = []
        self._fields = 0
        self._lists = 0

    def plan(self) -> Plan:
        parsed = self._parsed
        root = self._schema.get_root_type(parsed.operation.operation)
        if root is None:
            raise NotCompiled("there is no such root type")
        grouped = collect_fields(self._schema, self._details, self._variables, root, parsed.operation).grouped_field_set
        roots = [(slot, details) for key, details in grouped.items() if (slot := self._field(root, key, details))]
        functions = {str(slot.key): self._root(slot, details) for slot, details in roots}
        source = "\n".join(self._lines)
        names = self._names.things
        exec(compile(source, "<plan>", "exec"), names)  # noqa: S102  # made here, of the schema's names
        for completed, name in self._completions:
            completed.complete = names[name] if name else _leaf(completed)
        slots = tuple(slot for slot, _ in roots)
        is_serial = parsed.operation.operation == OperationType.MUTATION
        return Plan(
            schema=self._schema,
            operation=parsed.operation,
            fragments=parsed.fragments,
            steps=tuple((slot,) for slot in slots) if is_serial else (slots,),
            fields={key: names[name] for key, name in functions.items()},
            source=source,
            size=self._fields,
        )

    def _root(self, slot: FieldSlot, details: FieldDetailsList) -> str:
        body, _, _ = self._code(slot, details)
        name = f"root_{slot.key}"
        self._write(f"def {name}(s, d, b):  # {slot.parent_type.name}", "    at = None", *body)
        return name

    def _field(self, parent: GraphQLObjectType, key: str, details: FieldDetailsList) -> FieldSlot | None:
        self._fields += 1
        if self._fields > FIELDS_LIMIT:
            raise NotCompiled("it has too many fields")
        nodes = [one.node for one in details]
        definition = self._schema.get_field(parent, nodes[0].name.value)
        if definition is None:
            return None
        slot = field_slot(parent, key, nodes, definition)
        if slot.arguments is None and not varies(nodes[0]):
            try:
                slot.arguments = get_argument_values(definition, nodes[0], self._variables)
            except Exception:  # it is told when it is executed, where it stands
                slot.arguments = None
        return slot

    def _selection(self, kind: GraphQLObjectType, details: FieldDetailsList) -> _Selection:
        """The function that makes an object of *kind* with what *details* select of it."""
        grouped = collect_subfields(
            self._schema, self._details, self._variables, self._parsed.operation, kind, details
        ).grouped_field_set
        same = (kind.name, tuple((key, *(id(one.node) for one in group)) for key, group in grouped.items()))
        found = self._selections.get(same)
        if found is None:
            number = len(self._selections)
            found = self._selections[same] = _Selection(number, f"select_{number}_{kind.name}")
            fields: list[Field] = []
            for key, group in grouped.items():
                slot = self._field(kind, key, group)
                if slot is not None:
                    code, is_shared, expression = self._code(slot, group)
                    fields.append((slot, code, expression))
                    found.is_shared = found.is_shared and is_shared
            functions, found.quick = selection_functions(found.name, fields)
            self._write(*functions)
        return found

    def _code(self, slot: FieldSlot, details: FieldDetailsList) -> tuple[list[str], bool, str]:
        """The lines that put the field of *slot* into ``d``; whether equal objects have equal ones, and nothing waits; and the
        expression for it that mostly does, if there is one."""
        source = source_of(slot, self._names.of)
        completion = self._completion(slot, slot.type, details, _is_loose(source))
        if isinstance(source, Linked) and not source.many and completion.selection is not None and completion.is_shared:
            slot.shared = (source.batch.method, completion.selection)
        lines = [f"    # {slot.key}: {slot.type}", *field_lines(slot, source, completion.name, self._names)]
        if not completion.name:
            expression = quick.leaf(slot, source, self._names)
        elif isinstance(source, Value) and not source.loose:
            expression = completion.quick(f"({source.code})")
        else:
            expression = ""
        return lines, completion.is_shared and isinstance(source, Value), expression

    def _completion(self, slot: Slot, type_: Any, details: FieldDetailsList, is_loose: bool) -> _Completion:
        """What completes the values of *slot*."""
        kind = type_.of_type if is_non_null_type(type_) else type_
        if is_leaf_type(kind):
            self._completions.append((slot, ""))
            return _Completion(quick=lambda code: quick.completed_leaf(slot, code, self._names))
        name = f"complete_{len(self._completions)}_{slot.field_name}"
        self._completions.append((slot, name))
        if is_list_type(kind):
            body, found = self._list(slot, name, kind.of_type, details, is_loose)
        elif is_abstract_type(kind):
            body, found = self._abstract(slot, kind, details), _Completion(name, is_shared=False)
        else:
            selection = self._selection(kind, details)
            body = object_lines(slot, kind, selection.name, self._names)
            found = _Completion(name, selection.is_shared, selection.number, self._quick_object(slot, kind, selection))
        self._write(*head_lines(name, slot, type_, self._names, is_loose=is_loose), *body)
        return found

    def _list(
        self, slot: Slot, name: str, item_type: Any, details: FieldDetailsList, is_loose: bool
    ) -> tuple[list[str], _Completion]:
        item = item_slot(slot, item_type)
        of_items = self._completion(item, item_type, details, is_loose)
        # What may be anything is at most what can be told by its class.
        expression = "" if is_loose and not quick.is_told_by_class(item_type) else of_items.quick("m")
        at_once = quick.completed_items(expression, "m", "v") if expression else ""
        lines = list_lines(slot, item, of_items.name, at_once, self._names, is_loose=is_loose)
        self._lists += 1
        variable = f"m{self._lists}"
        of_one = of_items.quick(variable)
        whole = (
            partial(quick.completed_list, self._names.of("slot", slot), of_one, variable) if of_one else _no_expression
        )
        return lines, _Completion(name, of_items.is_shared and not is_loose, quick=whole)

    def _quick_object(self, slot: Slot, kind: Any, selection: _Selection) -> Callable[[str], str]:
        if not selection.quick:
            return _no_expression
        return lambda code: quick.completed_object(slot, kind, selection.quick, code, self._names)

    def _abstract(self, slot: Slot, kind: Any, details: FieldDetailsList) -> list[str]:
        lines = [f"    t = b.type_of({self._names.of(kind.name, kind)}, {self._names.of('slot', slot)}, v, at)"]
        for one in self._schema.get_possible_types(kind):
            selection = self._selection(one, details)
            lines += [
                f"    if t == {one.name!r}:",
                *object_lines(slot, one, selection.name, self._names, indent="        "),
            ]
        return [*lines, "    raise AssertionError(t)"]

    def _write(self, *lines: str) -> None:
        self._lines += [*lines, ""]


def _leaf(slot: Slot) -> Completer:
    return lambda value, _place, _branch: slot.leaf(value)


def _is_loose(source: Source) -> bool:
    """Whether a value may be anything: of what is not a message, graphql-core has to be followed to the letter."""
    return isinstance(source, Called) or (isinstance(source, Value) and source.loose)
