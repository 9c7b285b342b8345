"""The streams of the services: opened again after the last cursor whenever they break."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message

from gateway.backends import Backends
from protos.alerts.v1 import alerts_pb2
from protos.repositories.v1 import repositories_pb2
from protos.requests.v1 import requests_pb2
from vocabulary.refusals import Unauthenticated, Unavailable

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0


class Item(Protocol):
    """A message of a stream: an entry, or without one a watermark."""

    cursor: str
    at: Any


Streamed = TypeVar("Streamed", bound=Item)
Opened = Callable[[str], AsyncGenerator[Any, None]]


@dataclass(frozen=True, slots=True)
class Source:
    """A stream RPC: ``<service>.<method>(request(after_cursor=…))`` answers with *item* after *item*.

    *asked* is what a request says besides, written down: streams that ask for the same are the same stream. One that *varies* goes by
    something that people change, so that what follows a cursor is not what it was.
    """

    service: str
    method: str
    request: type[Message]
    item: type[Message]
    asked: bytes = b""
    varies: bool = False

    def asking(self, *, varies: bool = False, **fields: Any) -> "Source":
        """The stream that asks for *fields* besides."""
        return replace(self, asked=self.request(**fields).SerializeToString(deterministic=True), varies=varies)

    def opened(self, backends: Backends, cursor: str) -> AsyncGenerator[Any, None]:
        """What follows *cursor* (empty: from now on), as the service sends it to whom *backends* speak for."""
        backend = getattr(backends, self.service)
        request: Any = self.request.FromString(self.asked)
        request.after_cursor = cursor
        items: AsyncGenerator[Any, None] = backend.stream(getattr(backend.stub, self.method), request)
        return items

    def watermark(self, cursor: str) -> Any:
        """An item that says only: up to *cursor*, nothing has been missed."""
        item: Any = self.item(cursor=cursor)
        item.at.GetCurrentTime()
        return item


WATCH_INBOX = Source("alerts", "WatchInbox", alerts_pb2.WatchInboxRequest, alerts_pb2.WatchInboxResponse)
WATCH_CHANGES = Source("requests", "WatchChanges", requests_pb2.WatchChangesRequest, requests_pb2.WatchChangesResponse)
WATCH_REPOSITORY = Source(
    "repositories", "WatchRepository", repositories_pb2.WatchRepositoryRequest, repositories_pb2.WatchRepositoryResponse
)


def expired() -> Unauthenticated:
    """How a stream ends whose token has run out."""
    return Unauthenticated(
        "the bearer token has expired; sign in again and resume after the last cursor", reason="TOKEN_EXPIRED"
    )


def access_changed() -> Unauthenticated:
    """How a stream ends whose reader has other roles than when it began, or none."""
    return Unauthenticated("what you may see has changed; sign in again", reason="ACCESS_CHANGED")


def stopping() -> Unavailable:
    """How a stream ends whose gateway stops."""
    return Unavailable("this gateway stops; resume after the last cursor", reason="STOPPING")


async def resumed(
    opened: Callable[[str], AsyncGenerator[Streamed, None]], after: str, expires_at: float = float("inf")
) -> AsyncGenerator[Streamed, None]:
    """Everything of the stream that *opened* opens after a cursor, without gap or repetition, until *expires_at*.

    A service that is away is waited for: the client sees a pause, not an end. Raises what the service refuses, and
    Unauthenticated when the client's token runs out.
    """
    cursor, pause = after, FIRST_PAUSE_S
    while True:
        try:
            async with aclosing(opened(cursor)) as items:
                while (item := await _next(items, expires_at)) is not None:
                    cursor, pause = item.cursor, FIRST_PAUSE_S
                    yield item
        except Unavailable:
            # The spread keeps a thousand listeners from coming back at the same moment.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(pause * 2, LONGEST_PAUSE_S)


async def _next(items: AsyncGenerator[Streamed, None], expires_at: float) -> Streamed | None:
    if expires_at == float("inf"):
        return await anext(items, None)
    try:
        async with asyncio.timeout(max(0.0, expires_at - time.time())):
            return await anext(items, None)
    except TimeoutError:
        raise expired() from None
