"""What a repository is: which fields its entries have, who may read them, in which modules they are edited."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from vocabulary.values import Field, LocalizedText, Value, ValueType, check_form


class Visibility(StrEnum):
    """Who reads what is published."""

    PUBLIC = "PUBLIC"
    ALL_IMI = "ALL_IMI"
    MODULE = "MODULE"
    COUNTRY = "COUNTRY"
    ROLE = "ROLE"
    EXPLICIT = "EXPLICIT"


# A definition that asks for less than this is not offered: entries would be read by people it keeps out.
READ_BY_EVERY_PERSON = frozenset({Visibility.PUBLIC, Visibility.ALL_IMI})


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A repository, in the version of its schema that is in force. Entries belong to modules of its *kind*."""

    code: str
    version: int
    title: LocalizedText
    description: LocalizedText
    visibility: Visibility
    kind: str
    fields: tuple[Field, ...]

    def check(self, values: Mapping[str, Value], *, complete: bool) -> dict[str, Value]:
        """*values*, each checked; raises Invalid naming the one at fault, or the fields that *complete* finds missing."""
        return check_form(self.fields, values, at="values", complete=complete)

    def areas(self, values: Mapping[str, Value]) -> dict[str, str]:
        """The areas of legislation that *values* put an entry in, each with the place in the input where it stands."""
        placing = self._codes(ValueType.AREA)
        return {
            area: f"values[{index}].value.references[{place}]"
            for index, (code, value) in enumerate(values.items())
            if code in placing
            for place, area in enumerate(value.references or ())
        }

    def concepts(self, values: Mapping[str, Value], *, searched: bool = False) -> list[str]:
        """The keyword concepts that *values* name; with *searched*, only those whose words find the entry."""
        naming = self._codes(ValueType.CONCEPT, searched=searched)
        return [concept for code, value in values.items() if code in naming for concept in value.references or ()]

    def texts(self, values: Mapping[str, Value]) -> list[str]:
        """What people wrote in *values* and can search for."""
        written = self._codes(ValueType.TEXT, searched=True)
        return [value.text.text for code, value in values.items() if code in written and value.text]

    def _codes(self, kind: ValueType, *, searched: bool = False) -> set[str]:
        return {field.code for field in self.fields if field.type is kind and (field.searchable or not searched)}
