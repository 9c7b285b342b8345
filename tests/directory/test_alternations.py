"""Forms of a word that differ inside it are found, and words that only look like one are not."""

import pytest

from engines.search.folding import folded_word
from services.directory.reference import Reference
from services.directory.search.alternations import OF_CORE, OF_SHORT_CORE, Cores
from services.directory.search.vocabulary import Vocabulary, Wording, vocabularies

FORMS = [
    ("is", "kennari", "kennurum kennaranum"), ("is", "banki", "bönkum bankans"), ("is", "vara", "vöru vörur vörum"),
    ("is", "bók", "bækur bókina"), ("is", "maður", "manni menn mönnum"), ("is", "tönn", "tennur tanna"),
    ("fi", "kauppa", "kaupan kaupassa kauppoja"), ("fi", "vakuutus", "vakuutuksen vakuutuksia"),
    ("fi", "leikkaus", "leikkaukset leikkauksia"), ("fi", "sairaus", "sairauden"), ("fi", "lääke", "lääkkeen lääkkeitä"),
    ("fi", "hammas", "hampaan hampaita"), ("fi", "asunto", "asunnon"), ("fi", "syöpä", "syövän"),
    ("et", "hammas", "hamba hambaid"), ("et", "pank", "panga"), ("et", "kaup", "kauba"), ("et", "kohus", "kohtu"),
    ("hu", "biztosítás", "biztositast"), ("hu", "szerződés", "szerzodest"), ("hu", "híd", "hidak"),
    ("pl", "ząb", "zęby zębów zęba"), ("pl", "ręka", "ręce rąk"), ("pl", "apteka", "aptece"), ("pl", "pies", "psa"),
    ("cs", "kniha", "knize"), ("cs", "dům", "domu"), ("cs", "kůň", "koně"), ("sk", "sestra", "sestier"),
    ("sk", "ruka", "rúk"), ("hr", "knjiga", "knjizi"), ("hr", "banka", "banci banaka"), ("sl", "davek", "davki"),
    ("de", "Zahn", "Zähne"), ("de", "Arzt", "Ärzte"), ("sv", "bok", "böckerna"), ("da", "tand", "tænder"),
    ("nb", "tann", "tenner"), ("bg", "език", "езици"), ("lv", "briedis", "brieži"), ("lt", "medis", "medžiai"),
    ("ga", "banc", "bainc"), ("mt", "tabib", "tobba"), ("ro", "stradă", "străzi"), ("pt", "reunião", "reuniões"),
    ("es", "juez", "jueces"), ("nl", "schip", "schepen"), ("fr", "œil", "yeux"), ("it", "uomo", "uomini"), ("en", "tooth", "teeth"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "dictionary", "forms"), FORMS)
def test_forms_that_differ_inside_are_the_same_word(language: str, dictionary: str, forms: str) -> None:
    vocabulary = Vocabulary(Wording(language, {"concept": dictionary}, {}))
    for form in forms.split():
        assert vocabulary.alike(folded_word(form)).get(folded_word(dictionary), 0.0) >= OF_SHORT_CORE, form


@pytest.mark.parametrize(
    ("language", "known", "other"),
    [
        ("is", "vara", "vita"),
        ("fi", "kauppa", "kuppi"),
        ("pl", "ząb", "zabawa"),
        ("et", "pank", "punga"),
        ("en", "tooth", "tool"),
    ],
)
def test_another_word_is_no_form(language: str, known: str, other: str) -> None:
    assert Cores([folded_word(known)], language).of(folded_word(other)) == {}


def test_only_words_that_are_known_are_found() -> None:
    assert Cores([], "en").of("teeth") == {}
    assert Cores(["tooth"], "en").of("teeth") == {"tooth": OF_CORE}


def test_a_short_core_is_less_sure() -> None:
    assert Cores(["zab"], "pl").of("zeby") == {"zab": OF_SHORT_CORE}


def test_a_language_without_a_table_has_no_such_forms() -> None:
    assert Cores(["zahn"], "de").of("zahne") == {}


def test_what_is_a_form_of_a_word_is_like_few_others(reference: Reference) -> None:
    """A table that allows too much would make every word a form of many."""
    for language, vocabulary in vocabularies(reference).items():
        cores = Cores(vocabulary.by_word, language)
        several = [len(cores.of(word)) for word in vocabulary.by_word]
        assert sum(several) / len(several) < 3, language
