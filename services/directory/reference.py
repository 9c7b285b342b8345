"""What the directory knows before anybody registers: countries, regions, areas of legislation and keyword concepts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from chassis import catalogues
from vocabulary import countries
from vocabulary.refusals import Invalid

HERE = Path(__file__).parent
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Country:
    code: str
    name: Names


@dataclass(frozen=True, slots=True)
class Region:
    """A subdivision of a country (ISO 3166-2)."""

    code: str
    country: str
    parent: str
    name: Names


@dataclass(frozen=True, slots=True)
class Area:
    """A field of single-market law, with the Union act it rests on."""

    code: str
    name: Names
    act: str
    concepts: tuple[str, ...]
    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Concept:
    """A profession, an activity, a competence: what people search for."""

    id: str
    label: Names
    areas: tuple[str, ...]


class Reference:
    """All of it, in memory: it changes with the program, not with its use."""

    def __init__(
        self, countries: list[Country], regions: list[Region], areas: list[Area], concepts: list[Concept]
    ) -> None:
        self.countries = {country.code: country for country in countries}
        self.regions = {region.code: region for region in regions}
        self.areas = {area.code: area for area in areas}
        self.concepts = {concept.id: concept for concept in concepts}

    @classmethod
    def load(cls) -> "Reference":
        """From the files beside this one; raises IncompleteCatalogue if a text lacks one of the 24 languages."""
        territories = json.loads((HERE / "data/territories.json").read_text(encoding="utf-8"))
        listed = catalogues.load(HERE / "catalogue/areas")["areas"]
        areas = [
            Area(
                area["code"],
                area["name"],
                area["act"],
                tuple(area["concepts"]),
                tuple(f"{area['code']}/{kind}" for kind in area["modules"]),
            )
            for area in listed
        ]
        labels = json.loads((HERE / "data/concepts_24.json").read_text(encoding="utf-8"))["concepts"]
        return cls(
            [Country(code, names) for code, names in territories["countries"].items()],
            [
                Region(code, region["country"], region["parent"] or "", region["names"])
                for code, region in territories["regions"].items()
            ],
            areas,
            [
                Concept(one["id"], one["labels"], tuple(area.code for area in areas if one["id"] in area.concepts))
                for one in labels
            ],
        )

    @cached_property
    def modules(self) -> frozenset[str]:
        return frozenset(module for area in self.areas.values() for module in area.modules)

    def ancestors(self, region: str) -> list[str]:
        """The territories that hold *region*, itself first, its country last."""
        found = []
        code = region
        while code:
            found.append(code)
            code = self.regions[code].parent
        return [*found, self.regions[region].country]

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


def _require(code: str, known: Mapping[str, object] | frozenset[str], what: str, reason: str, field: str) -> str:
    if code not in known:
        raise Invalid(f"{code!r} is not {what}", field=field, reason=reason)
    return code
