"""Work that goes on beside the calls: every task is awaited by somebody, and one that fails takes no other with it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class Tasks:
    """The tasks of one context; they end with it."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Have *work* done."""
        task = self._group.create_task(_guarded(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        # One that is stopped before it has begun never asks for its work.
        task.add_done_callback(lambda _: work.close())

    def stop(self) -> None:
        """End all of them."""
        for task in list(self._running):
            task.cancel()


@asynccontextmanager
async def tasks() -> AsyncIterator[Tasks]:
    """Tasks that go on for as long as the context lasts."""
    async with asyncio.TaskGroup() as group:
        started = Tasks(group)
        try:
            yield started
        finally:
            started.stop()


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:
        # Without its traceback: with that goes what it was about.
        log.error("task_failed", error=type(error).__name__)
