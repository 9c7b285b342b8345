"""Waiting for something that happens elsewhere: by looking, and not for ever."""

import asyncio
from collections.abc import Awaitable, Callable

DEADLINE_S = 30.0


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = DEADLINE_S) -> None:
    """Return once *condition* holds; raises TimeoutError after *within_s* seconds."""
    async with asyncio.timeout(within_s):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.005)
