"""A translation fills in the places of its source, and says every plural category that its language has."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chassis.catalogues.messages import UnreadableMessage, faults, places, plural_categories
from vocabulary import languages

FILES = "{count, plural, one {# file} other {# files}}"


def forms(*categories: str) -> str:
    return "{count, plural, " + " ".join(f"{one} {{#}}" for one in categories) + "}"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("nothing to fill in, and an apostrophe: l'ami d'Anna", []),
        ("Hello {name}", ["name"]),
        ("{0} of {1}", ["0", "1"]),
        ("{ name } and {name}", ["name"]),
        ("until {day, date, short}", ["day"]),
        (FILES, ["count"]),
        ("{count, plural, offset:1 =0 {none} one {{who} and #} other {{who} and {more}}}", ["count", "who", "more"]),
        ("{kind, select, person {he} other {it}}", ["kind"]),
        ("'{name}' is not filled in, and '' is an apostrophe", []),
    ],
)
def test_the_places_of_a_text_are_found_wherever_they_stand(text: str, names: list[str]) -> None:
    assert sorted(places(text)) == sorted(names)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no name follows the brace at character 1"),
        ("a } b", "a closing brace has no opening one"),
        ("{name", "{name} is not closed"),
        ("{name b}", "{name} is not closed"),
        ("{name,}", "{name} does not say of what kind it is"),
        ("{day, date, {x}}", "{day} is not closed"),
        ("{n, plural}", "{n} has nothing to choose from"),
        ("{n, plural, one {x}}", "{n} lacks 'other'"),
        ("{n, plural, one {x} one {y} other {z}}", "{n} has 'one' twice"),
        ("{n, plural, other {x}", "{n} is not closed"),
        ("{n, plural, other {x", "{n} is not closed after 'other'"),
        ("{n, plural, other {x}} {n}", "{n} is of two kinds"),
        ("'{name", "quoted braces have no closing apostrophe"),
        ("{n, select, other {" * 9 + "}}" * 9, "it is nested too deeply"),
    ],
)
def test_braces_that_make_no_sense_are_refused(text: str, says: str) -> None:
    with pytest.raises(UnreadableMessage) as found:
        places(text)
    assert str(found.value) == says


@given(st.text(alphabet="{}',= abn0plural#other"))
@example("{n,plural,other{}}")
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    try:
        found = places(text)
    except UnreadableMessage:
        assert next(faults(text, "", "de")).startswith("the English text cannot be read")
    else:
        assert ("{" in text) or not found


@pytest.mark.parametrize(
    ("source", "translation", "found"),
    [
        ("Hello {name}", "Guten Tag, {name}", []),
        ("{a} of {b}", "{b}: {a}", []),
        ("Hello {name}", "Guten Tag", ["{name} is missing"]),
        ("Hello {name}", "Guten Tag {Name}", ["{name} is missing", "{Name} is not in the English text"]),
        ("Hello", "Guten Tag {name}", ["{name} is not in the English text"]),
        ("{n, number}", "{n}", ["{n} is plain here and number in the English text"]),
        ("{n}", "{n", ["the translation cannot be read: {n} is not closed"]),
        ("{n", "{n}", ["the English text cannot be read: {n} is not closed"]),
        (
            "{kind, select, person {he} other {it}}",
            "{kind, select, house {er} other {es}}",
            ["{kind} lacks 'person'", "{kind} has 'house', which is not needed here"],
        ),
        (
            "{place, selectordinal, one {#st} two {#nd} few {#rd} other {#th}}",
            "{place, selectordinal, other {#.}}",
            [],
        ),
        (FILES, "{count, plural, =0 {keine Datei} one {# Datei} other {# Dateien}}", []),
        (FILES, "{count, plural, other {# Dateien}}", ["{count} lacks 'one'"]),
    ],
)
def test_what_is_wrong_with_a_translation_is_said(source: str, translation: str, found: list[str]) -> None:
    assert list(faults(source, translation, "de")) == found


@pytest.mark.parametrize("language", languages.ALL)
def test_each_language_has_the_plural_forms_that_it_needs_and_no_other(language: str) -> None:
    needed = plural_categories(language)
    assert list(faults(FILES, forms(*needed), language)) == []
    for one in needed - {"other"}:
        assert list(faults(FILES, forms(*(needed - {one})), language)) == [f"{{count}} lacks {one!r}"]
    for one in {"zero", "one", "two", "few", "many"} - needed:
        extra = list(faults(FILES, forms(*needed, one), language))
        assert extra == [f"{{count}} has {one!r}, which is not needed here"]


@pytest.mark.parametrize(
    ("language", "categories"),
    [
        ("en", "one other"),
        ("hu", "one other"),
        ("lv", "zero one other"),
        ("sl", "one two few other"),
        ("lt", "one few many other"),
        ("pl", "one few many other"),
        ("ga", "one two few many other"),
        ("mt", "one two few many other"),
    ],
)
def test_plural_categories_are_those_of_the_cldr(language: str, categories: str) -> None:
    assert plural_categories(language) == set(categories.split())
