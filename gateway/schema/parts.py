"""Which part of the system a field of the schema needs, so that a gateway shows what runs and nothing else.

The directory always runs: it signs people in. What belongs to no other part is its, or shared by all. A field needs a part if it
is declared in one of the part's modules, if what it gives is, if it is a link that the part's service is asked for, or if it says so
itself (`needs`).
"""

from collections.abc import Iterator
from typing import Any

from strawberry.types.base import StrawberryContainer, StrawberryObjectDefinition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType
from strawberry.types.union import StrawberryUnion

from gateway.readings import READING

NEEDS = "needs"

# First word of a module's name in `gateway/schema/` → whose it is.
MODULES = {
    "request": "requests",
    "requests": "requests",
    "routing": "requests",
    "work": "requests",
    "publishing": "requests",
    "alert": "alerts",
    "alerts": "alerts",
    "webhooks": "alerts",
    "translation": "translation",
    "translations": "translation",
    "repository": "repositories",
    "repositories": "repositories",
}


def needs(part: str) -> dict[str, str]:
    """The metadata of a field whose resolver asks the service *part*, where nothing else shows that it does."""
    return {NEEDS: part}


def needed(field: StrawberryField) -> set[str]:
    """The parts, besides the directory, without which *field* is not shown."""
    reading = field.metadata.get(READING)
    found = {part_of(kind) for kind in (field.origin, *_given(field.type)) if kind is not None}
    found.add(field.metadata.get(NEEDS, ""))
    if reading is not None and reading.batch is not None:
        found.add(reading.batch.part)
    return found - {"", "directory"}


def part_of(kind: Any) -> str:
    """Whose *kind*, a class or a resolver of the schema, is; empty for what is shared."""
    room, _, name = str(getattr(kind, "__module__", "")).rpartition(".")
    return MODULES.get(name.partition("_")[0], "") if room == "gateway.schema" else ""


def _given(kind: Any) -> Iterator[Any]:
    """The classes that a field of type *kind* can give."""
    if isinstance(kind, StrawberryContainer):
        yield from _given(kind.of_type)
    elif isinstance(kind, LazyType):
        yield from _given(kind.resolve_type())
    elif isinstance(kind, StrawberryUnion):
        for one in kind.types:
            yield from _given(one)
    elif isinstance(kind, StrawberryObjectDefinition):
        yield kind.origin
    elif isinstance(kind, StrawberryEnumDefinition):
        yield kind.wrapped_cls
    elif hasattr(kind, "__strawberry_definition__"):
        yield from _given(kind.__strawberry_definition__)
