"""What an answer takes that everybody gets alike: kept, and made anew each time."""

import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from bench.gateway_contestants import WARM_UP_S, a_gateway
from bench.gateway_queries import KEPT
from bench.gateway_source import source
from bench.gateway_table import Taken, markdown

# Nothing is kept of what was begun in the first seconds of hearing.
SETTLED_S = 7.0


async def compared(rounds: int, seconds: float, at_once: int) -> str:
    """A table of the two."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imi-bench-")))
        _, addresses = await stack.enter_async_context(source())
        both = [
            await stack.enter_async_context(
                a_gateway(name, folder / room, {**addresses, "KEPT_ANSWERS_MB": room}, at_once)
            )
            for name, room in (("kept", "32"), ("KEPT_ANSWERS_MB=0", "0"))
        ]
        for one in both:
            await one.ask(KEPT, SETTLED_S if one is both[0] else WARM_UP_S)
            one.taken[KEPT.name] = Taken()
        for _ in range(rounds):
            for one in both:
                cpu, took = await one.ask(KEPT, seconds)
                one.taken[KEPT.name].cpu_ms.append(cpu * 1000 / len(took))
                one.taken[KEPT.name].seconds += took
    rows = [
        (KEPT.what, one.name, f"{taken.p50_ms:.1f}", f"{taken.p99_ms:.1f}", f"{taken.cpu:.2f}")
        for one in both
        for taken in one.taken.values()
    ]
    return markdown(("query", "answered", "p50 ms", "p99 ms", "CPU ms, median"), rows)
