"""Places are recognised in what people search for, in whatever language they name them."""

import pytest

from engines.search.folding import words
from services.directory.reference import Reference
from services.directory.search.places import Gazetteer, Kind
from services.directory.search.question import Questions, Understood
from services.directory.search.vocabulary import vocabularies


@pytest.fixture(scope="module")
def questions(reference: Reference) -> Questions:
    return Questions(vocabularies(reference), Gazetteer(reference))


def places(asked: Understood) -> list[str]:
    return [place.code for place in asked.places]


@pytest.mark.parametrize(
    ("language", "text", "place", "left"),
    [
        ("it", "medico Ungheria", "HU", ["medico"]),
        ("it", "Ungheria medico", "HU", ["medico"]),
        ("it", "medico Magyarország notaio", "HU", ["medico", "notaio"]),
        ("pl", "lekarz Венгрия", "", ["lekarz", "венгрия"]),
        ("bg", "лекар Унгария", "HU", ["лекар"]),
        ("el", "ιατρός ΟΥΓΓΑΡΊΑ", "HU", ["ιατροσ"]),
        ("de", "arzt Bayern", "DE-BY", ["arzt"]),
        ("it", "medico Baviera", "DE-BY", ["medico"]),
        ("it", "notaio Lazio", "IT-62", ["notaio"]),
        ("bg", "нотариус Лацио", "IT-62", ["нотариус"]),
    ],
)
def test_a_place_is_taken_out_wherever_it_stands(
    questions: Questions, language: str, text: str, place: str, left: list[str]
) -> None:
    asked = questions.understand(text, language)
    assert (places(asked), list(asked.names)) == ([place] if place else [], left)


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
def test_names_of_several_words_are_one_place(questions: Questions, text: str, place: str) -> None:
    asked = questions.understand(f"medico {text}", "it")
    assert (places(asked), list(asked.names)) == ([place], ["medico"])


@pytest.mark.parametrize(
    ("language", "text", "place", "left"),
    [
        ("it", "medico in Ungheria", "HU", ["medico"]),
        ("fr", "médecin aux Pays-Bas", "NL", ["medecin"]),
        ("fr", "médecin de l'Italie", "IT", ["medecin"]),
        ("pl", "lekarz w Niemcy", "DE", ["lekarz"]),
        ("en", "doctor in the Netherlands", "NL", ["doctor"]),
        ("el", "ιατρός στην Ουγγαρία", "HU", ["ιατροσ"]),
        ("it", "in Ungheria", "HU", []),
        ("en", "in the Netherlands", "NL", []),
        ("el", "στην Ουγγαρία", "HU", []),
        ("cs", "v Maďarsko", "HU", []),
        ("ro", "în Ungaria", "HU", []),
    ],
)
def test_short_words_that_lead_to_a_place_go_with_it(
    questions: Questions, language: str, text: str, place: str, left: list[str]
) -> None:
    asked = questions.understand(text, language)
    assert (places(asked), list(asked.names)) == ([place], left)


@pytest.mark.parametrize("text", ["tax Italia", "Italia tax"])
def test_a_short_word_that_says_something_stays(questions: Questions, text: str) -> None:
    asked = questions.understand(text, "it")
    assert (places(asked), list(asked.names)) == (["IT"], ["tax"])


@pytest.mark.parametrize("text", ["Luxembourg", "Luxemburg", "Lussemburgo", "Λουξεμβούργο", "Люксембург"])
def test_luxembourg_is_the_country(questions: Questions, reference: Reference, text: str) -> None:
    """Not the canton, and not the Belgian province of the same name."""
    namesakes = {
        code for code, one in reference.regions.items() if words("Luxembourg") in map(words, one.name.values())
    }
    assert namesakes
    asked = questions.understand(text, "en")
    assert (places(asked), list(asked.names)) == (["LU"], [])


def test_of_several_places_each_narrows(questions: Questions) -> None:
    assert places(questions.understand("Ungheria Italia", "it")) == ["HU", "IT"]
    assert places(questions.understand("Pays-Bas Italie", "fr")) == ["NL", "IT"]


@pytest.mark.parametrize("text", ["", "  !? * ", "Ordine dei Médici", "United Kingdom", "EL HU"])
def test_where_no_place_is_named_none_is_found(questions: Questions, text: str) -> None:
    assert places(questions.understand(text, "it")) == []


def test_short_names_of_regions_are_no_places(questions: Questions, reference: Reference) -> None:
    """They are words of too many languages: Ain, Lot, Var."""
    for code, name in (("FR-01", "Ain"), ("FR-46", "Lot"), ("FR-83", "Var")):
        assert name in reference.regions[code].name.values()
        assert places(questions.understand(name, "fr")) == []


def test_a_region_is_found_by_what_else_it_is_called(questions: Questions, reference: Reference) -> None:
    named = [(one.code, name) for one in reference.regions.values() for name in one.also if len(words(name)) > 1]
    found = [code in places(questions.understand(name, "lt")) for code, name in named]
    assert sum(found) >= 0.95 * len(found)


def test_a_country_is_found_without_its_article(questions: Questions) -> None:
    assert places(questions.understand("għalliem fl-Italja", "mt")) == ["IT"]


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("fi", "Helsingissä", "Helsinki"),
        ("fi", "Turussa", "Turku"),
        ("cs", "Prahou", "Praha"),
        ("pl", "Krakowie", "Kraków"),
        ("pl", "Katowicach", "Katowice"),
        ("hr", "Rijeci", "Rijeka"),
        ("sk", "Košiciach", "Košice"),
        ("is", "Kaupmannahafnar", "Kaupmannahöfn"),
    ],
)
def test_a_city_is_known_in_forms_that_differ_inside(
    questions: Questions, reference: Reference, language: str, text: str, name: str
) -> None:
    (place,) = questions.understand(text, language).places
    assert place.kind is Kind.CITY
    assert reference.cities[place.code].name[language] == name


@pytest.mark.parametrize(
    ("language", "text", "country"),
    [
        ("is", "hjá þýsku fyrirtæki", "DE"),
        ("is", "frá ítölsku", "IT"),
        ("hu", "román", "RO"),
        ("lt", "Lietuvos", "LT"),
        ("da", "danske", "DK"),
        ("sv", "Sveriges", "SE"),
        ("lv", "Latvijas", "LV"),
    ],
)
def test_a_country_is_known_in_any_form(questions: Questions, language: str, text: str, country: str) -> None:
    assert places(questions.understand(text, language)) == [country]


@pytest.mark.parametrize(
    ("language", "text", "region"),
    [
        ("mt", "tabib Sqallija", "IT-82"),
        ("mt", "tabib Bavarja", "DE-BY"),
        ("mt", "avukat Katalonja", "ES-CT"),
        ("pt", "médico Canárias", "ES-CN"),
        ("lv", "Krēta", "EL-M"),
        ("hu", "Okcitánia", "FR-OCC"),
    ],
)
def test_large_regions_are_known_where_the_sources_lack_them(
    questions: Questions, language: str, text: str, region: str
) -> None:
    assert places(questions.understand(text, language)) == [region]
