"""How well questions are answered: success among the first, reciprocal rank, and answers to nonsense, by language and kind.

``python -m bench.search.evaluate``: the questions of `bench/search/questions/`, or of another folder, asked of a directory with an
authority for each concept in each country, on the embedded and on the real engine. Each is understood and asked as the service does.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bench.figures import console, show
from bench.search import directory, evaluation_set
from bench.search.engines import Engine, Filled, filled
from bench.search.evaluation_set import Asked, Kind
from chassis.aggregates import Kept
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from services.directory.search.index import Filter, shown
from services.directory.search.places import Gazetteer
from services.directory.search.question import Questions, Understood
from services.directory.search.vocabulary import vocabularies
from vocabulary import languages

PAGE = 20
AUTHORITIES = 7_000
# What is aimed for.
GOALS = "success@5 0.95 without synonyms, 0.90 in the worst language; 0.75 on synonyms, 0.85 on phrases; nonsense 0.05 at most"

Chosen = StrEnum("Chosen", {"TANTIVY": "tantivy", "ELASTICSEARCH": "elasticsearch", "BOTH": "both"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question got: the ids found, how many there are, and the place of the first right one (0: none)."""

    asked: Asked
    understood: Understood
    ids: tuple[str, ...]
    total: int
    rank: int

    def is_among(self, first: int) -> float:
        return float(0 < self.rank <= first)

    @property
    def reciprocal_rank(self) -> float:
        return 1 / self.rank if self.rank else 0.0

    @property
    def is_missed(self) -> bool:
        return self.total > 0 if self.asked.kind is Kind.NONSENSE else not self.is_among(5)


async def answers(
    one: Filled, asking: Questions, asked: Sequence[Asked], there: Mapping[str, Authority]
) -> list[Answer]:
    """What *one* engine finds for each question."""
    given = []
    for question in asked:
        understood = asking.understand(question.text, question.language)
        hits = await one.index.find(understood, question.text, question.language, Filter(), limit=PAGE)
        ids = tuple(hit.id for hit in hits.hits)
        rank = next((n for n, id_ in enumerate(ids, 1) if question.is_answered_by(there[id_])), 0)
        given.append(Answer(question, understood, ids, hits.total, rank))
    return given


async def evaluate(engines: Sequence[Engine], asked: Sequence[Asked], count: int) -> dict[Engine, list[Answer]]:
    """The answers of each of *engines*, over a directory of *count* authorities."""
    reference = Reference.load()
    gazetteer = Gazetteer(reference)
    asking = Questions(vocabularies(reference), gazetteer)
    kept: list[Kept[Authority]] = directory.authorities(reference, count)
    there = {one.id: one.state for one in kept}
    documents = await shown(reference, gazetteer)(kept)
    async with filled(engines, reference, documents) as opened:
        return {one.engine: await answers(one, asking, asked, there) for one in opened}


def mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def tables(given: Sequence[Answer]) -> None:
    """By kind and by language, with bars; then success@1, success@5 and reciprocal rank of each language and kind."""
    answerable = [one for one in given if one.asked.kind is not Kind.NONSENSE]
    head = ("questions", "success@1", "MRR", "success@5")
    for title, key in (("By kind", lambda one: one.asked.kind), ("By language", lambda one: one.asked.language)):
        show(title, (title.split()[-1], *head), _rows(answerable, key))
    nonsense = [one for one in given if one.asked.kind is Kind.NONSENSE]
    plain = [one for one in answerable if one.asked.kind is not Kind.SYNONYM]
    worst = min(_grouped(plain, lambda one: one.asked.language).items(), key=lambda group: _success(group[1], 5))
    console.print(
        f"success@5 without synonyms {_success(plain, 5):.3f}, in the worst language ({worst[0]}) {_success(worst[1], 5):.3f}; "
        f"nonsense with a hit: {mean(one.is_missed for one in nonsense):.3f} of {len(nonsense)}\naimed for: {GOALS}\n"
    )
    console.print(
        "Each language and kind: success@1, success@5, MRR, in hundredths; nonsense: how many of how many have a hit"
    )
    console.print("| | " + " | ".join(Kind) + " |\n|" + "---|" * (len(Kind) + 1), soft_wrap=True)
    for code, own in _grouped(given, lambda one: one.asked.language).items():
        cells = [_cell([one for one in own if one.asked.kind is kind], kind) for kind in Kind]
        console.print(f"| {code} | " + " | ".join(cells) + " |", soft_wrap=True)


