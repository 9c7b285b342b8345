"""What helps people to use the system: info points, glossary, frequently asked questions, guidelines.

Texts are catalogues like all others, complete in every language; `look_for` finds among them in the reader's language.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from chassis import catalogues
from engines.search.folding import words
from vocabulary import languages
from vocabulary.refusals import Invalid
from vocabulary.values import LocalizedText

HERE = Path(__file__).parent
TEXT_LIMIT = 200
# Of an action, or an action and a field.
NAME_LIMIT = 200

Item = TypeVar("Item")


class BuildingBlock(StrEnum):
    """A part of the system that can be used alone."""

    DIRECTORY = "DIRECTORY"
    REQUESTS = "REQUESTS"
    ALERTS = "ALERTS"
    TRANSLATION = "TRANSLATION"
    REPOSITORIES = "REPOSITORIES"


@dataclass(frozen=True, slots=True)
class Term:
    code: str
    name: LocalizedText
    meaning: LocalizedText


@dataclass(frozen=True, slots=True)
class FrequentQuestion:
    code: str
    block: BuildingBlock
    question: LocalizedText
    answer: LocalizedText


@dataclass(frozen=True, slots=True)
class Section:
    code: str
    title: LocalizedText
    text: LocalizedText


@dataclass(frozen=True, slots=True)
class Guideline:
    block: BuildingBlock
    title: LocalizedText
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Guidance:
    """All of it, in memory. `info` goes by action, by field, and by action and field where that says something else."""

    info: Mapping[str, LocalizedText]
    glossary: tuple[Term, ...]
    faq: tuple[FrequentQuestion, ...]
    guidelines: tuple[Guideline, ...]

    @classmethod
    def load(cls) -> "Guidance":
        """From the catalogues; raises IncompleteCatalogue if a text lacks one of the 24 languages."""
        info = catalogues.load(HERE / "info")
        return cls(
            {code: one["help"] for one in (*info["actions"], *info["fields"]) for code in _meant(one)},
            tuple(
                Term(one["code"], one["name"], one["description"])
                for one in catalogues.load(HERE / "glossary")["terms"]
            ),
            tuple(
                FrequentQuestion(f"{block['code']}.{one['code']}", _block(block), one["title"], one["description"])
                for block in catalogues.load(HERE / "faq")["blocks"]
                for one in block["questions"]
            ),
            tuple(
                Guideline(
                    _block(block),
                    block["title"],
                    tuple(Section(one["code"], one["title"], one["description"]) for one in block["sections"]),
                )
                for block in catalogues.load(HERE / "guidelines")["blocks"]
            ),
        )

    def about(self, of: str) -> LocalizedText | None:
        """The info point of an action, or of a field of its form (`action.field`): the form's own, else the field's.

        None for what can be neither.
        """
        action, _, field = of.partition(".")
        if len(of) > NAME_LIMIT or not action.isidentifier():
            return None
        return self.info.get(of) or (self.info.get(field) if field else self.info.get(action))


def look_for(
    text: str,
    language: str,
    items: Sequence[Item],
    name: Callable[[Item], LocalizedText],
    rest: Callable[[Item], LocalizedText],
) -> list[Item]:
    """The *items* in which every word of *text* begins a word, as read in *language*; those with all of them in the name first.

    An empty text finds all of them in their order. Raises Invalid for a text that is too long.
    """
    if len(text) > TEXT_LIMIT:
        raise Invalid(f"a question has at most {TEXT_LIMIT} characters", field="text", reason="TOO_LONG")
    wanted = words(text)
    found: list[tuple[bool, int, Item]] = []
    for place, item in enumerate(items):
        in_name, in_rest = _read(name(item), language), _read(rest(item), language)
        if _all_begin(wanted, [*in_name, *in_rest]):
            found.append((not _all_begin(wanted, in_name), place, item))
    return [item for _, _, item in sorted(found, key=lambda one: one[:2])]


def _read(text: LocalizedText, language: str) -> list[str]:
    best = languages.best_text(text, language)
    return words(best[0]) if best else []


def _all_begin(wanted: Iterable[str], said: Sequence[str]) -> bool:
    return all(any(word.startswith(one) for word in said) for one in wanted)


def _block(table: Mapping[str, str]) -> BuildingBlock:
    return BuildingBlock(table["code"].upper())


def _meant(table: Mapping[str, Sequence[str]]) -> list[str]:
    return [str(table["code"]), *table.get("covers", ())]
