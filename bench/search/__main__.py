"""Building the index of 20,000 authorities, searching and being suggested to, on the embedded and on the real engine in turn.

``python -m bench.search``: the questions are those of the evaluation; what is being typed is how they begin. Two whole systems run,
one process of each part, whose engines differ in search alone; clients are on the same machine.
"""

import asyncio
import random
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bench.figures import console, machine, percentile, show
from bench.search import directory, evaluation_set
from bench.search.engines import Engine, filled
from bench.search.evaluation_set import Asked
from bench.search.systems import searching, system, taken
from chassis.aggregates import Kept
from deploy import servers
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from services.directory.search.index import shown
from services.directory.search.places import Gazetteer

USERS = (1, 32)
SHORTEST_TYPED = 2


def typed(questions: Sequence[Asked], chance: random.Random) -> list[Asked]:
    """The questions, each as far as somebody has typed it."""
    return [replace(one, text=one.text[: chance.randint(SHORTEST_TYPED, 20)]) for one in questions]


async def build(kept: Sequence[Kept[Authority]]) -> None:
    reference = Reference.load()
    documents = await shown(reference, Gazetteer(reference))(kept)
    async with filled(list(Engine), reference, documents) as opened:
        rows = [(one.engine, f"{one.size_bytes / 1e6:.1f}", f"{one.documents_per_s:.0f}") for one in opened]
    show(f"The index of {len(kept)} authorities", ("engine", "size MB", "built, documents/s"), rows)


async def ask(kept: Sequence[Kept[Authority]], asked: int, rounds: int) -> None:
    chance = random.Random(11)
    questions = evaluation_set.load()
    seconds: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imi-bench-")))
        real = await stack.enter_async_context(servers.running(folder / "servers", ["elasticsearch"]))
        ways = {}
        for engine, url in ((Engine.TANTIVY, ""), (Engine.ELASTICSEARCH, real.search_url)):
            console.print(f"starting a system with {len(kept)} authorities on {engine} …")
            running = await stack.enter_async_context(system(folder / engine, url, kept))
            ways[engine] = await stack.enter_async_context(searching(running))
        # The first round warms up and is not counted.
        for number in range(rounds + 1):
            console.print(f"round {number} of {rounds} …")
            chosen = chance.choices(questions, k=asked)
            begun = typed(chosen, chance)
            for engine in list(ways) if number % 2 else reversed(ways):
                for name, way in ways[engine].items():
                    for users in USERS:
                        found = await taken(way, begun if name.startswith("suggest") else chosen, users)
                        if number:
                            seconds[name, users, engine] += found
    rows = [
        (name, users, engine, f"{percentile(its, 0.5) * 1000:.1f}", f"{percentile(its, 0.99) * 1000:.1f}")
        for (name, users, engine), its in sorted(seconds.items())
    ]
    show("Questions", ("what", "users", "engine", "p50 ms", "p99 ms"), rows)


def main(
    count: Annotated[int, typer.Option(help="authorities in the directory")] = 20_000,
    asked: Annotated[int, typer.Option(help="questions a round, of each kind, engine and number of users")] = 400,
    rounds: Annotated[int, typer.Option(help="rounds that are counted")] = 4,
) -> None:
    """Compare the search engines, and print what was found."""
    kept = directory.authorities(Reference.load(), count)
    asyncio.run(build(kept))
    asyncio.run(ask(kept, asked, rounds))
    console.print(
        f"{machine()}; {rounds} rounds of {asked} questions in 26 languages, in turn, clients on the same machine"
    )


if __name__ == "__main__":
    typer.run(main)
