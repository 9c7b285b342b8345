"""Where free texts stand in the messages that services send: of which thing, in which area, at which place in it.

A translation has to be forgotten with what it is of, and means other things in other areas. A free text does not say either; the
message around it does.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from protos.alerts.v1 import alerts_pb2
from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2
from protos.requests.v1 import requests_pb2

_TEXT = common_pb2.FreeText.DESCRIPTOR.full_name
# What texts belong to, and what that is called in a context.
_OWNERS = {
    requests_pb2.Request.DESCRIPTOR.full_name: "request",
    alerts_pb2.Alert.DESCRIPTOR.full_name: "alert",
    repositories_pb2.Entry.DESCRIPTOR.full_name: "entry",
    repositories_pb2.ListEntryVersionsResponse.DESCRIPTOR.full_name: "entry",
    repositories_pb2.DiffEntryResponse.DESCRIPTOR.full_name: "entry",
}

_NAMES = ("code", "question_code")


@dataclass(frozen=True, slots=True)
class Origin:
    """*owner* is the id of the thing that a text is of, *place* says where in it the text stands, such as ``answers[PQ1].comment``."""

    owner: str = ""
    area: str = ""
    kind: str = ""
    place: str = ""

    @property
    def context(self) -> str:
        """Where such texts stand, whichever of several it is: ``request.answers.comment``."""
        plain = ".".join(step.partition("[")[0] for step in self.place.split(".") if step)
        return f"{self.kind}.{plain}" if self.kind and plain else ""


def free_texts(message: Message) -> Iterator[tuple[Any, Origin]]:
    """Every free text in *message*, in the order of its fields, each with its origin."""
    yield from _walk(message, Origin())


def _walk(message: Any, origin: Origin) -> Iterator[tuple[Any, Origin]]:
    kind = message.DESCRIPTOR.full_name
    if kind == _TEXT:
        yield message, origin
        return
    if not origin.owner and kind in _OWNERS:
        origin = Origin(message.id, getattr(message, "area_code", ""), _OWNERS[kind])
    for field in _leading(message.DESCRIPTOR):
        for child, step in _children(message, field):
            place = f"{origin.place}.{step}" if origin.place else step
            yield from _walk(child, Origin(origin.owner, origin.area, origin.kind, place if origin.owner else ""))


def _children(message: Any, field: FieldDescriptor) -> Iterator[tuple[Any, str]]:
    value = getattr(message, field.name)
    if field.is_repeated:
        items = value.items() if _is_map(field) else enumerate(value)
        for key, item in items:
            yield item, f"{field.json_name}[{_name(item) or key}]"
    elif message.HasField(field.name):
        yield value, field.json_name


def _name(item: Any) -> str:
    """What *item* goes by among those beside it, wherever it stands; empty if only its place says which it is."""
    return next((found for name in _NAMES if (found := getattr(item, name, ""))), "")


@cache
def _leading(kind: Descriptor) -> tuple[FieldDescriptor, ...]:
    """The fields of *kind* that a free text can be found under."""
    return tuple(field for field in kind.fields if field.message_type and _leads(field.message_type, frozenset()))


def _leads(kind: Descriptor, above: Collection[str]) -> bool:
    if kind.full_name == _TEXT:
        return True
    if kind.full_name in above:
        return False
    within = {*above, kind.full_name}
    return any(_leads(field.message_type, within) for field in kind.fields if field.message_type)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry
