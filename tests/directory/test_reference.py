"""What the directory knows before anybody registers."""

import json
from collections import Counter
from collections.abc import Callable

import pytest

from services.alerts.catalogue import alert_types
from services.directory.data.names import Kinds, folded, is_spelled
from services.directory.data.territories import TARGET
from services.directory.reference import Reference
from vocabulary import countries, languages
from vocabulary.refusals import Invalid
from vocabulary.roles import ALERTS, REPOSITORY, REQUESTS

AREAS = (
    "professional-qualifications services posting-of-workers patients-rights public-documents cultural-objects e-commerce"
    " consumer-protection firearms road-transport"
)


def test_thirty_countries_take_part_and_have_names_in_all_languages(reference: Reference) -> None:
    assert len(reference.countries) == 30
    assert tuple(reference.countries) == countries.ALL
    assert [code for code, one in reference.countries.items() if languages.missing(one.name, languages.ALL)] == []
    assert len({one.name["el"] for one in reference.countries.values()}) == 30


@pytest.mark.parametrize("language", languages.ALL)
def test_greece_is_el_and_is_called_so_in_every_language(reference: Reference, language: str) -> None:
    greece = {
        "bg": "Гърция", "cs": "Řecko", "da": "Grækenland", "de": "Griechenland", "el": "Ελλάδα", "en": "Greece",
        "es": "Grecia", "et": "Kreeka", "fi": "Kreikka", "fr": "Grèce", "ga": "an Ghréig", "hr": "Grčka",
        "hu": "Görögország", "it": "Grecia", "lt": "Graikija", "lv": "Grieķija", "mt": "il-Greċja",
        "nl": "Griekenland", "pl": "Grecja", "pt": "Grécia", "ro": "Grecia", "sk": "Grécko", "sl": "Grčija",
        "sv": "Grekland", "is": "Grikkland", "nb": "Hellas",
    }  # fmt: skip
    assert reference.countries["EL"].name[language] == greece[language]


def test_ten_areas_have_names_in_all_languages_an_act_and_keywords(reference: Reference) -> None:
    assert list(reference.areas) == AREAS.split()
    for area in reference.areas.values():
        assert languages.missing(area.name, languages.ALL) == ()
        assert area.act
        assert area.concepts
        assert len(set(area.concepts)) == len(area.concepts)
        assert set(area.concepts) <= set(reference.concepts)


def test_every_area_has_requests_and_a_repository_and_those_with_a_type_of_alert_have_alerts(
    reference: Reference,
) -> None:
    expected = {f"{area}/{kind}" for area in AREAS.split() for kind in (REQUESTS, REPOSITORY)}
    assert reference.modules == expected | {f"{kind.area}/{ALERTS}" for kind in alert_types().values()}
    for area in reference.areas.values():
        assert {module.partition("/")[0] for module in area.modules} == {area.code}


def test_every_concept_has_labels_in_the_official_languages_and_an_area(reference: Reference) -> None:
    assert [one.id for one in reference.concepts.values() if languages.missing(one.label)] == []
    for concept in reference.concepts.values():
        assert concept.areas == tuple(area.code for area in reference.areas.values() if concept.id in area.concepts)
        assert concept.areas


def test_every_region_lies_in_a_country_by_way_of_its_ancestors(reference: Reference) -> None:
    assert {region.country for region in reference.regions.values()} == set(countries.ALL)
    for code, region in reference.regions.items():
        line = reference.ancestors(code)
        assert (line[0], line[-1]) == (code, region.country)
        assert len(set(line)) == len(line)
        assert all(reference.regions[above].country == region.country for above in line[:-1])
        assert any(region.name.values())


@pytest.mark.parametrize(
    ("region", "line"),
    [
        ("IT-62", ["IT-62", "IT"]),
        ("IT-RM", ["IT-RM", "IT-62", "IT"]),
        ("EL-A", ["EL-A", "EL"]),
        ("BE-VAN", ["BE-VAN", "BE-VLG", "BE"]),
    ],
)
def test_ancestors_go_from_the_region_itself_to_its_country(reference: Reference, region: str, line: list[str]) -> None:
    assert reference.ancestors(region) == line


REQUIRED: list[tuple[Callable[[Reference], Callable[..., str]], str, str, list[str]]] = [
    (lambda one: one.require_region, "IT-62", "UNKNOWN_REGION", ["", "IT", "it-62", "GR-A", "XX-1"]),
    (lambda one: one.require_area, "e-commerce", "UNKNOWN_AREA", ["", "*", "E-Commerce", "fishing"]),
    (lambda one: one.require_concept, "doctor", "UNKNOWN_CONCEPT", ["", "Doctor", "medico", "wizard"]),
    (
        lambda one: one.require_module,
        "services/alerts",
        "UNKNOWN_MODULE",
        ["", "*", "services", "road-transport/alerts"],
    ),
]


@pytest.mark.parametrize(
    ("require", "known", "reason", "unknown"), REQUIRED, ids=["region", "area", "concept", "module"]
)
def test_what_is_not_known_is_refused_by_name(
    reference: Reference,
    require: Callable[[Reference], Callable[..., str]],
    known: str,
    reason: str,
    unknown: list[str],
) -> None:
    assert require(reference)(known, field="here") == known
    for code in unknown:
        with pytest.raises(Invalid) as refused:
            require(reference)(code, field="here")
        assert (refused.value.field, refused.value.reason) == ("here", reason)
        assert repr(code) in refused.value.message


