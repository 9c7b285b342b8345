"""How a field of the schema reads its protobuf message, declared as data.

The object behind every GraphQL object is the message that a service sent, or a part of it: nothing is copied. A field whose name
and type are the message's own needs no reading at all. The others name one of the readings below; what each does is in
the field's metadata under ``reading``, where a plan compiler can find it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

import strawberry
from google.protobuf.message import Message
from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode
from strawberry.types import Info
from strawberry.types.unset import UnsetType

from gateway.batches import BatchRead
from gateway.context import Context
from gateway.enums import Language
from vocabulary import languages

READING = "reading"
# Where an `is_type_of` says which kind of message it asks for.
MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Reading:
    """*kind* says how *source*, a dotted path in the message, becomes the field; a link's messages come from *batch*, a text that
    is not there from *otherwise*.
    """

    kind: str
    source: str
    batch: BatchRead | None = None
    otherwise: str = ""


def attr(source: str, description: str | None = None) -> Any:
    """The value at *source*."""
    get = attrgetter(source)
    return _field(Reading("attr", source), get, description)


def given(source: str, description: str | None = None) -> Any:
    """The value at *source*, or null where the message has an empty string."""
    get = attrgetter(source)
    return _field(Reading("given", source), lambda root: get(root) or None, description)


def part(source: str, description: str | None = None) -> Any:
    """The message at *source*, or null where there is none."""
    return _field(Reading("part", source), _part_at(source), description)


def moment(source: str, description: str | None = None) -> Any:
    """The time at *source*, or null where there is none."""

    message = _part_at(source)

    def read(root: Any) -> datetime | None:
        found = message(root)
        return None if found is None else found.ToDatetime(tzinfo=UTC)

    return _field(Reading("moment", source), read, description)


def day(source: str, description: str | None = None) -> Any:
    """The date at *source*, or null where there is none."""
    get = attrgetter(source)
    return _field(
        Reading("day", source), lambda root: date.fromisoformat(get(root)) if get(root) else None, description
    )


def localized(source: str, description: str | None = None, *, otherwise: str = "") -> Any:
    """The text at *source* in the reader's language, or the one asked for; failing that in English or any other.

    Where there is none at all, the one at *otherwise*.
    """
    sources = [attrgetter(one) for one in (source, otherwise) if one]

    def resolve(root: Any, info: Info[Context, None], language: Language | UnsetType | None = strawberry.UNSET) -> Any:
        wanted = spoken(info, language)
        found = (languages.best_text(get(root).texts, wanted) for get in sources)
        return next((one[0] for one in found if one), "")

    reading = Reading("localized", source, otherwise=otherwise)
    return strawberry.field(resolver=resolve, description=description, metadata={READING: reading})


def link(batch: BatchRead, source: str, description: str | None = None) -> Any:
    """The object whose id is at *source*; null if there is none, or none that the reader may know of."""
    get = attrgetter(source)

    async def resolve(root: Any, info: Info[Context, None]) -> Any:
        id_ = get(root)
        return await info.context.load(batch, id_) if id_ else None

    return strawberry.field(
        resolver=resolve, description=description, metadata={READING: Reading("link", source, batch)}
    )


def links(batch: BatchRead, source: str, description: str | None = None) -> Any:
    """The objects whose ids are at *source*, in that order, without those the reader may not know of."""
    get = attrgetter(source)

    async def resolve(root: Any, info: Info[Context, None]) -> Any:
        loading = [info.context.load(batch, id_) for id_ in get(root)]
        return [found for found in [await one for one in loading] if found is not None]

    return strawberry.field(
        resolver=resolve, description=description, metadata={READING: Reading("links", source, batch)}
    )


def spoken(info: Info[Context, None], language: Language | UnsetType | None) -> str:
    """The language to show a text in: the field's own argument, its root field's, or the reader's."""
    if isinstance(language, Language):
        return str(language.value)
    path = info.path
    while path.prev is not None:
        path = path.prev
    return info.context.spoken.get(path.key) or info.context.language


def speak(info: Info[Context, None], language: Language | None) -> str:
    """Show the texts below this root field in *language*, if one is asked for. Returns the language they are shown in."""
    if language is not None:
        info.context.spoken[info.path.key] = str(language.value)
        return str(language.value)
    return info.context.language


def asks_for(info: Info[Context, None], name: str) -> bool:
    """Whether the operation selects the field *name* below this one, through whatever fragments."""
    told = info._raw_info
    return any(_selects(node.selection_set, name, told.fragments) for node in told.field_nodes)


def _selects(selections: SelectionSetNode | None, name: str, fragments: Mapping[str, FragmentDefinitionNode]) -> bool:
    for one in selections.selections if selections is not None else ():
        if isinstance(one, FieldNode):
            if one.name.value == name:
                return True
        elif isinstance(one, FragmentSpreadNode):
            if _selects(fragments[one.name.value].selection_set, name, fragments):
                return True
        elif isinstance(one, InlineFragmentNode) and _selects(one.selection_set, name, fragments):
            return True
    return False


def is_message(kind: type[Message]) -> Any:
    """An `is_type_of` for a type whose objects are messages of *kind*."""

    def is_it(_cls: Any, value: Any, _info: Any) -> bool:
        return isinstance(value, kind)

    setattr(is_it, MESSAGE, kind)
    return classmethod(is_it)


def _part_at(source: str) -> Callable[[Any], Any]:
    """What gives the message at *source*, or None where there is none."""
    head, _, name = source.rpartition(".")
    holder = attrgetter(head) if head else None

    def read(root: Any) -> Any:
        message = holder(root) if holder else root
        return getattr(message, name) if message.HasField(name) else None

    return read


def _field(reading: Reading, read: Any, description: str | None) -> Any:
    def resolve(root: Any) -> Any:
        return read(root)

    return strawberry.field(resolver=resolve, description=description, metadata={READING: reading})
