"""One write: read an aggregate, decide, store the new state with its events and its answer in one atomic step.

Every command carries an idempotency key. The answer is stored beside the state it led to, so the same command sent again gets
the first answer, byte for byte, and has no second effect; a different command under the same key is refused.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from google.protobuf.message import Message

from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.together import Together
from engines.documents import (
    AlreadyExists,
    Collection,
    Condition,
    Document,
    Documents,
    Json,
    RevisionChanged,
    Scalar,
    pages,
)
from protos.common.v1 import common_pb2
from vocabulary import ids
from vocabulary.refusals import Conflict, Invalid, NotFound, Stale

Aggregate = TypeVar("Aggregate")
Answer = TypeVar("Answer", bound=Message)

KEY_LIMIT = 128
# Answers kept per aggregate, and how long together they may be: every change writes them again, and a store takes only so much in one
# document. An older command sent again meets the state it led to, which refuses it.
ANSWERS_KEPT = 64
ANSWERS_LENGTH = 1024 * 1024
RACES_LOST_LIMIT = 16


@dataclass(frozen=True, slots=True)
class Kept(Generic[Aggregate]):
    """An aggregate as stored, with its revision."""

    id: str
    revision: int
    state: Aggregate


@dataclass(frozen=True, slots=True)
class CommandKey:
    """Which command this is, and what it says."""

    key: str
    fingerprint: str
    expected_revision: int | None

    @classmethod
    def of(cls, message: Message, caller: Caller) -> "CommandKey":
        """The key of a command message, which has a field `command`; raises Invalid if its idempotency key is unfit.

        Keys are the caller's own: two people, or two services, may use the same one.
        """
        command: common_pb2.Command = message.command  # type: ignore[attr-defined]
        given = command.idempotency_key
        if not given or len(given) > KEY_LIMIT:
            raise Invalid(
                f"every command needs an idempotency key of 1 to {KEY_LIMIT} characters, unique per intended effect",
                field="idempotencyKey",
                reason="IDEMPOTENCY_KEY",
            )
        name = message.DESCRIPTOR.full_name
        digest = hashlib.sha256(chr(31).join((name, caller.user_id or caller.service, given)).encode())
        return cls(
            key=base64.b85encode(digest.digest()[:20]).decode(),
            fingerprint=hashlib.sha256(message.SerializeToString(deterministic=True)).hexdigest()[:32],
            expected_revision=command.expected_revision if command.HasField("expected_revision") else None,
        )

    def new_id(self, prefix: str) -> str:
        """The id of what this command creates: the same for the same command."""
        return ids.derived(prefix, self.key)


class Aggregates(Generic[Aggregate]):
    """The aggregates of one kind in a service's store."""

    def __init__(
        self,
        documents: Documents,
        collection: Collection,
        kind: type[Aggregate],
        indexed: Callable[[Aggregate], Mapping[str, Json]],
        outbox: Outbox,
    ) -> None:
        self._documents = documents
        self._collection = collection
        self._kind = kind
        self._indexed = indexed
        self._outbox = outbox
        self._together: Together[Kept[Aggregate]] = Together(self._by_id)

    async def get(self, id_: str) -> Kept[Aggregate] | None:
        document = await self._documents.get(self._collection, id_)
        return self._kept(document) if document else None

    async def get_many(self, ids_: Sequence[str]) -> list[Kept[Aggregate]]:
        """Those that exist, in the order of *ids_*."""
        if not ids_:
            return []
        return [self._kept(document) for document in await self._documents.get_many(self._collection, ids_)]

    async def get_together(self, ids_: Sequence[str]) -> list[Kept[Aggregate]]:
        """As `get_many`, where many ask for the same at the same moment: it is read once for all of them."""
        found = await asyncio.gather(*map(self._together.get, dict.fromkeys(ids_)))
        return [kept for kept in found if kept]

    async def _by_id(self, ids_: Sequence[str]) -> dict[str, Kept[Aggregate]]:
        return {kept.id: kept for kept in await self.get_many(ids_)}

    async def find(
        self,
        where: Mapping[str, Condition] | None = None,
        *,
        sort: str = "",
        descending: bool = False,
        after: tuple[Scalar, str] | None = None,
        limit: int,
    ) -> list[Kept[Aggregate]]:
        """See `engines.documents.Documents.find`."""
        found = await self._documents.find(
            self._collection, where, sort=sort, descending=descending, after=after, limit=limit
        )
        return [self._kept(document) for document in found]

    async def pages(
        self, where: Mapping[str, Condition] | None = None, *, size: int
    ) -> AsyncIterator[list[Kept[Aggregate]]]:
        """See `engines.documents.pages`."""
        async for page in pages(self._documents, self._collection, where, size=size):
            yield [self._kept(document) for document in page]

    async def count(self, where: Mapping[str, Condition], *, at_most: int) -> int:
        """See `engines.documents.Documents.count`."""
        return await self._documents.count(self._collection, where, at_most=at_most)

    async def create(
        self,
        id_: str,
        command: CommandKey,
        new: Aggregate,
        events: Sequence[Message],
        answer: Callable[[Kept[Aggregate]], Answer],
    ) -> Answer:
        """Store *new*, or give the first answer if this command created it before."""
        reply = answer(Kept(id_, 1, new))
        try:
            await self._documents.insert(
                self._collection,
                Document(id_, self._body(new, [_answered(command, reply)])),
                [self._outbox.event(message, id_) for message in events],
            )
        except AlreadyExists as error:
            document = await self._documents.get(self._collection, id_)
            earlier = _earlier_answer(document, command, type(reply)) if document else None
            if earlier is None:
                raise Conflict("another one has the same number or name", reason="ALREADY_EXISTS") from error
            return earlier
        self._outbox.wake()
        return reply

    async def answered(self, id_: str, command: CommandKey, answer_type: type[Answer]) -> Answer | None:
        """The first answer of *command*, if it has been given before; raises Conflict if its key was another command's."""
        document = await self._documents.get(self._collection, id_)
        return _earlier_answer(document, command, answer_type) if document else None

    async def change(
        self,
        id_: str,
        command: CommandKey,
        decide: Callable[[Kept[Aggregate]], Awaitable[tuple[Aggregate, Sequence[Message]]]],
        answer: Callable[[Kept[Aggregate]], Answer],
        answer_type: type[Answer],
        *,
        forget: bool = False,
    ) -> Answer:
        """Let *decide* turn the aggregate into its next state, or refuse; of racing commands, one at a time wins.

        Raises what *decide* raises, NotFound if there is no such aggregate, Stale if the caller expected another revision, Conflict
        (ALREADY_EXISTS) if another one has a value that only one may have. To *forget* is to keep no answer to an earlier command:
        they say what the aggregate was.
        """
        for _ in range(RACES_LOST_LIMIT):
            document = await self._documents.get(self._collection, id_)
            if document is None:
                raise NotFound(f"there is no {_one_of(self._collection.name)} {id_!r}", field="id")
            earlier = _earlier_answer(document, command, answer_type)
            if earlier is not None:
                return earlier
            before = self._kept(document)
            after, events = await decide(before)
            if command.expected_revision not in (None, before.revision):
                raise Stale(
                    f"it is at revision {before.revision}, not {command.expected_revision}; read it again",
                    field="revision",
                )
            reply = answer(Kept(id_, before.revision + 1, after))
            earlier_answers = [] if forget else _answers(document)
            answered = _kept_answers(earlier_answers, _answered(command, reply))
            try:
                await self._documents.compare_and_set(
                    self._collection,
                    Document(id_, self._body(after, answered), before.revision),
                    [self._outbox.event(message, id_) for message in events],
                )
            except RevisionChanged:
                continue
            except AlreadyExists as error:
                raise Conflict("another one has the same number or name", reason="ALREADY_EXISTS") from error
            self._outbox.wake()
            return reply
        raise Conflict("too many others are changing it at this moment; try again", reason="BUSY")

    async def load(self, new: Sequence[tuple[str, Aggregate, Sequence[Message]]]) -> int:
        """Store many new aggregates with their events, leaving out those that exist; returns how many were new."""
        documents = [
            (Document(id_, self._body(state, [])), [self._outbox.event(message, id_) for message in events])
            for id_, state, events in new
        ]
        stored = await self._documents.write_many(self._collection, documents)
        self._outbox.wake()
        return sum(stored)

    def _kept(self, document: Document) -> Kept[Aggregate]:
        return Kept(document.id, document.revision, msgspec.convert(document.body["state"], self._kind))

    def _body(self, state: Aggregate, answered: list[Json]) -> dict[str, Json]:
        return {**self._indexed(state), "state": msgspec.to_builtins(state), "answered": answered}


