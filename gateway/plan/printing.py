"""A plan as people read it: what waits for what, and the code.

Level 1 is asked for at once, level 2 when level 1 has answered, and so on. What stands at one level and comes from one batch read
is one call, however many objects ask.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_abstract_type, is_leaf_type
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from gateway.plan.code import Names
from gateway.plan.compiled import Plan
from gateway.plan.slots import field_slot
from gateway.plan.sources import Called, Linked, source_of


@dataclass(slots=True)
class _Level:
    # Method → the fields whose things it reads.
    calls: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    resolvers: list[str] = field(default_factory=list)


def printed(plan: Plan, variables: VariableValues) -> str:
    """*plan*, made for *variables*, as text."""
    walk = _Walk(plan, variables)
    lines = [f"{plan.operation.operation.value} of {plan.size} fields", ""]
    for number, level in sorted(walk.levels.items()):
        lines.append(f"level {number}")
        lines += [f"  resolver {path}" for path in level.resolvers]
        lines += [f"  call     {method} for {', '.join(paths)}" for method, paths in sorted(level.calls.items())]
    return "\n".join([*lines, "", plan.source])


class _Walk:
    def __init__(self, plan: Plan, variables: VariableValues) -> None:
        self.levels: dict[int, _Level] = defaultdict(_Level)
        self._plan = plan
        self._variables = variables
        self._details = {name: FragmentDetails(one) for name, one in plan.fragments.items()}
        root = plan.schema.get_root_type(plan.operation.operation)
        assert root is not None
        grouped = collect_fields(plan.schema, self._details, variables, root, plan.operation).grouped_field_set
        self._fields(root, grouped, "", 1)

    def _fields(self, kind: GraphQLObjectType, grouped: dict[str, FieldDetailsList], above: str, level: int) -> None:
        for key, details in grouped.items():
            definition = self._plan.schema.get_field(kind, details[0].node.name.value)
            if definition is None:
                continue
            slot = field_slot(kind, key, [one.node for one in details], definition)
            path = f"{above}.{key}" if above else key
            below = level
            match source_of(slot, Names().of):
                case Linked(batch, _, _):
                    self.levels[level].calls[batch.method].append(path)
                    below = level + 1
                case Called():
                    self.levels[level].resolvers.append(f"{path}: {kind.name}.{slot.field_name}")
                    below = level + 1
            self._below(get_named_type(definition.type), details, path, below)

    def _below(self, kind: Any, details: FieldDetailsList, path: str, level: int) -> None:
        if is_leaf_type(kind):
            return
        plan, possible = self._plan, [kind]
        if is_abstract_type(kind):
            possible = list(plan.schema.get_possible_types(kind))
        for one in possible:
            grouped = collect_subfields(
                plan.schema, self._details, self._variables, plan.operation, one, details
            ).grouped_field_set
            self._fields(one, grouped, path if one is kind else f"{path}<{one.name}>", level)
