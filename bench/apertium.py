"""How fast Apertium translates through its adapter: sentences and texts of 1,000 characters, one at a time and eight.

``python -m bench.apertium``: the real server with nothing else beside it, each pair in turn; the first call of a pair, which starts
its pipeline, is told by itself.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bench.figures import console, machine, memory_kb, percentile, show
from deploy import servers
from services.translation.domain.pairs import Pair
from services.translation.providers import open_provider
from services.translation.providers.port import Accepted, Batch, Provider, Rendered
from services.translation.providers.settings import Kind, ProviderSettings
from vocabulary.values import DataClass

PAIRS = ("it-es", "sv-da", "es-en", "fr-es", "hr-en")
AT_ONCE = (1, 8)
LONG = 1_000
SENTENCES = Path(__file__).with_name("translation") / "sentences"


@dataclass(frozen=True, slots=True)
class Taken:
    """The times of so many texts of one kind."""

    pair: str
    characters: int
    at_once: int
    seconds: Sequence[float]
    whole: float

    @property
    def row(self) -> tuple[object, ...]:
        p50, p99 = (f"{percentile(self.seconds, share) * 1000:.0f}" for share in (0.5, 0.99))
        return self.pair, self.characters, self.at_once, p50, p99, f"{len(self.seconds) / self.whole:.0f}"


def sentences(language: str) -> list[str]:
    """Different sentences of *language*."""
    lines = (SENTENCES / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def long_texts(known: Sequence[str]) -> Iterator[str]:
    """Texts of about `LONG` characters, for ever, each of other sentences than the one before."""
    endless = itertools.cycle(known)
    while True:
        text = ""
        while len(text) < LONG:
            text += f"{next(endless)} "
        yield text.strip()


async def translate(provider: Provider, pair: Pair, text: str) -> float:
    """How long one text took."""
    began = time.perf_counter()
    answer = await provider.translate(Batch(pair=pair, texts=(text,), data_class=DataClass.PERSONAL))
    took = time.perf_counter() - began
    assert not isinstance(answer, Accepted)
    assert isinstance(answer[0], Rendered)
    return took


async def measure(provider: Provider, pair: Pair, texts: Sequence[str], at_once: int) -> Taken:
    """*texts* one after the other, *at_once* of them at a time."""
    waiting, seconds = iter(texts), list[float]()

    async def work() -> None:
        for text in waiting:
            seconds.append(await translate(provider, pair, text))

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    size = round(sum(map(len, texts)) / len(texts))
    return Taken(str(pair), size, at_once, seconds, time.perf_counter() - began)


async def run(texts: int) -> None:
    taken: list[Taken] = []
    with tempfile.TemporaryDirectory() as folder:
        async with servers.running(Path(folder), ["apertium"]) as running:
            settings = ProviderSettings(
                name="apertium", kind=Kind.APERTIUM, url=running.apertium_url, data_class=DataClass.PERSONAL
            )
            provider = open_provider(settings)
            for pair in map(Pair.read, PAIRS):
                known = sentences(pair.source)
                console.print(f"{pair}: the first call took {await translate(provider, pair, known[0]) * 1000:.0f} ms")
                short = list(itertools.islice(itertools.cycle(known), texts))
                long = list(itertools.islice(long_texts(known), max(8, texts // 4)))
                for kind, at_once in itertools.product((short, long), AT_ONCE):
                    taken.append(await measure(provider, pair, kind, at_once))
            await provider.close()
            console.print(f"memory of the server without its pipelines: {memory_kb(_pid(running)) / 1024:.0f} MiB")
    head = ("pair", "characters", "at once", "p50 ms", "p99 ms", "texts/s")
    show(f"Apertium, {machine()}", head, [one.row for one in taken])


def _pid(running: servers.Servers) -> int:
    return running.by_kind["apertium"].pid


def main(
    texts: Annotated[int, typer.Option(help="Sentences of a row; a fourth of it of the long texts.")] = 200,
) -> None:
    """Measure."""
    asyncio.run(run(texts))


if __name__ == "__main__":
    typer.run(main)
