"""What takes long to make is made once, by whichever process of a run needs it first."""

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable
from pathlib import Path


async def made_once(folder: Path, make: Callable[[Path], Awaitable[None]]) -> Path:
    """A folder that *make* has filled: *folder*, in what pytest calls its base, or where all processes of a run find it.

    Not to be written to: take a copy.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent.with_name(folder.name)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_name(f"{folder.name}.unfinished")
            await make(unfinished)
            unfinished.rename(folder)
    return folder
