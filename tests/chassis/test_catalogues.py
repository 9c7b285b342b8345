"""A text is published in all 24 official languages, as its English source says now, or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.pofile import PoFileError

from chassis.catalogues import IncompleteCatalogue, Source, load, read_structure, sources
from chassis.catalogues.files import folders, read, rendered
from tests.cells import cell
from vocabulary import languages

STRUCTURE = """
code = "example"
note = "A note for every translator."
title = "Example"

[[groups]]
code = "G1"
note = "About groups."
label = "First group"
order = 3

[[groups.fields]]
code = "F1"
label = "Name"
help = "As it is written."
choices = ["A", "B"]

[[groups.fields]]
code = "F2"
label = "Name"
"""
CONTEXTS = ["title", "G1.label", "G1.F1.label", "G1.F1.help", "G1.F2.label"]
TRANSLATED = [code for code in languages.OFFICIAL if code != "en"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A structure, complete in every official language."""
    made = tmp_path / "example-v1"
    made.mkdir()
    (made / "structure.toml").write_text(STRUCTURE, encoding="utf-8")
    for code in TRANSLATED:
        translate(made, code)
    return made


def translate(folder: Path, code: str, leaving_out: str = "", **changed: str) -> None:
    """Write the catalogue of one language; *changed* are further lines of one entry, by its context's last part."""
    entries = [f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Language: {code}\\n"\n']
    for source in sources(read_structure(folder)):
        if source.context != leaving_out:
            flags = changed.get(source.context, "")
            text = f"{source.text} ({code})"
            entries.append(f'{flags}msgctxt "{source.context}"\nmsgid "{source.text}"\nmsgstr "{text}"\n')
    (folder / f"{code}.po").write_text("\n".join(entries), encoding="utf-8")


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")


def faults(folder: Path) -> list[str]:
    with pytest.raises(IncompleteCatalogue) as refused:
        load(folder)
    assert folder.name in str(refused.value)
    assert refused.value.faults[0] in str(refused.value)
    return refused.value.faults


def update(folder: Path) -> None:
    for path, content in rendered(folder).items():
        path.write_bytes(content)


def test_every_text_is_found_by_the_codes_that_lead_to_it(folder: Path) -> None:
    found = list(sources(read_structure(folder)))
    assert [source.context for source in found] == CONTEXTS
    assert found[0] == Source("title", "Example", ("A note for every translator.",))
    assert found[2] == Source("G1.F1.label", "Name", ("A note for every translator.", "About groups."))


def test_a_complete_catalogue_gives_every_text_in_every_official_language(folder: Path) -> None:
    loaded = load(folder)
    title = loaded["title"]
    assert set(title) == set(languages.OFFICIAL)
    assert (title["en"], title["it"], title["mt"]) == ("Example", "Example (it)", "Example (mt)")
    (group,) = loaded["groups"]
    assert group["label"]["hu"] == "First group (hu)"
    assert [field["label"]["hu"] for field in group["fields"]] == ["Name (hu)", "Name (hu)"]
    assert (group["code"], group["order"], group["fields"][0]["choices"]) == ("G1", 3, ["A", "B"])


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_text_that_lacks_a_language_is_named(folder: Path, code: str) -> None:
    translate(folder, code, leaving_out="G1.F1.help")
    assert faults(folder) == [f"{code}: G1.F1.help is not translated"]


def test_a_language_that_lacks_altogether_is_named_with_every_text(folder: Path) -> None:
    (folder / "mt.po").unlink()
    assert faults(folder) == sorted(f"mt: {context} is not translated" for context in CONTEXTS)


def test_every_fault_is_listed_and_the_first_twenty_are_shown(folder: Path) -> None:
    for code in ("bg", "cs", "da", "de", "et"):
        (folder / f"{code}.po").unlink()
    with pytest.raises(IncompleteCatalogue, match="and 5 more") as refused:
        load(folder)
    assert len(refused.value.faults) == 25


def test_a_translation_of_an_english_text_that_has_changed_does_not_count(folder: Path) -> None:
    edit(folder / "structure.toml", lambda text: text.replace("As it is written.", "As it is spoken."))
    found = faults(folder)
    for code in TRANSLATED:
        assert f"{code}: G1.F1.help: the English text has changed since it was translated" in found
    assert all("G1.F1.help" in fault for fault in found)


def test_a_translation_that_nobody_has_reviewed_does_not_count(folder: Path) -> None:
    translate(folder, "it", title="#, fuzzy\n")
    assert faults(folder) == ["it: title is not translated"]


def test_a_translation_of_nothing_but_space_does_not_count(folder: Path) -> None:
    edit(folder / "it.po", lambda text: text.replace('"Example (it)"', '"  "'))
    assert faults(folder) == ["it: title is not translated"]


@pytest.mark.parametrize("code", languages.EEA)
def test_a_language_of_the_eea_is_given_where_it_is_translated_and_not_missed_elsewhere(
    folder: Path, code: str
) -> None:
    assert code not in load(folder)["title"]
    translate(folder, code, leaving_out="title")
    loaded = load(folder)
    assert code not in loaded["title"]
    assert loaded["groups"][0]["label"][code] == f"First group ({code})"
    edit(folder / f"{code}.po", lambda text: text.replace("First group", "Earlier wording", 1))
    assert code not in load(folder)["groups"][0]["label"]


def test_a_code_that_stands_twice_is_named(folder: Path) -> None:
    """Two texts of one context would get one translation, the wrong one for either."""
    edit(folder / "structure.toml", lambda text: text.replace('code = "F2"', 'code = "F1"'))
    assert "G1.F1.label stands for two texts; give one of them another code" in faults(folder)


def test_a_translation_that_does_not_fill_in_the_places_of_its_source_is_named(folder: Path) -> None:
    edit(folder / "structure.toml", lambda text: text.replace("As it is written.", "As {name} writes it."))
    for code in TRANSLATED:
        translate(folder, code)
    assert load(folder)["groups"][0]["fields"][0]["help"]["it"] == "As {name} writes it. (it)"
    edit(folder / "it.po", lambda text: text.replace("writes it. (it)", "{verb} it. (it)"))
    assert faults(folder) == ["it: G1.F1.help: {verb} is not in the English text"]


def test_a_translation_that_lacks_a_plural_form_of_its_language_is_named(folder: Path) -> None:
    files = "{count, plural, one {# file} other {# files}}"
    edit(folder / "structure.toml", lambda text: text.replace("As it is written.", files))
    for code in TRANSLATED:
        translate(folder, code)
    found = faults(folder)
    assert "pl: G1.F1.help: {count} lacks 'few'" in found
    assert "ga: G1.F1.help: {count} lacks 'two'" in found
    assert not [fault for fault in found if fault.startswith(("de", "hu", "en"))]


def test_a_new_catalogue_gets_a_file_for_each_official_language(tmp_path: Path) -> None:
    made = tmp_path / "new-v1"
    made.mkdir()
    (made / "structure.toml").write_text(STRUCTURE, encoding="utf-8")
    update(made)
    assert {path.stem for path in made.glob("*.po")} == set(TRANSLATED)
    assert len(faults(made)) == len(TRANSLATED) * len(CONTEXTS)


def test_a_text_without_english_is_no_text(folder: Path) -> None:
    edit(folder / "structure.toml", lambda text: text.replace('title = "Example"', 'title = " "'))
    assert "en: title is not translated" in faults(folder)


def test_a_catalogue_that_is_no_gettext_file_stops_everything(folder: Path) -> None:
    """Reading half of it would silently lose the rest, and updating it would delete the rest."""
    edit(folder / "it.po", lambda text: text.replace('msgid "Name"', 'msgig "Name"', 1))
    for work in (load, rendered):
        with pytest.raises(PoFileError):
            work(folder)


def test_an_update_keeps_every_translation_while_texts_move_and_are_added(folder: Path) -> None:
    update(folder)
    assert load(folder)["title"]["it"] == "Example (it)"
    head, first, second = STRUCTURE.split("[[groups.fields]]\n")
    new = '\n[[groups.fields]]\ncode = "F3"\nlabel = "Date"\n'
    moved = f"{head}[[groups.fields]]\n{second}\n[[groups.fields]]\n{first}{new}"
    (folder / "structure.toml").write_text(moved, encoding="utf-8")
    update(folder)
    assert faults(folder) == sorted(f"{code}: G1.F3.label is not translated" for code in TRANSLATED)
    for code in TRANSLATED:
        path = folder / f"{code}.po"
        written = path.read_text(encoding="utf-8")
        assert 'msgid "Date"\nmsgstr ""' in written
        path.write_text(
            written.replace('msgid "Date"\nmsgstr ""', f'msgid "Date"\nmsgstr "D {code}"'), encoding="utf-8"
        )
    loaded = load(folder)
    assert [field["label"]["it"] for field in loaded["groups"][0]["fields"]] == ["Name (it)", "Name (it)", "D it"]
    assert loaded["groups"][0]["fields"][1]["help"]["sl"] == "As it is written. (sl)"


def test_an_update_does_not_offer_an_old_translation_for_a_new_text(folder: Path) -> None:
    edit(folder / "structure.toml", lambda text: text.replace("As it is written.", "As it is not written."))
    update(folder)
    assert faults(folder) == sorted(f"{code}: G1.F1.help is not translated" for code in TRANSLATED)


def test_an_update_keeps_what_is_unreviewed_unreviewed(folder: Path) -> None:
    translate(folder, "it", title="#, fuzzy\n")
    update(folder)
    assert faults(folder) == ["it: title is not translated"]
    assert "Example (it)" in (folder / "it.po").read_text(encoding="utf-8")


def test_a_second_update_changes_nothing(folder: Path) -> None:
    update(folder)
    assert all(path.read_bytes() == content for path, content in rendered(folder).items())


def test_translators_see_the_notes_of_a_text(folder: Path) -> None:
    template = rendered(folder)[folder / "template.pot"].decode()
    assert '#. A note for every translator.\n#. About groups.\nmsgctxt "G1.label"' in template


@pytest.mark.parametrize("folder", folders(), ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_our_own_catalogues_are_complete_and_in_step_with_their_sources(folder: Path) -> None:
    load(folder)
    for path, content in rendered(folder).items():
        assert path.read_bytes() == content, f"run `make catalogue`: {path.name}"


def test_our_own_texts_are_in_icelandic_and_norwegian_too() -> None:
    """The rule lets them be absent, so that nobody is kept from publishing; what we publish ourselves has them."""
    for folder in folders():
        english = {source.context: source.text for source in sources(read_structure(folder))}
        for code in languages.EEA:
            with cell(folder.parent.name, folder.name, code):
                translated = {
                    str(message.context): str(message.id)
                    for message in read(folder / f"{code}.po", code)
                    if message.id and message.string and not message.fuzzy
                }
                assert translated == english
