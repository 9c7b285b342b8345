"""The alert types that are shipped, each version in a folder of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chassis import catalogues, forms
from services.alerts.domain.types import AlertType
from vocabulary.values import ValueType


class TypeNotOffered(Exception):
    """A type asks for what alerts do not keep yet: files."""


def alert_types() -> dict[str, AlertType]:
    """Every published type by id; raises IncompleteCatalogue if a text lacks one of the 24 languages, and TypeNotOffered."""
    folders = sorted(path.parent for path in Path(__file__).parent.glob("*/structure.toml"))
    found = (alert_type(catalogues.load(folder)) for folder in folders)
    return {one.id: one for one in found}


def alert_type(structure: Mapping[str, Any]) -> AlertType:
    """The type that a catalogue's *structure* describes."""
    made = AlertType(
        code=structure["code"],
        version=structure["version"],
        area=structure["area"],
        act=structure["act"],
        title=structure["title"],
        fields=tuple(map(forms.field, structure["fields"])),
    )
    if files := [field.code for field in made.fields if field.type is ValueType.DOCUMENT]:
        raise TypeNotOffered(f"{made.code}: alerts have no files yet ({', '.join(files)})")
    return made
