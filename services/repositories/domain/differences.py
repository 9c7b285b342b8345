"""What differs between two versions of an entry."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.repositories.domain.definitions import Definition
from vocabulary.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field that two versions say something different in; None where one says nothing."""

    code: str
    before: Value | None
    after: Value | None


def differences(definition: Definition, before: Mapping[str, Value], after: Mapping[str, Value]) -> list[Difference]:
    """The fields that *before* and *after* say something different in, in the order of the form; those that it has no more, behind."""
    order = [one.code for one in (*definition.fields, *definition.retired)]
    return [
        Difference(code=code, before=before.get(code), after=after.get(code))
        for code in order
        if before.get(code) != after.get(code)
    ]
