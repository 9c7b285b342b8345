"""The alert types that are shipped, and those that are not offered."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from chassis import catalogues
from services.alerts import catalogue
from services.alerts.catalogue import TypeNotOffered, alert_type, alert_types
from tests.alerts.dangers import TYPE
from vocabulary import languages
from vocabulary.values import Choice, Field, ValueType

FOLDER = Path(catalogue.__file__).parent / "services-v1"


def structure(**changed: Any) -> dict[str, Any]:
    return {**catalogues.load(FOLDER), **changed}


def test_the_services_alert_is_shipped() -> None:
    assert list(alert_types()) == ["services:1"]
    assert (TYPE.id, TYPE.code, TYPE.version) == ("services:1", "services", 1)
    assert (TYPE.area, TYPE.module, TYPE.act) == ("services", "services/alerts", "2006/123/EC")


@pytest.mark.parametrize("language", languages.OFFICIAL)
def test_every_text_of_it_is_there_in_every_official_language(language: str) -> None:
    texts = [TYPE.title, *(field.label for field in TYPE.fields)]
    texts += [choice.label for field in TYPE.fields for choice in field.choices]
    assert all(text[language].strip() for text in texts)


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


def test_a_type_with_files_is_not_offered() -> None:
    def a_field(code: str, kind: str) -> dict[str, Any]:
        return {"code": code, "label": {"en": code}, "type": kind}

    offered = alert_type(structure(fields=[a_field("subject", "TEXT")]))
    assert offered.fields == (Field(code="subject", label={"en": "subject"}, type=ValueType.TEXT),)
    with pytest.raises(TypeNotOffered, match=r"services: .*photo, report"):
        alert_type(
            structure(fields=[a_field("photo", "DOCUMENT"), a_field("subject", "TEXT"), a_field("report", "DOCUMENT")])
        )


def test_a_type_that_lacks_one_text_in_one_language_is_not_published(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "services-v1")
    structure = (folder / "structure.toml").read_text()
    (folder / "structure.toml").write_text(structure.replace("Service activity", "Activity of the service"))
    with pytest.raises(catalogues.IncompleteCatalogue) as found:
        catalogues.load(folder)
    changed = {fault.partition(":")[0] for fault in found.value.faults if "has changed" in fault}
    assert changed == set(languages.OFFICIAL) - {"en"}
    (folder / "structure.toml").write_text(structure)
    (folder / "ga.po").unlink()
    with pytest.raises(catalogues.IncompleteCatalogue) as missing:
        catalogues.load(folder)
    assert {fault.partition(":")[0] for fault in missing.value.faults} == {"ga"}
