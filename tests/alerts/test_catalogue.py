"""The alert types that are shipped, and what keeps one from being published."""

import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import chain
from pathlib import Path

import pytest

from chassis.catalogues import IncompleteCatalogue, load, read_structure
from chassis.catalogues.files import ROOT
from chassis.forms import closed_lists
from services.alerts.catalogue import SHIPPED, alert_types
from services.alerts.domain.types import AlertType, Audience, Flow
from tests.alerts.dangers import TYPE, chosen, refers, written
from vocabulary import languages
from vocabulary.refusals import Invalid
from vocabulary.values import Choice, Field, LocalizedText, Value, ValueType

FOLDER = SHIPPED / "services-v1"
TYPES = alert_types()
AREAS = {
    "consumer-protection:1": "consumer-protection",
    "cultural-goods:1": "cultural-objects",
    "e-commerce-derogation:1": "e-commerce",
    "firearms-refusal:1": "firearms",
    "firearms-transfer:1": "firearms",
    "professional:1": "professional-qualifications",
    "requirements:1": "services",
    "services-derogation:1": "services",
    "services:1": "services",
    "tariffs:1": "services",
}
PERSONAL = {
    "consumer-protection:1": {"trader", "facts", "measures"},
    "cultural-goods:1": {"found-at", "removal", "measures"},
    "e-commerce-derogation:1": {"provider", "facts", "home-measures", "measure", "urgency"},
    "firearms-refusal:1": {"family-name", "given-name", "birth-date"},
    "firearms-transfer:1": {"seller", "buyer", "destination"},
    "professional:1": {"family-name", "given-name", "birth-date", "activities"},
    "requirements:1": set(),
    "services-derogation:1": {"provider", "facts", "home-measures", "measure", "reasons", "urgency"},
    "services:1": {"provider", "facts", "measures"},
    "tariffs:1": set(),
}


def texts(kind: AlertType) -> Iterator[LocalizedText]:
    yield kind.title
    for field in kind.fields:
        yield field.label
        if field.help:
            yield field.help
        yield from (choice.label for choice in field.choices)


def a_value(field: Field) -> Value:
    """Something that *field* takes."""
    match field.type:
        case ValueType.TEXT:
            return written("Parole")
        case ValueType.DATE:
            return Value(date=date(2026, 11, 24))
        case ValueType.NUMBER:
            return Value(number=Decimal(1))
        case ValueType.LINK:
            return Value(link="https://authority.example/text")
        case ValueType.COUNTRY:
            return refers("AT")
        case ValueType.CONCEPT:
            return refers("electrician")
    return chosen(field.choices[0].code)


def test_each_type_is_about_one_of_the_areas_of_legislation() -> None:
    assert {kind.id: kind.area for kind in TYPES.values()} == AREAS
    known = {area["code"]: area["act"] for area in read_structure(ROOT / "services/directory/catalogue/areas")["areas"]}
    for kind in TYPES.values():
        assert kind.act in known[kind.area], kind.id
        assert (kind.id, kind.module) == (f"{kind.code}:{kind.version}", f"{kind.area}/alerts")


@pytest.mark.parametrize("language", languages.ALL)
def test_every_text_is_there_in_every_language_and_a_text_is_translated_once(language: str) -> None:
    translated: dict[str, str] = {}
    for kind in TYPES.values():
        for text in texts(kind):
            assert text[language].strip(), (kind.id, text["en"])
            assert translated.setdefault(text["en"], text[language]) == text[language], (kind.id, text["en"])


def test_forms_are_short() -> None:
    for kind in TYPES.values():
        assert 6 <= len(kind.fields) <= 11, kind.id


def test_a_form_that_is_filled_in_is_complete_and_what_is_personal_can_be_left_out() -> None:
    for kind in TYPES.values():
        full = {field.code: a_value(field) for field in kind.fields}
        assert kind.check(full, complete=True) == full, kind.id
        assert set(full) - set(kind.without_personal_data(full)) == PERSONAL[kind.id]
        needed = {field.code for field in kind.fields if field.mandatory}
        assert needed, kind.id
        for code in needed:
            with pytest.raises(Invalid, match=code) as found:
                kind.check({one: value for one, value in full.items() if one != code}, complete=True)
            assert (found.value.field, found.value.reason) == ("values", "MISSING_FIELD"), (kind.id, code)


def test_data_of_natural_persons_are_marked() -> None:
    assert {kind.id: {field.code for field in kind.fields if field.personal} for kind in TYPES.values()} == PERSONAL


