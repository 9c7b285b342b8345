"""The shape of a document: how deep and how wide it is, its fragments written out. Found before it is validated, in one pass.

Validation compares fields of equal names with each other and follows fragments into fragments, so that a small document can keep it
busy for long; what is too large is therefore refused before.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.limits.refusals import CostExceeded

DEPTH = 15
FIELDS = 1_000
ALIASES = 50
DIRECTIVES = 50
# Pairs of fields that have the same name at the same place: validation compares each with each.
REPEATS = 2_000
# Definitions of fragments: those that stand at the same place are compared each with each too.
FRAGMENTS = 200
# Selections within selections, fragments included, whether or not they are fields.
NESTING = 50


@dataclass(slots=True)
class Shape:
    """Of a document or of a part of it. *depth* is how many fields stand within each other, leaves left out; *nesting*, how many
    selections do, whether or not they are fields'."""

    depth: int = 0
    nesting: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def add(self, other: "Shape", deeper: int) -> None:
        """Let *other* be a part, so many fields further in."""
        self.depth = max(self.depth, other.depth + deeper)
        self.nesting = max(self.nesting, other.nesting + 1)
        self.fields += other.fields
        self.aliases += other.aliases
        self.directives += other.directives


def shape_of(document: DocumentNode) -> Shape:
    """The shape of all operations of *document* together. Raises CostExceeded for one that is nested without end."""
    return _Measuring(document).whole()


def check_shape(document: DocumentNode) -> None:
    """Raise CostExceeded, with both numbers, if *document* is deeper or wider than any may be."""
    shape = shape_of(document)
    for name, found, limit in (
        ("depth", shape.depth, DEPTH),
        ("fields", shape.fields, FIELDS),
        ("aliases", shape.aliases, ALIASES),
        ("directives", shape.directives, DIRECTIVES),
        ("fragments", len(_fragments(document)), FRAGMENTS),
    ):
        if found > limit:
            raise _exceeded(name, found, limit)
    repeats = _Comparing(document).whole()
    if repeats > REPEATS:
        raise _exceeded("repeats", repeats, REPEATS)


def _exceeded(name: str, found: int, limit: int) -> CostExceeded:
    said = "is nested" if name == "depth" else "has"
    what = f"{said} {found} fields deep" if name == "depth" else f"{said} {found} {name}"
    message = f"the document {what}, its fragments written out; at most {limit} are allowed"
    return CostExceeded(message, reason=name.upper(), found=found, limit=limit)


def _check_nesting(nesting: int) -> None:
    if nesting > NESTING:
        raise _exceeded("depth", nesting, DEPTH)


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}


class _Measuring:
    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._fragments = _fragments(document)
        # None while a fragment is being measured: one that comes back to itself is refused when it is validated.
        self._measured: dict[str, Shape | None] = {}

    def whole(self) -> Shape:
        shape = Shape()
        for one in self._document.definitions:
            if isinstance(one, OperationDefinitionNode):
                shape.directives += len(one.directives or ())
                shape.directives += sum(len(variable.directives or ()) for variable in one.variable_definitions or ())
                # The first fields are no depth yet.
                shape.add(self._selections(one.selection_set, 0), -1)
        for name in self._fragments:
            # Fragments that nothing spreads are validated too.
            if name not in self._measured:
                shape.add(self._fragment(name, 0), -1)
        return shape

    def _selections(self, selections: SelectionSetNode | None, nesting: int) -> Shape:
        _check_nesting(nesting)
        shape = Shape()
        for node in selections.selections if selections else ():
            shape.directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                shape.fields += 1
                shape.aliases += node.alias is not None
                shape.depth = max(shape.depth, 1)
                if node.selection_set is not None:
                    shape.add(self._selections(node.selection_set, nesting + 1), 1)
            elif isinstance(node, InlineFragmentNode):
                shape.add(self._selections(node.selection_set, nesting + 1), 0)
            elif isinstance(node, FragmentSpreadNode):
                shape.add(self._fragment(node.name.value, nesting + 1), 0)
        return shape

    def _fragment(self, name: str, nesting: int) -> Shape:
        if name not in self._measured:
            found = self._fragments.get(name)
            self._measured[name] = None
            shape = Shape() if found is None else self._selections(found.selection_set, nesting)
            if found is not None:
                shape.directives += len(found.directives or ())
            self._measured[name] = shape
        shape = self._measured[name] or Shape()
        # It may have been measured where it stands less deep.
        _check_nesting(nesting + shape.nesting)
        return shape


class _Comparing:
    """Counts, in a document whose fields are not too many, which of them are compared with each other."""

    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._fragments = _fragments(document)
        # Until there are more fields than there may be: of fragments that come back to themselves, which validation refuses.
        self._left = 0

    def whole(self) -> int:
        found = 0
        for one in self._document.definitions:
            if isinstance(one, OperationDefinitionNode | FragmentDefinitionNode):
                self._left = FIELDS
                found += self._at([one.selection_set], 0)
        return found

    def _at(self, place: Iterable[SelectionSetNode], depth: int) -> int:
        fields: defaultdict[str, list[FieldNode]] = defaultdict(list)
        spread: set[str] = set()
        for selections in place:
            self._collect(selections, fields, spread)
        found = 0
        for same in fields.values():
            found += len(same) * (len(same) - 1) // 2
            self._left -= len(same)
            within = [node.selection_set for node in same if node.selection_set is not None]
            if within and self._left > 0 and depth < NESTING:
                found += self._at(within, depth + 1)
        return found

    def _collect(
        self, selections: SelectionSetNode, fields: defaultdict[str, list[FieldNode]], spread: set[str]
    ) -> None:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                fields[(node.alias or node.name).value].append(node)
            elif isinstance(node, InlineFragmentNode):
                self._collect(node.selection_set, fields, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self._fragments.get(node.name.value)
                if fragment is not None:
                    self._collect(fragment.selection_set, fields, spread)
