"""Services that answer everything.

A world is a number. Whatever is asked of its services has an answer that depends on the number and on what is asked, alone: often
good, sometimes with something missing, too large or unheard of in it, sometimes a refusal or a fault. The real stubs speak to them,
over a channel that is no more than a function.
"""

import asyncio
import random
import typing
import zlib
from collections.abc import Callable, Coroutine, Generator
from copy import copy
from dataclasses import dataclass, field, fields
from functools import cache, partial
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from graphql import DocumentNode, FieldNode, OperationType, get_operation_ast
from grpc import aio
from grpc_status import rpc_status

from chassis import refusals
from chassis.bearers import Bearer
from chassis.caller import Caller
from gateway import batches
from gateway.backends import Backend, Stubs
from gateway.batches import BatchRead
from gateway.people import Person, SignIn
from gateway.streams.sources import WATCH_CHANGES, WATCH_INBOX
from gateway.texts.asking import Asking
from protos.directory.v1 import directory_pb2
from vocabulary import parts
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal, Unauthenticated, Unavailable

IDS = [f"{prefix}_{number}" for prefix in ("aut", "usr", "req", "alr", "ent") for number in (1, 2)]
CODES = ["A", "B", "C"]
COUNTRY_CODES = ["IT", "HU"]
LANGUAGES = ["en", "it", "hu", "xx"]
WORDS = ["", "word", "Ärger", "ἀρχή", "two words", "\u2028", '"quoted"']
REFUSALS: list[Refusal] = [
    NotFound("there is no such thing"),
    Forbidden("you may not"),
    Conflict("not now", reason="NOT_YET"),
    Invalid("too long", field="input.title", reason="LENGTH"),
    Unavailable("away", reason="SERVICE_UNAVAILABLE"),
    Unauthenticated("sign in"),
]
TRANSLATE = "/imi.translation.v1.TranslationService/Translate"
DEPTH = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """A call: when it was made, and for what."""

    at: float
    path: str
    request: bytes


