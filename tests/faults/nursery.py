"""Services begun from a process that has loaded them already, since most of a start is imports: ``python -m tests.faults.nursery``.

Behind it stand the modules to load. Then, for each line on standard input, a `Life` in JSON, one process is forked that runs a
service. On Linux they all die with the process that forked them.
"""

import ctypes
import importlib
import os
import runpy
import signal
import sys
from pathlib import Path

import msgspec

from tests.faults import doomed, newer

_PR_SET_PDEATHSIG = 1


class Life(msgspec.Struct, frozen=True):
    """One process: the module it runs, where it writes to, what its environment has besides ours, and what is peculiar about it."""

    module: str
    log: str
    environment: dict[str, str]
    # Where it is told at which step it dies.
    orders: str = ""
    # Whether it speaks the next version of the protocol.
    newer: bool = False


def run(life: Life) -> None:
    """Live *life* in this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ.update(life.environment)
    file = os.open(life.log, os.O_WRONLY | os.O_CREAT)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.write(file, msgspec.json.encode({"event": "forked", "pid": os.getpid()}) + b"\n")
    if life.orders:
        doomed.obey(Path(life.orders), importlib.import_module(f"{life.module}.wiring"))
    if life.newer:
        newer.speak_newer()
    sys.argv[1:] = []
    runpy.run_module(life.module, run_name="__main__")


def _main() -> None:
    for name in sys.argv[1:]:
        importlib.import_module(name)
    # The dead are to be gone at once: whether a process lives is asked by its id.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            run(msgspec.json.decode(line, type=Life))
            return


if __name__ == "__main__":
    _main()
