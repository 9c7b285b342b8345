"""The alert types that are shipped, each version in a folder of its own: a new type needs no code."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from chassis import catalogues, forms
from services.alerts.domain.publishing import check_type
from services.alerts.domain.types import AlertType, Audience, Flow, TypeRules
from vocabulary.refusals import Invalid, Unavailable

SHIPPED = Path(__file__).parent

_RULES: Mapping[str, Field[Any]] = {field.name: field for field in fields(TypeRules)}
_LISTS: Mapping[str, type[StrEnum]] = {"flow": Flow, "recipients": Audience}
# What the value of a rule is, by how its name ends.
_KINDS: Mapping[str, type] = {"approval": bool, "_days": int, "_months": int, "_field": str, "_fields": tuple}


class Types(dict[str, AlertType]):
    """Types by id. An alert of another one was made by a newer program, while replicas are replaced: it waits for the next replica."""

    def __missing__(self, id_: str) -> AlertType:
        raise Unavailable(f"this replica does not know alerts of the type {id_!r}; a newer one does")


def alert_types(root: Path = SHIPPED) -> Types:
    """Every type in a folder of *root* by id; raises IncompleteCatalogue if a text lacks one of the 24 languages, Invalid if a
    type makes no sense.
    """
    folders = sorted(path.parent for path in root.glob("*/structure.toml"))
    found = (alert_type(catalogues.load(folder)) for folder in folders)
    return Types({one.id: one for one in found})


def alert_type(structure: Mapping[str, Any]) -> AlertType:
    """The type that a catalogue's *structure* describes; raises Invalid naming what is wrong with it."""
    at = f"{structure['code']}-v{structure['version']}"
    made = AlertType(
        code=structure["code"],
        version=structure["version"],
        area=structure["area"],
        act=structure["act"],
        title=structure["title"],
        fields=tuple(map(forms.field, structure["fields"])),
        rules=_rules(structure.get("rules", {}), f"{at}.rules"),
    )
    check_type(made, at=at)
    return made


def _rules(table: Mapping[str, Any], at: str) -> TypeRules:
    """The rules of *table*, each of its kind; what they say together is for `check_type`."""
    for name in table:
        if name not in _RULES:
            raise Invalid(f"there is no rule {name!r}", field=f"{at}.{name}", reason="UNKNOWN_RULE")
    for name, field in _RULES.items():
        if name not in table and field.default is MISSING:
            raise Invalid(f"a type says its {name}", field=f"{at}.{name}", reason="MISSING")
    return TypeRules(**{name: _rule(name, value, f"{at}.{name}") for name, value in table.items()})


def _rule(name: str, value: Any, at: str) -> Any:
    if name in _LISTS:
        known = [one.value for one in _LISTS[name]]
        if value not in known:
            raise Invalid(f"{value!r} is none of {', '.join(known)}", field=at, reason="UNKNOWN_CHOICE")
        return _LISTS[name](value)
    given = tuple(value) if isinstance(value, list) else value
    wanted = next(kind for end, kind in _KINDS.items() if name.endswith(end))
    # Exactly that type: to Python, true is a whole number too.
    if type(given) is not wanted or given in ("", ()) or not _all_text(given):
        raise Invalid(f"{value!r} is not what {name} takes", field=at, reason="WRONG_TYPE")
    return given


def _all_text(given: Any) -> bool:
    return not isinstance(given, tuple) or all(isinstance(one, str) and one for one in given)
