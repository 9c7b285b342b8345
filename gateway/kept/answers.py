"""Answers that everybody gets alike, kept as they were sent.

Nothing is kept unless what it is made of is told of when it changes. An answer that was begun before a change may be older than it,
whenever it ends, and is not kept. Nor is one that was begun in the moments after: services hear of a change by the same event, each
replica in its own time. What an event did not tell of lasts until an answer is too old.
"""

import hashlib
import json
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import DocumentNode, GraphQLSchema
from prometheus_client import Counter as Count
from prometheus_client import Gauge

from gateway.kept.alike import Alike, Source, changed_by, operation_of
from gateway.limits.cost import cost as cost_of
from gateway.limits.cost import terms_of

# How long services may take to hear of what the gateway has heard of.
SETTLES_S = 5.0
# How long a change can matter of which nobody was told: another release of a service, an event that came late.
MAX_AGE_S = 60.0
# What an entry takes besides its texts.
OVERHEAD_BYTES = 1_000
# One answer takes no more than such a part of the room.
LARGEST_PART = 8

LOOKED_UP = Count(
    "imi_gateway_kept_answers_total", "Answers to everybody alike, by whether they were kept.", ["outcome"]
)
DROPPED = Count("imi_gateway_kept_dropped_total", "Kept answers that were let go of, by the cause.", ["cause"])
BYTES = Gauge("imi_gateway_kept_bytes", "Memory that kept answers take.")


class Key(NamedTuple):
    """What an answer depends on."""

    text: str
    operation_name: str | None
    variables: str
    language: str
    signed_in: bool
    # Of a page over plain HTTP, whose address stands for the text: no document is taken for one.
    is_page: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: the bytes of it, their tag for HTTP, what they are made of, and what the operation costs."""

    content: bytes
    tag: str
    made_of: frozenset[Source]
    operation_name: str | None
    cost: int
    begun_at: float
    size: int


@dataclass(slots=True)
class Asking:
    """An operation that is to be executed, from the moment on at which it began."""

    key: Key
    begun_at: float
    variables: Mapping[str, Any] | None
    # The document, once it has been parsed and found to be valid.
    document: DocumentNode | None = None


class Kept:
    """Keeps answers, the last used of them, in *room* bytes; with none, nothing is kept."""

    def __init__(
        self,
        room: int,
        *,
        max_age_s: float = MAX_AGE_S,
        settles_s: float = SETTLES_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.room = room
        self._max_age_s = max_age_s
        self._settles_s = settles_s
        self._clock = clock
        self._hearing = False
        self._alike = Alike()
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        # Documents of which there is an answer: of all others no key is made.
        self._texts: Counter[str] = Counter()
        self._size = 0
        # Source → what is begun until then is not kept.
        self._unsettled: dict[Source, float] = {}

    @property
    def size(self) -> int:
        """The bytes that are taken."""
        return self._size

    def asking(
        self,
        text: str | None,
        operation_name: str | None,
        variables: Mapping[str, Any] | None,
        language: str,
        *,
        signed_in: bool,
        is_page: bool = False,
    ) -> Asking | None:
        """An operation that begins now; None if its answer is not to be kept in any case."""
        if not self._hearing or text is None:
            return None
        try:
            said = json.dumps(variables, sort_keys=True) if variables else ""
        except RecursionError:
            return None
        return Asking(Key(text, operation_name, said, language, signed_in, is_page), self._clock(), variables)

    def find(self, asking: Asking, budget: int) -> Answer | None:
        """The answer, if there is one; none that costs more than *budget*, so that it is refused like any other."""
        if asking.key.text not in self._texts:
            return None
        answer = self._answers.get(asking.key)
        if answer is None or answer.cost > budget:
            return None
        if answer.begun_at + self._max_age_s <= self._clock():
            self._let_go([asking.key], "age")
            return None
        self._answers.move_to_end(asking.key)
        LOOKED_UP.labels("FOUND").inc()
        return answer

    def age_s(self, answer: Answer) -> float:
        """How long ago *answer* was asked for."""
        return self._clock() - answer.begun_at

    def keep(self, asking: Asking, schema: GraphQLSchema, content: bytes) -> None:
        """Keep *content*, the whole answer and one without errors, if everybody gets the same."""
        document, key = asking.document, asking.key
        if document is None:
            return
        made_of = self._alike.made_of(schema, document, key.operation_name, signed_in=key.signed_in)
        if made_of is None:
            return
        operation = operation_of(document, key.operation_name)
        found = cost_of(terms_of(schema, document, operation), asking.variables or {})
        self.put(asking, content, made_of, found, operation.name.value if operation.name else None)

    def put(
        self,
        asking: Asking,
        content: bytes,
        made_of: frozenset[Source],
        cost: int = 0,
        operation_name: str | None = None,
    ) -> None:
        """Keep *content*, which everybody gets who asks so, unless what it is *made_of* has changed."""
        key = asking.key
        LOOKED_UP.labels("MISSED").inc()
        size = len(content) + len(key.text) + len(key.variables) + OVERHEAD_BYTES
        if size * LARGEST_PART > self.room or not self._is_current(asking.begun_at, made_of):
            return
        if key in self._answers:
            self._forget(key)
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        self._answers[key] = Answer(content, tag, made_of, operation_name, cost, asking.begun_at, size)
        self._texts[key.text] += 1
        self._resize(size)
        while self._size > self.room:
            self._let_go([next(iter(self._answers))], "room")

    def changed(self, those: Iterable[Source], cause: str = "change") -> None:
        """Let go of what is made of *those*: they are not what they were."""
        gone = frozenset(those)
        for source in gone:
            self._unsettled[source] = self._clock() + self._settles_s
        self._let_go([key for key, answer in self._answers.items() if answer.made_of & gone], cause)

    def commanded(self, document: DocumentNode) -> None:
        """Let go of what the commands in *document* may have changed."""
        if self.room and (gone := changed_by(document)):
            self.changed(gone)

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """While the body runs, `changed` is called whenever something changes; at all other times nothing is kept."""
        self._hearing = self.room > 0
        self.changed(Source, "deaf")
        try:
            yield
        finally:
            self._hearing = False
            self.changed(Source, "deaf")

    def _is_current(self, begun_at: float, made_of: frozenset[Source]) -> bool:
        """Whether nothing of *made_of* had changed shortly before, or has since."""
        return self._hearing and all(self._unsettled.get(one, begun_at - 1) < begun_at for one in made_of)

    def _let_go(self, keys: Iterable[Key], cause: str) -> None:
        for key in keys:
            self._forget(key)
            DROPPED.labels(cause).inc()

    def _forget(self, key: Key) -> None:
        self._resize(-self._answers.pop(key).size)
        self._texts[key.text] -= 1
        if not self._texts[key.text]:
            del self._texts[key.text]

    def _resize(self, by: int) -> None:
        self._size += by
        BYTES.inc(by)