def test_rules_are_those_of_the_acts() -> None:
    """What an act lays down in days, and who is to be told: whatever changes here changes the law that is applied."""
    rules = {kind.code: kind.rules for kind in TYPES.values()}
    assert {code for code, one in rules.items() if one.flow is Flow.PROFESSIONAL_ALERT} == {
        "professional",
        "firearms-refusal",
    }
    assert {code for code, one in rules.items() if one.flow is Flow.SERVICES_ALERT} == {
        "services",
        "consumer-protection",
    }
    assert {code for code, one in rules.items() if one.recipients is Audience.ALL} == {
        "professional",
        "firearms-refusal",
        "consumer-protection",
        "requirements",
        "tariffs",
    }
    assert {code for code, one in rules.items() if not one.approval} == {"firearms-transfer"}
    professional = rules["professional"]
    assert (professional.decision_field, professional.decision_days) == ("decided-on", 3)
    assert (professional.expiry_field, professional.erase_days) == ("valid-until", 3)
    assert {code: one.standstill_days for code, one in rules.items() if one.standstill_days} == {
        "services-derogation": 15
    }
    assert {code: one.objection_days for code, one in rules.items() if one.objection_days} == {
        "services": 20,
        "consumer-protection": 20,
    }
    assert {code: one.comment_days for code, one in rules.items() if one.comment_days} == {
        "services-derogation": 21,
        "e-commerce-derogation": 30,
        "requirements": 90,
        "tariffs": 90,
        "cultural-goods": 184,
    }
    # IMI Regulation, Article 14(1): none of these acts provides for more.
    assert {one.retention_months for one in rules.values()} == {6}


def test_the_grounds_for_a_decision_about_a_professional_are_never_asked() -> None:
    """Directive 2005/36/EC, Article 56a(2): the content is closed."""
    assert [field.code for field in TYPES["professional:1"].fields] == [
        "family-name",
        "given-name",
        "birth-date",
        "profession",
        "kind",
        "deciding-body",
        "decided-on",
        "scope",
        "activities",
        "valid-from",
        "valid-until",
    ]


def test_fields_say_their_type_and_whether_they_must_be_filled_in() -> None:
    assert {field.code: (field.type, field.mandatory) for field in TYPE.fields} == {
        "subject": (ValueType.TEXT, True),
        "activity": (ValueType.CONCEPT, True),
        "provider": (ValueType.TEXT, False),
        "establishment": (ValueType.COUNTRY, False),
        "danger": (ValueType.MULTI, True),
        "risk": (ValueType.SINGLE, True),
        "facts": (ValueType.TEXT, True),
        "measures": (ValueType.TEXT, False),
        "since": (ValueType.DATE, False),
    }


def test_choices_are_closed_lists() -> None:
    def codes(choices: tuple[Choice, ...]) -> list[str]:
        return [choice.code for choice in choices]

    assert {field.code: codes(field.choices) for field in TYPE.fields if field.choices} == {
        "danger": ["HEALTH", "SAFETY", "ENVIRONMENT"],
        "risk": ["LOW", "MEDIUM", "HIGH", "VERY_HIGH"],
    }
    for type_id in ("requirements:1", "tariffs:1"):
        interest = next(field for field in TYPES[type_id].fields if field.code == "interest")
        assert interest.choices == closed_lists()["public-interest"]
    # Directive 2000/31/EC, Article 3(4)(a): these and no others.
    grounds = chain.from_iterable(codes(one.choices) for one in TYPES["e-commerce-derogation:1"].fields)
    assert [code for code in grounds if code not in ("YES", "NO")] == [
        "PUBLIC_POLICY",
        "PUBLIC_SECURITY",
        "PUBLIC_HEALTH",
        "CONSUMERS",
    ]


def test_a_type_that_lacks_one_text_in_one_language_is_not_published(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "services-v1")
    structure = (folder / "structure.toml").read_text()
    (folder / "structure.toml").write_text(structure.replace("Service activity", "Activity of the service"))
    with pytest.raises(IncompleteCatalogue) as found:
        load(folder)
    changed = {fault.partition(":")[0] for fault in found.value.faults if "has changed" in fault}
    assert changed == set(languages.OFFICIAL) - {"en"}
    (folder / "structure.toml").write_text(structure)
    (folder / "ga.po").unlink()
    with pytest.raises(IncompleteCatalogue) as missing:
        load(folder)
    assert {fault.partition(":")[0] for fault in missing.value.faults} == {"ga"}
