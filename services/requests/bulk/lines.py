"""Drafts as JSON Lines: one object a line, with the client's key and a draft as CreateRequest takes one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chassis.imports import LINE_BYTES_MAX, Lines, parsed
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from vocabulary.refusals import Invalid, Refusal

# A field's descriptor, whichever of the runtime's two classes it is of.
_Field = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one line says; or, if it cannot be read, why."""

    number: int
    key: str = ""
    request: pb.CreateRequestRequest | None = None
    fault: Refusal | None = None


class DraftReader:
    """Takes a file in chunks, and gives its lines."""

    def __init__(self) -> None:
        self._lines = Lines()

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """The lines that *chunk* completes."""
        return (_read(number, line) for number, line in self._lines.feed(chunk))

    def end(self) -> Iterator[Line]:
        """The line that no line end follows."""
        return (_read(number, line) for number, line in self._lines.end())


def _read(number: int, line: bytes | None) -> Line:
    key = ""
    try:
        members = _members(parsed(_text_of(line)), "")
        key = _text(members.get("key"), "key")
        if unknown := [name for name in members if name not in ("key", "draft")]:
            raise _unknown(unknown[0], "")
        if not key:
            raise Invalid("give each line a key of your own", field="key", reason="MISSING_FIELD")
        request = pb.CreateRequestRequest(command=common_pb2.Command(idempotency_key=key))
        _fill(request.draft, members.get("draft"), "draft")
    except Refusal as refusal:
        return Line(number=number, key=key, fault=refusal)
    return Line(number=number, key=key, request=request)


def _text_of(line: bytes | None) -> str:
    if line is None:
        raise Invalid(f"the line is longer than {LINE_BYTES_MAX // 1024} kB", reason="LINE_TOO_LONG")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise Invalid("this is not UTF-8", reason="ENCODING") from None


def _members(given: Any, at: str) -> dict[str, Any]:
    if not isinstance(given, tuple):
        raise Invalid("this takes a JSON object", field=at, reason="WRONG_TYPE" if at else "JSON")
    found: dict[str, Any] = {}
    for name, inner in given:
        _text(name, at)
        if name in found:
            raise Invalid(f"the key {name!r} is there twice", field=_inside(at, name), reason="REPEATED")
        found[name] = inner
    return found


def _fill(message: Message, given: Any, at: str) -> None:
    """Set in *message* what the JSON object *given* says, by the names that JSON has for its fields; null is absent."""
    fields = {field.json_name: field for field in message.DESCRIPTOR.fields}
    for name, inner in _members(given, at).items():
        if name not in fields:
            raise _unknown(name, at)
        if inner is not None:
            _set(message, fields[name], inner, _inside(at, name))


def _set(message: Message, field: _Field, given: Any, at: str) -> None:
    if field.containing_oneof and (taken := message.WhichOneof(field.containing_oneof.name)) not in (None, field.name):
        raise Invalid(f"{taken} is there already, and only one of them can be", field=at, reason="ONE_OF")
    if field.is_repeated:
        for index, one in enumerate(_items(given, at)):
            where = f"{at}[{index}]"
            if field.message_type:
                _fill(getattr(message, field.name).add(), one, where)
            else:
                getattr(message, field.name).append(_text(one, where))
    elif field.message_type:
        inner = getattr(message, field.name)
        inner.SetInParent()
        _fill(inner, given, at)
    else:
        setattr(message, field.name, _scalar(field, given, at))


def _scalar(field: _Field, given: Any, at: str) -> str | bool | int:
    if field.enum_type:
        return _member(field, given, at)
    if field.type == FieldDescriptor.TYPE_BOOL:
        if not isinstance(given, bool):
            raise Invalid("this takes true or false", field=at, reason="WRONG_TYPE")
        return given
    return _text(given, at)


def _member(field: _Field, given: Any, at: str) -> int:
    """The number of an enum's value, which is said without the enum's own name before it."""
    values = field.enum_type.values
    prefix = values[0].name.removesuffix("UNSPECIFIED")
    known: dict[str, int] = {one.name.removeprefix(prefix): one.number for one in values if one.number}
    if not isinstance(given, str) or given not in known:
        raise Invalid(f"this is one of {', '.join(known)}", field=at, reason="UNKNOWN_VALUE")
    return known[given]


def _text(given: Any, at: str) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise Invalid("this takes a text", field=at, reason="WRONG_TYPE")
    try:
        given.encode()
    except UnicodeEncodeError:
        raise Invalid("the text has half of a character in it", field=at, reason="NOT_TEXT") from None
    return given


def _items(given: Any, at: str) -> Sequence[Any]:
    if not isinstance(given, list):
        raise Invalid("this takes a list", field=at, reason="WRONG_TYPE")
    return given


def _unknown(name: str, at: str) -> Invalid:
    return Invalid(f"there is no {name!r} here", field=_inside(at, name), reason="UNKNOWN_FIELD")


def _inside(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name
