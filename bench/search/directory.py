"""A directory to search in: an authority for each concept in each country, and regional and local ones, as many as are wanted.

Every second one is called after its field and not after its subject, as many authorities are: it is found by what it is competent
for, or not at all.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from chassis import catalogues
from chassis.aggregates import Kept
from services.directory import training
from services.directory.domain.authorities import Authority, Contact, ModuleAccess
from services.directory.reference import Concept, Reference, Region
from vocabulary import countries, ids, languages
from vocabulary.participants import Level
from vocabulary.roles import LegislativeRole, WorkflowRole

SEED = 26
_BODIES = {
    Level.NATIONAL: ("ministry", "national_agency", "national_chamber", "national_inspectorate"),
    Level.REGIONAL: ("regional_office", "regional_inspectorate", "regional_chamber"),
    Level.LOCAL: ("municipal_office", "district_office"),
}


def authorities(reference: Reference, count: int) -> list[Kept[Authority]]:
    """*count* authorities, the same ones each time: first the national ones, of which there is one for each concept and country."""
    made = islice(_Directory(reference).all(), count)
    return [Kept(ids.derived(ids.AUTHORITY, "bench", str(number)), 1, one) for number, one in enumerate(made)]


class _Directory:
    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._words: dict[str, Any] = catalogues.load(Path(training.__file__).parent / "names")
        self._random = random.Random(SEED)
        self._areas = {code: area for area in reference.areas.values() for code in area.concepts}
        self._towns = {
            country: [city for city in reference.cities.values() if city.country == country]
            for country in countries.ALL
        }

    def all(self) -> Iterator[Authority]:
        concepts, regions = list(self._reference.concepts.values()), list(self._reference.regions.values())
        for concept in concepts:
            for country in countries.ALL:
                yield self._authority(concept, country, Level.NATIONAL, None)
        while True:
            region = self._random.choice(regions)
            level = Level.LOCAL if region.parent else Level.REGIONAL
            yield self._authority(self._random.choice(concepts), region.country, level, region)

    def _authority(self, concept: Concept, country: str, level: Level, region: Region | None) -> Authority:
        area = self._areas[concept.id]
        body = self._words["bodies"][self._random.choice(_BODIES[level])]["name"]
        subject = self._random.choice((concept.label, area.name))
        own = countries.LANGUAGES[country]
        number = self._random.randrange(100, 1000)
        mailbox = f"authority{number}.{country.lower()}.example"
        return Authority(
            country=country,
            level=level,
            region=region.code if region else "",
            official_name={code: self._name([body, subject], [region], code) for code in own},
            informal_name={
                code: self._name([body, subject], [region, self._reference.countries[country]], code)
                for code in languages.ALL
            },
            description=self._words["training"]["about"]["description"],
            languages=tuple(dict.fromkeys([*own, "en", self._random.choice(("fr", "de", "es", "it"))])),
            contact=Contact(email=f"imi@{mailbox}", town=self._town(country, region)),
            concepts=(concept.id, *self._reference.broader(concept.id)),
            access=(
                ModuleAccess(
                    module=area.modules[0],
                    legislative_role=LegislativeRole.COMPETENT_AUTHORITY,
                    workflow_roles=(WorkflowRole.REQUEST_PARTNER,),
                ),
            ),
        )

    def _town(self, country: str, region: Region | None) -> str:
        """A town of the region if there is a large one, or else of the country, as the place calls itself."""
        near = [city for city in self._towns[country] if region and city.region == region.code]
        if not near and not self._towns[country]:
            return ""
        city = self._random.choice(near or self._towns[country])
        return _text(city.name, countries.LANGUAGES[country][0])

    def _name(self, parts: Sequence[Any], places: Sequence[Any], code: str) -> str:
        where = ", ".join(_text(place.name, code) for place in places if place)
        name = ": ".join(_text(part, code) for part in parts)
        return f"{name} ({where})" if where else name


def _text(texts: Any, language: str) -> str:
    found = languages.best_text(texts, language)
    assert found is not None
    return found[0]
