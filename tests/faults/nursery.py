"""Runs ``python -m services.repositories`` again and again, from a process that has loaded it already: most of a start is imports.

For each line on standard input, which names a log file, one service is forked; the next begins when it is dead.
"""

import os
import runpy
import sys

import services.repositories.wiring  # noqa: F401  # loaded once, before any thread and any connection


def run(log: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.write(file, f'{{"event": "forked", "pid": {os.getpid()}}}\n'.encode())
    sys.argv[1:] = []
    runpy.run_module("services.repositories", run_name="__main__")


if __name__ == "__main__":
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            run(line.strip())
            break
        os.waitpid(child, 0)
