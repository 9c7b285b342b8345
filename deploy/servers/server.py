"""A server as a child process: started and waited for, stopped in order, and for fault tests paused, killed and started again.

A child must die with us however we die, or the next run finds a stranger on its port and in its data. The kernel's own way, a death
signal asked for with ``prctl``, is not enough: it reaches the direct child only (Elasticsearch starts one more), it fires when the
thread that forked ends, and asking for it between fork and exec runs Python there, which is unsafe beside gRPC's threads. So each
server leads a session of its own, and a shell beside it waits at the end of a pipe that only we hold: when that closes, it kills
the session's processes.
"""

import asyncio
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.servers.maven import say

START_WITHIN_S = 300.0  # Elasticsearch on a machine that is busy with other things
STOP_WITHIN_S = 30.0
_ASK_EVERY_S = 0.2
# Written so that every shell reads it: dash knows no `kill -KILL -- -pid`.
_GUARD = 'read -r _; kill -s KILL -- "-$1" 2>/dev/null'


class NotStarted(Exception):
    """A server ended, or did not answer in time; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, and what its environment has besides ours."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Program(Protocol):
    """What is particular about one server."""

    @property
    def name(self) -> str:
        """What its files are called."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    def fetch(self) -> None:
        """Download and build what is missing. Blocks; returns at once when all is there."""
        ...

    def command(self, folder: Path, port: int, inner_port: int) -> Command:
        """Make its data ready in *folder* and say how to run it. *inner_port* is for its talks with itself. Blocks."""
        ...

    async def answers(self, port: int) -> bool:
        """Whether it does its work: a client's request succeeds. Errors mean no."""
        ...


class Server:
    """One server, with its data in `folder` and its log in ``<name>.log`` beside it; it keeps its port for all its life."""

    def __init__(self, program: Program, folder: Path, port: int, inner_port: int) -> None:
        self.port = port
        self.log = folder / f"{program.name}.log"
        self._program = program
        self._folder = folder / program.name
        self._inner_port = inner_port
        self._process: asyncio.subprocess.Process | None = None
        self._guard: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process, which leads its own process group."""
        if self._process is None:
            raise RuntimeError(f"{self._program.title} does not run")
        return self._process.pid

    async def start(self) -> None:
        """Start it and return when it answers. Raises NotStarted, and then it does not run."""
        if self._process is not None and self._process.returncode is None:
            raise RuntimeError(f"{self._program.title} runs already")
        await self.kill()  # what is left of one that ended by itself
        began = time.monotonic()
        say(f"starting {self._program.title} …")
        self._folder.mkdir(parents=True, exist_ok=True)
        command = await asyncio.to_thread(self._program.command, self._folder, self.port, self._inner_port)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command.arguments,
                env={**os.environ, **command.environment},
                cwd=self._folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._guard = await asyncio.create_subprocess_exec(
                *("sh", "-c", _GUARD, "guard", str(self.pid)), stdin=asyncio.subprocess.PIPE, start_new_session=True
            )
            await self._answering(self._process)
        except BaseException:
            await self.kill()
            raise
        say(f"{self._program.title} is ready after {time.monotonic() - began:.1f} s")

    async def stop(self) -> None:
        """Ask it to end, insist after a while; nothing happens if it does not run."""
        if self._process is None:
            return
        began = time.monotonic()
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # one that is paused hears nothing
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN_S):
                await self._process.wait()
        await self.kill()
        say(f"{self._program.title} is stopped after {time.monotonic() - began:.1f} s")

    async def kill(self) -> None:
        """End it as a crash would; `start` then runs it again on the same port and data."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        await self._process.wait()
        self._process = None
        if self._guard is not None:
            with suppress(ProcessLookupError):
                self._guard.kill()
            await self._guard.communicate()
            self._guard = None

    def pause(self) -> None:
        """Freeze it: connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused one go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def _answering(self, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_WITHIN_S
        while process.returncode is None and loop.time() < deadline:
            if await self._program.answers(self.port):
                return
            await asyncio.sleep(_ASK_EVERY_S)
        how = "does not answer" if process.returncode is None else f"ended with {process.returncode}"
        tail = "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
        raise NotStarted(f"{self._program.title} {how}; the end of {self.log}:\n{tail}")


async def connects(port: int) -> bool:
    """Whether somebody listens: asked first, because clients are slow and loud about a port that is closed."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
