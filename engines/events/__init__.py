"""The event log: what one part tells the others.

The promises, which `tests/engines/test_events.py` holds every engine to:

- `publish` returns when the events are durable. Publishing an event again is allowed; readers drop what they have seen by id.
- The events of one subject (aggregate id) are read in the order in which they were published.
- A group reads every event of its topics at least once: what is not committed comes again, to whichever member reads next.
- A tail reads every event from where it began, in every process that opens one; it commits nothing.

The log wakes readers and carries facts; the truth is in the stores.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from engines import UnknownEngine, file_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact. The attributes are those of CloudEvents 1.0; `data` is the protobuf message that `type` names."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    data: bytes
    traceparent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An event as it was read: where it stands in the log, for committing."""

    topic: str
    partition: int
    offset: int
    event: Event
    # Why it stands in a dead-letter topic; empty everywhere else.
    failure: str = ""


class Member(Protocol):
    """One reader of a consumer group."""

    async def poll(self, *, limit: int = 100, wait_s: float = 5.0) -> Sequence[Received]:
        """The next events, at most *limit*; empty after *wait_s* seconds without any.

        What was polled and not committed is polled again by the next member that takes over, not by this one.
        """
        ...

    async def commit(self, received: Received) -> None:
        """This event and all before it in its partition are dealt with."""
        ...


class Events(Protocol):
    """An event log."""

    async def publish(self, topic: str, events: Sequence[Event], *, failure: str = "") -> None:
        """Append *events* to *topic*, in their order; raises Unavailable if the log cannot be written."""
        ...

    def join(self, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Member]:
        """Read *topics* as a member of *group*, from the beginning if the group has never read."""
        ...

    def tail(self, topics: Sequence[str]) -> AbstractAsyncContextManager[AsyncIterator[Received]]:
        """Every event of *topics* published after this was entered. For waking up and for forgetting caches."""
        ...


async def prepare_events(url: str, topics: Sequence[str], lasting: Sequence[str] = ()) -> None:
    """Make the log at *url* ready to keep *topics*, and *lasting* ones for ever. Safe to repeat; the embedded one needs nothing."""
    if urlsplit(url).scheme == "kafka":
        from engines.events import kafka

        await kafka.prepare(url, topics, lasting)


@asynccontextmanager
async def open_events(url: str) -> AsyncIterator[Events]:
    """The log that *url* names: ``sqlite:///path/to/events.db`` or ``kafka://host:port,…``. A topic that it must have and has
    not raises NotPrepared when it is used.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        from engines.events.sqlite import SqliteEvents

        async with SqliteEvents.opened(file_path(url)) as events:
            yield events
    elif scheme == "kafka":
        from engines.events.kafka import KafkaEvents

        async with KafkaEvents.opened(url) as events:
            yield events
    else:
        raise UnknownEngine("events", url, ["sqlite", "kafka"])
