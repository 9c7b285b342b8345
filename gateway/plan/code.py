"""The lines of code that put one field into a response, and those that complete a value.

They stand in functions over ``s``, the object that is read; ``d``, what is made of it; ``at``, its place; and ``b``, the branch of the
execution (`branches.py`).
"""

import inspect
from functools import cache
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLString,
    Undefined,
    is_non_null_type,
)
from graphql.pyutils import is_iterable
from strawberry.execution.is_awaitable import optimized_is_awaitable

from gateway.plan.slots import FieldSlot, Slot
from gateway.plan.sources import LANGUAGE, Called, Linked, NotCompiled, Source, Value
from gateway.readings import MESSAGE
from protos.common.v1 import common_pb2

# What can be gone through without asking whether it can: Python's own lists, and those of messages.
LISTS = frozenset({list, type(common_pb2.Codes().codes), type(common_pb2.Field().choices)})


# A field with the lines that put it into ``d``, and the expression for it that mostly does, if there is one (`quick.py`).
Field = tuple[FieldSlot, list[str], str]


class Names:
    """What the code calls the things that it uses."""

    def __init__(self) -> None:
        self.things: dict[str, Any] = {
            "Undefined": Undefined,
            "is_iterable": is_iterable,
            "lists": LISTS,
            "waits": optimized_is_awaitable,
        }
        self._known: dict[int, str] = {}

    def of(self, word: str, thing: Any) -> str:
        """The name of *thing*, which begins with *word* if it has none yet."""
        name = self._known.get(id(thing))
        if name is None:
            name = self._known[id(thing)] = f"{word}_{len(self._known)}"
            self.things[name] = thing
        return name


def field_lines(slot: FieldSlot, source: Source, completer: str, names: Names) -> list[str]:
    """Puts the field of *slot* into ``d``; *completer* is what makes of its value what stands there, if it has a selection."""
    key, name = repr(slot.key), names.of("slot", slot)
    place = f"(at, {key}, d, {name})"
    match source:
        case Value(code) if completer:
            return [
                f"    p = {place}",
                "    try:",
                f"        d[{key}] = {completer}({code}, p, b)",
                "    except Exception as e:",
                f"        d[{key}] = b.failed(e, p)",
            ]
        case Value(code):
            return [
                "    try:",
                f"        v = {code}",
                *_indented(leaf_lines(slot, "v", names), "        "),
                f"        d[{key}] = v",
                "    except Exception as e:",
                f"        d[{key}] = b.failed(e, {place})",
            ]
        case Linked():
            return _linked_lines(slot, source, place, names)
        case Called():
            return [
                f"    p = {place}",
                "    try:",
                f"        v = b.call({name}, s, p)",
                "        if waits(v):",
                f"            d[{key}] = None",
                "            b.wait(v, p)",
                "        else:",
                f"            d[{key}] = {name}.complete(v, p, b)",
                "    except Exception as e:",
                f"        d[{key}] = b.failed(e, p)",
            ]


def selection_functions(name: str, fields: list[Field]) -> tuple[list[str], str]:
    """The function called *name* that makes an object with *fields*, those that it calls, and the name of the one among them that
    makes an object as it mostly is, if all of it can be made so.

    Where an expression raises, nothing has been asked for yet, and all is made again line by line.
    """
    by_line = ["    d = {}", *(line for _, lines, _ in fields for line in lines), "    return d"]
    expressions = [(slot, expression) for slot, _, expression in fields if expression]
    if not expressions:
        return [f"def {name}(s, at, b):", *by_line], ""
    if len(expressions) == len(fields):
        display = _display(fields)
        return [
            f"def quick_{name}(s, b):",
            *(["    l = b.language"] if LANGUAGE in display else []),
            f"    return {display.replace(LANGUAGE, 'l')}",
            "",
            f"def {name}(s, at, b):",
            "    try:",
            f"        return quick_{name}(s, b)",
            "    except Exception:",
            "        pass",
            *by_line,
        ], f"quick_{name}"
    return [
        f"def whole_{name}(s, at, b):",
        *by_line,
        "",
        f"def {name}(s, at, b):",
        "    try:",
        f"        d = {_display(fields)}",
        "    except Exception:",
        f"        return whole_{name}(s, at, b)",
        *(line for _, lines, expression in fields if not expression for line in lines),
        "    return d",
    ], ""


def _display(fields: list[Field]) -> str:
    """All of *fields* in their order; null for those that have no expression, until they have their value."""
    return "{" + ", ".join(f"{slot.key!r}: {expression or None}" for slot, _, expression in fields) + "}"


