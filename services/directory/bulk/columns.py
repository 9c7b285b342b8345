"""The columns of a file: what each holds, and what the rules call it.

A column is named by the path of the key that holds the same in JSON: ``official_name.it``, ``modules.services/alerts``.
"""

import re
from collections.abc import Mapping, Sequence

from chassis.tables.rows import Kind
from services.directory.reference import Reference
from vocabulary import languages

EXTERNAL_ID = "external_id"
STATUS = "status"
COUNTRY = "country"
LEVEL = "level"
REGION = "region"
CONTACT = ("email", "phone", "website", "town")
LANGUAGES = "languages"
CONCEPTS = "concepts"
MODULES = "modules."
TEXTS = ("official_name", "informal_name", "description")

_INDEX = re.compile(r"\[[0-9]+\]$")
_ACCESS = re.compile(r"access\[([0-9]+)\]")
# What the rules call it → the column.
_NAMES = {
    "externalId": EXTERNAL_ID,
    "officialName": "official_name",
    "informalName": "informal_name",
    "access": MODULES.rstrip("."),
    **{f"contact.{name}": name for name in CONTACT},
}


def columns(reference: Reference) -> Mapping[str, Kind]:
    """Every column there is, in the order in which they are written."""
    texts = [f"{name}.{code}" for name in TEXTS for code in languages.ALL]
    modules = [MODULES + module for area in reference.areas.values() for module in area.modules]
    return {
        **dict.fromkeys((EXTERNAL_ID, STATUS, COUNTRY, LEVEL, REGION, *CONTACT), Kind.TEXT),
        **dict.fromkeys((LANGUAGES, CONCEPTS, *modules), Kind.WORDS),
        **dict.fromkeys(texts, Kind.TEXT),
    }


def column(field: str, modules: Sequence[str]) -> str:
    """The column of what the rules call *field*, where *modules* are those of the row in their order."""
    field = field.removeprefix("authority.")
    if part := _ACCESS.match(field):
        return MODULES + modules[int(part.group(1))]
    field = _INDEX.sub("", field)
    if field in _NAMES:
        return _NAMES[field]
    head, dot, language = field.partition(".")
    return f"{_NAMES.get(head, head)}{dot}{language}"