@dataclass(slots=True)
class World:
    """The services of world *number*; *calm* ones give good answers only."""

    number: int
    calm: bool = False
    asked: list[Asked] = field(default_factory=list)

    def stubs(self) -> Stubs:
        """The stubs that the gateway calls."""
        channel: Any = _Channel(self)
        made: dict[str, Any] = {name: _Stub(kind, channel) for name, kind in _stub_types().items()}
        return Stubs(dict.fromkeys(parts.ALL, channel), own=lambda: "", asking=copy(_asking()), **made)

    def event(self, document: DocumentNode) -> Any:
        """The item of a stream that a subscription is executed for; None for other operations."""
        operation = get_operation_ast(document)
        if operation is None or operation.operation is not OperationType.SUBSCRIPTION:
            return None
        (name,) = (one.name.value for one in operation.selection_set.selections if isinstance(one, FieldNode))
        item = (WATCH_INBOX if name == "alertStream" else WATCH_CHANGES).item()
        self._fill(item, self._chance(name), 0)
        return item

    async def answer(self, path: str, request: bytes) -> bytes:
        """What the service answers; raises what it refuses."""
        self.asked.append(Asked(asyncio.get_running_loop().time(), path, request))
        batch = _batches().get(path)
        chance = self._chance(path, b"" if batch or path == TRANSLATE else request)
        # Each method has its own time, in which nothing else is answered.
        await asyncio.sleep(0.001 * (1 + zlib.crc32(path.encode()) % 97_001) / 1_000)
        if not self.calm and chance.random() < 0.12:
            if path == TRANSLATE:
                raise _error(Unauthenticated("sign in"))
            raise _error(chance.choice([*REFUSALS, None]))
        input_type, output_type = _method(path)
        if path == TRANSLATE:
            return bytes(self._translations(input_type.FromString(request), output_type()).SerializeToString())
        if batch is not None:
            return bytes(self._things(batch, input_type.FromString(request), output_type()).SerializeToString())
        response = output_type()
        self._fill(response, chance, 0)
        _even(response, chance)
        return bytes(response.SerializeToString())

    def _things(self, batch: BatchRead, request: Any, response: Any) -> Message:
        for id_ in request.ids:
            chance = self._chance(batch.method, id_.encode())
            if self.calm or chance.random() < 0.85:
                thing = getattr(response, batch.items).add()
                self._fill(thing, chance, 1)
                setattr(thing, batch.key, id_)
        return typing.cast("Message", response)

    def _translations(self, request: Any, response: Any) -> Message:
        """Each goes by its text alone, whatever else is in the call."""
        for segment in request.segments:
            chance = self._chance(segment.SerializeToString(deterministic=True))
            translation = response.translations.add()
            self._fill(translation, chance, 1)
            translation.status = chance.choice((1, 2, 3))
        return typing.cast("Message", response)

    def _chance(self, *said: str | bytes) -> random.Random:
        return random.Random(f"{self.number} {said!r}")

    def _fill(self, message: Any, chance: random.Random, depth: int) -> None:
        descriptor = type(message).DESCRIPTOR
        taken = {chance.choice(list(one.fields)).number for one in descriptor.oneofs}
        for one in descriptor.fields:
            if one.containing_oneof is not None and one.number not in taken:
                continue
            if depth >= DEPTH and one.message_type is not None:
                continue
            if one.is_repeated:
                self._fill_many(message, one, chance, depth)
            elif one.message_type is not None:
                if chance.random() < 0.75:
                    self._fill_message(getattr(message, one.name), one, chance, depth)
            elif chance.random() < 0.85:
                setattr(message, one.name, self._scalar(one, chance))

    def _fill_many(self, message: Any, one: FieldDescriptor, chance: random.Random, depth: int) -> None:
        many = getattr(message, one.name)
        entry = one.message_type
        if entry is not None and entry.GetOptions().map_entry:
            if entry.fields_by_name["value"].message_type is None:
                for code in chance.sample(LANGUAGES, chance.randrange(3)):
                    many[code] = self._scalar(entry.fields_by_name["value"], chance)
            return
        for _ in range(chance.choice((0, 1, 1, 2, 3)) if depth < 3 else chance.randrange(2)):
            if entry is None:
                many.append(self._scalar(one, chance))
            else:
                self._fill_message(many.add(), one, chance, depth)

    def _fill_message(self, part: Any, one: FieldDescriptor, chance: random.Random, depth: int) -> None:
        assert one.message_type is not None
        if one.message_type.full_name == "google.protobuf.Timestamp":
            part.seconds = chance.randrange(1_500_000_000, 1_900_000_000)
            part.nanos = chance.choice((0, 123_000_000, 123_456_789))
            return
        part.SetInParent()
        self._fill(part, chance, depth + 1)

    def _scalar(self, one: FieldDescriptor, chance: random.Random) -> Any:
        if one.enum_type is not None:
            numbers = [value.number for value in one.enum_type.values if value.number] or [0]
            return chance.choice(numbers) if self.calm or chance.random() < 0.95 else chance.choice((0, 99))
        match one.cpp_type:
            case FieldDescriptor.CPPTYPE_STRING if one.type == FieldDescriptor.TYPE_BYTES:
                return b"bytes"
            case FieldDescriptor.CPPTYPE_STRING:
                return self._text(one.name, chance)
            case FieldDescriptor.CPPTYPE_INT64 | FieldDescriptor.CPPTYPE_UINT64:
                return chance.choice((0, 7, 2**31 - 1)) if self.calm else chance.choice((0, 7, 2**31 - 1, 2**31, 2**40))
            case FieldDescriptor.CPPTYPE_INT32 | FieldDescriptor.CPPTYPE_UINT32:
                return chance.choice((0, 1, 5, 100))
            case FieldDescriptor.CPPTYPE_BOOL:
                return chance.random() < 0.5
            case _:
                return chance.random()

    def _text(self, name: str, chance: random.Random) -> str:
        if "language" in name:
            return chance.choice(LANGUAGES[:3] if self.calm or chance.random() < 0.95 else LANGUAGES)
        if "country" in name:
            return chance.choice(COUNTRY_CODES)
        if name.endswith(("_date", "_on", "day", "date", "due", "from", "until")):
            return chance.choice(
                ("2026-02-03", "", "2026-02-03") if self.calm else ("2026-02-03", "", "2026-02-30", "2025-12-31")
            )
        if name == "id" or name.endswith(("_id", "_ids")) or name == "ids":
            return chance.choice(IDS)
        if name in ("value", "number", "minimum", "maximum", "amount"):
            return chance.choice(("1", "2.50", "A", "IT"))
        if "code" in name or name in ("follows", "choice"):
            return chance.choice(CODES)
        return chance.choice(WORDS)


