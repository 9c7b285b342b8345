"""What the directory knows before anybody registers: countries, regions, cities, areas of legislation, keyword concepts, words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from chassis import catalogues
from vocabulary import countries, languages
from vocabulary.refusals import Invalid

HERE = Path(__file__).parent
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Country:
    code: str
    name: Names


@dataclass(frozen=True, slots=True)
class Region:
    """A subdivision of a country (ISO 3166-2). `also` are names in whatever language."""

    code: str
    country: str
    parent: str
    name: Names
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class City:
    """A larger city, by its GeoNames number. `also` are names in whatever language; the region may be unknown."""

    id: str
    country: str
    region: str
    name: Names
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """A field of single-market law, with the Union act it rests on."""

    code: str
    name: Names
    act: str
    concepts: tuple[str, ...]
    modules: tuple[str, ...]
    # The modules in which authorities of one country may address each other, too.
    national: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Concept:
    """A profession, an activity, a competence: what people search for."""

    id: str
    label: Names
    areas: tuple[str, ...]
    # The wider concept that this one belongs to.
    broader: str = ""
    # What people call it besides its label, by language.
    alternatives: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # What it is called in every language, such as the names of well-known services.
    everywhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LanguageWords:
    """Words of questions: those that say nothing (function), or little beside a subject (weak); forms of countries' names.

    `situations` are words that go with a concept in questions that do not name it, by concept.
    """

    function: frozenset[str]
    weak: frozenset[str]
    countries: Mapping[str, Sequence[str]]
    situations: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Reference:
    """All of it, in memory: it changes with the program, not with its use."""

    def __init__(
        self,
        countries: Sequence[Country],
        regions: Sequence[Region],
        areas: Sequence[Area],
        concepts: Sequence[Concept],
        cities: Sequence[City] = (),
        words: Mapping[str, LanguageWords] | None = None,
    ) -> None:
        self.countries = {country.code: country for country in countries}
        self.regions = {region.code: region for region in regions}
        self.areas = {area.code: area for area in areas}
        self.concepts = {concept.id: concept for concept in concepts}
        self.cities = {city.id: city for city in cities}
        self.words = words or {}

    @classmethod
    def load(cls) -> "Reference":
        """From the files beside this one; raises IncompleteCatalogue if a text lacks one of the 24 languages."""
        territories = _read("territories.json")
        listed = catalogues.load(HERE / "catalogue/areas")["areas"]
        areas = [
            Area(
                area["code"],
                area["name"],
                area["act"],
                tuple(area["concepts"]),
                tuple(f"{area['code']}/{kind}" for kind in area["modules"]),
                tuple(f"{area['code']}/{kind}" for kind in area.get("national", ())),
            )
            for area in listed
        ]
        listed_concepts = _read("concepts_24.json")["concepts"]
        return cls(
            [Country(code, names) for code, names in territories["countries"].items()],
            [
                Region(code, region["country"], region["parent"] or "", region["names"], tuple(region["also"]))
                for code, region in territories["regions"].items()
            ],
            areas,
            [
                Concept(
                    one["id"],
                    one["labels"],
                    tuple(area.code for area in areas if one["id"] in area.concepts),
                    one["broader"],
                    one["alternatives"],
                    tuple(one.get("everywhere", ())),
                )
                for one in listed_concepts
            ],
            [
                City(id_, city["country"], city["region"] or "", city["names"], tuple(city["also"]))
                for id_, city in _read("cities.json")["cities"].items()
            ],
            {code: _language_words(code) for code in languages.ALL},
        )

    @cached_property
    def modules(self) -> frozenset[str]:
        return frozenset(module for area in self.areas.values() for module in area.modules)

    def is_for_national_use(self, module: str) -> bool:
        """Whether authorities of one country may address each other in *module*."""
        return any(module in area.national for area in self.areas.values())

    def ancestors(self, region: str) -> list[str]:
        """The territories that hold *region*, itself first, its country last."""
        found = []
        code = region
        while code:
            found.append(code)
            code = self.regions[code].parent
        return [*found, self.regions[region].country]

    def territories(self, country: str, region: str) -> list[str]:
        """The territories that hold *region* of *country*, the nearest first; the country alone without a region that is known."""
        return self.ancestors(region) if region in self.regions else [country]

    def within(self, region: str) -> list[str]:
        """The regions inside *region*."""
        return [one.code for one in self.regions.values() if region in self.ancestors(one.code)[1:]]

    def broader(self, concept: str) -> list[str]:
        """The concepts that *concept* belongs to, the nearest first."""
        found = []
        while concept := self.concepts[concept].broader:
            found.append(concept)
        return found

    def require_region(self, code: str, *, field: str) -> str:
        return _require(code, self.regions, "a region (ISO 3166-2)", "UNKNOWN_REGION", field)

    def require_area(self, code: str, *, field: str) -> str:
        return _require(code, self.areas, f"an area; the areas are {', '.join(self.areas)}", "UNKNOWN_AREA", field)

    def require_concept(self, code: str, *, field: str) -> str:
        return _require(code, self.concepts, "a concept of the areas' keyword lists", "UNKNOWN_CONCEPT", field)

    def require_module(self, code: str, *, field: str) -> str:
        return _require(code, self.modules, "a module, such as services/alerts", "UNKNOWN_MODULE", field)

    def country_languages(self, code: str) -> tuple[str, ...]:
        return countries.LANGUAGES[code]


def _read(name: str) -> Any:
    return json.loads((HERE / "data" / name).read_text(encoding="utf-8"))


def _language_words(code: str) -> LanguageWords:
    found = _read(f"words/{code}.json")
    situations = {concept: words.split() for concept, words in _read(f"situations/{code}.json").items()}
    return LanguageWords(frozenset(found["function"]), frozenset(found["weak"]), found["countries"], situations)


def _require(code: str, known: Mapping[str, object] | frozenset[str], what: str, reason: str, field: str) -> str:
    if code not in known:
        raise Invalid(f"{code!r} is not {what}", field=field, reason=reason)
    return code
