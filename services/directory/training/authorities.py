"""The invented authorities: one NIMIC per country, coordinators per area and region, and competent authorities below them."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chassis import catalogues
from services.directory.domain.authorities import Authority, Contact, ModuleAccess
from services.directory.reference import Area, Reference
from vocabulary import countries, languages
from vocabulary.participants import Level
from vocabulary.roles import ALERTS, REQUESTS, LegislativeRole, WorkflowRole
from vocabulary.training import COMMISSION_ID, authority_id, coordinator_id, national_id

__all__ = ["COMMISSION_ID", "authorities", "coordinator_id", "national_id"]

SEED = 2012
REGIONAL_COORDINATORS = 3
NATIONAL_IN_QUALIFICATIONS = 14
NATIONAL_PER_OTHER_AREA = 2
# The other concepts of an area share authorities.
CONCEPTS_PER_AUTHORITY = 5
REGIONAL = 15
LOCAL = 7

# Where national authorities sit, as the place calls itself.
_CAPITALS = {
    "AT": "Wien", "BE": "Bruxelles", "BG": "София", "HR": "Zagreb", "CY": "Λευκωσία", "CZ": "Praha", "DK": "København",
    "EE": "Tallinn", "FI": "Helsinki", "FR": "Paris", "DE": "Berlin", "EL": "Αθήνα", "HU": "Budapest", "IE": "Dublin",
    "IT": "Roma", "LV": "Rīga", "LT": "Vilnius", "LU": "Luxembourg", "MT": "Valletta", "NL": "Den Haag",
    "PL": "Warszawa", "PT": "Lisboa", "RO": "București", "SK": "Bratislava", "SI": "Ljubljana", "ES": "Madrid",
    "SE": "Stockholm", "IS": "Reykjavík", "LI": "Vaduz", "NO": "Oslo",
}  # fmt: skip

_BODIES = {
    Level.NATIONAL: ("ministry", "national_agency", "national_chamber", "national_inspectorate"),
    Level.REGIONAL: ("regional_office", "regional_inspectorate", "regional_chamber"),
    Level.LOCAL: ("municipal_office", "district_office"),
}

Names = Mapping[str, str]


def authorities(reference: Reference) -> dict[str, Authority]:
    """All of them by id, the same ones each time."""
    words = catalogues.load(Path(__file__).parent / "names")
    made = {COMMISSION_ID: _commission()}
    for country in countries.ALL:
        made |= _Country(reference, words, country).authorities()
    # One whose replies are approved by another authority, so that this too can be tried.
    careful = national_id("HU", "professional-qualifications", "dentist")
    made[careful] = _approved(made[careful], coordinator_id("HU", "professional-qualifications"))
    return made


def _approved(one: Authority, coordinator: str) -> Authority:
    """*one*, whose replies to requests wait for *coordinator*."""
    access = tuple(
        replace(part, approve_reply=True, approval_coordinator=coordinator)
        if WorkflowRole.REQUEST_PARTNER in part.workflow_roles
        else part
        for part in one.access
    )
    return replace(one, access=access)


def _commission() -> Authority:
    return Authority(
        country=countries.UNION,
        level=Level.UNION,
        official_name={"en": "European Commission", "fr": "Commission européenne", "de": "Europäische Kommission"},
        languages=("en", "fr", "de"),
        contact=Contact(email="imi@commission.example", town="Bruxelles"),
        access=(ModuleAccess(module="*", legislative_role=LegislativeRole.COMMISSION, workflow_roles=()),),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    region: str
    name: Names

    def in_language(self, language: str) -> str:
        found = languages.best_text(self.name, language)
        return found[0] if found else self.region


class _Country:
    """The authorities of one country."""

    def __init__(self, reference: Reference, words: dict[str, Any], country: str) -> None:
        self._reference = reference
        self._words = words
        self._country = country
        self._random = random.Random(f"{SEED} {country}")  # noqa: S311  # plausible, not secret
        inside = [region for region in reference.regions.values() if region.country == country]
        self._regions = [_Place(region.code, region.name) for region in inside if not region.parent]
        lower = [_Place(region.code, region.name) for region in inside if region.parent]
        self._towns = lower or self._regions

    def authorities(self) -> dict[str, Authority]:
        made = {coordinator_id(self._country, "*"): self._national_coordinator()}
        for area in self._reference.areas.values():
            made[coordinator_id(self._country, area.code)] = self._area_coordinator(area)
            made |= self._national(area)
        for place in self._some(self._regions, REGIONAL_COORDINATORS):
            made[authority_id(self._country, "*", place.region)] = self._regional_coordinator(place)
        made |= self._below(Level.REGIONAL, self._regions, REGIONAL)
        made |= self._below(Level.LOCAL, self._towns, LOCAL)
        return {id_: self._coordinated(one) for id_, one in made.items()}

    def _coordinated(self, one: Authority) -> Authority:
        """*one* with those who stand above it: the area's coordinator, the national one, the Commission."""
        access = tuple(replace(part, access_coordinator=self._above(part)) for part in one.access)
        return replace(one, access=access, validating_coordinator=access[0].access_coordinator)

    def _above(self, part: ModuleAccess) -> str:
        match part.legislative_role:
            case LegislativeRole.COMPETENT_AUTHORITY:
                return coordinator_id(self._country, part.area)
            case LegislativeRole.NIMIC:
                return COMMISSION_ID
            case _:
                return coordinator_id(self._country, "*")

    def _some(self, places: list[_Place], count: int) -> list[_Place]:
        return self._random.sample(places, min(count, len(places)))

    def _national_coordinator(self) -> Authority:
        access = [_access(area, LegislativeRole.NIMIC, alerts=()) for area in self._reference.areas.values()]
        return self._authority(self._words["coordinators"]["national"]["name"], None, Level.NATIONAL, None, access)

    def _area_coordinator(self, area: Area) -> Authority:
        alerts = f"{area.code}/{ALERTS}" in area.modules
        name = self._words["coordinators"]["alerts" if alerts else "area"]["name"]
        access = [_access(area, LegislativeRole.LIMIC, alerts=(WorkflowRole.ALERT_COORDINATOR,))]
        return self._authority(name, area.name, Level.NATIONAL, None, access, area.concepts)

    def _regional_coordinator(self, place: _Place) -> Authority:
        access = [_access(area, LegislativeRole.SDIMIC, alerts=()) for area in self._reference.areas.values()]
        name = self._words["coordinators"]["regional"]["name"]
        return self._authority(name, None, Level.REGIONAL, place, access)

    def _national(self, area: Area) -> dict[str, Authority]:
        count = NATIONAL_IN_QUALIFICATIONS if area.code == "professional-qualifications" else NATIONAL_PER_OTHER_AREA
        made = {
            national_id(self._country, area.code, concept): self._competent(area, [concept], Level.NATIONAL, None)
            for concept in area.concepts[:count]
        }
        shared = area.concepts[count:]
        for start in range(0, len(shared), CONCEPTS_PER_AUTHORITY):
            concepts = shared[start : start + CONCEPTS_PER_AUTHORITY]
            id_ = national_id(self._country, area.code, concepts[0])
            made[id_] = self._competent(area, concepts, Level.NATIONAL, None)
        return made

    def _below(self, level: Level, places: list[_Place], count: int) -> dict[str, Authority]:
        made = {}
        areas = list(self._reference.areas.values())
        for number in range(count if places else 0):
            area = self._random.choice(areas)
            concept, place = self._random.choice(area.concepts), self._random.choice(places)
            made[authority_id(self._country, level, str(number))] = self._competent(area, [concept], level, place)
        return made

    def _competent(self, area: Area, concepts: Sequence[str], level: Level, place: _Place | None) -> Authority:
        body = self._words["bodies"][self._random.choice(_BODIES[level])]["name"]
        access = [_access(area, LegislativeRole.COMPETENT_AUTHORITY, alerts=(WorkflowRole.ALERT_AUTHORITY,))]
        subjects = [self._reference.concepts[concept].label for concept in concepts]
        subject = {code: ", ".join(_text(one, code) for one in subjects) for code in languages.ALL}
        # Who is competent for surgery is competent for health care.
        wider = [wide for concept in concepts for wide in self._reference.broader(concept)]
        return self._authority(body, subject, level, place, access, tuple(dict.fromkeys([*concepts, *wider])))

    def _authority(
        self,
        body: Names,
        subject: Names | None,
        level: Level,
        place: _Place | None,
        access: list[tuple[ModuleAccess, ...]],
        concepts: tuple[str, ...] = (),
    ) -> Authority:
        own = countries.LANGUAGES[self._country]
        understood = dict.fromkeys([*own, "en", self._random.choice(("fr", "de", "es", "it"))])
        town = place.in_language(own[0]) if place else _CAPITALS[self._country]
        number = self._random.randrange(100, 1000)
        mailbox = f"authority{number}.{self._country.lower()}.example"
        return Authority(
            country=self._country,
            level=level,
            region=place.region if place else "",
            official_name={code: self._name(body, subject, place, code) for code in own},
            informal_name={code: self._name(body, subject, place, code, abroad=True) for code in languages.ALL},
            description=self._words["training"]["about"]["description"],
            languages=tuple(understood),
            contact=Contact(
                email=f"imi@{mailbox}", phone=f"+000 555 {number}", website=f"https://{mailbox}", town=town
            ),
            concepts=concepts,
            access=tuple(one for several in access for one in several),
        )

    def _name(
        self, body: Names, subject: Names | None, place: _Place | None, code: str, *, abroad: bool = False
    ) -> str:
        name = _text(body, code)
        if subject is not None:
            name += f": {_text(subject, code)}"
        where = [place.in_language(code)] if place else []
        if abroad:
            where.append(_text(self._reference.countries[self._country].name, code))
        return f"{name} ({', '.join(where)})" if where else name


def _text(texts: Names, language: str) -> str:
    found = languages.best_text(texts, language)
    assert found is not None
    return found[0]


def _access(area: Area, role: LegislativeRole, *, alerts: tuple[WorkflowRole, ...]) -> tuple[ModuleAccess, ...]:
    """The part of an authority with *role* in all modules of *area*."""
    by_kind = {REQUESTS: (WorkflowRole.REQUEST_PARTNER,), ALERTS: alerts}
    editor = (WorkflowRole.REPOSITORY_READER, WorkflowRole.REPOSITORY_EDITOR)
    return tuple(
        ModuleAccess(module=module, legislative_role=role, workflow_roles=by_kind.get(module.partition("/")[2], editor))
        for module in area.modules
    )
