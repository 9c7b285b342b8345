"""Places are recognised in what people search for, in whatever language they name them."""

import pytest

from engines.search.folding import words
from services.directory.reference import Reference
from services.directory.search.places import Gazetteer
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
