"""Cities are known by number, lie in regions, and have the names that people search for them by."""

import json
import unicodedata
from collections import Counter
from typing import Any

import pytest

from engines.search.folding import words
from services.directory.data import cities, territories
from services.directory.data.names import is_legible, is_spelled
from vocabulary import countries, languages

CAPITALS = {
    "AT": "Wien", "BE": "Brussel", "BG": "София", "HR": "Zagreb", "CY": "Λευκωσία", "CZ": "Praha", "DK": "København",
    "EE": "Tallinn", "FI": "Helsinki", "FR": "Paris", "DE": "Berlin", "EL": "Αθήνα", "HU": "Budapest", "IE": "Dublin",
    "IT": "Roma", "LV": "Rīga", "LT": "Vilnius", "LU": "Luxembourg", "MT": "Il-Belt Valletta", "NL": "Amsterdam",
    "PL": "Warszawa", "PT": "Lisboa", "RO": "București", "SK": "Bratislava", "SI": "Ljubljana", "ES": "Madrid",
    "SE": "Stockholm", "IS": "Reykjavík", "LI": "Vaduz", "NO": "Oslo",
}  # fmt: skip
# What they are called at home, and where they lie.
FAMOUS = [
    ("München", "DE-BY"), ("Wien", "AT-9"), ("Praha", "CZ-10"), ("Regensburg", "DE-BY"), ("Aachen", "DE-NW"),
    ("Liège", "BE-WLG"), ("Antwerpen", "BE-VAN"), ("Köln", "DE-NW"), ("Venezia", "IT-VE"), ("Napoli", "IT-NA"),
    ("Torino", "IT-TO"), ("Göteborg", "SE-O"), ("Århus", "DK-82"), ("Kraków", "PL-12"), ("Wrocław", "PL-02"),
    ("Gdańsk", "PL-22"), ("Plzeň", "CZ-323"), ("Košice", "SK-KI"), ("Pécs", "HU-BA"), ("Szeged", "HU-CS"),
    ("Zagreb", "HR-21"), ("Thessaloniki", "EL-B"), ("Αθήνα", "EL-I"), ("Варна", "BG-03"), ("Vilnius", "LT-57"),
    ("Rīga", "LV-RIX"), ("Tallinn", "EE-784"), ("Turku", "FI-19"), ("Lisboa", "PT-11"), ("Sevilla", "ES-SE"),
    ("A Coruña", "ES-C"), ("Marseille", "FR-13"), ("Strasbourg", "FR-67"), ("Luxembourg", "LU-LU"),
    ("Valletta", "MT-60"), ("Nicosia", "CY-01"), ("Dublin", "IE-D"), ("Cork", "IE-CO"), ("Oslo", "NO-03"),
    ("Bergen", "NO-46"), ("Reykjavík", "IS-RKV"), ("Vaduz", "LI-11"),
]  # fmt: skip
EXONYMS = [
    ("it", "Monaco di Baviera", "München"), ("cs", "Mnichov", "München"), ("pl", "Monachium", "München"),
    ("cs", "Řezno", "Regensburg"), ("fr", "Ratisbonne", "Regensburg"), ("it", "Aquisgrana", "Aachen"),
    ("fr", "Aix-la-Chapelle", "Aachen"), ("de", "Lüttich", "Liège"), ("nl", "Luik", "Liège"), ("fr", "Anvers", "Antwerpen"),
    ("cs", "Benátky", "Venezia"), ("is", "Feneyjar", "Venezia"), ("it", "Salonicco", "Θεσσαλονίκη"),
    ("bg", "Солун", "Θεσσαλονίκη"), ("pl", "Wiedeń", "Wien"), ("hu", "Bécs", "Wien"), ("sl", "Dunaj", "Wien"),
    ("hr", "Beč", "Wien"), ("lv", "Vīne", "Wien"), ("hr", "Pečuh", "Pécs"), ("sv", "Åbo", "Turku"), ("de", "Breslau", "Wrocław"),
    ("it", "Danzica", "Gdańsk"), ("hu", "Kolozsvár", "Cluj-Napoca"), ("it", "Fiume", "Rijeka"), ("nl", "Rijsel", "Lille"),
    ("ga", "Corcaigh", "Cork"), ("is", "Björgvin", "Bergen"), ("mt", "Ruma", "Roma"), ("pt", "Estugarda", "Stuttgart"),
    ("el", "Μασσαλία", "Marseille"), ("ro", "Seghedin", "Szeged"), ("lt", "Krokuva", "Kraków"), ("et", "Riia", "Rīga"),
]  # fmt: skip


def _read() -> dict[str, dict[str, Any]]:
    listed: dict[str, dict[str, Any]] = json.loads(cities.TARGET.read_text(encoding="utf-8"))["cities"]
    return listed


CITIES = _read()
TERRITORIES: dict[str, dict[str, Any]] = json.loads(territories.TARGET.read_text(encoding="utf-8"))
REGIONS: dict[str, dict[str, Any]] = TERRITORIES["regions"]


def called(name: str, country: str = "") -> list[dict[str, Any]]:
    """The cities that *name* is a name of in whatever language, the largest first."""
    found = [
        city
        for city in CITIES.values()
        if country in {"", city["country"]} and words(name) in map(words, (*city["names"].values(), *city["also"]))
    ]
    return sorted(found, key=lambda city: -city["population"])