def _one_of(collection: str) -> str:
    """What one of *collection* is called: services say the same of what somebody may not know of."""
    one = f"{collection.removesuffix('ies')}y" if collection.endswith("ies") else collection.removesuffix("s")
    return one.replace("_", " ")


def _answered(command: CommandKey, reply: Message) -> Json:
    encoded = base64.b85encode(reply.SerializeToString(deterministic=True)).decode()
    return {"key": command.key, "fingerprint": command.fingerprint, "answer": encoded}


def _kept_answers(earlier: list[Any], newest: Any) -> list[Json]:
    """*newest*, and as many before it as there is room for."""
    found, length = [newest], len(newest["answer"])
    for one in reversed(earlier[-ANSWERS_KEPT + 1 :]):
        length += len(one["answer"])
        if length > ANSWERS_LENGTH:
            break
        found.append(one)
    return found[::-1]


def _answers(document: Document) -> list[Any]:
    answered = document.body["answered"]
    assert isinstance(answered, list)
    return answered


def _earlier_answer(document: Document, command: CommandKey, answer_type: type[Answer]) -> Answer | None:
    for answered in _answers(document):
        if answered["key"] == command.key:
            if answered["fingerprint"] != command.fingerprint:
                raise Conflict(
                    "this idempotency key was used for a different command; make a new one for each intended effect",
                    field="idempotencyKey",
                    reason="IDEMPOTENCY_KEY_REUSED",
                )
            return answer_type.FromString(base64.b85decode(answered["answer"]))
    return None
