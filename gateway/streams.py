"""A service's stream for as long as a client listens: opened again after the last cursor whenever it breaks."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Protocol, TypeVar

from vocabulary.refusals import Unauthenticated, Unavailable

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0


class _Item(Protocol):
    cursor: str


Item = TypeVar("Item", bound=_Item)


async def resumed(
    opened: Callable[[str], AsyncGenerator[Item, None]], after: str, expires_at: float
) -> AsyncGenerator[Item, None]:
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


async def _next(items: AsyncGenerator[Item, None], expires_at: float) -> Item | None:
    try:
        async with asyncio.timeout(max(0.0, expires_at - time.time())):
            return await anext(items, None)
    except TimeoutError:
        raise Unauthenticated(
            "the bearer token has expired; sign in again and resume after the last cursor", reason="TOKEN_EXPIRED"
        ) from None
