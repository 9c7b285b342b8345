"""The definitions that are shipped."""

from pathlib import Path
from typing import Any

import pytest

from chassis import catalogues
from services.repositories.catalogue import SHIPPED, definition, definitions
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.definitions import Retention
from tests.repositories.registers import REGISTERS, a_register, refers
from vocabulary import languages
from vocabulary.refusals import Invalid
from vocabulary.values import ValueType

KNOWN = definitions()


def structure(**changed: Any) -> dict[str, Any]:
    return {**catalogues.load(SHIPPED / "registers-v1"), **changed}


@pytest.mark.parametrize("id_", sorted(KNOWN))
def test_every_definition_is_shipped_complete_in_all_languages(id_: str) -> None:
    one = KNOWN[id_]
    texts = [one.title, one.description, one.legal_basis, *(field.label for field in one.fields)]
    texts += [choice.label for field in one.fields for choice in field.choices]
    assert not any(languages.missing(text) for text in texts)
    # And in Icelandic and Norwegian, which a deployment may speak.
    assert all(set(text) == set(languages.ALL) for text in texts)


def test_four_are_shipped_each_for_its_readers() -> None:
    assert {one.code: (one.visibility, one.area, one.approval) for one in KNOWN.values()} == {
        "registers": (Visibility.ALL_IMI, "", False),
        "derogations": (Visibility.ALL_IMI, "services", True),
        "requirements": (Visibility.PUBLIC, "services", False),
        "professional-cards": (Visibility.EXPLICIT, "professional-qualifications", False),
    }
    assert {one.code for one in KNOWN.values() if one.personal} == {"derogations", "professional-cards"}
    for one in KNOWN.values():
        kept = Retention(archived_after_months=6, erased_after_months=36) if one.personal else Retention()
        assert one.retention == kept


def test_who_a_derogation_is_against_is_for_those_who_deal_with_services() -> None:
    module = Audience(visibility=Visibility.MODULE)
    derogations = KNOWN["derogations:1"]
    assert {code for code, rule in derogations.rules.items() if rule.audience == module} == derogations.personal
    assert KNOWN["professional-cards:1"].audience.authority_fields == ("host",)


def test_fields_say_their_type_and_whether_they_must_be_filled_in() -> None:
    assert {field.code: (field.type, field.mandatory) for field in REGISTERS.fields} == {
        "name": (ValueType.TEXT, True),
        "url": (ValueType.LINK, False),
        "area": (ValueType.AREA, True),
        "holder": (ValueType.AUTHORITY, True),
        "subjects": (ValueType.CONCEPT, False),
        "content": (ValueType.MULTI, True),
        "languages": (ValueType.LANGUAGE, False),
        "public": (ValueType.YES_NO, True),
        "fee": (ValueType.MONEY, False),
        "conditions": (ValueType.TEXT, False),
    }


def test_the_same_english_text_has_the_same_translation_as_in_the_alert_types() -> None:
    """They speak of the same things."""
    alerts = Path(__file__).parents[2] / "services/alerts/catalogue"
    said: dict[str, set[tuple[tuple[str, str], ...]]] = {}
    for folder in [*SHIPPED.glob("*-v*"), *alerts.glob("*-v*")]:
        for field in catalogues.load(folder)["fields"]:
            own = field.get("choices", ())
            for text in (field["label"], *(one["label"] for one in own if isinstance(one, dict))):
                said.setdefault(text["en"], set()).add(tuple(sorted(text.items())))
    assert {text for text, translations in said.items() if len(translations) > 1} == set()


def test_a_definition_that_makes_no_sense_is_not_shipped() -> None:
    with pytest.raises(Invalid) as refused:
        definition(structure(audience={"visibility": "EXPLICIT"}))
    assert (refused.value.field, refused.value.reason) == ("registers-v1.audience.authorityIds", "EMPTY")


def test_an_entry_stands_in_the_area_that_its_values_name_or_its_repository() -> None:
    assert REGISTERS.areas(a_register(area=refers("services"))) == {"services": "values[2].value.references[0]"}
    assert REGISTERS.areas(a_register(area=None)) == {}
    assert KNOWN["requirements:1"].areas({}) == {"services": ""}