class _Stub:
    """A stub that is made when something is called: most operations call few services."""

    def __init__(self, kind: Any, channel: "_Channel") -> None:
        self._kind, self._channel = kind, channel

    def __getattr__(self, name: str) -> Any:
        for method, made in vars(self._kind(self._channel)).items():
            setattr(self, method, made)
        return self.__dict__[name]


@cache
def _asking() -> Asking:
    """Whoever asks for translations, before it has asked for any: its words are read once."""
    return Asking()


@cache
def _stub_types() -> dict[str, Any]:
    """Name → type of each stub that the gateway calls."""
    types = typing.get_type_hints(Stubs)
    named = [one.name for one in fields(Stubs)]
    return {name: types[name] for name in named if getattr(types[name], "__name__", "").endswith("Stub")}


class _Channel:
    """A channel, as far as the generated stubs use one."""

    def __init__(self, world: World) -> None:
        self._world = world

    def unary_unary(self, path: str, request_serializer: Any, response_deserializer: Any, **_: Any) -> Any:
        return partial(self._call, path, request_serializer, response_deserializer)

    def unary_stream(self, path: str, *_: Any, **__: Any) -> Any:
        return path

    stream_unary = stream_stream = unary_stream

    def _call(self, path: str, serialize: Any, deserialize: Any, request: Any, **_: Any) -> "_Call":
        return _Call(self._world.answer(path, serialize(request)), deserialize)


class _Call:
    def __init__(self, answering: Coroutine[Any, Any, bytes], deserialize: Callable[[bytes], Any]) -> None:
        self._answering = answering
        self._deserialize = deserialize

    def __await__(self) -> Generator[Any, None, Any]:
        answer = yield from self._answering.__await__()
        return self._deserialize(answer)

    def cancel(self) -> None:
        self._answering.close()


def a_sign_in(stubs: Stubs, language: str = "it") -> SignIn:
    """Somebody who reads *language*."""
    user = directory_pb2.User(id="usr_1", authority_id="aut_1", language=language)
    bearer = Bearer("issuer", "subject", float("inf"))
    person = Person(user, directory_pb2.Authority(id="aut_1"), Caller(user_id="usr_1"), float("inf"), _SIGNER)
    return SignIn(bearer, person, Backend("directory", lambda: "", stubs.invitations))


class _Signs:
    def for_person(self, caller: Caller) -> str:
        return caller.user_id


_SIGNER: Any = _Signs()


def _error(refusal: Refusal | None) -> aio.AioRpcError:
    status = rpc_status.to_status(refusals.internal() if refusal is None else refusals.to_status(refusal))
    return aio.AioRpcError(status.code, aio.Metadata(), aio.Metadata(*status.trailing_metadata), details=status.details)


def _even(response: Any, chance: random.Random) -> None:
    """As many cursors as there are things on a page."""
    names = {one.name for one in type(response).DESCRIPTOR.fields}
    if "page_info" not in names:
        return
    many = [one.name for one in type(response).DESCRIPTOR.fields if one.is_repeated and one.message_type is not None]
    many = [name for name in many if name != "page_info"]
    shortest = min((len(getattr(response, name)) for name in many), default=0)
    for name in many:
        del getattr(response, name)[shortest:]
    response.page_info.cursors[:] = [f"c{number}" for number in range(shortest)]
    response.page_info.has_next_page = chance.random() < 0.5


@cache
def _batches() -> dict[str, BatchRead]:
    """Path → batch read."""
    found = [one for one in vars(batches).values() if isinstance(one, BatchRead)]
    stubs = _stub_types()
    named = {}
    for one in found:
        service = stubs[one.service].__name__.removesuffix("Stub")
        named[f"/{one.request.DESCRIPTOR.file.package}.{service}/{one.method}"] = one
    return named


def is_batch(path: str) -> bool:
    """Whether a call of *path* reads things by their ids."""
    return path in _batches()


def request_of(path: str, request: bytes) -> Any:
    """What was asked, as a message."""
    return _method(path)[0].FromString(request)


@cache
def _method(path: str) -> tuple[Any, Any]:
    _, service, method = path.split("/")
    found = descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]
    return GetMessageClass(found.input_type), GetMessageClass(found.output_type)
