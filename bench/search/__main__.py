"""Building the index of 20,000 authorities and searching it, on the embedded and on the real engine in turn.

``python -m bench.search``: the training data, repeated under other ids; questions are concepts in every language, some with a place.
"""

import asyncio
import itertools
import random
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer

from bench.figures import console, machine, percentile, show
from chassis.aggregates import Kept
from deploy import servers
from engines.search import Search, SearchDocument, open_search, prepare_search
from services.directory.reference import Reference
from services.directory.search.index import AUTHORITIES, FACETS, INDEXES, AuthorityIndex, Filter, shown
from services.directory.search.places import Gazetteer
from services.directory.search.question import Questions
from services.directory.search.vocabulary import vocabularies
from services.directory.training.authorities import authorities
from vocabulary import languages

BATCH = 500


@dataclass(slots=True)
class Taken:
    name: str
    built_per_s: float = 0.0
    query_s: list[float] = field(default_factory=list)


def documents(reference: Reference, count: int) -> list[Kept]:  # type: ignore[type-arg]
    """*count* authorities, each under an id of its own."""
    base = list(authorities(reference).items())
    many = itertools.islice(itertools.cycle(base), count)
    return [Kept(f"{id_}{number}", 1, state) for number, (id_, state) in enumerate(many)]


def questions(reference: Reference, count: int) -> list[tuple[str, str]]:
    """Texts with the language they are in."""
    chance = random.Random(11)
    found = []
    for _ in range(count):
        language = chance.choice(languages.OFFICIAL)
        text = chance.choice(list(reference.concepts.values())).label[language]
        if chance.random() < 0.5:
            text += " " + chance.choice(list(reference.countries.values())).name[language]
        found.append((text, language))
    return found


async def build(search: Search, shown_documents: Sequence[SearchDocument]) -> float:
    """Documents a second."""
    began = time.perf_counter()
    async with search.rebuild(AUTHORITIES) as put:
        for start in range(0, len(shown_documents), BATCH):
            await put(shown_documents[start : start + BATCH])
    return len(shown_documents) / (time.perf_counter() - began)


async def measure(count: int, asked: int) -> list[Taken]:
    reference = Reference.load()
    gazetteer = Gazetteer(reference)
    asking = Questions(vocabularies(reference), gazetteer)
    ready = await shown(reference, gazetteer)(documents(reference, count))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imi-bench-")))
        real = await stack.enter_async_context(servers.running(folder / "servers", ["elasticsearch"]))
        opened: list[tuple[Taken, AuthorityIndex]] = []
        for name, url in (("tantivy", f"tantivy:///{folder}/index"), ("Elasticsearch", real.search_url)):
            where = url.replace("{service}", "bench")
            await prepare_search(where, INDEXES)
            search = await stack.enter_async_context(open_search(where, INDEXES))
            console.print(f"building {count} authorities on {name} …")
            taken = Taken(name, built_per_s=await build(search, ready))
            opened.append((taken, AuthorityIndex(search, reference)))
        for number, (text, language) in enumerate(questions(reference, asked)):
            # In turn, and each first every other time.
            for taken, index in opened if number % 2 else reversed(opened):
                began = time.perf_counter()
                understood = asking.understand(text, language)
                await index.find(understood, text, language, Filter(), limit=20, facets=FACETS)
                taken.query_s.append(time.perf_counter() - began)
        return [replace(taken) for taken, _ in opened]


def main(
    count: Annotated[int, typer.Option(help="authorities in the index")] = 20_000,
    asked: Annotated[int, typer.Option(help="questions asked of each engine")] = 400,
) -> None:
    """Compare the search engines, and print what was found."""
    taken = asyncio.run(measure(count, asked))
    console.print(f"\n{machine()}; {count} authorities, {asked} questions in 24 languages, one at a time, in turn")
    rows = [
        (
            one.name,
            f"{one.built_per_s:.0f}",
            f"{percentile(one.query_s, 0.99) * 1000:.1f}",
            f"{percentile(one.query_s, 0.5) * 1000:.1f}",
        )
        for one in taken
    ]
    show("Search of authorities", ("engine", "built, documents/s", "query p99 ms", "query p50 ms"), rows)


if __name__ == "__main__":
    typer.run(main)
