"""Typed fields from a catalogue: questions, alert forms, repository definitions; and the closed lists they share."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import vocabulary
from chassis import catalogues
from chassis.wire import few, localized_from
from protos.common.v1 import common_pb2
from vocabulary.forms import TEXT_LIMIT
from vocabulary.refusals import Invalid
from vocabulary.values import Choice, Field, ValueType

_LISTS = Path(vocabulary.__file__).parent / "lists"
_LIST_OF_TYPE = {ValueType.YES_NO: "yes-no", ValueType.YES_NO_UNKNOWN: "yes-no-not-known"}


@lru_cache(1)
def closed_lists() -> Mapping[str, tuple[Choice, ...]]:
    """The closed lists that all modules share, by name; raises IncompleteCatalogue."""
    return {
        name: tuple(_choice(one) for one in table["choices"])
        for name, table in catalogues.load(_LISTS).items()
        if isinstance(table, dict)
    }


def list_of(kind: ValueType) -> str:
    """The name of the closed list that every field of this *kind* has; empty for the kinds that bring none."""
    return _LIST_OF_TYPE.get(kind, "")


def field(table: Mapping[str, Any]) -> Field:
    """The field that a catalogue's *table* describes. Its choices are its own, or the name of a closed list."""
    kind = ValueType(table["type"])
    choices = table.get("choices", list_of(kind) or ())
    return Field(
        code=table["code"],
        label=table["label"],
        type=kind,
        help=table.get("help", {}),
        choices=closed_lists()[choices] if isinstance(choices, str) else tuple(_choice(one) for one in choices),
        mandatory=table.get("mandatory", False),
        personal=table.get("personal", False),
        many=table.get("many", False),
        minimum=_decimal(table.get("minimum")),
        maximum=_decimal(table.get("maximum")),
        searchable=table.get("searchable", False),
    )


def choices_from(
    code: str, kind: ValueType, choice_list: str, own: Sequence[common_pb2.Choice], *, at: str
) -> tuple[Choice, ...]:
    """The choices of the field *code* that somebody writes: its *own*, or those of a closed list; raises Invalid for both, for too
    many, and for a list that there is not.
    """
    name = choice_list or list_of(kind)
    if name and own:
        raise Invalid(
            f"{code} has the choices of {name}, or its own, but not both", field=f"{at}.choices", reason="CONTRADICTION"
        )
    if not name:
        return tuple(
            Choice(
                code=one.code,
                label=localized_from(one.label, at=f"{at}.choices[{index}].label", limit=TEXT_LIMIT),
            )
            for index, one in enumerate(few(own, at=f"{at}.choices"))
        )
    lists = closed_lists()
    if name not in lists or list_of(kind) not in ("", name):
        known = list_of(kind) or ", ".join(sorted(lists))
        raise Invalid(f"{code} has no list {name!r}; there is {known}", field=f"{at}.choiceList", reason="UNKNOWN_LIST")
    return lists[name]


def _choice(table: Mapping[str, Any]) -> Choice:
    return Choice(code=table["code"], label=table["label"])


def _decimal(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))
