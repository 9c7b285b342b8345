"""Expressions that complete values the way they nearly always are: an object becomes one dict display, and nothing is looked at twice.

An expression gives what the lines of `code.py` give, or raises; then those lines are run instead, and find out field by field what
is wrong. So there is one only of what waits for nothing, and of what can be read twice because reading changes nothing.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLString,
    is_non_null_type,
)
from strawberry.schema.types.base_scalars import isoformat
from strawberry.types.scalar import ScalarDefinition

from gateway.plan.code import Names, lookup
from gateway.plan.slots import Slot
from gateway.plan.sources import DEFINITION, Source, Value
from gateway.readings import MESSAGE

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the zone is written behind it


def leaf(slot: Slot, source: Source, names: Names) -> str:
    """The value of *source* as the leaf type of *slot* writes it; empty if there is no such expression."""
    if not isinstance(source, Value) or source.loose:
        return ""
    if source.is_text and _kind(slot) is GraphQLString:
        return f"({source.code})"
    if source.moment and _is_written_as_iso(slot):
        at = names.of("moment", moment_text)
        return f"{at}({source.moment}) if {source.given} else {_leaf(slot, names)}(None)"
    return completed_leaf(slot, f"({source.code})", names)


def completed_leaf(slot: Slot, code: str, names: Names) -> str:
    """The value of *code* as the leaf type of *slot* writes it."""
    kind, other = _kind(slot), _leaf(slot, names)
    if kind in (GraphQLString, GraphQLID):
        return f"w if type(w := {code}) is str else {other}(w)"
    if kind is GraphQLBoolean:
        return f"w if (w := {code}) is True or w is False else {other}(w)"
    if kind is GraphQLInt:
        return f"w if type(w := {code}) is int and -2147483648 <= w <= 2147483647 else {other}(w)"
    if isinstance(kind, GraphQLEnumType) and (found := lookup(kind)):
        name = names.of(kind.name, found)
        return f"{name}[{code}]" if is_non_null_type(slot.type) else f"{name}.get(w := {code}) or {other}(w)"
    if _is_written_as_iso(slot):
        return f"w.isoformat() if (w := {code}) is not None else {other}(w)"
    return f"{other}({code})"


def completed_object(slot: Slot, kind: Any, selection: str, code: str, names: Names) -> str:
    """The object of *kind* that is the value of *code*, with what *selection* makes of it; empty if there is no such expression."""
    absent = f"{names.of('slot', slot)}.absent"
    if kind.is_type_of is None:
        return f"{selection}(o, b) if (o := {code}) is not None else {absent}(o)"
    message = getattr(kind.is_type_of, MESSAGE, None)
    if message is None:
        return ""
    return f"{selection}(o, b) if type(o := {code}) is {names.of(message.__name__, message)} else {absent}(o)"


def is_told_by_class(type_: Any) -> bool:
    """Whether a value of *type_* can be told by its class from whatever else a resolver may give."""
    kind = type_.of_type if is_non_null_type(type_) else type_
    return getattr(getattr(kind, "is_type_of", None), MESSAGE, None) is not None


def completed_list(name: str, item: str, variable: str, code: str) -> str:
    """The list that is the value of *code*, of whose items, each called *variable*, *item* is made; *name* is that of its slot."""
    known = f"{variable}s"
    absent = f"{name}.absent"
    items = completed_items(item, variable, known)
    return f"{items} if type({known} := {code}) in lists else {absent}({known})"


def completed_items(item: str, variable: str, code: str) -> str:
    """The list of what *item* makes of each that there is in the list *code*, where it is called *variable*."""
    looked_up, _, rest = item.partition("[")
    # A message's list is copied faster than it is gone through.
    if rest == f"{variable}]":
        return f"[*map({looked_up}.__getitem__, {code}[:])]"
    return f"[{item} for {variable} in {code}[:]]"


def moment_text(moment: Any) -> str:
    """A timestamp as its reading and its type together write it; raises for one that they have to be asked of."""
    if moment.nanos:
        return str(moment.ToDatetime(UTC).isoformat())
    # Of what has no zone, which takes half the time.
    return f"{(_EPOCH + timedelta(0, moment.seconds)).isoformat()}+00:00"


def _leaf(slot: Slot, names: Names) -> str:
    return f"{names.of('slot', slot)}.leaf"


def _kind(slot: Slot) -> Any:
    return slot.type.of_type if is_non_null_type(slot.type) else slot.type


def _is_written_as_iso(slot: Slot) -> bool:
    definition = (getattr(_kind(slot), "extensions", None) or {}).get(DEFINITION)
    return isinstance(definition, ScalarDefinition) and definition.serialize is isoformat
