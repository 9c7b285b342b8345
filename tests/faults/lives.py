"""Services that begin quickly, in processes of their own, and live more than once."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from tests.faults.nursery import Life
from tests.faults.processes import Process, running


@asynccontextmanager
async def a_nursery(folder: Path, *services: str) -> AsyncIterator[Process]:
    """Where *services* are begun."""
    modules = [f"services.{name}.wiring" for name in services]
    async with running("tests.faults.nursery", *modules, log=folder / "nursery.log") as nursery:
        yield nursery


@asynccontextmanager
async def alive(nursery: Process, life: Life) -> AsyncIterator[tuple[int, int]]:
    """*life*, killed at the end if it has not ended before; its process id, and the port on which it answers."""
    log = Path(life.log)
    nursery.write_line(msgspec.json.encode(life).decode())
    pid = int(str((await nursery.line("forked", log))["pid"]))
    try:
        yield pid, int(str((await nursery.line("serving", log))["port"]))
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
