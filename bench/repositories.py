"""How fast entries of repositories are found, counted, suggested, brought in and taken out.

``python -m bench.repositories``: 100,000 entries of a repository with fields of three audiences, in the index of either engine,
asked in turn in this process by a reader who reads two of them; and a file of 10,000 entries into a service on embedded engines, in a
process of its own. It prints the tables of `docs/measurements.md`.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from bench.figures import console, machine, percentile
from bench.gateway_table import markdown
from bench.repository_files import BROUGHT, a_file, transfer
from chassis.aggregates import Kept
from deploy import servers
from engines.search import Search, Sort, open_search, prepare_search
from services.directory.reference import Reference
from services.repositories.domain.audiences import Audience, Visibility, held
from services.repositories.domain.definitions import Definition, FieldRule
from services.repositories.domain.entries import Entry, Version
from services.repositories.domain.lifecycle import Status
from services.repositories.index import INDEXES, EntryIndex
from services.repositories.search.asking import Counting, Filter, Narrowing, Question
from services.repositories.search.contents import ENTRIES, number
from services.repositories.search.suggestions import READ
from services.repositories.subjects import Subjects
from vocabulary import countries
from vocabulary.roles import UserRole
from vocabulary.values import Choice, Field, FreeText, Value, ValueType

BATCH = 500
PAGE = 20
AREA = "professional-qualifications"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WORDS = [
    *("registro", "elenco", "albo", "lista", "ordine", "camera", "medici", "notai", "architetti", "ostetriche"),
    *("imprese", "licenze", "sanzioni", "nazionale", "regionale", "provinciale", "pubblico", "tecnico", "commerciale"),
]
KINDS = tuple(Choice(code=f"K{n}", label={"en": f"Kind {n}", "it": f"Tipo {n}"}) for n in range(8))
DEFINITION = Definition(
    code="bench",
    version=1,
    title={},
    description={},
    area=AREA,
    fields=(
        Field(code="name", label={}, type=ValueType.TEXT, searchable=True),
        Field(code="subject", label={}, type=ValueType.CONCEPT, searchable=True, many=True),
        Field(code="kind", label={}, type=ValueType.SINGLE, choices=KINDS),
        Field(code="opened", label={}, type=ValueType.DATE),
        Field(code="fee", label={}, type=ValueType.NUMBER),
        Field(code="remark", label={}, type=ValueType.TEXT, searchable=True),
        Field(code="grade", label={}, type=ValueType.SINGLE, choices=KINDS),
        Field(code="inspector", label={}, type=ValueType.TEXT, searchable=True),
    ),
    rules={
        "remark": FieldRule(audience=Audience(visibility=Visibility.MODULE)),
        "grade": FieldRule(audience=Audience(visibility=Visibility.MODULE)),
        "inspector": FieldRule(audience=Audience(visibility=Visibility.COUNTRY)),
    },
)
# Reads what the module reads, and of Hungarian entries what their country reads.
KEYS = held("aut_reader", "HU", [(AREA, UserRole.VIEWER)], is_commission=False)


class Named(Subjects):
    """Concepts as the directory names them, without asking it."""

    def __init__(self, reference: Reference) -> None:
        self._concepts = reference.concepts

    async def labels(self, concepts: Iterable[str]) -> dict[str, list[str]]:
        return {id_: list(dict.fromkeys(self._concepts[id_].label.values())) for id_ in concepts}


def entries(count: int, concepts: Sequence[str]) -> Iterator[Kept[Entry]]:
    """Made up, and each time the same ones."""
    chance = random.Random(17)
    codes = sorted(countries.ALL)
    for place in range(count):
        country = chance.choice(codes)
        values = {
            "name": _text(f"{' '.join(chance.sample(WORDS, 4))} {place}"),
            "subject": Value(references=tuple(chance.sample(concepts, 2))),
            "kind": Value(codes=(chance.choice(KINDS).code,)),
            "opened": Value(date=date(2000, 1, 1) + timedelta(days=chance.randrange(9_000))),
            "fee": Value(number=Decimal(chance.randrange(100_000)) / 100),
            "remark": _text(" ".join(chance.sample(WORDS, 3))),
            "grade": Value(codes=(chance.choice(KINDS).code,)),
            "inspector": _text(" ".join(chance.sample(WORDS, 2))),
        }
        at = NOW - timedelta(minutes=place)
        version = Version(number=1, schema_version=1, values=values, at=at)
        entry = Entry(
            repository=DEFINITION.code,
            owner_id=f"aut_{country}_{chance.randrange(200)}",
            country=country,
            status=Status.PUBLISHED,
            published=version,
            created_at=at,
            changed_at=at,
        )
        yield Kept(f"ent_{place}", 1, entry)


def _text(words: str) -> Value:
    return Value(text=FreeText(text=words, language="it"))


NAMES = {"tantivy": "tantivy", "elasticsearch": "Elasticsearch"}


def questions() -> dict[str, tuple[Question, int]]:
    """What is asked, by what it shows, and for how many."""
    return {
        **{what: (one, PAGE) for what, one in searches().items()},
        **{what: (one, READ) for what, one in typed().items()},
    }


def typed() -> dict[str, Question]:
    """What is being typed."""
    plain = Question(repository=DEFINITION.code, keys=KEYS, layers=3, unfinished=True)
    return {
        "suggestions for three letters": replace(plain, text="reg"),
        "suggestions for a word and three letters": replace(plain, text="registro naz"),
    }


def searches() -> dict[str, Question]:
    """What is searched for."""
    plain = Question(repository=DEFINITION.code, keys=KEYS, layers=3)
    counting = (
        Counting(called="country", field="country"),
        Counting(called="kind", field="values_0", start="kind="),
        Counting(called="concept", field="values_0", start="@concept="),
    )
    since = Narrowing(code="opened", layer=0, between=("2020-01-01", "2021-06-30"))
    fee = Narrowing(code="fee", layer=0, between=(number(Decimal("12.5")), number(Decimal("99.99"))))
    return {
        "one word": replace(plain, text="ostetriche"),
        "three words, one mistyped": replace(plain, text="registro natzionale medici"),
        "a concept in another language": replace(plain, text="szülésznő"),
        "newest first, no text": replace(plain, sort=Sort("by_change", descending=True)),
        "by name, one word": replace(plain, text="notai", sort=Sort("by_field_0")),
        "a range of days": replace(plain, filter=Filter(fields=(since,)), sort=Sort("by_change", descending=True)),
        "a range of amounts": replace(plain, text="albo", filter=Filter(fields=(fee,))),
        "a word, three facets": replace(plain, text="registro", counting=counting),
        "everything, three facets": replace(plain, counting=counting, sort=Sort("by_change", descending=True)),
        "a facet that not all read": replace(
            plain, text="registro", counting=(Counting(called="grade", field="values_1", start="grade=", layer=1),)
        ),
    }


@asynccontextmanager
async def opened(names: Collection[str]) -> AsyncIterator[dict[str, Search]]:
    """The engines of these names, with nothing in them."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imi-bench-")))
        urls = {"tantivy": f"tantivy:///{folder}/index"}
        if "elasticsearch" in names:
            real = await stack.enter_async_context(servers.running(folder / "servers", ["elasticsearch"]))
            urls["elasticsearch"] = real.search_url.replace("{service}", "bench")
        found = {}
        for name in names:
            await prepare_search(urls[name], INDEXES)
            found[name] = await stack.enter_async_context(open_search(urls[name], INDEXES))
        yield found


