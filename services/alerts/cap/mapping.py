"""How alerts are put into the words of CAP: data, read once, of which every word is one of the standard's."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from services.alerts.cap.message import Category, Certainty, ResponseType, Severity, Urgency
from services.alerts.domain.types import AlertType
from vocabulary.values import Value

FILE = Path(__file__).with_name("mapping.toml")
_WORDS = {
    "category": Category,
    "urgency": Urgency,
    "severity": Severity,
    "certainty": Certainty,
    "response": ResponseType,
}


class FaultyMapping(Exception):
    """The table says something that CAP has no word for, or not what it must; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """What CAP says of an alert beside its text."""

    categories: tuple[Category, ...]
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    response_types: tuple[ResponseType, ...]


def classes(kind: AlertType, values: Mapping[str, Value], severity: str) -> Classes:
    """How an alert of this *kind* with these *values* and this risk level is classed."""
    table = mapping()
    said = {**table["default"], **table["area"].get(kind.area, {}), **table["type"].get(kind.code, {})}
    chosen = [
        category
        for field, categories in table["categories"].items()
        for code in values.get(field, Value()).codes or ()
        if (category := categories.get(code))
    ]
    return Classes(
        categories=tuple(Category(one) for one in dict.fromkeys(chosen or said["category"])),
        urgency=Urgency(said["urgency"]),
        severity=Severity(table["severity"].get(severity, said["severity"])),
        certainty=Certainty(said["certainty"]),
        response_types=tuple(ResponseType(one) for one in said["response"]),
    )


@lru_cache(1)
def mapping() -> Mapping[str, Any]:
    """The table that is shipped; raises FaultyMapping."""
    return checked(tomllib.loads(FILE.read_text(encoding="utf-8")))


def checked(table: dict[str, Any]) -> dict[str, Any]:
    """*table* with every part that it may have; raises FaultyMapping naming what is at fault."""
    whole = {"type": {}, "area": {}, "categories": {}, "severity": {}, **table}
    if unknown := set(whole) - {"type", "area", "categories", "severity", "default"}:
        raise FaultyMapping(f"nothing is known of {', '.join(sorted(unknown))}")
    if missing := set(_WORDS) - set(whole.get("default", {})):
        raise FaultyMapping(f"default lacks {', '.join(sorted(missing))}")
    entries = {"default": whole["default"]}
    entries |= {f"{by}.{name}": entry for by in ("type", "area") for name, entry in whole[by].items()}
    for where, entry in entries.items():
        for key, said in entry.items():
            _check(key, said, f"{where}.{key}")
    for field, categories in whole["categories"].items():
        for code, said in categories.items():
            _check("category", [said], f"categories.{field}.{code}")
    for level, said in whole["severity"].items():
        _check("severity", said, f"severity.{level}")
    return whole


def _check(key: str, said: Any, where: str) -> None:
    if key not in _WORDS:
        raise FaultyMapping(f"nothing is known of {where}")
    many = key in ("category", "response")
    if many != isinstance(said, list) or not said:
        raise FaultyMapping(f"{where} must be {'a list' if many else 'one word'}")
    for word in said if many else [said]:
        if word not in set(_WORDS[key]):
            raise FaultyMapping(f"{where}: CAP has no {key} {word!r}; it has {', '.join(_WORDS[key])}")
