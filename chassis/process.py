"""A process: it starts, says so, works until it is told to stop, and stops in order."""

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, NoReturn, TypeVar

import structlog

from chassis import settings, telemetry
from chassis.metrics import answer_metrics
from chassis.reactions import once_available
from engines import CannotOpen, NotPrepared

log = structlog.get_logger(__name__)

PAUSE_AFTER_FAULT_S = 1.0
# After so many objects; and for older ones after so many times.
LOOKS_FOR_GARBAGE = (10_000, 20, 20)


Settings = TypeVar("Settings", bound=settings.ProcessSettings)


def clock() -> datetime:
    """The time now, in UTC: given to whatever needs it, so that tests can give another."""
    return datetime.now(UTC)


def main(
    kind: type[Settings],
    program: Callable[[Settings], AbstractAsyncContextManager[object]],
    purpose: str,
    prepare: Callable[[Settings], Awaitable[None]] | None = None,
    rebuilds: Mapping[str, Callable[[Settings], Awaitable[None]]] | None = None,
    more: Mapping[str, Callable[[Settings], Awaitable[None]]] | None = None,
) -> None:
    """Read the settings, configure the logs, run *program* until told to stop. ``--help`` lists the settings.

    With the word ``prepare`` behind it, make the engines ready instead, and end; with ``rebuild`` and one of *rebuilds*, build that
    anew.
    """
    variables = "\n".join(f"  {name.upper():22} {field.description}" for name, field in kind.model_fields.items())
    parser = argparse.ArgumentParser(
        description=f"{purpose} Stops cleanly on SIGTERM and Ctrl-C.",
        epilog=f"environment variables (docs/settings.md):\n{variables}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = {
        **({"prepare": prepare} if prepare else {}),
        **{f"rebuild {what}": rebuild for what, rebuild in (rebuilds or {}).items()},
        **(more or {}),
    }
    if commands:
        parser.add_argument(
            "command",
            nargs="*",
            metavar="run | " + " | ".join(commands),
            help="make the engines ready, build something anew while it is used, or run (default)",
        )
    wanted = " ".join(getattr(parser.parse_args(), "command", [])) or "run"
    if wanted not in ("run", *commands):
        parser.error(f"there is no command {wanted!r}; there is run, {', '.join(commands)}")
    values = settings.read(kind)
    telemetry.configure_logging(values.log_level)
    if wanted == "run":
        if isinstance(values, settings.ServiceSettings) and values.metrics_address:
            address = values.metrics_address
            _in_words(lambda: answer_metrics(address))
        run(lambda: program(values))
    else:
        _in_words(lambda: run_loop(_done(wanted, commands[wanted], values)))


def run(program: Callable[[], AbstractAsyncContextManager[object]]) -> None:
    """Enter *program*, stay until SIGTERM or SIGINT, leave it."""
    with suppress(KeyboardInterrupt):
        _in_words(lambda: run_loop(_run(program)))


def run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Do *work* on an event loop: uvloop's, which takes less of a processor, or asyncio's own where there is no uvloop."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(work)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes event loops; None where those of asyncio are all there are."""
    try:
        factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    except ImportError:
        return None
    return factory


def _in_words(work: Callable[[], None]) -> None:
    """What an operator has to do first is said without a traceback."""
    try:
        work()
    except* NotPrepared as missing:
        _end(f"{one}. Run the same command with `prepare` behind it first." for one in _each(missing))
    except* (settings.CannotStart, CannotOpen) as reasons:
        _end(str(one) for one in _each(reasons))


def _each(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The exceptions of *group*: what runs already ends with it, and each task group on the way has put them into one of its own."""
    for one in group.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _each(one)
        else:
            yield one


def _end(said: Iterable[str]) -> NoReturn:
    print(*dict.fromkeys(said), sep="\n", file=sys.stderr)
    sys.exit(settings.FAULTY_SETTINGS_EXIT_CODE)


async def _done(command: str, work: Callable[[Settings], Awaitable[None]], values: Settings) -> None:
    await once_available(lambda: work(values))
    log.info("done", command=command)


async def _run(program: Callable[[], AbstractAsyncContextManager[object]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    async with AsyncExitStack() as entered:
        # An engine that is away when the process starts is waited for, like one that goes away later.
        starting = asyncio.create_task(once_available(lambda: entered.enter_async_context(program())))
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            return
        await starting
        # What the process is made of stays to its end: the garbage collector need not look through all of it again and again. What
        # comes and goes is mostly gone without it, so that it looks when more has been made than one large answer is of.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*LOOKS_FOR_GARBAGE)
        await stopping
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
        except asyncio.CancelledError:
            # A driver that cancels its own work may let that out as if we had been told to stop; then nobody would go on.
            if _is_cancelled():
                raise
            log.exception("loop_cancelled_by_itself", loop=getattr(loop, "__qualname__", repr(loop)))
        except Exception:
            log.exception("loop_ended", loop=getattr(loop, "__qualname__", repr(loop)))
        await asyncio.sleep(PAUSE_AFTER_FAULT_S)


def _is_cancelled() -> bool:
    """Whether somebody has told the current task to stop."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
