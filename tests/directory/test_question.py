"""Questions are understood in the language they are asked in: keywords, places, and what is left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory.reference import Reference
from services.directory.search.places import Gazetteer, Kind
from services.directory.search.question import Questions
from services.directory.search.vocabulary import vocabularies
from vocabulary import languages


@pytest.fixture(scope="module")
def questions(reference: Reference) -> Questions:
    return Questions(vocabularies(reference), Gazetteer(reference))


@pytest.mark.parametrize("language", languages.ALL)
def test_every_label_names_its_concept_first(questions: Questions, reference: Reference, language: str) -> None:
    for concept in reference.concepts.values():
        asked = questions.understand(concept.label[language], language)
        same = {one.id for one in reference.concepts.values() if one.label[language] == concept.label[language]}
        assert asked.concepts, (concept.id, concept.label[language])
        assert asked.concepts[0].concept in same, (concept.id, concept.label[language])


@pytest.mark.parametrize("language", languages.ALL)
def test_every_country_is_recognised_in_every_language(
    questions: Questions, reference: Reference, language: str
) -> None:
    for country in reference.countries.values():
        for written in (country.name[language], country.name[language].upper()):
            asked = questions.understand(written, language)
            assert [(place.kind, place.code) for place in asked.places] == [(Kind.COUNTRY, country.code)]
            assert not asked.rest


@pytest.mark.parametrize(
    ("language", "text", "concept", "place"),
    [
        ("en", "who recognises nursing diplomas", "nurse", ""),
        ("it", "chi controlla gli architetti in Ungheria", "architect", "HU"),
        ("de", "Wer ist für Ärztinnen in Bayern zuständig?", "doctor", "DE-BY"),
        ("hu", "orvosok Olaszországban", "doctor", "IT"),
        ("cs", "lékařů v Maďarsku", "doctor", "HU"),
        ("el", "γιατροί στην Ιταλία", "doctor", "IT"),
        ("bg", "лекарите в Германия", "doctor", "DE"),
        ("en", "Hungarian nurses", "nurse", "HU"),
        ("en", "architect in Monaco di Baviera", "architect", "2867714"),
        ("en", "läkare", "doctor", ""),
        ("en", "denist", "dentist", ""),
        ("en", "xarchitect", "architect", ""),
        ("de", "Krankenpflegerdiplom", "nurse", ""),
        ("de", "Aerztekammer", "doctor", ""),
        ("es", "guía de montaña", "mountain_guide", ""),
        ("hu", "ügyéd", "lawyer", ""),
    ],
)
def test_phrases_are_understood(questions: Questions, language: str, text: str, concept: str, place: str) -> None:
    asked = questions.understand(text, language)
    assert asked.concepts[0].concept == concept
    assert [one.code for one in asked.places] == ([place] if place else [])


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "banana"),
        ("en", "blue elephant pancake recipe"),
        ("en", "quantum entanglement"),
        ("en", "xqzvkj"),
        ("it", "torta al limone con panna"),
        ("de", "Regenbogen Schmetterling"),
        ("en", "who is the"),
        ("en", "!!! ???"),
        ("en", ""),
    ],
)
def test_words_that_mean_nothing_here_name_nothing(questions: Questions, language: str, text: str) -> None:
    asked = questions.understand(text, language)
    assert (list(asked.concepts), list(asked.places)) == ([], [])


def test_slips_are_mended_in_what_was_meant(questions: Questions) -> None:
    assert questions.understand("denist in Hungary", "en").corrected == "dentist in Hungary"
    assert questions.understand("dentist in Hungary", "en").corrected == ""


def test_an_adjective_narrows_only_where_no_place_is_named(questions: Questions) -> None:
    asked = questions.understand("Italian nursing diplomas in Hungary", "en")
    assert [place.code for place in asked.places] == ["HU"]


@pytest.mark.parametrize(
    ("language", "text", "concept"),
    [
        ("en", "my flight was cancelled and nobody helps", "air_passengers"),
        ("fr", "ma facture n'est pas payée par un client", "late_payment"),
        ("de", "das Spielzeug ist gefährlich und ist verbrannt", "product_safety"),
        ("pl", "znalazłem na polu starożytny garnek", "archaeological_find"),
        ("fi", "haluan adoptoida lapsen", "adoption"),
        ("de", "im Kamin ist Ruß", "chimney_sweep"),
        ("pl", "bolą mnie zęby i trzeba założyć aparat", "dental_care"),
        ("fr", "les tuiles du toit fuient", "roofer"),
        ("cs", "kdo očkoval mého psa", "veterinarian"),
        ("is", "gleraugun passa ekki fyrir augun", "optician"),
        ("el", "έχασα τη βαλίτσα στο αεροδρόμιο, η πτήση ακυρώθηκε", "air_passengers"),
    ],
)
def test_a_situation_is_understood_although_no_keyword_is_named(
    questions: Questions, language: str, text: str, concept: str
) -> None:
    assert concept in [one.concept for one in questions.understand(text, language).concepts]


@pytest.mark.parametrize(("language", "text"), [("en", "the bank of a river"), ("ro", "luna și stelele")])
def test_one_word_of_a_situation_says_nothing(questions: Questions, language: str, text: str) -> None:
    told = [one.concept for one in questions.understand(text, language).concepts if one.concept == "subscription"]
    assert told == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "will it rain tomorrow afternoon"),
        ("de", "wer hat gestern das Fußballspiel gewonnen"),
        ("fr", "comment faire une tarte aux pommes"),
        ("es", "cómo se hace una tortilla de patatas"),
        ("pl", "jaka będzie jutro pogoda"),
        ("fi", "miten leivotaan omenapiirakka"),
        ("hu", "jó reggelt hogy vagy"),
        ("is", "hver vann leikinn í gær"),
        ("sv", "hur bakar man en kaka"),
    ],
)
def test_what_people_chat_about_is_no_situation(questions: Questions, language: str, text: str) -> None:
    assert questions.understand(text, language).concepts == []


@pytest.mark.parametrize(
    ("language", "text", "concept"),
    [
        ("nb", "registrering av kjøretøy", "vehicle_registration"),
        ("cs", "zdravotních sester", "nurse"),
        ("fi", "mistä saan kuolintodistuksen", "death"),
        ("sl", "spletne trgovine", "webshop"),
    ],
)
def test_other_forms_and_written_apart_are_the_same_words(
    questions: Questions, language: str, text: str, concept: str
) -> None:
    assert questions.understand(text, language).concepts[0].concept == concept


@pytest.mark.parametrize("language", languages.ALL)
def test_well_known_names_are_known_in_every_language(questions: Questions, language: str) -> None:
    assert questions.understand("Facebook", language).concepts[0].concept == "social_network"


def test_the_surest_meaning_comes_first(questions: Questions) -> None:
    likeness = [one.likeness for one in questions.understand("hombre con un contrato de obra", "es").concepts]
    assert likeness == sorted(likeness, reverse=True)


def test_where_nothing_is_recognised_slips_are_guessed(questions: Questions) -> None:
    asked = questions.understand("blurb elephnt nurze qwert", "en")
    assert (list(asked.concepts), asked.corrected) == ([], "blurb elephnt nurse qwert")


@given(text=st.text(max_size=200), language=st.sampled_from(languages.ALL))
def test_whatever_is_typed_is_read(questions: Questions, text: str, language: str) -> None:
    asked = questions.understand(text, language)
    assert all(0.0 < one.likeness <= 1.0 for one in asked.concepts)
    assert len({one.concept for one in asked.concepts}) == len(asked.concepts)
    assert set(asked.rest) <= set(asked.names)
