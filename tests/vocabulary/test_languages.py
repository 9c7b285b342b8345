"""Which language a reader gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabulary import languages
from vocabulary.languages import ALL, OFFICIAL, best_text, missing, normalise, preferred, require
from vocabulary.refusals import Invalid


def test_there_are_24_official_languages_and_two_of_the_eea() -> None:
    assert len(OFFICIAL) == len(set(OFFICIAL)) == 24
    assert set(ALL) - set(OFFICIAL) == {"is", "nb"}
    assert languages.FALLBACK in OFFICIAL


@pytest.mark.parametrize("write", [str, str.upper, lambda c: f"{c}-XX", lambda c: f" {c}_{c.upper()} "])
def test_a_tag_with_a_region_or_in_another_case_is_the_same_language(write: type[str]) -> None:
    assert {code: normalise(write(code)) for code in ALL} == {code: code for code in ALL}


@pytest.mark.parametrize(("tag", "code"), [("no", "nb"), ("nn-NO", "nb"), ("gr", "el"), ("sr-Latn", None)])
def test_other_names_of_our_languages_are_understood(tag: str, code: str | None) -> None:
    assert normalise(tag) == code


@pytest.mark.parametrize("tag", ["", "-", "*", "ru", "eng", "i", "it IT", "x-it", "і t"])
def test_a_language_that_is_not_ours_is_none_and_is_refused_where_one_is_required(tag: str) -> None:
    assert normalise(tag) is None
    with pytest.raises(Invalid) as refused:
        require(tag, field="language")
    assert (refused.value.field, refused.value.reason) == ("language", "UNKNOWN_LANGUAGE")
    assert require("it-CH", field="language") == "it"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        # The examples of RFC 9110, sections 12.4.2 and 12.5.4.
        ("da, en-gb;q=0.8, en;q=0.7", "da"),
        ("en-gb;q=0.8, en;q=0.7, da", "da"),
        ("it", "it"),
        ("it-CH", "it"),
        ("hu;q=0.1, it;q=0.9, de;q=0.5", "it"),
        ("it;q=0.5, de;q=0.5", "it"),
        ("de;q=0.001, hu;q=0.002", "hu"),
        ("ru, zh-TW;q=0.9, it;q=0.1", "it"),
        ("no", "nb"),
        # Space where the grammar allows it, and names in any case.
        ("  hu ;q=0.3 ,\tit ; q=0.8", "it"),
        ("it;Q=0.2, hu;q=0.3", "hu"),
        ("IT;q=1.000", "it"),
        ("it;q=1., hu;q=0.9", "it"),
        # Nothing wanted, or nothing that we have.
        ("", None),
        ("*", None),
        (",, ,", None),
        ("ru, uk;q=0.5", None),
        # q=0 means: not this one.
        ("it;q=0", None),
        ("it;q=0.000, hu;q=0.1", "hu"),
        # What is no weight makes its language uncertain: another one is taken, or none.
        ("it;q=, hu;q=0.1", "hu"),
        ("it;q=high, hu;q=0.1", "hu"),
        ("it;q=2, hu;q=0.1", "hu"),
        ("it;q=1.5, hu;q=0.1", "hu"),
        ("it;q=-1, hu;q=0.1", "hu"),
        ("it;q=inf, hu;q=0.1", "hu"),
        ("it;q=nan, hu;q=0.1", "hu"),
        ("it;q=0.1234, hu;q=0.1", "hu"),
        ("it;q=1_0, hu;q=0.1", "hu"),
        ("it;q=x", None),
    ],
)
def test_the_header_of_a_browser_chooses_the_language(header: str, code: str | None) -> None:
    assert preferred(header) == code


@given(st.text() | st.text(st.sampled_from("ithuen;,=q0.19 -*")))
def test_no_header_breaks_anything(header: str) -> None:
    assert preferred(header) in (None, *ALL)


TEXTS = {"fr": "fleuve", "en": "river", "it": "fiume"}


@pytest.mark.parametrize(
    ("texts", "language", "best"),
    [
        (TEXTS, "it", ("fiume", "it")),
        (TEXTS, "hu", ("river", "en")),
        ({"fr": "fleuve", "it": ""}, "it", ("fleuve", "fr")),
        ({"it": "", "en": "", "hu": "folyó"}, "it", ("folyó", "hu")),
        ({"it": ""}, "it", None),
        ({}, "it", None),
    ],
)
def test_a_reader_gets_their_language_then_english_then_what_there_is(
    texts: dict[str, str], language: str, best: tuple[str, str] | None
) -> None:
    assert best_text(texts, language) == best


def test_a_text_is_missing_where_it_says_nothing() -> None:
    assert missing(dict.fromkeys(OFFICIAL, "x")) == ()
    assert missing({**dict.fromkeys(OFFICIAL, "x"), "mt": " \n"}) == ("mt",)
    assert missing({}, ("it", "is")) == ("it", "is")
