"""A process: it starts, says so, works until it is told to stop, and stops in order."""

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from chassis import settings, telemetry

log = structlog.get_logger(__name__)

PAUSE_AFTER_FAULT_S = 1.0


Settings = TypeVar("Settings", bound=settings.ProcessSettings)


def clock() -> datetime:
    """The time now, in UTC: given to whatever needs it, so that tests can give another."""
    return datetime.now(UTC)


def main(
    kind: type[Settings], program: Callable[[Settings], AbstractAsyncContextManager[object]], purpose: str
) -> None:
    """Read the settings, configure the logs, run *program* until told to stop. ``--help`` lists the settings."""
    variables = "\n".join(f"  {name.upper():22} {field.description}" for name, field in kind.model_fields.items())
    parser = argparse.ArgumentParser(
        description=f"{purpose} Stops cleanly on SIGTERM and Ctrl-C.",
        epilog=f"environment variables (docs/settings.md):\n{variables}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    values = settings.read(kind)
    telemetry.configure_logging(values.log_level)
    run(lambda: program(values))


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