def test_a_city_is_one_line_of_a_file_of_bearable_size() -> None:
    content = cities.TARGET.read_text(encoding="utf-8")
    assert len(content.splitlines()) == len(CITIES) + 2
    assert cities.TARGET.stat().st_size < 600_000


def test_cities_lie_in_the_thirty_countries_and_in_their_regions() -> None:
    assert {city["country"] for city in CITIES.values()} == set(countries.ALL)
    for number, city in CITIES.items():
        assert number.isdigit()
        assert city.keys() == {"country", "region", "population", "names", "also"}
        if city["region"] is not None:
            assert REGIONS[city["region"]]["country"] == city["country"]
    assert [city for city in CITIES.values() if city["region"] is None] == []


def test_there_are_all_large_cities_and_few_small_ones() -> None:
    large = Counter(city["country"] for city in CITIES.values() if city["population"] >= 100_000)
    assert large.total() > 400
    assert {code: large[code] for code in ("AT", "BG", "CZ", "DK", "IE", "PT", "SE", "SK")} == {
        "AT": 6, "BG": 6, "CZ": 5, "DK": 4, "IE": 3, "PT": 10, "SE": 11, "SK": 2,
    }  # fmt: skip
    smaller = cities.selection()["smaller"]
    assert [number for number, city in CITIES.items() if city["population"] < 50_000 and number not in smaller] == []


def test_names_are_in_the_languages_of_the_system_and_in_their_letters() -> None:
    for city in CITIES.values():
        assert {"en", countries.LANGUAGES[city["country"]][0]} <= city["names"].keys() <= set(languages.ALL)
        for language, name in city["names"].items():
            assert name == name.strip()
            assert is_spelled(name, language), (language, name)


def test_other_names_are_legible_and_say_something_else() -> None:
    for city in CITIES.values():
        known = [tuple(words(name)) for name in city["names"].values()]
        other = [tuple(words(name)) for name in city["also"]]
        assert [name for name in city["also"] if not is_legible(name)] == []
        assert len(set(other)) == len(other)
        assert set(other).isdisjoint(known)


@pytest.mark.parametrize(
    "name",
    ["MUC", "mi wnik", "ミュンヘン", "Міńск", "Bec", "Kreis 1", "Cork - Corcaigh", "Str'omstad", "Lungsod ng Muenchen"],
)
def test_codes_transliterations_and_remarks_are_not_legible(name: str) -> None:
    assert not is_legible(name)


@pytest.mark.parametrize(
    "name", ["Řezno", "Θεσσαλονίκη", "Солун", "L'Aquila", "'s-Hertogenbosch", "Aix-la-Chapelle", "Brno"]
)
def test_names_as_people_write_them_are_legible(name: str) -> None:
    assert is_legible(name)


def test_a_name_without_a_language_belongs_to_one_city_and_to_no_territory_elsewhere() -> None:
    holders = Counter(tuple(words(name)) for city in CITIES.values() for name in city["also"])
    assert [name for name, count in holders.items() if count > 1] == []
    tagged = {tuple(words(name)) for city in CITIES.values() for name in city["names"].values()}
    assert holders.keys() & tagged == set()
    for names in TERRITORIES["countries"].values():
        assert holders.keys() & {tuple(words(name)) for name in names.values()} == set()


def test_no_two_cities_of_a_region_have_the_same_names() -> None:
    seen = Counter((city["region"], json.dumps(city["names"], sort_keys=True)) for city in CITIES.values())
    assert [one for one, count in seen.items() if count > 1] == []
    english = Counter((city["region"], city["names"]["en"]) for city in CITIES.values())
    assert [one for one, count in english.items() if count > 1] == []


@pytest.mark.parametrize(("country", "name"), CAPITALS.items())
def test_every_capital_is_there(country: str, name: str) -> None:
    assert any(name in city["names"].values() for city in called(name, country))


@pytest.mark.parametrize(("name", "region"), FAMOUS)
def test_famous_cities_are_found_and_lie_where_they_lie(name: str, region: str) -> None:
    assert called(name)[0]["region"] == region


@pytest.mark.parametrize(("language", "exonym", "native"), EXONYMS)
def test_they_are_found_by_what_their_neighbours_call_them(language: str, exonym: str, native: str) -> None:
    city = called(native)[0]
    assert city["names"][language] == exonym
    assert called(exonym)[0] is city


@pytest.mark.parametrize(
    "other", ["Muenchen", "Ratisbon", "Monaco de Baviera", "Lëtzebuerg", "Salonika", "Laibach", "Kaschau", "Dorpat"]
)
def test_they_are_found_by_other_names(other: str) -> None:
    assert len(called(other)) == 1


def test_parts_of_cities_are_no_cities() -> None:
    assert cities.selection()["parts"].keys() & CITIES.keys() == set()
    assert cities.selection()["smaller"].keys() <= CITIES.keys()


def test_names_kept_by_hand_are_merged_and_tell_what_they_are_about() -> None:
    for number, names in cities.exonyms().items():
        for language, name in names.items():
            assert CITIES[number]["names"][language] == name
    text = (cities.HERE / "exonyms.toml").read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith("# Kept by hand")
    headings = [line for line in text.splitlines() if line.startswith("[")]
    for number, local in (line[1:].split("] # ") for line in headings):
        assert unicodedata.normalize("NFC", local) in CITIES[number]["names"].values()
