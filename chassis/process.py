"""A process: it starts, says so, works until it is told to stop, and stops in order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import structlog

log = structlog.get_logger(__name__)

PAUSE_AFTER_FAULT_S = 1.0


def run(program: Callable[[], AbstractAsyncContextManager[object]]) -> None:
    """Enter *program*, stay until SIGTERM or SIGINT, leave it."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(program))


async def _run(program: Callable[[], AbstractAsyncContextManager[object]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with program():
        await stop.wait()
        log.info("stopping")


@asynccontextmanager
async def working(loops: Iterable[Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
    """Keep *loops* running beside the body, and end them with it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_forever(loop)) for loop in loops]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _forever(loop: Callable[[], Awaitable[None]]) -> None:
    """Run *loop* again whenever a fault ends it: a broker that was away for a while must not need an operator."""
    while True:
        try:
            await loop()
        except Exception:
            log.exception("loop_ended", loop=getattr(loop, "__qualname__", repr(loop)))
        await asyncio.sleep(PAUSE_AFTER_FAULT_S)
