"""Cities of the 30 countries: where they lie, and what they are called.

Towns, their numbers and inhabitants are those of GeoNames; `selection.toml` says which of them are cities. A city is called
as `exonyms.toml` calls it in a language, else as CLDR does (capitals, which name time zones), else as GeoNames does. What else
it is called, without a language, is in ``also``.
"""

import json
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

from services.directory.data import territories
from services.directory.data.names import Folded, folded, is_legible, is_spelled, romanian, romanised, town_name
from services.directory.data.sources import Division, Sources, Town
from vocabulary import countries, languages

HERE = Path(__file__).parent
TARGET = HERE / "cities.json"
INHABITANTS_MIN = 50_000
_COUNTRIES = {countries.iso(code): code for code in countries.ALL}
# Shorter names in other languages than ours are words of too many others.
SHORTEST_ELSEWHERE = 5
# Territories that GeoNames keeps apart, and the regions that they are.
_TERRITORIES = {
    "AX": ("FI", "FI-01"),
    "GF": ("FR", "FR-973"),
    "GP": ("FR", "FR-971"),
    "MQ": ("FR", "FR-972"),
    "RE": ("FR", "FR-974"),
    "YT": ("FR", "FR-976"),
}
# Divisions that have no ISO 3166-2 code in GeoNames: Norway's counties of 2024, and the four counties that were Dublin.
_DIVISIONS = {
    "NO.01": "NO-30", "NO.04": "NO-30", "NO.13": "NO-30", "NO.17": "NO-38", "NO.20": "NO-38", "NO.05": "NO-54",
    "NO.18": "NO-54", "IE.L.33": "IE-D", "IE.L.34": "IE-D", "IE.L.35": "IE-D", "IE.L.39": "IE-D",
}  # fmt: skip
# What else is spoken in the 30 countries.
_NEIGHBOURS = frozenset({
    "br", "ca", "co", "csb", "cy", "dsb", "eu", "fo", "fur", "fy", "gd", "gl", "hsb", "lb", "li", "lij", "nds", "oc", "sc",
    "se", "szl", "wa",
})  # fmt: skip
_NORWEGIAN = ("nb", "nn")

Names = dict[str, str]


@dataclass(slots=True)
class City:
    id: str
    country: str
    region: str | None
    population: int
    names: Names
    also: dict[Folded, str] = field(default_factory=dict)


def rendered(sources: Sources) -> str:
    """The content of the file, one city a line."""
    cities = _cities(sources)
    lines = ",\n".join(f" {json.dumps(city.id)}: {_json(city)}" for city in cities)
    return f'{{"cities": {{\n{lines}\n}}}}\n'


def exonyms() -> dict[str, Names]:
    """The names kept by hand: by city and language."""
    return tomllib.loads((HERE / "exonyms.toml").read_text(encoding="utf-8"))


def _json(city: City) -> str:
    listed = {
        "country": city.country,
        "region": city.region,
        "population": city.population,
        "names": {language: city.names[language] for language in sorted(city.names)},
        "also": sorted(city.also.values()),
    }
    return json.dumps(listed, ensure_ascii=False, separators=(",", ":"))


def _cities(sources: Sources) -> list[City]:
    towns = {town.id: town for town in sources.towns() if _is_city(town)}
    divisions = sources.divisions()
    tagged = sources.tagged(towns)
    by_hand = exonyms()
    listed = json.loads(territories.TARGET.read_text(encoding="utf-8"))
    cities = []
    for town in towns.values():
        country, region = _place(town, divisions, listed["regions"])
        its = {language: town_name(names[town.id]) for language, names in tagged.items() if town.id in names}
        names = _names(town, country, its, by_hand.get(town.id, {}))
        cities.append(City(town.id, country, region, town.population, names, _others(town, names, its)))
    _settle(cities, listed)
    order = {country: position for position, country in enumerate(countries.ALL)}
    return sorted(cities, key=lambda city: (order[city.country], folded(city.names["en"]), city.id))


@cache
def selection() -> dict[str, Mapping[str, str]]:
    return tomllib.loads((HERE / "selection.toml").read_text(encoding="utf-8"))


def _is_city(town: Town) -> bool:
    if town.country not in _COUNTRIES.keys() | _TERRITORIES.keys() or town.id in selection()["parts"]:
        return False
    return town.population >= INHABITANTS_MIN or town.id in selection()["smaller"]