async def build(
    index: EntryIndex, engines: Mapping[str, Search], count: int, concepts: Sequence[str]
) -> dict[str, float]:
    """How many documents a second each engine takes, told what they say."""
    seconds = dict.fromkeys(engines, 0.0)
    async with AsyncExitStack() as stack:
        puts = {name: await stack.enter_async_context(one.rebuild(ENTRIES)) for name, one in engines.items()}
        made = entries(count, concepts)
        while batch := list(islice(made, BATCH)):
            documents = await index.shown(batch)
            for name, put in puts.items():
                began = time.perf_counter()
                await put(documents)
                seconds[name] += time.perf_counter() - began
    return {name: count / one for name, one in seconds.items()}


async def ask(names: Collection[str], count: int, rounds: int) -> None:
    """Fill each engine, ask them in turn, and print how long that took."""
    reference = Reference.load()
    concepts = sorted(reference.concepts)[:200]
    concepts += [one for one in ("midwife",) if one not in concepts]
    async with opened(names) as engines:
        known, subjects = {DEFINITION.code: DEFINITION}, Named(reference)
        indexes = {name: EntryIndex(search, known, subjects) for name, search in engines.items()}
        console.print(f"building {count:,} entries …")
        speeds = await build(next(iter(indexes.values())), engines, count, concepts)
        rows = []
        for what, (question, limit) in questions().items():
            seconds: dict[str, list[float]] = {name: [] for name in indexes}
            totals = {}
            # The first round warms up.
            for _ in range(rounds + 1):
                for name, index in indexes.items():
                    began = time.perf_counter()
                    hits, _ = await index.find(question, after=None, limit=limit)
                    seconds[name].append(time.perf_counter() - began)
                    totals[name] = hits.total
            for name, taken in seconds.items():
                p50, p99 = (percentile(taken[1:], share) * 1000 for share in (0.5, 0.99))
                rows.append((what, NAMES[name], f"{totals[name]:,}", f"{p99:.1f}", f"{p50:.1f}"))
        print(f"\n{count:,} entries, pages of {PAGE}, {rounds} rounds.\n")
        print(markdown(("asked", "engine", "found", "p99 ms", "p50 ms"), rows))
        built = [("an index", NAMES[name], f"{speed:,.0f}") for name, speed in speeds.items()]
        print(f"\n{markdown(('built', 'engine', 'documents/s'), built)}")


def main(
    count: Annotated[int, typer.Option("--entries", help="entries in the index")] = 100_000,
    rows: Annotated[int, typer.Option(help="entries in the file")] = 10_000,
    rounds: Annotated[int, typer.Option(help="how often each question is asked")] = 60,
    engine: Annotated[list[str] | None, typer.Option(help="tantivy, elasticsearch; both unless named")] = None,
) -> None:
    """Measure searches, imports and exports, and print what was found."""
    console.print(machine())
    asyncio.run(ask(engine or ["tantivy", "elasticsearch"], count, rounds))
    if not rows:
        return
    before_kb, runs = asyncio.run(transfer(rows))
    size = len(a_file(rows, "Albo")) / 1024 / 1024
    print(f"\nA file of {rows:,} entries, {size:.1f} MB; the service had {before_kb / 1024:.0f} MB before.\n")
    head = ("way", "pass", "came to", "first ms", "CPU ms/row", "memory MB", "rows/s")
    print(
        markdown(
            head,
            [
                (
                    "in" if run.name in BROUGHT else "out",
                    run.name,
                    run.counts,
                    f"{run.first_s * 1000:.0f}",
                    f"{run.cpu_s * 1000 / run.rows:.2f}",
                    f"{run.memory_kb / 1024:.0f}",
                    f"{run.rows / run.seconds:,.0f}",
                )
                for run in runs
            ],
        )
    )


if __name__ == "__main__":
    typer.run(main)
