"""Real processes for tests: started, watched, killed."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.chassis.waiting import until

ROOT = Path(__file__).resolve().parents[2]
# Long after the slowest start that was ever seen, on a machine that does much else.
START_S = 180.0


def lines_of(log: Path) -> list[dict[str, object]]:
    """The lines of a log that are whole."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


class Process:
    """A Python module that runs on its own."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    def log(self) -> list[dict[str, object]]:
        """Its log lines so far."""
        return lines_of(self._log)

    async def port(self) -> int:
        """Where it answers, once it does."""
        return int(str((await self.line("serving", self._log))["port"]))

    async def line(self, event: str, log: Path) -> dict[str, object]:
        """The first line about *event* in *log*, once it is there."""
        async with asyncio.timeout(START_S):
            while True:
                for line in lines_of(log):
                    if line["event"] == event:
                        return line
                if self._process.returncode is not None:
                    raise AssertionError(f"it ended with {self._process.returncode}: {self._log.read_text()}")
                await asyncio.sleep(0.01)

    def write_line(self, text: str = "") -> None:
        """Tell it to go on, if it waits for that."""
        assert self._process.stdin
        self._process.stdin.write(f"{text}\n".encode())

    async def kill(self) -> None:
        """End it as a power cut would, without a chance to tidy up."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        self._process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        async with asyncio.timeout(START_S):
            return await self._process.wait()


@asynccontextmanager
async def running(
    module: str, *arguments: str, log: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Process]:
    """``python -m module`` from the root of the project, its standard error in *log*; killed at the end if it still runs."""
    with log.open("wb") as file:
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments,
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=file, stderr=file, env={**os.environ, **(environment or {})},
        )  # fmt: skip
    process = Process(started, log)
    try:
        yield process
    finally:
        await process.kill()


async def until_exists(path: Path) -> None:
    async def exists() -> bool:
        return path.exists()

    await until(exists)


async def until_dead(pid: int) -> None:
    """Return when there is no process *pid* any more."""

    async def is_dead() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    await until(is_dead)
