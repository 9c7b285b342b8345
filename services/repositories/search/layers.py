"""Which fields of a repository the same people read: each such layer is searched, filtered and counted for itself.

Layer 0 is for all of the repository's readers. What stands in another one is looked at for those alone who hold a key to it, entry by
entry, inside the query: to everybody else an entry is found, counted and sorted as if it were not there.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.definitions import Definition
from vocabulary.values import CHOOSING, REFERRING, Field, ValueType

# Fields of further audiences are read, but not searched.
LAYERS = 8
# Keys to sort by, beside those that every entry has.
SORTABLE = 8

COUNTED = CHOOSING | REFERRING
SORTED = (ValueType.TEXT, ValueType.DATE, ValueType.NUMBER, ValueType.MONEY)
FILTERED = CHOOSING | REFERRING | {ValueType.LINK, *SORTED}

# Where it makes a difference to the Commission that a field is personal.
_COMMISSION_READS = (Visibility.ALL_IMI, Visibility.MODULE)

_Kind = tuple[Audience, bool]


def layers(definition: Definition) -> Mapping[str, int]:
    """The layer of each field that can be searched, also of those that only earlier versions have."""
    return _layers(definition.audience, tuple(_kinds(definition)))


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


def _kinds(definition: Definition) -> list[tuple[str, _Kind]]:
    found = []
    for field in fields(definition):
        audience = definition.rule(field.code).audience or definition.audience
        found.append((field.code, (audience, field.personal and audience.visibility in _COMMISSION_READS)))
    return found


@lru_cache(256)
def _layers(audience: Audience, kinds: tuple[tuple[str, _Kind], ...]) -> Mapping[str, int]:
    numbers: dict[_Kind, int] = {(audience, False): 0}
    found: dict[str, int] = {}
    for code, kind in kinds:
        if kind not in numbers and len(numbers) == LAYERS:
            continue
        found[code] = numbers.setdefault(kind, len(numbers))
    return found
