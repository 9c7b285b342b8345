"""Alert types as catalogues write them, valid unless told otherwise."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog

from chassis.catalogues import read_structure, sources
from chassis.catalogues.files import written
from vocabulary import languages

# One field of each kind that a rule can name, and two that none can.
FIELDS: list[dict[str, Any]] = [
    {"code": "subject", "type": "TEXT"},
    {"code": "name", "type": "TEXT", "personal": True},
    {"code": "profession", "type": "CONCEPT"},
    {"code": "professions", "type": "CONCEPT", "many": True},
    {"code": "country", "type": "COUNTRY"},
    {"code": "countries", "type": "COUNTRY", "many": True},
    {"code": "on", "type": "DATE"},
    {"code": "urgent", "type": "YES_NO"},
    {"code": "certain", "type": "YES_NO_UNKNOWN"},
    {"code": "risk", "type": "SINGLE", "choices": "risk-level"},
    {"code": "risks", "type": "MULTI", "choices": "risk-level"},
    {"code": "repute", "type": "SINGLE", "choices": "sanctions"},
    {"code": "link", "type": "LINK"},
]
_PLAIN = {"approval": True, "recipients": "CHOSEN"}
# Of every flow, all the rules that it can have.
RULES: Mapping[str, dict[str, Any]] = {
    "SERVICES_ALERT": {
        **_PLAIN,
        "flow": "SERVICES_ALERT",
        "acknowledge_days": 3,
        "objection_days": 20,
        "establishment_field": "country",
        "headline_field": "subject",
        "severity_field": "risk",
        "identity_fields": ["name", "country"],
        "retention_months": 18,
    },
    "PROFESSIONAL_ALERT": {
        **_PLAIN,
        "flow": "PROFESSIONAL_ALERT",
        "recipients": "ALL",
        "acknowledge_days": 3,
        "decision_field": "on",
        "decision_days": 3,
        "expiry_field": "on",
        "erase_days": 3,
        "identity_fields": ["name", "on", "profession"],
    },
    "NOTIFICATION": {
        **_PLAIN,
        "flow": "NOTIFICATION",
        "approval": False,
        "acknowledge_days": 1,
        "comment_days": 90,
        "standstill_days": 15,
        "urgent_field": "urgent",
        "headline_field": "subject",
    },
}


def a_structure(
    flow: str = "SERVICES_ALERT", *, rules: Mapping[str, Any] | None = None, **changed: Any
) -> dict[str, Any]:
    """A type of *flow* with all its rules; those changed to None are left out."""
    table = {name: value for name, value in {**RULES[flow], **(rules or {})}.items() if value is not None}
    fields = [{"label": {"en": field["code"]}, **field} for field in FIELDS]
    made = {
        "code": "kind",
        "version": 1,
        "area": "services",
        "act": "1/2/EU",
        "title": {"en": "Kind"},
        "fields": fields,
    }
    return {**made, "rules": table, **changed}


def write(folder: Path, structure: str) -> None:
    """A catalogue folder of *structure*, with every text in every official language: the English one and the language's code."""
    folder.mkdir()
    (folder / "structure.toml").write_text(structure)
    texts = list(sources(read_structure(folder)))
    for code in set(languages.OFFICIAL) - {languages.FALLBACK}:
        catalogue = Catalog(locale=code, fuzzy=False)
        for source in texts:
            catalogue.add(source.text, f"{source.text} ({code})", context=source.context)
        (folder / f"{code}.po").write_bytes(written(catalogue))
