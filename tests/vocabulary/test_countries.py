"""The 30 countries, by the codes the EU institutions use."""

import pycountry
import pytest

from vocabulary import languages
from vocabulary.countries import ALL, LANGUAGES, UNION, iso, require
from vocabulary.refusals import Invalid


def test_there_are_30_countries_and_greece_goes_by_el() -> None:
    assert len(ALL) == len(set(ALL)) == 30
    assert "EL" in ALL
    assert {"GR", UNION, "UK", "CH"}.isdisjoint(ALL)


@pytest.mark.parametrize("country", ALL)
def test_each_country_is_one_of_iso_3166_and_speaks_languages_of_ours(country: str) -> None:
    assert pycountry.countries.get(alpha_2=iso(country)) is not None
    assert LANGUAGES[country]
    assert set(LANGUAGES[country]) <= set(languages.ALL)


def test_only_greece_has_another_code_in_iso_3166() -> None:
    assert {country: iso(country) for country in ALL if iso(country) != country} == {"EL": "GR"}


def test_every_official_language_is_that_of_a_country() -> None:
    assert {code for spoken in LANGUAGES.values() for code in spoken} == set(languages.ALL)


@pytest.mark.parametrize("country", ALL)
def test_a_country_of_the_system_is_taken_as_it_is(country: str) -> None:
    assert require(country, field="country") == country


@pytest.mark.parametrize("code", ["", "GR", "EU", "it", "XX", "ITA", " IT", "UK"])
def test_any_other_code_is_refused_by_name(code: str) -> None:
    with pytest.raises(Invalid) as refused:
        require(code, field="filter.countries[1]")
    assert (refused.value.field, refused.value.reason) == ("filter.countries[1]", "UNKNOWN_COUNTRY")
    assert "IT" in refused.value.message
