"""The next version of the protocol: every message has a field more than this program knows, and every enum a value.

It is made from the .proto files as they are, and lives in a pool of its own beside the generated code.
"""

import re
import subprocess
import sys
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from chassis.outbox import Outbox
from engines.events import Event

ROOT = Path(__file__).resolve().parents[2]
# The field that each message has more, what is in it, and the number of the value that each enum has more.
ADDED, SAYS = "added_later", "something that only the next version knows"
NUMBER = 5_000
_OURS = "imi."

Known = TypeVar("Known", bound=Message)


def with_more(message: Known) -> Known:
    """*message* as the next version sends it and this one reads it, with the added field in it and in every message inside."""
    newer = as_newer(message.DESCRIPTOR.full_name, message.SerializeToString())
    _add(newer)
    return type(message).FromString(newer.SerializeToString(deterministic=True))


def as_newer(name: str, data: bytes) -> Any:
    """The message *name* as the next version reads it."""
    return GetMessageClass(_pool().FindMessageTypeByName(name)).FromString(data)


def speak_newer(set_attribute: Any = setattr) -> None:
    """From here on, what this process tells and what it answers is said as the next version says it."""

    def event(outbox: Outbox, message: Message, subject: str) -> Event:
        return as_it_was(outbox, with_more(message), subject)

    as_it_was = Outbox.event
    set_attribute(Outbox, "event", event)
    for name in (
        "unary_unary_rpc_method_handler",
        "unary_stream_rpc_method_handler",
        "stream_unary_rpc_method_handler",
    ):
        set_attribute(grpc, name, partial(_answering_newer, getattr(grpc, name)))


def _answering_newer(
    make: Any, behaviour: Any, request_deserializer: Any = None, response_serializer: Any = None
) -> Any:
    def serialized(message: Message) -> bytes:
        if message.DESCRIPTOR.full_name.startswith(_OURS):
            return with_more(message).SerializeToString()
        return bytes(response_serializer(message))

    return make(behaviour, request_deserializer, serialized if response_serializer else None)


def _add(message: Any) -> None:
    if not message.DESCRIPTOR.full_name.startswith(_OURS):
        return
    setattr(message, ADDED, SAYS)
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for one in value if field.is_repeated else [value]:
            _add(one)


@cache
def _pool() -> DescriptorPool:
    """Every message of ours in its next version."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sources = [path.relative_to(ROOT) for path in sorted((ROOT / "protos").rglob("*.proto"))]
        for source in sources:
            target = folder / source
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_next_version((ROOT / source).read_text(encoding="utf-8")), encoding="utf-8")
        compiled = folder / "compiled"
        including = ["-I", str(folder), "-I", str(files("grpc_tools") / "_proto")]
        output = ["--include_imports", f"--descriptor_set_out={compiled}"]
        command = [sys.executable, "-m", "grpc_tools.protoc", *including, *output, *map(str, sources)]
        subprocess.run(command, check=True, cwd=folder)
        found = FileDescriptorSet.FromString(compiled.read_bytes())
    pool = DescriptorPool()
    for file in found.file:
        pool.Add(file)
    return pool


def _next_version(text: str) -> str:
    text = re.sub(r"\bmessage \w+ \{", rf"\g<0> string {ADDED} = {NUMBER};", text)
    return re.sub(r"\benum (\w+) \{[^}]*", rf"\g<0>  ADDED_LATER_TO_\g<1> = {NUMBER};\n", text)
