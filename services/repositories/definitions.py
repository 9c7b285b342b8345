"""The repositories that are shipped: each version of each definition in a folder of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chassis import catalogues, forms
from services.repositories.domain.definitions import READ_BY_EVERY_PERSON, Definition, Visibility
from vocabulary.values import ValueType

FOLDER = Path(__file__).parent / "catalogue"


class DefinitionNotOffered(Exception):
    """A definition promises what this service does not keep yet: narrower readers, or files."""


def definitions() -> dict[str, Definition]:
    """The newest version of every repository, by code; raises IncompleteCatalogue and DefinitionNotOffered."""
    folders = [path.parent for path in FOLDER.glob("*/structure.toml")]
    found = sorted((definition(catalogues.load(folder)) for folder in folders), key=lambda one: (one.code, one.version))
    return {one.code: one for one in found}


def definition(structure: Mapping[str, Any]) -> Definition:
    """The definition that a catalogue's *structure* describes."""
    made = Definition(
        code=structure["code"],
        version=structure["version"],
        title=structure["title"],
        description=structure["description"],
        visibility=Visibility(structure["visibility"]),
        kind=structure["module"],
        fields=tuple(map(forms.field, structure["fields"])),
    )
    if made.visibility not in READ_BY_EVERY_PERSON:
        raise DefinitionNotOffered(f"{made.code}: entries cannot be kept from anybody yet ({made.visibility})")
    if files := [field.code for field in made.fields if field.type is ValueType.DOCUMENT]:
        raise DefinitionNotOffered(f"{made.code}: entries have no files yet ({', '.join(files)})")
    return made
