"""The definitions that are shipped, and those that are not offered."""

from typing import Any

import pytest

from chassis import catalogues
from services.repositories.definitions import FOLDER, DefinitionNotOffered, definition
from services.repositories.domain.definitions import READ_BY_EVERY_PERSON, Visibility
from tests.repositories.registers import REGISTERS, a_register, refers, written
from vocabulary import languages
from vocabulary.values import ValueType


def structure(**changed: Any) -> dict[str, Any]:
    return {**catalogues.load(FOLDER / "registers-v1"), **changed}


def test_the_directory_of_registers_is_shipped_complete_in_all_languages() -> None:
    assert (REGISTERS.code, REGISTERS.version, REGISTERS.visibility) == ("registers", 1, Visibility.ALL_IMI)
    texts = [REGISTERS.title, REGISTERS.description, *(field.label for field in REGISTERS.fields)]
    texts += [choice.label for field in REGISTERS.fields for choice in field.choices]
    assert not any(languages.missing(text) for text in texts)


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


@pytest.mark.parametrize("visibility", Visibility)
def test_a_definition_with_narrower_readers_is_not_offered(visibility: Visibility) -> None:
    """The service shows what is published to every person; it takes no definition that promises less."""
    if visibility in READ_BY_EVERY_PERSON:
        assert definition(structure(visibility=visibility)).visibility is visibility
    else:
        with pytest.raises(DefinitionNotOffered):
            definition(structure(visibility=visibility))


def test_a_definition_with_files_is_not_offered() -> None:
    field = {"code": "scan", "label": {"en": "Scan"}, "type": "DOCUMENT"}
    with pytest.raises(DefinitionNotOffered, match="scan"):
        definition(structure(fields=[field]))


def test_an_entry_stands_in_the_area_that_its_values_name() -> None:
    assert REGISTERS.areas(a_register(area=refers("services"))) == {"services": "values[2].value.references[0]"}
    assert REGISTERS.areas(a_register(area=None)) == {}


def test_texts_and_concepts_of_searched_fields_find_an_entry() -> None:
    values = a_register("Albo", subjects=refers("doctor", "nurse"), conditions=written("gratuito"))
    assert REGISTERS.texts(values) == ["Albo", "gratuito"]
    assert REGISTERS.concepts(values, searched=True) == REGISTERS.concepts(values) == ["doctor", "nurse"]
    silent = definition(structure(fields=[{"code": "name", "label": {"en": "Name"}, "type": "TEXT"}]))
    assert silent.texts(values) == []