def _place(town: Town, divisions: Mapping[str, Iterable[Division]], regions: Collection[str]) -> tuple[str, str | None]:
    """The country of *town*, and the smallest region known that it lies in."""
    if town.country in _TERRITORIES:
        return _TERRITORIES[town.country]
    smallest = None
    for division in divisions[town.id]:
        code = _DIVISIONS.get(division.code, territories.ours(division.iso))
        if code in regions:
            smallest = code
    return _COUNTRIES[town.country], smallest


def _names(town: Town, country: str, tagged: Names, by_hand: Names) -> Names:
    english = by_hand.get("en") or tagged.get("en") or town_name(town.name) or town.name
    names: Names = {}
    for language in languages.ALL:
        said = tagged.get(language, "")
        if language == "nb":
            said = next((tagged[code] for code in _NORWEGIAN if tagged.get(code)), "")
        exemplar, default = _time_zone_city(language, town.timezone, english)
        name = by_hand.get(language) or exemplar or said or default
        if name and is_spelled(name, language):
            names[language] = romanian(name) if language == "ro" else name
    names.setdefault("en", english)
    native = countries.LANGUAGES[country][0]
    if native not in names:
        names[native] = _native_name(town, native)
    return names


def _native_name(town: Town, language: str) -> str:
    """The name of *town* at home, where GeoNames does not tag it: in another script, the name that is most like its own."""
    if is_spelled(town.name, language):
        return romanian(town.name) if language == "ro" else town.name
    name = " ".join(folded(town.name))
    spelled = sorted(other for other in town.names if is_spelled(other, language))
    return max(spelled, key=lambda other: SequenceMatcher(None, " ".join(romanised(other)), name).ratio())


def _time_zone_city(language: str, zone: str, english: str) -> tuple[str, str]:
    """What CLDR calls the city that a time zone is named after, if it is the one called *english*, and the zone's own name.

    CLDR leaves a name out that is the same as the zone's.
    """
    default = zone.rpartition("/")[2].replace("_", " ")
    if folded(default) != folded(english):
        return "", ""
    found: str = territories.locale(language).time_zones.get(zone, {}).get("city", "")
    # Names for German readers say where they may be hyphenated.
    return found.replace("\N{SOFT HYPHEN}", ""), default


def _others(town: Town, names: Names, tagged: Names) -> dict[Folded, str]:
    """What else a town is called: in our languages and their neighbours, or in whatever language GeoNames does not say."""
    ours = [name for code, name in sorted(tagged.items()) if code in languages.ALL]
    neighbours = [name for code, name in sorted(tagged.items()) if code in _NEIGHBOURS]
    sure = {folded(name) for name in (*ours, town.name)}
    foreign = {folded(name) for name in tagged.values()} - {folded(name) for name in neighbours}
    foreign |= {romanised(name) for name in town.names if not is_spelled(name, languages.FALLBACK)}
    known = {folded(name) for name in names.values()}
    others: dict[Folded, str] = {}
    for name in (*ours, *town.name.split(" / "), *neighbours, *town.names):
        key = folded(name)
        is_one = key in sure or (key not in foreign and len("".join(key)) >= SHORTEST_ELSEWHERE)
        if is_one and is_legible(name) and key not in known and not _is_wordier(key, known):
            others.setdefault(key, romanian(name))
    return others


def _is_wordier(name: Folded, known: Collection[Folded]) -> bool:
    """Whether *name* is a known one with more words before it (``Kreisfreie Stadt Aachen``), or one behind (``Cork city``)."""
    return any(len(name) > len(short) and (name[-len(short) :] == short or name[:-1] == short) for short in known)


def _settle(cities: list[City], listed: Mapping[str, Any]) -> None:
    """Take names without a language from cities that they do not belong to.

    They belong to a territory that is called so, unless the city may lie in it; to a city that is called so in some language;
    to the largest of several cities.
    """
    elsewhere: dict[Folded, set[str]] = defaultdict(set)
    for code, names in listed["countries"].items():
        for name in names.values():
            elsewhere[folded(name)].add(code)
    for region in listed["regions"].values():
        for name in region["names"].values():
            elsewhere[folded(name)].add(f"regions of {region['country']}")
    tagged = {folded(name) for city in cities for name in city.names.values()}
    taken: set[Folded] = set()
    for city in sorted(cities, key=lambda city: -city.population):
        free = {f"regions of {city.country}"}
        city.also = {
            name: written
            for name, written in city.also.items()
            if name not in tagged | taken and elsewhere.get(name, free) == free
        }
        taken |= city.also.keys()
