"""How a field gets its value, in code: what its declaration in the schema says (`gateway/readings.py`), and nothing else.

The object that a field is read from is called ``s`` there.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from graphql import EnumValueNode, FieldNode, VariableNode
from strawberry.types.field import StrawberryField

from gateway.batches import BatchRead
from gateway.plan.slots import FieldSlot
from gateway.readings import READING, Reading
from vocabulary import languages

DEFINITION = "strawberry-definition"
TYPENAME = "__typename"
# In code: what the texts below a field of the operation are in.
LANGUAGE = "b.language"


class NotCompiled(Exception):
    """The operation has something in it that plans do not know: it is executed without one."""


@dataclass(frozen=True, slots=True)
class Value:
    """The value of *code*, which waits for nothing. *loose*: it came from code that may give anything.

    *is_text*: it is a text in any case. *moment*: the timestamp that it is made of, where *given* says that there is one.
    """

    code: str
    loose: bool = False
    is_text: bool = False
    moment: str = ""
    given: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    """The thing of *batch* under the key that is the value of *code*; with *many*, the things under its keys."""

    batch: BatchRead
    code: str
    many: bool


@dataclass(frozen=True, slots=True)
class Called:
    """What the field's resolver gives, now or later."""


Source = Value | Linked | Called
# Gives an object that generated code uses a name.
Naming = Callable[[str, Any], str]


def source_of(slot: FieldSlot, named: Naming) -> Source:
    """Where the field of *slot* has its value from; raises NotCompiled."""
    if slot.field_name == TYPENAME:
        return Value(repr(slot.parent_type.name))
    field = slot.definition.extensions.get(DEFINITION)
    if not isinstance(field, StrawberryField):
        return Called()
    if field.is_basic_field:
        return Value(f"s.{field.python_name}")
    if field.extensions or field.base_resolver is None or field.is_subscription:
        return Called()
    if inspect.isasyncgenfunction(field.base_resolver.wrapped_func):
        raise NotCompiled("a list whose items have to be waited for, one by one")
    reading = field.metadata.get(READING)
    if isinstance(reading, Reading):
        return _read(reading, slot, named)
    return _of_object_alone(field, named) or Called()


def _read(reading: Reading, slot: FieldSlot, named: Naming) -> Source:
    at = f"s.{reading.source}"
    head, _, name = at.rpartition(".")
    match reading.kind:
        case "attr":
            return Value(at)
        case "given":
            return Value(f"{at} or None")
        case "part":
            return Value(f"{at} if {head}.HasField({name!r}) else None")
        case "moment":
            given = f"{head}.HasField({name!r})"
            return Value(f"{at}.ToDatetime({named('UTC', UTC)}) if {given} else None", moment=at, given=given)
        case "day":
            return Value(f"{named('day', date.fromisoformat)}({at}) if {at} else None")
        case "localized":
            return _localized(reading, slot, named)
        case "link" | "links":
            assert reading.batch is not None
            return Linked(reading.batch, at, many=reading.kind == "links")
        case _:
            return Called()


def _localized(reading: Reading, slot: FieldSlot, named: Naming) -> Source:
    language = _language(slot.nodes[0])
    if language is None:
        return Called()
    sources = [f"s.{one}.texts" for one in (reading.source, reading.otherwise) if one]
    # Mostly there is one in the language asked for; all else is left to `best_text`.
    text = named("text", _text)
    return Value(" or ".join(f"({one}.get({language}) or {text}({one}, {language}))" for one in sources), is_text=True)


def _text(texts: Any, language: str) -> str:
    found = languages.best_text(texts, language)
    return found[0] if found else ""


def _language(node: FieldNode) -> str | None:
    """The language that a text is asked for in; None if that is said in a way that is not known here."""
    if not node.arguments:
        return LANGUAGE
    (argument,) = node.arguments
    if isinstance(argument.value, VariableNode):
        return f"b.spoken({argument.value.name.value!r})"
    if isinstance(argument.value, EnumValueNode) and (code := languages.normalise(argument.value.value)):
        return repr(code)
    return None


def _of_object_alone(field: StrawberryField, named: Naming) -> Source | None:
    """A resolver that is told nothing but its object, and does not wait."""
    resolver = field.base_resolver
    assert resolver is not None
    takes = resolver.root_parameter or resolver.parent_parameter
    told_more = resolver.info_parameter or resolver.self_parameter or field.arguments
    if takes is None or told_more or field.is_async:
        return None
    return Value(f"{named('resolve', resolver.wrapped_func)}({takes.name}=s)", loose=True)
