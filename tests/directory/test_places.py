"""Places are recognised in what people search for, in whatever language they name them."""

import pytest

from engines.search.folding import words
from services.directory.places import Gazetteer
from services.directory.reference import Reference
from vocabulary import languages


@pytest.fixture(scope="module")
def gazetteer(reference: Reference) -> Gazetteer:
    return Gazetteer(reference)


@pytest.mark.parametrize("language", languages.ALL)
def test_every_country_is_recognised_in_every_language_whatever_the_case_and_accents(
    gazetteer: Gazetteer, reference: Reference, language: str
) -> None:
    for country in reference.countries.values():
        name = country.name[language]
        for written in (name, name.upper(), " ".join(words(name))):
            assert gazetteer.split(written) == (country.code, [])


@pytest.mark.parametrize(
    ("text", "place", "rest"),
    [
        ("medico Ungheria", "HU", ["medico"]),
        ("Ungheria medico", "HU", ["medico"]),
        ("medico Magyarország notaio", "HU", ["medico", "notaio"]),
        ("lekarz Венгрия", "", ["lekarz", "венгрия"]),
        ("лекар Унгария", "HU", ["лекар"]),
        ("ιατρός ΟΥΓΓΑΡΊΑ", "HU", ["ιατροσ"]),
        ("arzt Bayern", "DE-BY", ["arzt"]),
        ("medico Baviera", "DE-BY", ["medico"]),
        ("notaio Lazio", "IT-62", ["notaio"]),
        ("нотариус Лацио", "IT-62", ["нотариус"]),
    ],
)
def test_a_place_is_taken_out_wherever_it_stands(gazetteer: Gazetteer, text: str, place: str, rest: list[str]) -> None:
    assert gazetteer.split(text) == (place, rest)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Friuli-Venezia Giulia", "IT-36"),
        ("friuli venezia giulia", "IT-36"),
        ("Castilla y León", "ES-CL"),
        ("Île-de-France", "FR-IDF"),
        ("Pays-Bas", "NL"),
        ("ir-Repubblika Ċeka", "CZ"),
    ],
)
def test_names_of_several_words_are_one_place(gazetteer: Gazetteer, text: str, place: str) -> None:
    assert gazetteer.split(f"medico {text}") == (place, ["medico"])


@pytest.mark.parametrize(
    ("text", "place", "rest"),
    [
        ("medico in Ungheria", "HU", ["medico"]),
        ("médecin aux Pays-Bas", "NL", ["medecin"]),
        ("médecin de l'Italie", "IT", ["medecin"]),
        ("lekarz w Niemcy", "DE", ["lekarz"]),
        ("doctor in the Netherlands", "NL", ["doctor"]),
        ("ιατρός στην Ουγγαρία", "HU", ["ιατροσ"]),
        ("in Ungheria", "HU", []),
        ("in the Netherlands", "NL", []),
        ("στην Ουγγαρία", "HU", []),
        ("v Maďarsko", "HU", []),
        ("în Ungaria", "HU", []),
    ],
)
def test_short_words_that_lead_to_a_place_go_with_it(
    gazetteer: Gazetteer, text: str, place: str, rest: list[str]
) -> None:
    assert gazetteer.split(text) == (place, rest)


@pytest.mark.parametrize(
    ("text", "rest"), [("tax Italia", "tax"), ("IT Italia", "it"), ("Italia in", "in"), ("Italia tax", "tax")]
)
def test_a_short_word_that_does_not_lead_to_the_place_stays(gazetteer: Gazetteer, text: str, rest: str) -> None:
    assert gazetteer.split(text) == ("IT", [rest])


@pytest.mark.parametrize("text", ["Luxembourg", "Luxemburg", "Lussemburgo", "Λουξεμβούργο", "Люксембург"])
def test_luxembourg_is_the_country(gazetteer: Gazetteer, reference: Reference, text: str) -> None:
    """Not the canton, and not the Belgian province of the same name."""
    namesakes = {
        code for code, one in reference.regions.items() if words("Luxembourg") in map(words, one.name.values())
    }
    assert namesakes
    assert gazetteer.split(text) == ("LU", [])


def test_of_several_places_the_longest_counts_and_of_those_the_last(gazetteer: Gazetteer) -> None:
    assert gazetteer.split("Ungheria Italia") == ("IT", ["ungheria"])
    assert gazetteer.split("Pays-Bas Italie") == ("NL", ["italie"])


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("", []),
        ("  !? * ", []),
        ("Ordine dei Médici", ["ordine", "dei", "medici"]),
        ("United Kingdom", ["united", "kingdom"]),
        ("EL IT HU", ["el", "it", "hu"]),
    ],
)
def test_where_no_place_is_named_all_words_are_left(gazetteer: Gazetteer, text: str, rest: list[str]) -> None:
    assert gazetteer.split(text) == ("", rest)


def test_short_names_of_regions_are_no_places(gazetteer: Gazetteer, reference: Reference) -> None:
    """They are words of too many languages: Ain, Lot, Var."""
    for code, name in (("FR-01", "Ain"), ("FR-46", "Lot"), ("FR-83", "Var")):
        assert name in reference.regions[code].name.values()
        assert gazetteer.split(name) == ("", words(name))
