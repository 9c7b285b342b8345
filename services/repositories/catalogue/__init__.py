"""The repositories that are shipped, each version of each definition in a folder of its own: a new one needs no code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chassis import catalogues, forms
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.definitions import Definition, FieldRule, Retention
from services.repositories.domain.publishing import check_definition
from vocabulary.roles import REPOSITORY, UserRole

SHIPPED = Path(__file__).parent


def definitions(root: Path = SHIPPED) -> dict[str, Definition]:
    """Every version in a folder of *root* by id; raises IncompleteCatalogue if a text lacks one of the 24 languages, Invalid if a
    definition makes no sense.
    """
    folders = sorted(path.parent for path in root.glob("*/structure.toml"))
    found = (definition(catalogues.load(folder)) for folder in folders)
    return {one.id: one for one in found}


def definition(structure: Mapping[str, Any]) -> Definition:
    """The definition that a catalogue's *structure* describes; raises Invalid naming what is wrong with it."""
    kept = structure.get("retention", {})
    made = Definition(
        code=structure["code"],
        version=structure["version"],
        title=structure["title"],
        description=structure["description"],
        legal_basis=structure["legal_basis"]["title"],
        area=structure.get("area", ""),
        kind=structure.get("module", REPOSITORY),
        audience=_audience(structure["audience"]),
        editor_roles=tuple(map(UserRole, structure.get("editor_roles", (UserRole.REPOSITORY_EDITOR,)))),
        approval=structure.get("approval", False),
        retention=Retention(
            archived_after_months=kept.get("archived_after_months"), erased_after_months=kept.get("erased_after_months")
        ),
        fields=tuple(map(forms.field, structure["fields"])),
        rules={one["code"]: _rule(one) for one in structure["fields"]},
    )
    check_definition(made, at=f"{made.code}-v{made.version}")
    return made


def _rule(table: Mapping[str, Any]) -> FieldRule:
    audience = table.get("audience")
    return FieldRule(audience=_audience(audience) if audience else None, translatable=table.get("translatable", False))


def _audience(table: Mapping[str, Any]) -> Audience:
    return Audience(
        visibility=Visibility(table["visibility"]),
        countries=tuple(table.get("countries", ())),
        roles=tuple(map(UserRole, table.get("roles", ()))),
        authorities=tuple(table.get("authorities", ())),
        authority_fields=tuple(table.get("authority_fields", ())),
    )
