"""What the index holds of an entry, and how it writes values so that they sort as they should."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from chassis.aggregates import Kept
from chassis.lists import sortable
from engines.search import Index, SearchDocument
from engines.search.folding import fold
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Entry, Version
from services.repositories.search.layers import LAYERS, SORTABLE, fields, is_asked_for, layers, sorting
from vocabulary.values import CHOOSING, Field, Value, ValueType

# What any entry may be about, whatever its field is called. No field's code has such a sign in it.
AREA, CONCEPT = "@area", "@concept"
# Before and behind every day that an entry can be valid on.
EVER_SINCE, FOR_EVER = "0000-00-00", "9999-99-99"
# So much of a text is there to filter by its beginning, and to sort by.
BEGINNING = 80

_NUMBERS = range(LAYERS)
ENTRIES = Index(
    "entries",
    words=tuple(f"text_{number}" for number in _NUMBERS),
    grams=tuple(f"pieces_{number}" for number in _NUMBERS),
    terms=(
        *("repository", "owner", "country", "valid_from", "valid_to"),
        *(f"readers_{number}" for number in _NUMBERS),
        *(f"values_{number}" for number in _NUMBERS),
    ),
    keys=("by_change", "by_country", "by_end", *(f"by_field_{number}" for number in range(SORTABLE))),
)

_PLACES = 6
_ZERO = 10**21


def document(
    kept: Kept[Entry], version: Version, definition: Definition, labels: Mapping[str, Sequence[str]]
) -> SearchDocument:
    """What is found of *version*, which readers see of an entry; *labels* are the names of concepts in every language."""
    entry = kept.state
    found: dict[str, list[str]] = {
        "repository": [entry.repository],
        "owner": [entry.owner_id],
        "country": [entry.country],
        "valid_from": [version.valid_from.isoformat() if version.valid_from else EVER_SINCE],
        "valid_to": [version.valid_to.isoformat() if version.valid_to else FOR_EVER],
        "readers_0": sorted(definition.readers(version.values, entry.owner_id, entry.country)),
        "by_change": [sortable(version.at)],
        "by_country": [entry.country],
        "by_end": [version.valid_to.isoformat() if version.valid_to else FOR_EVER],
    }
    if definition.area:
        found["values_0"] = [f"{AREA}={definition.area}"]
    layer, keys = layers(definition), sorting(definition)
    for field in fields(definition):
        value, number = version.values.get(field.code), layer.get(field.code)
        if value is None or number is None:
            continue
        if number and f"readers_{number}" not in found:
            readers = definition.field_readers(field.code, version.values, entry.owner_id, entry.country)
            found[f"readers_{number}"] = sorted(readers)
        found.setdefault(f"values_{number}", []).extend(_values(field, value))
        if field.searchable:
            texts = list(said(field, value, labels))
            found.setdefault(f"text_{number}", []).extend(texts)
            found.setdefault(f"pieces_{number}", []).extend(texts)
        if field.code in keys and (key := _single(value)):
            found[f"by_field_{keys[field.code]}"] = [key]
    return SearchDocument(kept.id, found, kept.revision)


def said(field: Field, value: Value, labels: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The texts that *value* is found by: what somebody wrote, and the names of what it stands for in every language."""
    if value.text:
        yield value.text.text
    elif field.type in CHOOSING:
        for choice in field.choices:
            if choice.code in (value.codes or ()):
                yield from dict.fromkeys(choice.label.values())
    elif field.type is ValueType.CONCEPT:
        for concept in value.references or ():
            yield from labels.get(concept, ())


def concepts(definition: Definition, values: Iterable[Mapping[str, Value]]) -> list[str]:
    """The concepts in *values* by whose names entries are found."""
    naming = {one.code for one in fields(definition) if one.type is ValueType.CONCEPT and one.searchable}
    return [id_ for one in values for code, value in one.items() if code in naming for id_ in value.references or ()]


def beginning(text: str) -> str:
    """How a text is written to be found by its beginning, and sorted."""
    return " ".join(fold(text).split())[:BEGINNING]


def number(amount: Decimal) -> str:
    """How a number is written so that texts sort as numbers do: all are as long, and none is below zero."""
    return f"{int(amount.scaleb(_PLACES)) + _ZERO:022d}"


def _values(field: Field, value: Value) -> Iterator[str]:
    if not is_asked_for(field):
        return
    about = {ValueType.AREA: AREA, ValueType.CONCEPT: CONCEPT}.get(field.type)
    if about:
        yield from (f"{about}={one}" for one in value.references or ())
    single = _single(value)
    several = value.codes or value.references or ((value.link,) if value.link else ())
    yield from (f"{field.code}={one}" for one in ([single] if single else several))


def _single(value: Value) -> str:
    """What a field that can be sorted says; nothing for any other."""
    if value.text:
        return beginning(value.text.text)
    if value.date:
        return value.date.isoformat()
    if value.number is not None:
        return number(value.number)
    if value.money:
        return number(value.money.amount)
    return ""