REGION_NAMES = [
    ("fi", "Baijeri", "DE-BY"), ("pl", "Bawaria", "DE-BY"), ("et", "Baieri", "DE-BY"), ("hu", "Bajorország", "DE-BY"),
    ("el", "Βαυαρία", "DE-BY"), ("is", "Bæjaraland", "DE-BY"), ("el", "Αττική", "EL-I"), ("bg", "Варна", "BG-03"),
    ("cs", "Korutany", "AT-2"), ("sl", "Koroška", "AT-2"), ("sk", "Dolné Rakúsko", "AT-3"), ("nl", "Luik", "BE-WLG"),
    ("de", "Lüttich", "BE-WLG"), ("lv", "Lacio", "IT-62"), ("pt", "Normandia", "FR-NOR"), ("fr", "Scanie", "SE-M"),
    ("ro", "Silezia", "PL-24"), ("sv", "Lappland", "FI-10"), ("fi", "Ahvenanmaa", "FI-01"), ("da", "Catalonien", "ES-CT"),
    ("nb", "Toscana", "IT-52"), ("en", "Tuscany", "IT-52"), ("es", "Sajonia", "DE-SN"), ("ga", "An Bhaváir", "DE-BY"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "name", "code"), REGION_NAMES)
def test_regions_are_called_as_a_language_calls_them(reference: Reference, language: str, name: str, code: str) -> None:
    assert reference.regions[code].name[language] == name


def test_regions_have_the_names_of_iso_3166_at_home(reference: Reference) -> None:
    for code, language, name in (
        ("IT-AG", "it", "Agrigento"),
        ("HU-BA", "hu", "Baranya"),
        ("SE-AB", "sv", "Stockholms län"),
    ):
        assert reference.regions[code].name[language] == name


def test_names_of_regions_are_in_the_letters_of_their_languages_and_explain_nothing(reference: Reference) -> None:
    for region in reference.regions.values():
        for language, name in region.name.items():
            assert is_spelled(name, language), (language, name)
            assert not set(name) & set("()[]*,;²³"), name
            assert name != region.code.partition("-")[2]


def test_what_else_a_region_is_called_names_no_other_territory() -> None:
    territories = json.loads(TARGET.read_text(encoding="utf-8"))
    named = [*territories["countries"].values(), *(region["names"] for region in territories["regions"].values())]
    known = {folded(name) for names in named for name in names.values()}
    others = [folded(name) for region in territories["regions"].values() for name in region["also"]]
    assert others
    assert len(set(others)) == len(others)
    assert known.isdisjoint(others)


@pytest.mark.parametrize(
    ("language", "names", "name", "rest"),
    [
        (
            "it",
            ["provincia di Lecce", "provincia d’Imperia", "Provincia della Spezia", "provincia di Rieti"],
            0,
            "Lecce",
        ),
        (
            "it",
            ["provincia di Lecce", "provincia d’Imperia", "Provincia della Spezia", "provincia di Rieti"],
            1,
            "Imperia",
        ),
        ("en", ["Cork County", "Kerry County", "Mayo County", "Clare County"], 0, "Cork"),
        ("en", ["Southern Region", "Western Region", "Eastern Region", "Capital Region"], 0, "Southern Region"),
        ("fi", ["Lapin maakunta", "Kainuun maakunta", "Savon maakunta", "Uudenmaan maakunta"], 0, "Lapin maakunta"),
        ("pl", ["rejon olicki", "rejon kowieński", "rejon birżański", "rejon szawelski"], 0, "rejon olicki"),
        ("de", ["Bezirk Imst", "Tirol", "Salzburg", "Kärnten"], 0, "Bezirk Imst"),
    ],
)
def test_names_of_regions_go_without_their_kind_where_a_name_is_left(
    language: str, names: list[str], name: int, rest: str
) -> None:
    assert Kinds(language, names).without(names[name]) == rest


def test_every_concept_has_a_label_and_four_other_names_in_every_language(reference: Reference) -> None:
    assert len(reference.concepts) >= 140
    for concept in reference.concepts.values():
        for language in languages.ALL:
            names = {folded(name) for name in (concept.label[language], *concept.alternatives[language])}
            assert len(names) >= 5, (concept.id, language)


@pytest.mark.parametrize("language", languages.ALL)
def test_words_of_situations_go_with_concepts_that_exist(reference: Reference, language: str) -> None:
    situations = reference.words[language].situations
    assert set(situations) <= set(reference.concepts)
    assert set(situations) == set(reference.words["en"].situations)
    assert all(len(several) >= 2 and len(set(several)) == len(several) for several in situations.values())


def test_nearly_every_concept_has_words_of_situations(reference: Reference) -> None:
    """Those without have no everyday words but their names, or the same ones as another concept."""
    without = set(reference.concepts) - set(reference.words["en"].situations)
    assert without == {"bilateral_transport", "revolver", "travel_agency"}


@pytest.mark.parametrize("language", languages.ALL)
def test_no_word_of_situations_goes_with_many_concepts(reference: Reference, language: str) -> None:
    words = [folded(word) for several in reference.words[language].situations.values() for word in several]
    assert max(Counter(words).values()) <= 6
