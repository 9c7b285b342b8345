"""The calls that an operation takes, made by a process that does nothing else: what no gateway over grpc.aio can do without.

``python -m bench.gateway_raw ADDRESS AT_ONCE``: for each line ``Q2 1.5`` it makes the calls of Q2 again and again for so many seconds
and says the seconds of a processor that they took, and how long each took.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bench.gateway_queries import QUERIES, Bare
from chassis.calls import open_channel

Taking = Callable[[str, float], Awaitable[tuple[float, list[float]]]]


async def serve(address: str, at_once: int) -> None:
    """Do what each line says, until there are no more."""
    queries = {one.name: one for one in QUERIES}
    loop = asyncio.get_running_loop()
    async with open_channel(address) as channel:
        bare = Bare(channel)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            name, for_s = line.split()
            end = time.perf_counter() + float(for_s)
            seconds: list[float] = []

            async def one(name: str = name, end: float = end, seconds: list[float] = seconds) -> None:
                while (began := time.perf_counter()) < end:
                    await queries[name].bare(bare)
                    seconds.append(time.perf_counter() - began)

            began = time.process_time()
            await asyncio.gather(*(one() for _ in range(at_once)))
            print(json.dumps([time.process_time() - began, seconds]), flush=True)


@asynccontextmanager
async def raw(address: str, at_once: int) -> AsyncIterator[tuple[int, Taking]]:
    """The process, and how to have calls made: the seconds of a processor, and those of each operation."""
    program = (sys.executable, "-m", "bench.gateway_raw", address, str(at_once))
    process = await asyncio.create_subprocess_exec(*program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**24)
    assert process.stdin is not None
    assert process.stdout is not None
    to, back = process.stdin, process.stdout

    async def take(name: str, for_s: float) -> tuple[float, list[float]]:
        to.write(f"{name} {for_s}\n".encode())
        taken, seconds = json.loads(await back.readline())
        return taken, seconds

    try:
        yield process.pid, take
    finally:
        to.close()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