def _linked_lines(slot: FieldSlot, source: Linked, place: str, names: Names) -> list[str]:
    batch = names.of(source.batch.method, source.batch)
    is_null_at_once = slot.nullable or source.many
    return [
        f"    p = {place}",
        f"    d[{slot.key!r}] = {'[]' if source.many else 'None'}",
        "    try:",
        f"        v = {source.code}",
        "        if v:",
        f"            b.{'ask_all' if source.many else 'ask'}({batch}, v, p)",
        *([] if is_null_at_once else ["        else:", "            b.later(None, None, p)"]),
        "    except Exception as e:",
        "        b.later(None, e, p)",
    ]


def head_lines(name: str, slot: Slot, type_: Any, names: Names, *, is_loose: bool) -> list[str]:
    """The beginning of a function that completes ``v``, which stands in *slot*: what is null is null."""
    this = names.of("slot", slot)
    lines = [f"def {name}(v, at, b):  # {type_}"]
    if is_loose:
        lines += ["    if isinstance(v, Exception):", "        raise v"]
    none = "v is None or v is Undefined" if is_loose else "v is None"
    return [*lines, f"    if {none}:", f"        return {this}.nothing()"]


def list_lines(slot: Slot, item: Slot, completer: str, quick: str, names: Names, *, is_loose: bool) -> list[str]:
    """Completes the list ``v`` of *slot*, each of whose items stands in *item*; *quick* is what mostly becomes of it."""
    this, name = names.of("slot", slot), names.of("item", item)
    at_once = [
        "    if type(v) in lists:",
        "        try:",
        f"            return {quick}",
        "        except Exception:",
        "            pass",
    ]
    lines = [
        *(at_once if quick else []),
        "    if type(v) not in lists and not is_iterable(v):",
        f"        raise {this}.not_iterable()",
        "    r = []",
        "    for i, m in enumerate(v):",
        "        try:",
    ]
    if is_loose:
        lines += [
            "            if waits(m):",
            "                r.append(None)",
            f"                b.wait(m, (at, i, r, {name}))",
            "                continue",
        ]
    if completer:
        lines.append(f"            r.append({completer}(m, (at, i, r, {name}), b))")
    else:
        lines += [*_indented(leaf_lines(item, "m", names), "            "), "            r.append(m)"]
    return [
        *lines,
        "        except Exception as e:",
        f"            r.append(b.failed(e, (at, i, r, {name})))",
        "    return r",
    ]


def object_lines(slot: Slot, kind: GraphQLObjectType, selection: str, names: Names, indent: str = "    ") -> list[str]:
    """Makes sure that ``v``, in *slot*, is of *kind*, where that can be asked, and selects of it."""
    lines = [f"return {selection}(v, at, b)"]
    if kind.is_type_of is not None:
        if inspect.iscoroutinefunction(kind.is_type_of):
            raise NotCompiled("what an object is of has to be waited for")
        message = getattr(kind.is_type_of, MESSAGE, None)
        asked = (
            f"isinstance(v, {names.of(message.__name__, message)})"
            if message is not None
            else f"{names.of('is_of', kind.is_type_of)}(v, b.info_at(at))"
        )
        raised = f"{names.of('slot', slot)}.not_of({names.of(kind.name, kind)}, v)"
        lines = [f"if not {asked}:", f"    raise {raised}", *lines]
    return _indented(lines, indent)


def leaf_lines(slot: Slot, value: str, names: Names) -> list[str]:
    """Makes *value* what the leaf type of *slot* writes: what is so already stays, all else is done as graphql-core does it."""
    kind: Any = slot.type.of_type if is_non_null_type(slot.type) else slot.type
    coerced = f"{value} = {names.of('slot', slot)}.leaf({value})"
    if kind in (GraphQLString, GraphQLID):
        return [f"if type({value}) is not str:", f"    {coerced}"]
    if kind is GraphQLBoolean:
        return [f"if {value} is not True and {value} is not False:", f"    {coerced}"]
    if kind is GraphQLInt:
        return [f"if type({value}) is not int or not -2147483648 <= {value} <= 2147483647:", f"    {coerced}"]
    if isinstance(kind, GraphQLEnumType) and (known := lookup(kind)):
        found = f"{names.of(kind.name, known)}.get({value}) if type({value}) in (int, str) else None"
        return [f"x = {found}", "if x is None:", f"    {coerced}", "else:", f"    {value} = x"]
    return [coerced]


@cache
def lookup(kind: GraphQLEnumType) -> dict[Any, str] | None:
    """Value → name, where that is one to one; the same dict each time, by which code knows it."""
    found = {value.value: name for name, value in kind.values.items()}
    is_plain = all(type(value) in (int, str) for value in found)
    return found if is_plain and len(found) == len(kind.values) else None


def _indented(lines: list[str], indent: str) -> list[str]:
    return [f"{indent}{line}" for line in lines]
