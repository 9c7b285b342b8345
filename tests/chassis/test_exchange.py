"""What goes out to translators comes back to its place, and what does not fit is refused as a whole."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from chassis.catalogues import load
from chassis.catalogues.exchange import Format, NotExchanged, export, take_over
from chassis.catalogues.files import folders, rendered
from tests.chassis.test_catalogues import STRUCTURE, TRANSLATED, edit, translate

XLIFF = {"x": "urn:oasis:names:tc:xliff:document:1.1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalogue with a text to fill in, complete in every official language."""
    made = tmp_path / "services/example-v1"
    made.mkdir(parents=True)
    structure = STRUCTURE.replace('label = "First group"', 'label = "First group of {name}"')
    (made / "structure.toml").write_text(structure, encoding="utf-8")
    for code in TRANSLATED:
        translate(made, code)
    for path, content in rendered(made).items():
        path.write_bytes(content)
    return made


@pytest.fixture
def xliff(folder: Path, tmp_path: Path) -> Path:
    target = tmp_path / "hu.xlf"
    export([folder], "hu", Format.XLIFF, target, tmp_path)
    return target


def refused(file: Path, folder: Path) -> list[str]:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(NotExchanged) as found:
        take_over(file, [folder], "hu", folder.parents[1])
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    return found.value.faults


def taken(file: Path, folder: Path, change: Callable[[str], str]) -> dict[Path, bytes]:
    edit(file, change)
    return take_over(file, [folder], "hu", folder.parents[1])


def test_what_comes_back_as_it_went_out_changes_nothing(folder: Path, xliff: Path) -> None:
    assert take_over(xliff, [folder], "hu", folder.parents[1]) == {}


def test_every_text_goes_out_with_its_place_its_notes_and_its_translation(xliff: Path) -> None:
    units = ET.parse(xliff).findall(".//x:trans-unit", XLIFF)
    found = {
        place.text: (unit.findtext("x:source", "", XLIFF), unit.findtext("x:target", "", XLIFF))
        for unit in units
        if (place := unit.find(".//x:context[@context-type='sourcefile']", XLIFF)) is not None
    }
    head = "services/example-v1"
    assert found[f"{head}/G1.label"] == ("First group of {name}", "First group of {name} (hu)")
    assert set(found) == {f"{head}/{one}" for one in ("title", "G1.label", "G1.F1.label", "G1.F1.help", "G1.F2.label")}
    assert "About groups." in xliff.read_text(encoding="utf-8")
    assert str(xliff.parent) not in xliff.read_text(encoding="utf-8")


def test_a_changed_translation_comes_back_to_its_place_alone(folder: Path, xliff: Path) -> None:
    changed = taken(xliff, folder, lambda text: text.replace(">Example (hu)<", ">Példa &amp; minta<"))
    assert list(changed) == [folder / "hu.po"]
    (folder / "hu.po").write_bytes(changed[folder / "hu.po"])
    loaded = load(folder)
    assert loaded["title"]["hu"] == "Példa & minta"
    assert loaded["groups"][0]["label"]["hu"] == "First group of {name} (hu)"
    assert all(path.read_bytes() == content for path, content in rendered(folder).items())


def test_two_texts_of_the_same_words_keep_their_own_translations(folder: Path, xliff: Path) -> None:
    changed = taken(xliff, folder, lambda text: text.replace(">Name (hu)<", ">Név<", 1))
    (folder / "hu.po").write_bytes(changed[folder / "hu.po"])
    fields = load(folder)["groups"][0]["fields"]
    assert [one["label"]["hu"] for one in fields] == ["Név", "Name (hu)"]


def test_a_language_that_lacks_goes_out_empty_and_comes_back_complete(folder: Path, tmp_path: Path) -> None:
    (folder / "hu.po").unlink()
    target = tmp_path / "empty.xlf"
    export([folder], "hu", Format.XLIFF, target, tmp_path)

    def translated(text: str) -> str:
        text = text.replace("<target></target>", "<target>szöveg</target>")
        text = text.replace("{name}</source>\n        <target>", "{name}</source>\n        <target>{name} ")
        return re.sub(r'(<trans-unit [^>]*id="\d+")>', r'\1 approved="yes">', text)

    edit(target, translated)
    for path, content in take_over(target, [folder], "hu", tmp_path).items():
        path.write_bytes(content)
    assert load(folder)["title"]["hu"] == "szöveg"


def test_what_nobody_has_approved_comes_back_and_does_not_count(folder: Path, xliff: Path) -> None:
    changed = taken(
        xliff,
        folder,
        lambda text: text.replace(
            'approved="yes">\n        <source>Example</source>\n        <target state="translated">Example (hu)',
            'approved="no">\n        <source>Example</source>\n        <target state="needs-review-translation">Minta',
        ),
    )
    written = changed[folder / "hu.po"].decode()
    assert '#, fuzzy\nmsgctxt "title"\nmsgid "Example"\nmsgstr "Minta"' in written


def test_what_comes_back_empty_leaves_what_there_was(folder: Path, xliff: Path) -> None:
    assert taken(xliff, folder, lambda text: text.replace("Example (hu)", "")) == {}


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("of {name} (hu)<", "of {nev} (hu)<", "example-v1/G1.label: {name} is missing"),
        (
            "<source>Example</source>",
            "<source>Sample</source>",
            "example-v1/title: the English text has changed since it was sent out",
        ),
        ("example-v1/title", "example-v1/subtitle", "example-v1/subtitle is not a place of a text"),
        ("example-v1/title", "example-v9/title", "'services/example-v9/title' is not a place of a text"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place(
    folder: Path, xliff: Path, before: str, after: str, fault: str
) -> None:
    edit(xliff, lambda text: text.replace(before, after).replace(">Name (hu)<", ">Név<"))
    assert fault in refused(xliff, folder)


@pytest.mark.parametrize("content", ["", "no XML", "<xliff>", "<html/>"])
def test_what_is_no_xliff_is_refused(folder: Path, tmp_path: Path, content: str) -> None:
    file = tmp_path / "bad.xlf"
    file.write_text(content, encoding="utf-8")
    refused(file, folder)


def test_a_memory_of_translations_has_every_text_in_both_languages(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "hu.tmx"
    export([folder], "hu", Format.TMX, target, tmp_path)
    units = ET.parse(target).findall(".//tu")
    found = {tuple(seg.text for seg in unit.findall("tuv/seg")) for unit in units}
    assert ("Example", "Example (hu)") in found
    assert ("First group of {name}", "First group of {name} (hu)") in found
    assert str(tmp_path) not in target.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["el", "fr", "nb"])
def test_our_own_catalogues_come_back_as_they_went_out(tmp_path: Path, language: str) -> None:
    target = tmp_path / f"{language}.xlf"
    export(folders(), language, Format.XLIFF, target)
    assert take_over(target, folders(), language) == {}
