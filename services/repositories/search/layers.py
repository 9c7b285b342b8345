"""Which fields of a repository the same people read: each such layer is searched, filtered and counted for itself.

Layer 0 is for all of the repository's readers. What stands in another one is looked at for those alone who hold a key to it, entry by
entry, inside the query: to everybody else an entry is found, counted and sorted as if it were not there.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from services.repositories.domain.definitions import Circle, Definition
from services.repositories.domain.publishing import CIRCLES_LIMIT
from vocabulary.values import CHOOSING, REFERRING, Field, ValueType

LAYERS = CIRCLES_LIMIT
# Keys to sort by, beside those that every entry has.
SORTABLE = 8

COUNTED = CHOOSING | REFERRING
SORTED = (ValueType.TEXT, ValueType.DATE, ValueType.NUMBER, ValueType.MONEY)
FILTERED = CHOOSING | REFERRING | {ValueType.LINK, *SORTED}


def layers(definition: Definition) -> Mapping[str, int]:
    """The layer of each field that can be searched, also of those that only earlier versions have, as far as there is room."""
    circles = tuple((field.code, definition.circle_of(field)) for field in fields(definition))
    return _layers(definition.circle, circles)


def count(definition: Definition) -> int:
    """How many layers there are."""
    return max(layers(definition).values(), default=0) + 1


def fields(definition: Definition) -> Sequence[Field]:
    """The fields of *definition*, those of its earlier versions behind them."""
    return (*definition.fields, *definition.retired)


def is_asked_for(field: Field) -> bool:
    """Whether entries are looked for by what *field* says: not by what is personal, unless the definition says so."""
    return field.searchable or not field.personal


def sorting(definition: Definition) -> Mapping[str, int]:
    """The number of the key that each field has to sort by. There are none of what not all readers read."""
    layer = layers(definition)
    there = [
        field.code
        for field in fields(definition)
        if field.type in SORTED and is_asked_for(field) and layer.get(field.code) == 0
    ]
    return {code: number for number, code in enumerate(there[:SORTABLE])}


@lru_cache(256)
def _layers(readers: Circle, circles: tuple[tuple[str, Circle], ...]) -> Mapping[str, int]:
    numbers: dict[Circle, int] = {readers: 0}
    found: dict[str, int] = {}
    for code, circle in circles:
        if circle not in numbers and len(numbers) == LAYERS:
            continue
        found[code] = numbers.setdefault(circle, len(numbers))
    return found