def _rows(given: Sequence[Answer], key: Callable[[Answer], str]) -> list[tuple[object, ...]]:
    groups = {**_grouped(given, key), "all": list(given)}
    return [
        (
            name,
            len(group),
            f"{_success(group, 1):.2f}",
            f"{mean(one.reciprocal_rank for one in group):.2f}",
            f"{_success(group, 5):.3f}",
        )
        for name, group in groups.items()
    ]


def _cell(group: Sequence[Answer], kind: Kind) -> str:
    if not group:
        return ""
    if kind is Kind.NONSENSE:
        return f"{sum(one.is_missed for one in group)}/{len(group)}"
    figures = (_success(group, 1), _success(group, 5), mean(one.reciprocal_rank for one in group))
    return " ".join(f"{100 * one:.0f}" for one in figures)


def _grouped(given: Iterable[Answer], key: Callable[[Answer], str]) -> dict[str, list[Answer]]:
    groups: dict[str, list[Answer]] = defaultdict(list)
    for one in given:
        groups[key(one)].append(one)
    return groups


def _success(group: Iterable[Answer], first: int) -> float:
    return mean(one.is_among(first) for one in group)


def differences(given: Mapping[Engine, Sequence[Answer]]) -> list[str]:
    """The questions to which the engines give other ids, or the same in another order."""
    return [
        f"{same[0].asked.language}: {same[0].asked.text}"
        for same in zip(*given.values(), strict=True)
        if len({(one.ids, one.total) for one in same}) > 1
    ]


def missed(given: Sequence[Answer]) -> None:
    """Each question without its answer, and what it was understood as."""
    for one in given:
        if one.is_missed:
            meant = ", ".join(f"{each.concept} {each.likeness:.2f}" for each in one.understood.concepts) or "-"
            places = ", ".join(place.code for place in one.understood.places) or "-"
            console.print(
                f"{one.asked.language} {one.asked.kind}: {one.asked.text!r} wants {', '.join(one.asked.concepts) or '-'} "
                f"{one.asked.country or ''} | {one.understood.language}: {meant} | {places} | rest {list(one.understood.rest)} "
                f"| {one.total} hits",
                soft_wrap=True,
                markup=False,
            )


def main(
    engine: Annotated[Chosen, typer.Option(help="on which engine")] = Chosen.BOTH,
    language: Annotated[str, typer.Option(help="one language only, by its code")] = "",
    misses: Annotated[bool, typer.Option(help="list the questions that are not answered")] = False,
    questions: Annotated[Path, typer.Option(help="a folder of questions, one file a language")] = evaluation_set.FOLDER,
    authorities: Annotated[int, typer.Option(help="authorities in the directory")] = AUTHORITIES,
) -> None:
    """Ask all labelled questions, and print how well they were answered."""
    engines = list(Engine) if engine is Chosen.BOTH else [Engine(engine.value)]
    asked = evaluation_set.load(questions, [language] if language else languages.ALL)
    if not asked:
        raise typer.BadParameter(f"there are no questions in {questions}", param_hint="questions")
    given = asyncio.run(evaluate(engines, asked, authorities))
    for name, its in given.items():
        console.print(f"\n{name}: {len(its)} questions, {authorities} authorities")
        tables(its)
        if misses:
            missed(its)
    if len(given) > 1:
        others = differences(given)
        console.print(
            f"\nThe engines give the same ids in the same order to {len(asked) - len(others)} of {len(asked)} questions"
        )
        for other in others:
            console.print(f"  not to {other}", markup=False)


if __name__ == "__main__":
    typer.run(main)
