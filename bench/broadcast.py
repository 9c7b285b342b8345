"""How fast alerts are taken, and how fast one reaches everybody: thousands of inboxes, and the streams that read them.

``python -m bench.broadcast``: a directory and an alerts service, each a process of its own, on embedded and on real engines in
turn. Every country has as many alert coordinators as are asked for, so that one broadcast to all other countries reaches 29 times as
many; then each country passes the alert on to all of them by name, and what is added last concerns everybody. The clients run on the
same machine: a stream for some of the inboxes, and somebody who goes on writing drafts.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from bench.broadcasting import Office, Taken
from bench.figures import console, machine, percentile, show
from deploy import servers
from tests.faults.alerting import alerting
from tests.faults.audience import Audience

EMBEDDED, REAL = "embedded", "real"


@asynccontextmanager
async def offices(audiences: Mapping[str, Audience], streams: int) -> AsyncIterator[Sequence[Office]]:
    """At work on each of the sets of engines that have an audience."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imi-bench-")))
        engines: dict[str, Mapping[str, str]] = {EMBEDDED: {}}
        if REAL in audiences:
            real = await stack.enter_async_context(servers.running(folder / "servers", ["kafka", "mongo"]))
            engines[REAL] = {"DOCUMENTS_URL": real.documents_url, "EVENTS_URL": real.events_url}
        opened = []
        for name, audience in audiences.items():
            console.print(f"starting a system with {len(audience.authorities):,} authorities on {name} engines …")
            running = await stack.enter_async_context(alerting(folder / name, engines[name], audience))
            opened.append(await stack.enter_async_context(Office.opened(name, running, audience, streams)))
        yield opened


async def measure(
    audiences: Mapping[str, Audience], alerts: int, rounds: int, streams: int, backfill: int
) -> list[Taken]:
    """The figures of each set of engines, taken in turn."""
    async with offices(audiences, streams) as opened:
        for number in range(rounds):
            console.print(f"round {number + 1} of {rounds} …")
            for office in opened:
                await office.take(alerts)
                await office.warn_everybody()
                await office.warn_beside_a_backfill(alerts, backfill)
        return [office.taken for office in opened]


def _ms(values: Sequence[float], share: float) -> str:
    return f"{percentile(values, share) * 1000:.0f}" if values else "—"


def main(
    each: Annotated[int, typer.Option(help="alert coordinators in each country, embedded engines; 0: not these")] = 518,
    each_real: Annotated[int, typer.Option(help="the same, real engines")] = 35,
    alerts: Annotated[int, typer.Option(help="alerts a round, each to one country")] = 20,
    rounds: Annotated[int, typer.Option(help="rounds on each set of engines")] = 3,
    streams: Annotated[int, typer.Option(help="live streams, each of another inbox")] = 200,
    backfill: Annotated[
        int, typer.Option(help="entries that a stream reads from the beginning of its inbox")
    ] = 100_000,
) -> None:
    """Measure, and print what was found."""
    audiences = {name: Audience(count) for name, count in ((EMBEDDED, each), (REAL, each_real)) if count}
    taken = asyncio.run(measure(audiences, alerts, rounds, streams, backfill))
    inboxes = ", ".join(f"{len(one.abroad):,} on {name} engines" for name, one in audiences.items())
    load = Path("/proc/loadavg").read_text(encoding="utf-8").split()[0]
    console.print(f"\n{machine()}, load {load}; {rounds} rounds; inboxes: {inboxes}; {streams} streams")
    show(
        f"{alerts} alerts, each created, submitted and broadcast to one country, 8 at a time (median round)",
        ("engines", "command p50 ms", "p99 ms", "last inbox s after", "inboxes/s", "alerts/s"),
        [
            (
                one.name,
                _ms(one.command_s, 0.5),
                _ms(one.command_s, 0.99),
                f"{percentile(one.caught_up_s, 0.5):.1f}",
                f"{percentile(one.inboxes_per_s, 0.5):.0f}",
                f"{percentile(one.per_second, 0.5):.1f}",
            )
            for one in taken
        ],
    )
    for name in taken[0].steps:
        show(
            name,
            ("engines", "command p50 ms", "p99 ms", "to a stream p50 ms", "p99 ms", "CPU s", "last s"),
            [
                (
                    one.name,
                    _ms(step.meanwhile_s, 0.5),
                    _ms(step.meanwhile_s, 0.99),
                    _ms(step.streams_s, 0.5),
                    _ms(step.streams_s, 0.99),
                    f"{percentile(step.cpu_s, 0.5):.1f}",
                    f"{percentile(step.last_s, 0.5):.2f}",
                )
                for one in taken
                for step in [one.steps[name]]
            ],
        )
    for one in taken:
        console.print(
            f"{one.name}: the long inbox was read at {percentile(one.backfill_per_s, 0.5):,.0f} entries a second"
        )


if __name__ == "__main__":
    typer.run(main)
