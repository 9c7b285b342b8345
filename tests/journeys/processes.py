"""Parts of the system as processes of their own, started as an operator would start them."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
START_S = 300.0
DRAIN_S = 25.0


@dataclass(frozen=True, slots=True)
class Process:
    """A running process and the file it writes to."""

    process: asyncio.subprocess.Process
    output: Path

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    async def stopped(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code, after it was told to stop and had time to drain."""
        self.process.send_signal(number)
        return await self.ended(DRAIN_S)

    async def ended(self, seconds: float) -> int:
        """Its exit code, once it has ended of itself."""
        async with asyncio.timeout(seconds):
            return await self.process.wait()


@asynccontextmanager
async def a_process(module: str, output: Path, **environment: str) -> AsyncIterator[Process]:
    """``python -m module``; killed at the end if it still runs."""
    with output.open("wb") as file:
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, cwd=ROOT, stdout=file, stderr=file, env={**os.environ, **environment}
        )
    try:
        yield Process(started, output)
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.kill()
        await started.wait()


async def until_ready(http: httpx.AsyncClient, url: str, *processes: Process) -> None:
    """Waits until the gateway says that everything is there."""
    until = time.monotonic() + START_S
    while True:
        for one in processes:
            assert one.process.returncode is None, one.said()
        with contextlib.suppress(httpx.TransportError):
            if (await http.get(f"{url}/health/ready")).status_code == 200:
                return
        assert time.monotonic() < until, "\n".join(one.said() for one in processes)
        await asyncio.sleep(0.1)
