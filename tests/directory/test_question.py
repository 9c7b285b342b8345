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


@given(text=st.text(max_size=200), language=st.sampled_from(languages.ALL))
def test_whatever_is_typed_is_read(questions: Questions, text: str, language: str) -> None:
    asked = questions.understand(text, language)
    assert all(0.0 < one.likeness <= 1.0 for one in asked.concepts)
    assert len({one.concept for one in asked.concepts}) == len(asked.concepts)
    assert set(asked.rest) <= set(asked.names)
